"""The monotone logistic curve through predictions and labels, after which PLCC is reported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datasets.statistics.weighted import Numbers, Statistic, check_pair, plcc
from hdrmetrics.errors import OptionError

_ROUNDS = 60
_REFIT_ROUNDS = 8  # of a resample, from the curve of all items
_STEEPEST = 8.0  # |ln| of the slope in units of the spread: steps and straight lines lie within
_SETTLED = 1e-10


@dataclass(frozen=True, slots=True)
class LogisticCurve:
    """y = low + height / (1 + exp(−slope · (x − middle))), with a positive slope.

    ``height`` may be negative: then the curve falls. Four numbers, monotone whatever they are, as
    the correlation of quality metrics with opinions is usually reported after.

    References
    ----------
    VQEG, "Final report from the Video Quality Experts Group on the validation of objective models
    of video quality assessment, phase II", 2003.
    """

    low: float
    height: float
    slope: float
    middle: float

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the curve at ``x``, of any shape."""
        z = np.clip(self.slope * (np.asarray(x, dtype=np.float64) - self.middle), -500, 500)
        return np.asarray(self.low + self.height / (1 + np.exp(-z)))

    @classmethod
    def fit(
        cls,
        x: Numbers,
        y: Numbers,
        counts: Numbers | None = None,
        *,
        start: LogisticCurve | None = None,
    ) -> LogisticCurve:
        """Return the curve of least squares, by the method of Levenberg and Marquardt.

        Parameters
        ----------
        x, y
            ``(n,)``, finite.
        counts
            How often each item counts, ``(n,)``; once where it is ``None``.
        start
            Where to begin, for a refit in a few rounds.

        Raises
        ------
        ShapeError
            If values are not one finite number each per item.
        OptionError
            For fewer than two items.
        """
        check_pair(x, y)
        if x.size < 2:
            raise OptionError("a curve needs two items at least")
        w = np.ones_like(x) if counts is None else counts
        centre, spread = float(np.average(x, weights=w)), float(x.std()) or 1.0
        u = (x - centre) / spread
        if start is None:
            rising = float(np.average(u * (y - np.average(y, weights=w)), weights=w)) >= 0
            tails = (float(y.min()), float(y.max()))
            low, high = tails if rising else tails[::-1]
            p = np.array([low, high - low, 0.0, 0.0])
        else:
            log_slope = float(np.log(start.slope * spread))
            p = np.array([start.low, start.height, log_slope, (start.middle - centre) / spread])
        p = _levenberg_marquardt(u, y, w, p, _ROUNDS if start is None else _REFIT_ROUNDS)
        return cls(float(p[0]), float(p[1]), float(np.exp(p[2])) / spread, p[3] * spread + centre)


def fitted_plcc(x: Numbers, y: Numbers) -> Statistic:
    """Return PLCC after the logistic fit of ``x`` to ``y``, as a function of the items' counts.

    Each resample gets its own curve, found from that of all items in a few rounds.

    Parameters
    ----------
    x, y
        ``(n,)``, finite; errors as of :meth:`LogisticCurve.fit`.
    """
    whole = LogisticCurve.fit(x, y)

    def of(counts: Numbers) -> Numbers:
        values = []
        for row in counts:
            own = whole if (row == row[0]).all() else LogisticCurve.fit(x, y, row, start=whole)
            values.append(float(plcc(own(x), y)(row[None])[0]))
        return np.array(values)

    return of


def _levenberg_marquardt(
    u: Numbers, y: Numbers, w: Numbers, p: Numbers, rounds: int
) -> NDArray[np.float64]:
    damping = 1e-3
    error, jacobian = _residuals(u, y, p)
    loss = float(w @ (error * error))
    for _ in range(rounds):
        weighted = jacobian * w[:, None]
        normal, gradient = jacobian.T @ weighted, weighted.T @ error
        scale = np.diag(np.maximum(np.diag(normal), 1e-12))
        step = np.linalg.solve(normal + damping * scale, -gradient)
        trial = p + step
        trial[2] = np.clip(trial[2], -_STEEPEST, _STEEPEST)
        new_error, new_jacobian = _residuals(u, y, trial)
        new_loss = float(w @ (new_error * new_error))
        if new_loss <= loss:
            settled = loss - new_loss <= _SETTLED * loss
            p, error, jacobian, loss = trial, new_error, new_jacobian, new_loss
            damping = max(damping / 5, 1e-9)
            if settled:
                break
        else:
            damping *= 4
            if damping > 1e12:
                break
    return p


def _residuals(u: Numbers, y: Numbers, p: Numbers) -> tuple[Numbers, Numbers]:
    slope = np.exp(p[2])
    z = np.clip(slope * (u - p[3]), -500, 500)
    s = 1 / (1 + np.exp(-z))
    bend = p[1] * s * (1 - s)
    jacobian = np.stack([np.ones_like(u), s, bend * z, -bend * slope], axis=1)
    return p[0] + p[1] * s - y, jacobian
