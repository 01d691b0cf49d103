"""Weights files of restoration networks: safetensors with a JSON card beside them."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.enhance.card import RestorationCard
from hdrmetrics.enhance.net import RestorationNet, empty_net
from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.text.jsontext import readable
from hdrmetrics.text.textfile import replacing, write_text

SUFFIX = ".safetensors"
SHIPPED = Path(__file__).with_name("weights") / "restore.safetensors"
"""The network that comes with the package."""

_PARAMETERS = 4_000_000  # of a network that a card may ask for: four times the largest of ours
_LARGEST, _CARD, _HEADER = 4 * _PARAMETERS + (1 << 20), 1 << 20, 1 << 20  # bytes
_TYPES = {"F16": 2, "F32": 4}


def card_path(path: str | Path) -> Path:
    """Return where the card of a weights file lies: the same name, ending in ``.json``."""
    return Path(path).with_suffix(".json")


def save_restoration(
    path: str | Path, net: RestorationNet, card: RestorationCard
) -> RestorationCard:
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
    RestorationCard
        As written.

    Raises
    ------
    OptionError
        If the path ends otherwise, the card is of a network of another size or cannot be written
        as JSON, or a weight is NaN or beyond half precision.
    ImageWriteError
        If a file cannot be written.
    """
    from safetensors.torch import save

    path = Path(path)
    if path.suffix != SUFFIX:
        raise OptionError(f"a weights file ends in {SUFFIX}, not {path.name!r}")
    if card.size != net.size:
        raise OptionError(f"the card is of a network of {card.size}, not of {net.size}")
    kept: dict[str, Tensor] = {}
    for name, value in net.state_dict().items():
        kind = torch.float16 if value.ndim > 1 else torch.float32
        kept[name] = value.detach().to("cpu", kind).contiguous()
        if not bool(kept[name].isfinite().all()):
            raise OptionError(f"{name} has weights that are NaN or beyond half precision")
    content = save(kept)
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    try:
        text = readable(card.to_dict())
    except (TypeError, ValueError) as error:
        raise OptionError(f"this card cannot be written as JSON: {error}") from None
    with replacing(path) as draft:
        draft.write_bytes(content)
    write_text(card_path(path), text)
    return card


def load_restoration(path: str | Path = SHIPPED) -> tuple[RestorationNet, RestorationCard]:
    """Return the network of a weights file, in float32 and for evaluation, and its card.

    Nothing is unpickled; the sizes of both files, of the list of tensors and of the network are
    checked before anything of that size is made.

    Raises
    ------
    WeightsError
        If a file is missing, too large, truncated, damaged, does not belong to its card, or holds
        NaN.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = Path(path)
    card = read_restoration_card(card_path(path))
    content = _read(path, _LARGEST)
    _check_list(path, content, empty_net(card.size, "meta").state_dict())
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise WeightsError(f"{path}: is not the file that its card describes (SHA-256 differs)")
    try:
        weights = load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(f"{path}: cannot be read ({error})") from error
    for name, value in weights.items():
        if not bool(value.isfinite().all()):
            raise WeightsError(f"{path}: {name} holds NaN or infinity")
    net = empty_net(card.size)
    net.load_state_dict({name: value.float() for name, value in weights.items()})
    return net.eval().requires_grad_(False), card


def read_restoration_card(path: Path) -> RestorationCard:
    """Return the card in a JSON file.

    Raises
    ------
    WeightsError
        If it is missing, too large or no card, or its network would be too large.
    """
    try:
        data = json.loads(_read(path, _CARD), parse_constant=_refuse)
        if not isinstance(data, dict):
            raise OptionError("a card is a JSON object")
        card = RestorationCard.from_dict(data)
    except (ValueError, RecursionError) as error:  # OptionError is a ValueError
        raise WeightsError(f"{path}: is no card of a restoration network ({error})") from error
    count = sum(x.numel() for x in empty_net(card.size, "meta").parameters())
    if count > _PARAMETERS:
        raise WeightsError(
            f"{path}: describes a network of {count:,} weights; at most {_PARAMETERS:,} are read"
        )
    return card


def _check_list(path: Path, content: bytes, wanted: Mapping[str, Tensor]) -> None:
    """Check the list of tensors at the head of the file against the network."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_HEADER, len(content) - 8):
        raise WeightsError(f"{path}: is truncated, or no safetensors file")
    try:
        found = json.loads(content[8 : 8 + length], parse_constant=_refuse)
        found.pop("__metadata__", None)
        shapes = {name: (str(one["dtype"]), tuple(one["shape"])) for name, one in found.items()}
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: its list of tensors cannot be read ({error!r})") from error
    strange = sorted(set(wanted) ^ set(shapes))
    if strange:
        raise WeightsError(f"{path}: tensors and card do not agree, first in {strange[0][:80]}")
    size = 0
    for name, value in wanted.items():
        kind, shape = shapes[name]
        if kind not in _TYPES or shape != tuple(value.shape):
            raise WeightsError(
                f"{path}: {name} is {kind[:20]} {str(shape)[:80]}, wanted is F16 or F32 "
                f"{tuple(value.shape)}"
            )
        size += _TYPES[kind] * math.prod(shape)
    if size != len(content) - 8 - length:
        raise WeightsError(
            f"{path}: holds {len(content) - 8 - length} bytes of weights, its list has {size}: "
            "truncated?"
        )


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > limit:
                raise WeightsError(f"{path}: is over {limit >> 20} MiB, which no such file is")
            return file.read(limit)
    except WeightsError:
        raise
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror or error})") from error


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
