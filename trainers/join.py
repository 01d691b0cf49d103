"""Heads of several weights files in one, where they share their stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import trainers.nets  # noqa: F401 - the papers' front ends are then known by name
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.network import QualityNetwork, build_network
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
        _check_alike(path, (own, of), found[0], parts[0][0])
        for name in heads:
            if name not in own.heads or name not in of.heads:
                raise OptionError(f"{path} has no head {name}; it has {', '.join(of.heads)}")
            network.heads[name].load_state_dict(own.heads[name].state_dict())
            described[name] = of.heads[name]
    data = {str(one): one for _, of in found for one in of.data}
    cards = [(heads, of) for (_, heads), (_, of) in zip(parts, found, strict=True)]
    joined = replace(
        card,
        architecture=network.architecture,
        heads=described,
        data=tuple(data.values()),
        training={**card.training, _OWN: _of_their_own(cards)},
    )
    return save_weights(out, network, joined)


_OWN = "heads_of_their_own"


def _check_alike(
    path: Path, one: tuple[QualityNetwork, Card], first: tuple[QualityNetwork, Card], known: Path
) -> None:
    """Raise unless heads of one file suit the stages of the first."""
    same = one[0].stages.state_dict()
    for key, value in first[0].stages.state_dict().items():
        if key not in same or not torch.equal(same[key], value):
            raise OptionError(f"{path}: its stages are others than those of {known}")
    if one[1].ppd != first[1].ppd:
        raise OptionError(
            f"{path}: was taught at {one[1].ppd} pixels per degree, not {first[1].ppd}"
        )


def _of_their_own(cards: Sequence[tuple[Sequence[str], Card]]) -> list[dict[str, Any]]:
    """Return how heads were trained that are not of the first file's training."""
    (heads, first), *others = cards
    earlier = [
        {**one, "heads": left}
        for one in first.training.get(_OWN, ())
        if (left := [head for head in one["heads"] if head in set(heads)])
    ]
    more = [
        {
            "heads": list(names),
            "recipe_sha256": of.recipe_sha256,
            "seed": of.seed,
            **{key: value for key, value in of.training.items() if key != _OWN},
        }
        for names, of in others
    ]
    return [*earlier, *more]
