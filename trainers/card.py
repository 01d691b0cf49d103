"""The card of trained weights: what they were made of, how good they are, where they fail."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from datasets.statistics.conformal import conformal_width
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.card import Card, HeadCard, Interval
from hdrmetrics.learned.network import QualityNetwork
from hdrmetrics.learned.target import Scale, Target
from trainers.feeding.heads import FIDELITY, Head
from trainers.feeding.labels import Labels
from trainers.judging.agreement import ALL, Agreement, Judge
from trainers.judging.predictions import PREFIX
from trainers.learning.material import SetMaterial

COVERAGE = 0.9
"""Of the intervals in a card: it needs nine groups of validation scenes."""

SHOWN: dict[str, Scale] = {"hdrvdp_q": "hdrvdp2", "tmqi_q": "tmqi", FIDELITY: "tmqi-s"}
"""By the column that a target was made of, the scale on which users see it."""

_RESAMPLES = 500
_WEAK = 0.7  # SROCC inside a distortion below which it is named as a failure


def make_card(
    network: QualityNetwork,
    material: Sequence[SetMaterial],
    predictions: Sequence[Labels],
    *,
    seed: int,
    recipe: str,
    training: Mapping[str, Any],
    exponent: float = 0.0,
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
    exponent
        How windows come together, of the heads that HDR-VDP-2 taught; 0 where the run had no whole
        frames.

    Returns
    -------
    Card
        Each head with its conformal interval from the validation split (90 %, scenes as groups),
        its test table with bootstrap intervals, and its weak distortions.

    Raises
    ------
    OptionError
        If a set's teacher has no scale that users know.
    """
    known = {head.name: head for one in material for head in one.heads}
    heads = {
        name: _head_card(head, material, predictions, exponent) for name, head in known.items()
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
    head: Head,
    material: Sequence[SetMaterial],
    predictions: Sequence[Labels],
    exponent: float,
) -> HeadCard:
    own = [one for one in material if one.name in head.sets]
    found = [one for one in predictions if one.name in head.sets]
    tests: list[Agreement] = []
    for one in found:
        part = one.split("test")
        if len(part):
            tests += Judge(part, [head.name], resamples=_RESAMPLES).all_of()
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
        results={"test": [one.to_dict() for one in tests]},
        failures=tuple(known_failures(tests)),
        exponent=exponent if exponent and _shown(first) == "hdrvdp2" else None,
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
