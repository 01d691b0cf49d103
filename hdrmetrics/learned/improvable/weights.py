"""Files of improvability: one layer, with its card, for some weights of restoration."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.improvable.card import GainCard
from hdrmetrics.learned.improvable.network import GainLayer
from hdrmetrics.learned.saving import finite, save_with_card, weights_path
from hdrmetrics.learned.tensorfile import (
    card_path,
    read_json_card,
    read_tensors,
)

_LARGEST = 8 << 20


def save_gains(path: str | Path, layer: GainLayer, card: GainCard) -> GainCard:
    """Write a layer and its card; returns the card.

    Raises
    ------
    OptionError
        If the path does not end in ``.safetensors``, the card is of another layer, or a weight is
        NaN.
    """
    path = weights_path(path)
    shape = layer.last.out_features, layer.last.in_features
    if shape != (len(card.outputs), card.statistics):
        raise OptionError(f"the card is of {len(card.outputs)} outputs of {card.statistics}")
    kept = {n: v.detach().cpu().float().contiguous() for n, v in layer.state_dict().items()}
    return save_with_card(path, finite(kept), card)


def load_gains(path: str | Path) -> tuple[GainLayer, GainCard]:
    """Return the layer of a file, and its card; nothing is unpickled.

    Raises
    ------
    WeightsError
        If a file is missing, too large, damaged, does not belong to its card, or holds NaN.
    """
    path = Path(path)
    card = read_gain_card(card_path(path))
    layer = GainLayer(card.statistics, len(card.outputs))
    weights = read_tensors(path, layer.state_dict(), card.sha256, _LARGEST)
    layer.load_state_dict({name: value.float() for name, value in weights.items()})
    return layer.eval(), card


def read_gain_card(path: Path) -> GainCard:
    """Return the card in a JSON file.

    Raises
    ------
    WeightsError
        If it is missing, too large or no card of improvability.
    """
    return read_json_card(path, GainCard.from_dict)
