"""Weights by which the unspoiled picture of a burst is picked: a conditional logit of merits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from hdrmetrics.collection.bursts.keeper import MERITS

_RIDGE = 0.003


def weigh(groups: Sequence[tuple[NDArray[np.float64], int]]) -> dict[str, float]:
    """Return weights, none below 0, under which the right picture of each group is likeliest.

    Every group counts twice, with its scores and without, so that one set of weights serves both.

    Parameters
    ----------
    groups
        Merits ``(n, 8)``, and the place of the unspoiled picture.

    References
    ----------
    D. McFadden, "Conditional logit analysis of qualitative choice behavior", 1974.
    """
    both = [*groups]
    for merits, right in groups:
        blind = merits.copy()
        blind[:, MERITS.index("score")] = 0.0
        both.append((blind, right))

    def loss(weights: NDArray[np.float64]) -> float:
        total = 0.0
        for merits, right in both:
            values = merits @ weights
            total += float(np.logaddexp.reduce(values) - values[right])
        return total / len(both) + _RIDGE * float(np.square(weights).sum()) / 2

    start = np.ones(len(MERITS))
    found = minimize(loss, start, bounds=[(0.0, None)] * len(MERITS), method="L-BFGS-B")
    return dict(zip(MERITS, (round(float(one), 2) for one in found.x), strict=True))
