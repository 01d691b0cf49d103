"""Where photographs stand on the two axes, liked and faithful, and where these disagree."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hdrmetrics.jobs.defaults import FAITHFUL, LIKED
from hdrmetrics.result import Score

FILE = Path(__file__).parent.parent / "data" / "axes.json"
"""Of the package: quantiles of both scores on photographs that no training saw."""

_APART = 0.5  # of the photographs: as far as from the median to the best


class Standing(NamedTuple):
    """What part of photographs a photograph stands above.

    Parameters
    ----------
    liked, faithful
        In [0, 1] each.
    """

    liked: float
    faithful: float

    @property
    def text(self) -> str:
        """What the axes disagree in, in words; empty where they agree."""
        if abs(self.liked - self.faithful) < _APART:
            return ""
        more, less = ("liked", "faithful") if self.liked > self.faithful else ("faithful", "liked")
        return f"{more}, not {less}"


def standing(scores: Mapping[str, Score]) -> Standing | None:
    """Return where a photograph stands; ``None`` without both scores, and for HDR pictures.

    Parameters
    ----------
    scores
        By the metric's name.
    """
    known = _quantiles()
    if not all(name in scores and name in known for name in (LIKED, FAITHFUL)):
        return None
    if scores[FAITHFUL].conditions.get("domain") != "sdr":
        return None
    return Standing(*(_part_below(scores[name].value, known[name]) for name in (LIKED, FAITHFUL)))


@cache
def _quantiles() -> dict[str, list[float]]:
    found: dict[str, list[float]] = json.loads(FILE.read_text(encoding="utf-8"))["quantiles"]
    return found


def _part_below(value: float, quantiles: list[float]) -> float:
    """Return the part of photographs whose score is below, by steps between quantiles."""
    place = (bisect_left(quantiles, value) + bisect_right(quantiles, value)) / 2
    return min(max((place - 0.5) / (len(quantiles) - 1), 0.0), 1.0)
