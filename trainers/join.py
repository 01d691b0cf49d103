"""Heads of several weights files in one, where they share their stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

import trainers.nets  # noqa: F401 - the papers' front ends are then known by name
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.weights import load_weights, save_weights


def join(parts: Sequence[tuple[Path, Sequence[str]]], out: Path) -> Card:
    """Write a weights file with heads of several, and its card; returns the card.

    Parameters
    ----------
    parts
        Weights files, with the heads to take of each; the first one's card is that of the whole:
        its data and training, with those of the others beside them. What names faults is its too.
    out
        Ends in ``.safetensors``.

    Raises
    ------
    OptionError
        If a head is missing or wanted twice, or the stages are not the same in all files.
    HdrMetricsError
        If a file cannot be read.
    """
    found = [load_weights(path) for path, _ in parts]
    first, card = found[0]
    names = [name for _, heads in parts for name in heads]
    if len(set(names)) < len(names) or not names:
        raise OptionError(f"each head is taken of one file, not {', '.join(names) or 'none'}")
    network = build_network(card.architecture.with_heads(*names))
    network.stages.load_state_dict(first.stages.state_dict())
    if first.faults is not None:
        assert card.faults is not None
        network.add_faults(card.faults.hidden, len(card.faults.names))
        assert network.faults is not None
        network.faults.load_state_dict(first.faults.state_dict())
    described = {}
    for (path, heads), (own, of) in zip(parts, found, strict=True):
        same = own.stages.state_dict()
        for key, value in first.stages.state_dict().items():
            if key not in same or not torch.equal(same[key], value):
                raise OptionError(f"{path}: its stages are others than those of {parts[0][0]}")
        if of.ppd != card.ppd:
            raise OptionError(f"{path}: was taught at {of.ppd} pixels per degree, not {card.ppd}")
        for name in heads:
            if name not in own.heads or name not in of.heads:
                raise OptionError(f"{path} has no head {name}; it has {', '.join(of.heads)}")
            network.heads[name].load_state_dict(own.heads[name].state_dict())
            described[name] = of.heads[name]
    kept = set(parts[0][1])
    earlier = [
        {**one, "heads": left}
        for one in card.training.get("heads_of_their_own", ())
        if (left := [head for head in one["heads"] if head in kept])
    ]
    more = [
        {
            "heads": list(heads),
            "recipe_sha256": of.recipe_sha256,
            "seed": of.seed,
            **{key: value for key, value in of.training.items() if key != "heads_of_their_own"},
        }
        for (_, heads), (_, of) in zip(parts[1:], found[1:], strict=True)
    ]
    data = {str(one): one for _, of in found for one in of.data}
    joined = replace(
        card,
        architecture=network.architecture,
        heads=described,
        data=tuple(data.values()),
        training={**card.training, "heads_of_their_own": [*earlier, *more]},
    )
    return save_weights(out, network, joined)
