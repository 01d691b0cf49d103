"""Weights files of tone-mapping networks: safetensors with a JSON card beside them."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.learned.saving import kept_weights, save_with_card, weights_path
from hdrmetrics.learned.tensorfile import card_path, read_json_card, read_tensors
from hdrmetrics.learned.tonemapping.card import ToneCard
from hdrmetrics.learned.tonemapping.net import ToneNet, empty_net

WEIGHTS = Path(__file__).with_name("weights")
"""The networks that come with the package, by the name of their operator."""

_PARAMETERS = 1_000_000  # of a network that a card may ask for: ten times the largest of ours
_LARGEST, _CARD = 4 * _PARAMETERS + (1 << 20), 1 << 20  # bytes


def shipped(name: str) -> Path:
    """Return the weights file of an operator that comes with the package."""
    return WEIGHTS / f"{name}.safetensors"


def save_tone_net(path: str | Path, net: ToneNet, card: ToneCard) -> ToneCard:
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
    ToneCard
        As written.

    Raises
    ------
    OptionError
        If the path ends otherwise, the card is of a network of another size or cannot be written
        as JSON, or a weight is NaN or beyond half precision.
    ImageWriteError
        If a file cannot be written.
    """
    path = weights_path(path)
    if card.size != net.size:
        raise OptionError(f"the card is of a network of {card.size}, not of {net.size}")
    return save_with_card(path, kept_weights(net), card)


def load_tone_net(path: str | Path) -> tuple[ToneNet, ToneCard]:
    """Return the network of a weights file, in float32 and for evaluation, and its card.

    Nothing is unpickled; the sizes of both files, of the list of tensors and of the network are
    checked before anything of that size is made.

    Raises
    ------
    WeightsError
        If a file is missing, too large, truncated, damaged, does not belong to its card, or holds
        NaN.
    """
    path = Path(path)
    card = read_tone_card(card_path(path))
    wanted = empty_net(card.size, "meta").state_dict()
    weights = read_tensors(path, wanted, card.sha256, _LARGEST)
    net = empty_net(card.size)
    net.load_state_dict({name: value.float() for name, value in weights.items()})
    return net.eval().requires_grad_(False), card


def read_tone_card(path: Path) -> ToneCard:
    """Return the card in a JSON file.

    Raises
    ------
    WeightsError
        If it is missing, too large or no card, or its network would be too large.
    """
    card = read_json_card(path, ToneCard.from_dict, _CARD)
    count = sum(x.numel() for x in empty_net(card.size, "meta").parameters())
    if count > _PARAMETERS:
        raise WeightsError(
            f"{path}: describes a network of {count:,} weights; at most {_PARAMETERS:,} are read"
        )
    return card
