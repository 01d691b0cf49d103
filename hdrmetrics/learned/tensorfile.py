"""Files of tensors (safetensors) that may come from anybody: limits and checks."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from hdrmetrics.errors import OptionError, WeightsError

Card = TypeVar("Card")
Tensors = dict[str, Tensor]

SUFFIX = ".safetensors"
LARGEST, CARD = 64 << 20, 4 << 20
"""Bytes of a weights file, a dozen times what a network of ours takes; and of a card."""

TEXTS = "tables"
"""Metadata: what the tables of a card have beside numbers."""

_HEADER = 1 << 20  # bytes of the list of tensors
_TYPES = ("F16", "F32")


def card_path(path: str | Path) -> Path:
    """Return where the card of a weights file lies: the same name, ending in ``.json``."""
    return Path(path).with_suffix(".json")


def digest_of(weights: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of the weights alone: tables of a card change no score."""
    found = hashlib.sha256()
    for name, value in sorted(weights.items()):
        found.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        found.update(value.contiguous().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def check_list(
    path: Path,
    content: bytes,
    wanted: Mapping[str, Tensor],
    tables: Collection[str] = (),
    prefix: str = "",
) -> Mapping[str, Any]:
    """Check the list of tensors at the head of the file against what is wanted, before all.

    Returns what the card's tables have beside numbers.
    """
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_HEADER, len(content) - 8):
        raise WeightsError(f"{path}: is truncated, or no safetensors file")
    try:
        found = json.loads(content[8 : 8 + length], parse_constant=refuse)
        metadata = found.pop("__metadata__", {})
        texts: dict[str, Any] = json.loads(metadata.get(TEXTS, "{}"), parse_constant=refuse)
        shapes = {name: (entry["dtype"], tuple(entry["shape"])) for name, entry in found.items()}
        end = max(int(entry["data_offsets"][1]) for entry in found.values())
        if not all(isinstance(kind, str) for kind, _ in shapes.values()):
            raise TypeError("a type has no name")
    except (
        AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError,
    ) as error:  # fmt: skip
        raise WeightsError(f"{path}: its list of tensors cannot be read ({error!r})") from error
    if end != len(content) - 8 - length:
        raise WeightsError(
            f"{path}: holds {len(content) - 8 - length} bytes of weights where its list has {end}: "
            "truncated?"
        )
    strange = sorted((set(wanted) | set(tables)) ^ set(shapes))
    if strange:
        raise WeightsError(f"{path}: tensors and card do not agree, first in {strange[0][:80]}")
    for name, value in wanted.items():
        kind, shape = shapes[name]
        if kind not in _TYPES or shape != tuple(value.shape):
            raise WeightsError(
                f"{path}: {name} is {kind} {shape}, wanted is F16 or F32 {tuple(value.shape)}"
            )
    for name in tables:
        kind, shape = shapes[name]
        if not (name.startswith(prefix) and kind == "F64" and len(shape) == 2):
            raise WeightsError(f"{path}: {name[:80]} is {kind} {shape}, and no table of a card")
    return texts


def read_tensors(path: Path, wanted: Mapping[str, Tensor], sha256: str, limit: int) -> Tensors:
    """Return the tensors of a file that is what its card says; nothing is unpickled.

    Parameters
    ----------
    path
        Of the file.
    wanted
        Their names and shapes; they may lie on the device ``meta``.
    sha256
        Of the file, as its card has it.
    limit
        Bytes that are read at most.

    Raises
    ------
    WeightsError
        If it is missing, too large, damaged, another file, or holds NaN.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    content = read_limited(path, limit)
    check_list(path, content, wanted)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise WeightsError(f"{path}: is not the file that its card describes (SHA-256 differs)")
    try:
        found: Tensors = load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(f"{path}: cannot be read ({error})") from error
    for name, value in found.items():
        if not bool(value.isfinite().all()):
            raise WeightsError(f"{path}: {name} holds NaN or infinity")
    return found


def read_json_card(path: Path, make: Callable[[dict[str, Any]], Card], limit: int = CARD) -> Card:
    """Return the card that a function makes of a JSON object in a file of a limited size.

    Raises
    ------
    WeightsError
        If the file is missing, too large or no such card.
    """
    content = read_limited(path, limit)
    try:
        data = json.loads(content, parse_constant=refuse)
        if not isinstance(data, dict):
            raise OptionError("a card is a JSON object")
        return make(data)
    except (ValueError, RecursionError) as error:  # OptionError is a ValueError
        raise WeightsError(f"{path}: is no card of a weights file ({error})") from error


def read_limited(path: Path, limit: int) -> bytes:
    """Return what is in a file, or raise WeightsError if it is missing or over a limit."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise WeightsError(
                    f"{path}: is over {limit >> 20} MiB, which no such file of ours is"
                )
            return file.read(size)
    except WeightsError:
        raise
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror or error})") from error


def refuse(word: str) -> Any:
    """Refuse NaN and infinity, which Python takes for JSON."""
    raise ValueError(f"{word} is no JSON")


@torch.no_grad()
def round_weights(network: nn.Module) -> None:
    """Round the weights of a network to what weights files keep of them."""
    for parameter in network.parameters():
        parameter.copy_(parameter.to(stored_type(parameter)))


def stored_type(value: Tensor) -> torch.dtype:
    """Return the type that a weight is kept in: half precision, but single for biases."""
    return torch.float16 if value.ndim > 1 else torch.float32
