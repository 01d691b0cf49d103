"""Whether scores fall as damage grows: along its strength, and along the part that is damaged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import spearmanr

from datasets.statistics.bootstrap import SceneBootstrap
from datasets.statistics.weighted import Numbers, weighted_mean
from results.learned.tables import cell

SEEN = 90.0
"""Under this the teacher sees damage."""

ABOVE = 1.0
"""Points of 100 that a damaged picture may be scored above the original."""

FEWEST = 3  # steps of a series, the untouched one apart
TEACHER = "HDR-VDP-2 itself"
TITLES = ["head", "along strength", "along area", "damaged steps over 1 above the original"]


class Series(NamedTuple):
    """One operation on one picture, the untouched picture first.

    Parameters
    ----------
    group
        Of the scene.
    where
        ``everywhere``: amounts are strengths; ``somewhere``: parts of the picture.
    amounts, teacher, scores
        ``(n,)`` each, the two latter of 100.
    """

    group: str
    where: str
    amounts: Numbers
    teacher: Numbers
    scores: Numbers


def opinion(q: Numbers) -> Numbers:
    """Return HDR-VDP-2's opinion score of its Q."""
    return np.asarray(100 / (1 + np.exp(3.455 * (q + 0.8886))))


def series(found: Mapping[str, Any], head: str) -> Iterator[Series]:
    """Yield the series of measurements that :mod:`results.learned.whole` keeps.

    Parameters
    ----------
    found
        By scene: ``group``, and ``versions`` with ``name``, ``where``, ``amount``, ``q`` and the
        scores of ``heads``.
    head
        Whose scores; :data:`TEACHER` for the teacher's own.
    """
    for one in found.values():
        rows = one["versions"]
        (untouched,) = (row for row in rows if row["where"] == "nowhere")
        for name in dict.fromkeys(row["name"] for row in rows if row is not untouched):
            steps = [row for row in rows if row["name"] == name]
            if len(steps) < FEWEST:
                continue
            steps = [untouched, *sorted(steps, key=lambda row: row["amount"])]
            teacher = opinion(np.array([row["q"] for row in steps]))
            scores = (
                teacher
                if head == TEACHER
                else np.array([row["heads"][head] for row in steps], np.float64)
            )
            amounts = np.array([row["amount"] for row in steps], np.float64)
            yield Series(one["group"], steps[1]["where"], amounts, teacher, scores)


def falling(one: Series) -> float:
    """Return how well scores fall with the amount: 1 where each step is under the one before."""
    if np.ptp(one.scores) == 0:
        return 0.0
    return -float(spearmanr(one.amounts, one.scores).statistic)


def lifted(found: Mapping[str, Any], head: str) -> tuple[Numbers, list[str]]:
    """Return of each damage that the teacher sees whether it is scored above the original.

    And the groups of the scenes.
    """
    flags, groups = [], []
    for one in found.values():
        (own,) = (row["heads"][head] for row in one["versions"] if row["where"] == "nowhere")
        for row in one["versions"]:
            if row["where"] != "nowhere" and opinion(np.array(row["q"])) < SEEN:
                flags.append(float(row["heads"][head] > own + ABOVE))
                groups.append(one["group"])
    return np.array(flags), groups


def mean(values: Sequence[float] | Numbers, groups: Sequence[str], resamples: int) -> str:
    """Return a mean with its interval from drawing groups of scenes again."""
    if not len(values):
        return "–"
    bootstrap = SceneBootstrap(np.array(groups), resamples=resamples)
    return cell(bootstrap.interval(weighted_mean(np.asarray(values, np.float64))))


def line(found: Mapping[str, Any], head: str, resamples: int) -> list[str]:
    """Return a head's line of the table: means over scenes and operations that the teacher sees."""
    known = [one for one in series(found, head) if one.teacher[-1] < SEEN]
    cells = []
    for where in ("everywhere", "somewhere"):
        own = [one for one in known if one.where == where]
        cells.append(mean([falling(one) for one in own], [one.group for one in own], resamples))
    if head == TEACHER:
        return [head, *cells, "–"]
    return [head, *cells, mean(*lifted(found, head), resamples)]
