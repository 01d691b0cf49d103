"""Weights files of networks of opinions, with their cards."""

from __future__ import annotations

from pathlib import Path

import torch

from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.learned.liked.card import OpinionCard
from hdrmetrics.learned.liked.network import OpinionNetwork
from hdrmetrics.learned.liked.trunks import trunk_named
from hdrmetrics.learned.saving import kept_weights, save_with_card, weights_path
from hdrmetrics.learned.tensorfile import (
    LARGEST,
    card_path,
    digest_of,
    read_json_card,
    read_tensors,
)


def save_opinions(path: str | Path, network: OpinionNetwork, card: OpinionCard) -> OpinionCard:
    """Write the weights of a network, matrices in half precision, and its card; returns the card.

    Raises
    ------
    OptionError
        If the path does not end in ``.safetensors``, the card is of another network, or a weight is
        NaN or beyond half precision.
    """
    path = weights_path(path)
    if (card.backbone, card.hidden) != (network.backbone, network.hidden.out_features):
        raise OptionError(f"the card is of {card.backbone}, {card.hidden}: not of this network")
    return save_with_card(path, kept_weights(network), card)


def load_opinions(path: str | Path) -> tuple[OpinionNetwork, OpinionCard]:
    """Return the network of a weights file, in float32 and for evaluation, and its card.

    Nothing is unpickled, and sizes are checked before anything of that size is made.

    Raises
    ------
    WeightsError
        If a file is missing, too large, damaged, does not belong to its card, or holds NaN.
    """
    path = Path(path)
    card = read_opinion_card(card_path(path))
    try:
        network = OpinionNetwork(trunk_named(card.backbone), card.hidden)
    except OptionError as error:
        raise WeightsError(f"{card_path(path)}: {error}") from error
    weights = read_tensors(path, network.state_dict(), card.sha256, LARGEST)
    network.load_state_dict({name: value.to(torch.float32) for name, value in weights.items()})
    # Of what scores come from, which the layer of doubts is not.
    network.digest = digest_of({n: v for n, v in weights.items() if not n.startswith("doubt.")})
    return network.eval(), card


def read_opinion_card(path: Path) -> OpinionCard:
    """Return the card in a JSON file.

    Raises
    ------
    WeightsError
        If it is missing, too large or no card of opinions.
    """
    return read_json_card(path, OpinionCard.from_dict)
