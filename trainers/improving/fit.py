"""Layers fitted to gains: by ridge regression, then tuned on labels, the last layer alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from datasets.statistics.weighted import once, srocc
from hdrmetrics.errors import OptionError

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """One output of a linear layer on standardised statistics.

    Parameters
    ----------
    weight
        ``(F,)``.
    bias
        Added.
    """

    weight: Values
    bias: float

    def __call__(self, statistics: Values) -> Values:
        """Return the output ``(N,)`` of standardised statistics ``(N, F)``."""
        return np.asarray(statistics @ self.weight + self.bias)


def fit_baseline(
    x: Values, y: Values, held_x: Values, held_y: Values, strengths: tuple[float, ...]
) -> tuple[Layer, float]:
    """Return the layer that predicts gains by least squares, and the strength that was best.

    Parameters
    ----------
    x, y
        Standardised statistics ``(N, F)`` and gains ``(N,)`` to fit.
    held_x, held_y
        Of other photographs: the strength whose layer orders them best is taken.
    strengths
        Of the pull towards nothing.
    """
    centre = float(y.mean())
    gram, moment = x.T @ x, x.T @ (y - centre)
    found = []
    for strength in strengths:
        weight = np.asarray(np.linalg.solve(gram + strength * np.eye(len(gram)), moment), float)
        layer = Layer(weight, centre - float(x.mean(axis=0) @ weight))
        order = once(srocc(layer(held_x), held_y), len(held_y))
        found.append((order, strength, layer))
    _, strength, layer = max(found, key=lambda one: one[0])
    return layer, strength


def tune(
    layer: Layer, slope: float, offset: float, x: Values, labels: NDArray[np.int64], pull: float
) -> Layer:
    """Return a layer tuned on labels: its sigmoid is the probability of one of 1 or more.

    One layer with an offset for each step between labels: the cross-entropies of "2", "1 or more"
    and "0 or more" together, as far as there are such labels, plus ``pull`` · (squared distance of
    the weights from the calibrated baseline's), which is where it begins. So it learns the order of
    all labels, not only on which side of one threshold they lie.

    Parameters
    ----------
    layer, slope, offset
        The baseline and its calibration.
    x
        Standardised statistics ``(N, F)``.
    labels
        ``(N,)``: 2, 1, 0 or −1.
    pull
        How strongly the baseline holds.

    Raises
    ------
    OptionError
        If all labels are 1 or more, or none is.

    References
    ----------
    J. Rennie, N. Srebro, "Loss functions for preference levels: regression with discrete ordered
    labels", IJCAI 2005 workshop (all thresholds).
    """
    if (labels >= 1).all() or not (labels >= 1).any():
        raise OptionError("labels of one kind only: nothing can be learnt from them")
    steps = [k for k in np.unique(labels)[1:].tolist() if k != 1] + [1]
    targets = [(labels >= k).astype(np.float64) for k in steps]
    weight, count, more = slope * layer.weight, len(labels), len(steps)
    start = np.concatenate([weight, np.full(more, slope * layer.bias + offset)])

    def loss(values: Values) -> tuple[float, Values]:
        z, away = x @ values[:-more], values[:-more] - weight
        total, rest, ends = pull * float(away @ away), np.zeros(count), np.zeros(more)
        for place, y in enumerate(targets):
            t = z + values[place - more]
            own = expit(t) - y
            total += float((np.logaddexp(0.0, t) - y * t).mean())
            rest, ends[place] = rest + own, own.mean()
        return total, np.concatenate([x.T @ rest / count + 2 * pull * away, ends])

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return Layer(np.asarray(found.x[:-more]), float(found.x[-1]))


def calibrate(z: Values, positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and offset of the sigmoid that makes outputs probabilities.

    Platt's method, with his targets, which keep it finite where outputs part the labels.

    References
    ----------
    J. Platt, "Probabilistic outputs for support vector machines", 1999.

    Raises
    ------
    OptionError
        If all labels are the same, or higher outputs are less often positive.
    """
    many = int(positive.sum())
    few = len(positive) - many
    if not many or not few:
        raise OptionError("labels of one kind only: nothing can be calibrated on them")
    y = np.where(positive, (many + 1) / (many + 2), 1 / (few + 2))
    scale = max(float(z.std()), 1e-12)
    unit = (z - z.mean()) / scale

    def loss(values: Values) -> tuple[float, Values]:
        t = values[0] * unit + values[1]
        rest = expit(t) - y
        entropy = np.logaddexp(0.0, t) - y * t
        return float(entropy.mean()), np.array([(rest * unit).mean(), rest.mean()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B").x
    if not found[0] > 0:
        raise OptionError("higher outputs gain less often: there is nothing to calibrate")
    slope = float(found[0]) / scale
    return slope, float(found[1]) - slope * float(z.mean())


def average_precision(score: Values, positive: NDArray[np.bool_]) -> float:
    """Return the area under the curve of precision over recall, by its steps.

    Equal scores count together.

    Examples
    --------
    >>> average_precision(np.array([3.0, 2.0, 1.0]), np.array([True, False, True]))
    0.8333333333333333
    """
    if not positive.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hit = positive[order]
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    found = np.cumsum(hit)[last]
    precision, recall = found / (last + 1), found / hit.sum()
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))


def recall_at(score: Values, positive: NDArray[np.bool_], precision: float) -> float:
    """Return the largest recall at which the precision is as high as asked; 0 for none.

    Equal scores count together.
    """
    if not positive.any():
        return float("nan")
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hit = np.cumsum(positive[order])[last]
    good = hit / (last + 1) >= precision
    return float(hit[good].max() / positive.sum()) if good.any() else 0.0


def kept_gain(score: Values, gain: Values, part: float) -> float:
    """Return what part of the total gain is had if the highest scored part is enhanced.

    Of the gain that enhancing just those brings that gain: 1 is the best choice of any number.
    """
    total = float(np.clip(gain, 0, None).sum())
    count = max(1, round(part * len(score)))
    chosen = np.argsort(-score, kind="stable")[:count]
    return float(gain[chosen].sum() / total) if total > 0 else float("nan")
