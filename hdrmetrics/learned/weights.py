"""Weights files: safetensors with a JSON card beside them, whose tables they hold too."""

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
from hdrmetrics.learned.tables import PREFIX, Tables, names, pack, unpack
from hdrmetrics.text.jsontext import readable

SUFFIX = ".safetensors"

_LARGEST = 64 << 20  # bytes of a weights file: a dozen times what a network of ours takes
_CARD, _HEADER = 4 << 20, 1 << 20  # bytes of a card, and of the list of tensors
_PARAMETERS = 16_000_000  # of a network that a card may ask for
_TYPES = ("F16", "F32")
_TEXTS = "tables"  # metadata: what the card's tables have beside numbers


def card_path(path: str | Path) -> Path:
    """Return where the card of a weights file lies: the same name, ending in ``.json``."""
    return Path(path).with_suffix(".json")


def save_weights(path: str | Path, network: QualityNetwork, card: Card) -> Card:
    """Write the weights of a network, its matrices in half precision, and its card.

    Biases keep single precision: a head that wants plain statistics adds up hundreds to end at one
    or two, and there half precision would move scores by points. The tables of the card, among them
    the numbers that intervals are made of, lie beside the weights in double precision.

    Parameters
    ----------
    path
        Ends in ``.safetensors``; both files are replaced, each in one step.
    network
        Whose weights; on any device.
    card
        Its hash is filled in.

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
    _check_card(card, network)
    kept: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        kept[name] = value.detach().to("cpu", _stored_type(value)).contiguous()
        if not bool(kept[name].isfinite().all()):
            raise OptionError(f"{name} has weights that are NaN or beyond half precision")
    plain, tables = pack(card.to_dict())
    content = save(kept | dict(tables.numbers), metadata={_TEXTS: json.dumps(tables.texts)})
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    try:
        text = readable(plain | {"sha256": card.sha256})
    except (TypeError, ValueError) as error:
        raise OptionError(f"this card cannot be written as JSON: {error}") from None
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
    plain, outline = _read_json(card_path(path))
    content = _read(path, _LARGEST)
    network = QualityNetwork(outline.architecture)  # of a size that was checked
    if outline.faults is not None:
        network.add_faults(outline.faults.hidden, len(outline.faults.names))
    texts = _check_list(path, content, network.state_dict(), plain)
    if hashlib.sha256(content).hexdigest() != outline.sha256:
        raise WeightsError(f"{path}: is not the file that its card describes (SHA-256 differs)")
    try:
        tensors = load(content)
        card = Card.from_dict(unpack(plain, Tables(tensors, texts)))
    except (SafetensorError, ValueError, KeyError) as error:  # OptionError is a ValueError
        raise WeightsError(f"{path}: cannot be read with its card ({error})") from error
    weights = {name: x for name, x in tensors.items() if not name.startswith(PREFIX)}
    for name, value in weights.items():
        if not bool(value.isfinite().all()):
            raise WeightsError(f"{path}: {name} holds NaN or infinity")
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    network.digest = _digest(weights)
    return network.eval(), card


def _digest(weights: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of the weights alone: tables of a card change no score."""
    found = hashlib.sha256()
    for name, value in sorted(weights.items()):
        found.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        found.update(value.contiguous().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def read_card(path: Path) -> Card:
    """Return the card in a JSON file without its tables: results, and widths that adapt.

    Raises
    ------
    WeightsError
        If it is missing, too large or no card, or its network would be too large.
    """
    return _read_json(path)[1]


def _read_json(path: Path) -> tuple[dict[str, Any], Card]:
    """Return what is in a card's file, and the card without its tables."""
    content = _read(path, _CARD)
    try:
        data = json.loads(content, parse_constant=_refuse)
        if not isinstance(data, dict):
            raise OptionError("a card is a JSON object")
        card = Card.from_dict(_outline(data))
    except (ValueError, RecursionError) as error:  # OptionError is a ValueError
        raise WeightsError(f"{path}: is no card of a weights file ({error})") from error
    with torch.device("meta"):  # takes no memory
        count = sum(x.numel() for x in QualityNetwork(card.architecture).parameters())
    if count > _PARAMETERS:
        raise WeightsError(
            f"{path}: describes a network of {count:,} weights; at most {_PARAMETERS:,} are read"
        )
    return data, card


def _outline(card: dict[str, Any]) -> dict[str, Any]:
    """Return a packed card without what tables tell."""

    def without(value: Any, *names: str) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: each for key, each in value.items() if key not in names}

    found: dict[str, Any] = without(card, "scenes")
    if isinstance(found.get("heads"), dict):
        found["heads"] = {name: without(own, "results") for name, own in found["heads"].items()}
        for own in found["heads"].values():
            if isinstance(own, dict) and "interval" in own:
                own["interval"] = without(own["interval"], "adapts", "adapts_whole")
    if "faults" in found:
        found["faults"] = without(found["faults"], "results")
    return found


def _check_card(card: Card, network: QualityNetwork) -> None:
    named = 0 if card.faults is None else len(card.faults.names)
    last = None if network.faults is None else network.faults[-1]
    count = last.out_features if isinstance(last, nn.Linear) else 0
    if named != count:
        raise OptionError(f"the card names {named} faults, and the network has {count} outputs")
    if card.architecture != network.architecture:
        raise OptionError(
            f"the card is of {card.architecture.name} with the heads "
            f"{', '.join(card.architecture.heads)}, not of this network"
        )


def _stored_type(value: Tensor) -> torch.dtype:
    return torch.float16 if value.ndim > 1 else torch.float32


def _check_list(
    path: Path, content: bytes, wanted: Mapping[str, Tensor], card: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Check the list of tensors at the head of the file against network and card, before all.

    Returns what the card's tables have beside numbers.
    """
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_HEADER, len(content) - 8):
        raise WeightsError(f"{path}: is truncated, or no safetensors file")
    try:
        found = json.loads(content[8 : 8 + length], parse_constant=_refuse)
        metadata = found.pop("__metadata__", {})
        texts: dict[str, Any] = json.loads(metadata.get(_TEXTS, "{}"), parse_constant=_refuse)
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
    tables = set(names(card))
    strange = sorted((set(wanted) | tables) ^ set(shapes))
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
        if not (name.startswith(PREFIX) and kind == "F64" and len(shape) == 2):
            raise WeightsError(f"{path}: {name[:80]} is {kind} {shape}, and no table of a card")
    return texts


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
