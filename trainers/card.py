"""The card of trained weights: what they were made of, how good they are, where they fail."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.card import Card, HeadCard, Interval
from hdrmetrics.learned.guard import Guard
from hdrmetrics.learned.network import QualityNetwork
from hdrmetrics.learned.statistics import window_moments
from hdrmetrics.learned.target import Scale, Target
from hdrmetrics.learned.whole_image import describe_channels
from trainers.feeding.heads import FIDELITY, Head
from trainers.feeding.labels import Labels
from trainers.judging.agreement import ALL, Agreement, Judge
from trainers.judging.predictions import PREFIX
from trainers.learning.material import SetMaterial, some_of
from trainers.statistics.conformal import conformal_width

COVERAGE = 0.9
"""Of the intervals in a card: it needs nine groups of validation scenes."""

SHOWN: dict[str, Scale] = {"hdrvdp_q": "hdrvdp2", "tmqi_q": "tmqi", FIDELITY: "tmqi-s"}
"""By the column that a target was made of, the scale on which users see it."""

_RESAMPLES = 500
_WEAK = 0.7  # SROCC inside a distortion below which it is named as a failure
_GUARD_WINDOWS = 1000  # training crops of each set that a guard is fitted to
_GUARD_BATCH = 16


def make_card(
    network: QualityNetwork,
    material: Sequence[SetMaterial],
    predictions: Sequence[Labels],
    *,
    seed: int,
    recipe: str,
    training: Mapping[str, Any],
    resamples: int = _RESAMPLES,
) -> Card:
    """Return the card of a trained network.

    Parameters
    ----------
    network
        With its final weights.
    material
        The sets of the run.
    predictions
        Validation and test items of each set, in that order, with the heads' predictions.
    seed, recipe
        Of the run: the recipe is everything that it was told.
    training
        Time, machine, steps, versions: JSON values.
    resamples
        Of the bootstrap of the test table.

    Returns
    -------
    Card
        Each head with its conformal interval from the validation split (90 %, scenes as groups),
        its test table with bootstrap intervals, its weak distortions, and the guard of what its
        training crops look like.

    Raises
    ------
    OptionError
        If a set's teacher has no scale that users know.
    """
    known = {head.name: head for one in material for head in one.heads}
    heads = {
        name: _head_card(network, head, material, predictions, resamples)
        for name, head in known.items()
    }
    ppds = {one.train.metadata["ppd"] for one in material if _shown(one.train) != "tmqi"}
    return Card(
        architecture=network.architecture,
        heads=heads,
        ppd=float(ppds.pop()) if len(ppds) == 1 else None,
        data=tuple(_data(one.train) for one in material),
        recipe_sha256=hashlib.sha256(recipe.encode()).hexdigest(),
        seed=seed,
        training=training,
    )


def known_failures(tests: Sequence[Agreement]) -> list[str]:
    """Return one sentence per distortion inside which a head ranks poorly, the worst first."""
    weak = [
        one
        for one in tests
        if one.statistic == "srocc" and one.distortion != ALL and one.interval.value < _WEAK
    ]
    weak.sort(key=lambda one: one.interval.value)
    return [
        f"{one.dataset}: pictures with {one.distortion} are ranked with SROCC "
        f"{one.interval.value:.2f} among themselves ({one.items} items, {one.groups} groups of "
        "scenes)"
        for one in weak
    ]


def _head_card(
    network: QualityNetwork,
    head: Head,
    material: Sequence[SetMaterial],
    predictions: Sequence[Labels],
    resamples: int,
) -> HeadCard:
    own = [one for one in material if one.name in head.sets]
    found = [one for one in predictions if one.name in head.sets]
    tests: list[Agreement] = []
    for one in found:
        part = one.split("test")
        if len(part):
            tests += Judge(part, [head.name], resamples=resamples).all_of()
    first = own[0].train
    # The scale is that of the first set, and so is the range; other sets of the same teacher add
    # what they reach.
    same = [one.train for one in own if one.train.metadata["teacher"] == first.metadata["teacher"]]
    quality = np.concatenate([head.quality(one) for one in same])
    transform = (head.transform or first.transform).to_dict()
    teachers = dict.fromkeys(str(one.train.metadata["teacher"]) for one in own)
    return HeadCard(
        domain=own[0].domain,
        teacher=", ".join(teachers),
        target=Target.of_transform(
            transform, _shown(first, head), (float(quality.min()), float(quality.max()))
        ),
        sets=tuple(one.name for one in own),
        interval=_interval(head, [one.split("validation") for one in found]),
        guard=_guard(network, own),
        results={"test": [one.to_dict() for one in tests]},
        failures=tuple(known_failures(tests)),
    )


def _interval(head: Head, validation: Sequence[Labels]) -> Interval | None:
    parts = [one for one in validation if len(one)]
    if not parts:
        return None

    said = [head.from_set(one[PREFIX + head.name].astype(np.float64), one) for one in parts]
    width = conformal_width(
        np.concatenate([head.target(one).astype(np.float64) for one in parts]),
        np.concatenate(said),
        np.concatenate([one["group"] for one in parts]),
        coverage=COVERAGE,
    )
    return Interval(**width.to_dict())


@torch.no_grad()
def _guard(network: QualityNetwork, material: Sequence[SetMaterial]) -> Guard | None:
    """Return the guard of training crops, ``None`` where there are too few to fit one."""
    descriptions = []
    for one in material:
        few = some_of(one.train, _GUARD_WINDOWS)
        for at in range(0, len(few), _GUARD_BATCH):
            seen, reference = one.load(few, np.arange(at, min(at + _GUARD_BATCH, len(few))))
            if one.prepared is None:
                seen, _ = network.channels(seen, reference, domain=one.domain)
            height, width = seen.shape[-2:]
            mean, energy = window_moments(seen, [(0, height)], [(0, width)])
            described = describe_channels(network.architecture.front, mean, energy)[:, 0]
            descriptions.append(described.double().cpu().numpy())
    joint = np.concatenate(descriptions)
    return Guard.fit(joint) if joint.shape[0] >= 2 * joint.shape[1] else None


def _shown(labels: Labels, head: Head | None = None) -> Scale:
    column = str(labels.metadata["target_of"])
    if head is not None and head.column is not None:
        column = head.column
    if column not in SHOWN:
        raise OptionError(
            f"{labels.name} was labelled with {column}; scores are known for {', '.join(SHOWN)}"
        )
    return SHOWN[column]


def _data(labels: Labels) -> dict[str, Any]:
    scenes, places = np.unique(labels["scene"], return_index=True)
    licences: dict[str, list[str]] = {}
    for scene, licence in zip(scenes, labels["licence"][places], strict=True):
        licences.setdefault(str(licence), []).append(str(scene))
    return {
        "set": labels.name,
        "teacher": labels.metadata["teacher"],
        "recipe_sha256": labels.metadata["recipe_sha256"],
        "split": "train",
        "items": len(labels),
        "groups": int(np.unique(labels["group"]).size),
        "scenes_by_licence": licences,
    }
