"""Intervals of predictions with a stated coverage on scenes never seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.statistics.weighted import Numbers, check_pair
from hdrmetrics.errors import OptionError, ShapeError


@dataclass(frozen=True, slots=True)
class ConformalWidth:
    """Half the width of an interval around a prediction, on the scale of the target.

    Parameters
    ----------
    coverage
        The share of items of *new* scenes whose label lies within, on average over scenes.
    half_width
        Infinite where there are too few scenes for this coverage; see :attr:`scenes`.
    scenes
        Groups of scenes that it rests on.
    """

    coverage: float
    half_width: float
    scenes: int

    def interval(self, prediction: Numbers) -> tuple[Numbers, Numbers]:
        """Return the lower and upper ends ``(n,)``, in [0, 1]."""
        return (
            np.clip(prediction - self.half_width, 0, 1),
            np.clip(prediction + self.half_width, 0, 1),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; ``None`` for an infinite width."""
        width = self.half_width if math.isfinite(self.half_width) else None
        return {"coverage": self.coverage, "half_width": width, "scenes": self.scenes}


def conformal_width(
    target: Numbers, prediction: Numbers, groups: NDArray[np.generic], *, coverage: float = 0.9
) -> ConformalWidth:
    """Return the width that covers labels of new scenes with the stated probability.

    Items of a scene resemble each other, so scenes, not items, are what is exchangeable: each
    group of scenes holds the weight 1/(G + 1), shared evenly by its items, and the group to come
    the last 1/(G + 1), at infinity.

    Parameters
    ----------
    target, prediction
        ``(n,)`` of scenes that the predictor was not trained on.
    groups
        ``(n,)``, the group of scenes of each item.
    coverage
        In (0, 1). It needs G ≥ coverage / (1 − coverage) groups; with fewer the width is infinite.

    Raises
    ------
    ShapeError
        If the lengths differ, or there is no item.
    OptionError
        For a coverage outside (0, 1).

    References
    ----------
    Y. Lee, R. F. Barber and R. Willett, "Distribution-free inference with hierarchical data",
    2023 (HCP).
    """
    check_pair(target, prediction)
    if groups.shape != target.shape or not target.size:
        raise ShapeError(f"groups are one per item; {groups.shape} for {target.shape}")
    width = conformal_factor(np.abs(target - prediction), groups, coverage=coverage)
    return ConformalWidth(coverage, width, int(np.unique(groups).size))


def conformal_factor(
    errors: Numbers, groups: NDArray[np.generic], *, coverage: float = 0.9
) -> float:
    """Return the size of errors that those of new scenes stay within, as :func:`conformal_width`.

    Parameters
    ----------
    errors
        ``(n,)``, not negative, in any unit: of half widths that follow the picture, too.
    groups
        ``(n,)``, the group of scenes of each item.
    coverage
        In (0, 1); infinite where there are too few groups for it. Errors as there.
    """
    if groups.shape != errors.shape or not errors.size:
        raise ShapeError(f"groups are one per item; {groups.shape} for {errors.shape}")
    if not 0 < coverage < 1:
        raise OptionError(f"a coverage lies between 0 and 1, not {coverage}")
    _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.argsort(errors, kind="stable")
    mass = np.cumsum((1 / sizes[number] / (sizes.size + 1))[order])
    # Rounding of the sum of thousands of weights must not cost a scene.
    reached = np.flatnonzero(mass >= coverage - 1e-9)
    return float(errors[order][reached[0]]) if reached.size else math.inf
