"""Widths of intervals that follow a picture, fitted and made to cover new scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from datasets.statistics.conformal import conformal_factor
from datasets.statistics.weighted import Numbers
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.spread import HINTS, Spread

NEVER_NARROWER = ("flat", "log flat", "dark", "log dark", "uneven", "disagreement")
"""Hints of which more never narrows an interval: less to see, parts out of focus, windows that
disagree."""

_FOLDS = 5
_LOWEST, _HIGHEST = -6.0, 0.5  # of the logarithm of half a width
_SOFT = 0.005  # of the scale, within which the slope of the loss turns
_LEAST_SCALE = 1e-3
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Shape:
    """How closely widths follow their hints.

    Parameters
    ----------
    quantile
        Of the errors to a side, which gives the widths their shape. Those farther out are of damage
        that a head does not see, of which no hint tells: widths fitted to them follow nothing. The
        conformal factor then makes them wide enough.
    ridge
        How strongly the weights of hints are pulled towards nothing.
    """

    quantile: float = 0.85
    ridge: float = 1e-2


def fit_spread(
    hints: NDArray[np.float64],
    score: Numbers,
    truth: Numbers,
    groups: NDArray[np.generic],
    *,
    coverage: float = 0.9,
    opens: float = 1.0,
    names: Sequence[str] = HINTS,
    shape: Shape | None = None,
) -> Spread:
    """Return widths that hold the truth of new scenes with the stated probability.

    The half widths below and above are quantiles of the errors to either side: logarithms linear in
    the hints, by the pinball loss, each group of scenes with the same weight. Five times, a fifth
    of the groups is left out; the errors of the left out, in widths, then give the conformal factor
    (:func:`conformal_factor`) for all of them.

    Parameters
    ----------
    hints
        ``(n, len(HINTS))``, see :func:`hdrmetrics.learned.spread.hints`.
    score, truth
        ``(n,)`` in [0, 1]: predicted, and the teacher's, of scenes not trained on.
    groups
        ``(n,)``, the group of scenes of each.
    coverage
        In (0, 1).
    opens
        From how empty a picture its interval opens, see
        :class:`~hdrmetrics.learned.spread.Spread`.
    names
        Of the hints that the widths may follow.
    shape
        How closely.

    Raises
    ------
    OptionError
        If there are fewer groups than the coverage needs.
    """
    # What never varies (windows that disagree, where there is one) says nothing.
    varies = hints.std(axis=0) > _LEAST_SCALE
    places = [i for i, name in enumerate(HINTS) if varies[i] and name in names]
    chosen, how = tuple(HINTS[i] for i in places), shape or Shape()
    known, number = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(0).permutation(len(known))
    fold = order[number] % _FOLDS
    ratio = np.zeros(len(score))
    for index in range(_FOLDS):
        out = fold == index
        one = _fitted(hints[~out], score[~out], truth[~out], number[~out], chosen, places, how)
        one = replace(one, opens=opens)
        ratio[out] = in_widths(one, hints[out], score[out], truth[out])
    spread = _fitted(hints, score, truth, number, chosen, places, how)
    factor = conformal_factor(ratio, groups, coverage=coverage)
    if not np.isfinite(factor):
        raise OptionError(f"{len(known)} groups of scenes are too few for a coverage of {coverage}")
    return replace(spread, factor=_rounded([factor])[0], opens=opens)


def in_widths(
    spread: Spread, hints: NDArray[np.float64], score: Numbers, truth: Numbers
) -> Numbers:
    """Return errors as parts of the half width on their side ``(n,)``."""
    below, above = spread.half_widths(hints)
    error = truth - score
    return np.asarray(np.where(error < 0, -error / below, error / above))


def _fitted(
    hints: NDArray[np.float64],
    score: Numbers,
    truth: Numbers,
    groups: NDArray[np.generic],
    names: tuple[str, ...],
    places: list[int],
    shape: Shape,
) -> Spread:
    own = hints[:, places]
    centre, scale = own.mean(axis=0), np.maximum(own.std(axis=0), _LEAST_SCALE)
    z = np.clip((own - centre) / scale, -3, 3)
    _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weight = 1 / sizes[number] / sizes.size
    error = np.asarray(truth - score, dtype=np.float64)
    sides = [_quantile(z, np.maximum(side, 0.0), weight, names, shape) for side in (-error, error)]
    return Spread(
        names, _rounded(centre), _rounded(scale), _rounded(sides[0]), _rounded(sides[1]), 1.0
    )


def _quantile(
    z: Numbers, error: Numbers, weight: Numbers, names: tuple[str, ...], shape: Shape
) -> Numbers:
    """Return the bias and weights of the logarithm of a quantile of errors."""

    def loss(values: Numbers) -> tuple[float, Numbers]:
        level = np.clip(values[0] + z @ values[1:], _LOWEST, _HIGHEST)
        half = np.exp(level)
        excess = error - half
        inside = expit(-excess / _SOFT)
        pinball = shape.quantile * excess + _SOFT * np.logaddexp(0.0, -excess / _SOFT)
        free = (level > _LOWEST) & (level < _HIGHEST)
        slope = weight * (inside - shape.quantile) * half * free
        total = float((weight * pinball).sum() + shape.ridge * (values[1:] ** 2).sum())
        return total, np.concatenate([[slope.sum()], slope @ z + 2 * shape.ridge * values[1:]])

    start = np.zeros(z.shape[1] + 1)
    start[0] = np.log(max(float(np.quantile(error, shape.quantile)), _SOFT))
    bounds = [(None, None)] + [(0.0 if n in NEVER_NARROWER else None, None) for n in names]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)


def _rounded(values: Numbers | list[float]) -> tuple[float, ...]:
    return tuple(float(f"{x:.{_DIGITS}g}") for x in values)
