"""Weights files of networks that change pictures: safetensors with a JSON card beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from torch import nn

from hdrmetrics.errors import WeightsError
from hdrmetrics.learned.netcard import NetCard
from hdrmetrics.learned.saving import kept_weights, save_with_card, weights_path
from hdrmetrics.learned.tensorfile import card_path, read_json_card, read_tensors

_CARD = 1 << 20  # bytes

Net = TypeVar("Net", bound=nn.Module)
Card = TypeVar("Card", bound=NetCard)


@dataclass(frozen=True, slots=True)
class NetFiles(Generic[Net, Card]):
    """How the files of one kind of network are written and read.

    Parameters
    ----------
    card
        The class of its cards.
    empty
        Makes the network of a card on a device, its weights still to be filled in.
    parameters
        That a card may ask for at most.
    """

    card: type[Card]
    empty: Callable[[Card, str], Net]
    parameters: int

    def save(self, path: str | Path, net: Net, card: Card) -> Card:
        """Write the weights of a network, its matrices in half precision, and its card.

        Parameters
        ----------
        path
            Ends in ``.safetensors``; both files are replaced, each in one step.
        net
            Whose weights.
        card
            Its hash is filled in.

        Returns
        -------
        NetCard
            As written.

        Raises
        ------
        OptionError
            If the path ends otherwise, the card cannot be written as JSON, or a weight is NaN or
            beyond half precision.
        ImageWriteError
            If a file cannot be written.
        """
        return save_with_card(weights_path(path), kept_weights(net), card)

    def load(self, path: str | Path) -> tuple[Net, Card]:
        """Return the network of a weights file, in float32 and for evaluation, and its card.

        Nothing is unpickled; the sizes of both files, of the list of tensors and of the network
        are checked before anything of that size is made.

        Raises
        ------
        WeightsError
            If a file is missing, too large, truncated, damaged, does not belong to its card, or
            holds NaN.
        """
        path = Path(path)
        card = self.read_card(card_path(path))
        wanted = self.empty(card, "meta").state_dict()
        limit = 4 * self.parameters + (1 << 20)  # single precision, and the list of tensors
        weights = read_tensors(path, wanted, card.sha256, limit)
        net = self.empty(card, "cpu")
        net.load_state_dict({name: value.float() for name, value in weights.items()})
        return net.eval().requires_grad_(False), card

    def read_card(self, path: Path) -> Card:
        """Return the card in a JSON file.

        Raises
        ------
        WeightsError
            If it is missing, too large or no card, or its network would be too large.
        """
        card = read_json_card(path, self.card.from_dict, _CARD)
        count = sum(x.numel() for x in self.empty(card, "meta").parameters())
        if count > self.parameters:
            raise WeightsError(
                f"{path}: describes a network of {count:,} weights; at most "
                f"{self.parameters:,} are read"
            )
        return card
