"""The loss of whole frames, whose windows come together as in a score, and order in a series."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.learned.target import Target, bring_together
from trainers.learning.losses import huber, misranking

_EDGE = 1e-6  # of targets, before their logit is taken


def pooled_targets(predicted: Tensor, inside: Tensor, target: Target, exponent: float) -> Tensor:
    """Return the targets ``(s, v)`` of whole frames from those of their windows.

    Parameters
    ----------
    predicted
        ``(s, v, k)``, in (0, 1): of the windows of the versions of series.
    inside
        ``(s, v, k)``: which windows there are.
    target
        Of the head.
    exponent
        See :func:`~hdrmetrics.learned.target.bring_together`.
    """
    quality = target.quality(torch.logit(predicted.clamp(_EDGE, 1 - _EDGE)))
    return target.target(bring_together(quality, inside.to(quality), exponent))


def whole_loss(pooled: Tensor, wanted: Tensor, *, delta: float) -> Tensor:
    """Return Huber's loss of whole frames, over all ``(s, v)``."""
    flat = pooled.flatten()
    return huber(flat, wanted.flatten(), torch.ones_like(flat), delta=delta)


def series_loss(pooled: Tensor, wanted: Tensor) -> Tensor:
    """Return how far the differences within series fall short of what they should be.

    More of the same damage is worse, and never better than none.
    """
    losses = [
        misranking(own, truth, torch.ones_like(own))
        for own, truth in zip(pooled, wanted, strict=True)
    ]
    return torch.stack(losses).mean()
