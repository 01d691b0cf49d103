"""Rules of the guard, fitted: what tells pictures of the wrong kind from real ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.guard import MEASURES, Rule, measures
from hdrmetrics.learned.traits import Traits

_RIDGE = 3e-2
_LEAST_SCALE = 1e-3
_FEWEST = 20
_DIGITS = 5
_WITHOUT = ("grid", "uneven", "decoded")  # asked for by itself; of no use here


def fit_rule(strange: Sequence[Traits], real: Sequence[Traits], *, false_alarms: float) -> Rule:
    """Return the rule that suspects strange pictures, and few real ones.

    A logistic regression with a ridge, both kinds with the same weight; then the bias at which
    ``false_alarms`` of the real pictures are suspected.

    Parameters
    ----------
    strange, real
        Traits of pictures of both kinds, twenty at least.
    false_alarms
        Part of the real ones.

    Raises
    ------
    OptionError
        If there are too few.
    """
    if min(len(strange), len(real)) < _FEWEST:
        raise OptionError(f"a rule needs {_FEWEST} pictures of each kind at least")
    names = [name for name in MEASURES if name not in _WITHOUT]
    values = [_matrix(one, names) for one in (real, strange)]
    joint = np.concatenate(values)
    centre, scale = joint.mean(axis=0), np.maximum(joint.std(axis=0), _LEAST_SCALE)
    z = (joint - centre) / scale
    sign = np.repeat([-1.0, 1.0], [len(real), len(strange)])
    share = np.where(sign > 0, 0.5 / len(strange), 0.5 / len(real))

    def loss(slopes: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (slopes[0] + z @ slopes[1:])
        total = (share * np.logaddexp(0.0, -margin)).sum() + _RIDGE * (slopes[1:] ** 2).sum()
        slope = -share * sign * expit(-margin)
        return float(total), np.concatenate([[slope.sum()], slope @ z + 2 * _RIDGE * slopes[1:]])

    slopes = minimize(loss, np.zeros(z.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weights = [float(f"{x:.{_DIGITS}g}") for x in slopes[1:] / scale]
    evidence = values[0] @ np.array(weights)
    bias = -float(np.quantile(evidence, 1 - false_alarms))
    return Rule(dict(zip(names, weights, strict=True)), float(f"{bias:.6g}"))


def _matrix(traits: Sequence[Traits], names: Sequence[str]) -> NDArray[np.float64]:
    return np.array([[found[name] for name in names] for found in map(measures, traits)])
