"""The loss: distance to the target, mixed with terms that reward the right order."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from hdrmetrics.errors import ShapeError

TERMS = ("l1", "huber", "plcc", "rank")
_EPS = 1e-6


def l1(prediction: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean of |prediction − target|."""
    return _mean((prediction - target).abs(), weights)


def huber(prediction: Tensor, target: Tensor, weights: Tensor, *, delta: float) -> Tensor:
    """Return the weighted mean of Huber's loss divided by ``delta``.

    Quadratic up to ``delta``, |error| − delta/2 beyond, so that its slope is that of :func:`l1`.

    References
    ----------
    P. J. Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 35(1), 1964.
    """
    error = (prediction - target).abs()
    inside = error.clamp(max=delta)
    return _mean(inside * (error - inside / 2) / delta, weights)


def decorrelation(prediction: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Return 1 − Pearson's correlation, weighted; 1 where a side has no spread."""
    a, b = prediction - _mean(prediction, weights), target - _mean(target, weights)
    spread = (_mean(a * a, weights) + _EPS) * (_mean(b * b, weights) + _EPS)
    return 1 - _mean(a * b, weights) / spread.sqrt()


def misranking(prediction: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Return the mean over pairs of how far their difference falls short of the target's.

    A pair whose predictions lie apart by as much as its targets, or more, costs nothing; all pairs
    of equal targets neither.
    """
    wanted = target[:, None] - target[None]
    given = (prediction[:, None] - prediction[None]) * wanted.sign()
    return _mean((wanted.abs() - given).clamp(min=0), weights[:, None] * weights[None])


def mixed_loss(
    prediction: Tensor,
    target: Tensor,
    weights: Tensor,
    mix: Mapping[str, float],
    *,
    delta: float = 0.1,
) -> Tensor:
    """Return the sum of the terms of a mix, each times its factor.

    Parameters
    ----------
    prediction, target
        ``(n,)``, in [0, 1].
    weights
        ``(n,)``, not negative.
    mix
        Factors of some of :data:`TERMS`.
    delta
        Of :func:`huber`.

    Raises
    ------
    ShapeError
        If the lengths differ.
    """
    if not (prediction.ndim == 1 and prediction.shape == target.shape == weights.shape):
        raise ShapeError(
            "the loss takes one prediction, target and weight per item, not "
            f"{tuple(prediction.shape)}, {tuple(target.shape)}, {tuple(weights.shape)}"
        )
    total = prediction.new_zeros(())
    if factor := mix.get("l1", 0.0):
        total = total + factor * l1(prediction, target, weights)
    if factor := mix.get("huber", 0.0):
        total = total + factor * huber(prediction, target, weights, delta=delta)
    if factor := mix.get("plcc", 0.0):
        total = total + factor * decorrelation(prediction, target, weights)
    if factor := mix.get("rank", 0.0):
        total = total + factor * misranking(prediction, target, weights)
    return total


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=torch.finfo(weights.dtype).tiny)
