"""Weights files: safetensors with a JSON card beside them, whose tables they hold too."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.network import QualityNetwork
from hdrmetrics.learned.saving import kept_weights, weights_path, write_both
from hdrmetrics.learned.tables import PREFIX, Tables, names, pack, unpack
from hdrmetrics.learned.tensorfile import (
    CARD,
    LARGEST,
    TEXTS,
    card_path,
    check_list,
    digest_of,
    read_limited,
    refuse,
)

_PARAMETERS = 16_000_000  # of a network that a card may ask for


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

    path = weights_path(path)
    _check_card(card, network)
    kept = kept_weights(network)
    plain, tables = pack(card.to_dict())
    content = save(kept | dict(tables.numbers), metadata={TEXTS: json.dumps(tables.texts)})
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    write_both(path, content, plain | {"sha256": card.sha256})
    return card


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
    content = read_limited(path, LARGEST)
    network = QualityNetwork(outline.architecture)  # of a size that was checked
    if outline.faults is not None:
        network.add_faults(outline.faults.hidden, len(outline.faults.names))
    texts = check_list(path, content, network.state_dict(), set(names(plain)), PREFIX)
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
    network.digest = digest_of(weights)
    return network.eval(), card


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
    content = read_limited(path, CARD)
    try:
        data = json.loads(content, parse_constant=refuse)
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
