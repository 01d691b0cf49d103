"""Files of improvability: one layer, with its card, for some weights of restoration."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.improvable.card import GainCard
from hdrmetrics.learned.improvable.network import GainLayer
from hdrmetrics.learned.tensorfile import (
    SUFFIX,
    card_path,
    read_json_card,
    read_tensors,
    replace_file,
)
from hdrmetrics.text.jsontext import readable

_LARGEST = 8 << 20


def save_gains(path: str | Path, layer: GainLayer, card: GainCard) -> GainCard:
    """Write a layer and its card; returns the card.

    Raises
    ------
    OptionError
        If the path does not end in ``.safetensors``, the card is of another layer, or a weight is
        NaN.
    """
    from safetensors.torch import save

    path = Path(path)
    if path.suffix != SUFFIX:
        raise OptionError(f"a weights file ends in {SUFFIX}, not {path.name!r}")
    shape = layer.last.out_features, layer.last.in_features
    if shape != (len(card.outputs), card.statistics):
        raise OptionError(f"the card is of {len(card.outputs)} outputs of {card.statistics}")
    kept = {n: v.detach().cpu().float().contiguous() for n, v in layer.state_dict().items()}
    if not all(bool(value.isfinite().all()) for value in kept.values()):
        raise OptionError("the layer has weights that are NaN or infinite")
    content = save(kept)
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    text = readable(card.to_dict())
    replace_file(path, content)
    replace_file(card_path(path), text.encode())
    return card


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
