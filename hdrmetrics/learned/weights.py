"""Weights files: safetensors, matrices in half precision, with a JSON card beside them."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.network import QualityNetwork

SUFFIX = ".safetensors"

_LARGEST = 64 << 20  # bytes of a weights file: a dozen times what a network of ours takes
_CARD, _HEADER = 4 << 20, 1 << 20  # bytes of a card, and of the list of tensors
_PARAMETERS = 16_000_000  # of a network that a card may ask for
_TYPES = {"F16": 2, "F32": 4}


def card_path(path: str | Path) -> Path:
    """Return where the card of a weights file lies: the same name, ending in ``.json``."""
    return Path(path).with_suffix(".json")


def save_weights(path: str | Path, network: QualityNetwork, card: Card | Mapping[str, Any]) -> Card:
    """Write the weights of a network, its matrices in half precision, and its card.

    Biases keep single precision: a head that wants plain statistics adds up hundreds to end at one
    or two, and there half precision would move scores by points.

    Parameters
    ----------
    path
        Ends in ``.safetensors``; both files are replaced, each in one step.
    network
        Whose weights; on any device.
    card
        Or its dictionary, as of :meth:`Card.to_dict`; without ``architecture`` it is the
        network's. Its hash is filled in.

    Returns
    -------
    Card
        As written.

    Raises
    ------
    OptionError
        If the path ends otherwise, the card is of another architecture or names other faults, or
        a weight is NaN or beyond half precision.
    """
    from safetensors.torch import save

    path = Path(path)
    if path.suffix != SUFFIX:
        raise OptionError(f"a weights file ends in {SUFFIX}, not {path.name!r}")
    if not isinstance(card, Card):
        card = Card.from_dict({"architecture": network.architecture.to_dict(), **card})
    named = 0 if card.faults is None else len(card.faults.names)
    if named != _fault_count(network):
        raise OptionError(
            f"the card names {named} faults, and the network has an output for "
            f"{_fault_count(network)}"
        )
    if card.architecture != network.architecture:
        raise OptionError(
            f"the card is of {card.architecture.name} with the heads "
            f"{', '.join(card.architecture.heads)}, not of this network"
        )
    kept: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        kept[name] = value.detach().to("cpu", _stored_type(value)).contiguous()
        if not bool(kept[name].isfinite().all()):
            raise OptionError(f"{name} has weights that are NaN or beyond half precision")
    content = save(kept)
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    text = card.to_json()
    _replace(path, content)
    _replace(card_path(path), text.encode())
    return card


@torch.no_grad()
def round_weights(network: nn.Module) -> None:
    """Round the weights of a network to what :func:`save_weights` keeps of them."""
    for parameter in network.parameters():
        parameter.copy_(parameter.to(_stored_type(parameter)))


def load_weights(path: str | Path) -> tuple[QualityNetwork, Card]:
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
    card = read_card(card_path(path))
    content = _read(path, _LARGEST)
    network = QualityNetwork(card.architecture)  # of a size that read_card has checked
    if card.faults is not None:
        network.add_faults(card.faults.hidden, len(card.faults.names))
    _check_list(path, content, network.state_dict())
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise WeightsError(f"{path}: is not the file that its card describes (SHA-256 differs)")
    try:
        tensors = load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(f"{path}: cannot be read as safetensors ({error})") from error
    for name, value in tensors.items():
        if not bool(value.isfinite().all()):
            raise WeightsError(f"{path}: {name} holds NaN or infinity")
    network.load_state_dict({name: value.float() for name, value in tensors.items()})
    return network.eval(), card


def read_card(path: Path) -> Card:
    """Return the card in a JSON file.

    Raises
    ------
    WeightsError
        If it is missing, too large or no card, or its network would be too large.
    """
    content = _read(path, _CARD)
    try:
        data = json.loads(content, parse_constant=_refuse)
        if not isinstance(data, dict):
            raise OptionError("a card is a JSON object")
        card = Card.from_dict(data)
    except (ValueError, RecursionError) as error:  # OptionError is a ValueError
        raise WeightsError(f"{path}: is no card of a weights file ({error})") from error
    with torch.device("meta"):  # takes no memory
        count = sum(x.numel() for x in QualityNetwork(card.architecture).parameters())
    if count > _PARAMETERS:
        raise WeightsError(
            f"{path}: describes a network of {count:,} weights; at most {_PARAMETERS:,} are read"
        )
    return card


def _fault_count(network: QualityNetwork) -> int:
    if network.faults is None:
        return 0
    last = network.faults[-1]
    assert isinstance(last, nn.Linear)
    return last.out_features


def _stored_type(value: Tensor) -> torch.dtype:
    return torch.float16 if value.ndim > 1 else torch.float32


def _check_list(path: Path, content: bytes, wanted: Mapping[str, Tensor]) -> None:
    """Check the list of tensors at the head of the file against the network, before reading on."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_HEADER, len(content) - 8):
        raise WeightsError(f"{path}: is truncated, or no safetensors file")
    try:
        found = json.loads(content[8 : 8 + length], parse_constant=_refuse)
        found.pop("__metadata__", None)
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
    strange = sorted(set(wanted) ^ set(shapes))
    if strange:
        raise WeightsError(
            f"{path}: tensors and architecture do not agree, first in {strange[0][:80]}"
        )
    for name, value in wanted.items():
        kind, shape = shapes[name]
        if kind not in _TYPES or shape != tuple(value.shape):
            raise WeightsError(
                f"{path}: {name} is {kind} {shape}, wanted is F16 or F32 {tuple(value.shape)}"
            )


def _read(path: Path, limit: int) -> bytes:
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


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
