"""What operators measure of a whole picture: extremes, percentiles and the log mean."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.numerics.pieces import pointwise

DELTA = 1e-6
"""Added to luminance before a logarithm, so that black pixels count as very dark."""

TINY = 1e-30
"""Below this a luminance counts as black, so that divisions by it stay finite."""

LEAST_PEAK = 1e-12
"""A black picture counts as having this luminance somewhere, so that its white is defined."""


def largest(x: Tensor) -> Tensor:
    """Return the largest value of each image ``(N, C, H, W)`` as ``(N, 1, 1, 1)``."""
    return x.amax(dim=(1, 2, 3), keepdim=True)


def smallest(x: Tensor) -> Tensor:
    """Return the smallest value of each image ``(N, C, H, W)`` as ``(N, 1, 1, 1)``."""
    return x.amin(dim=(1, 2, 3), keepdim=True)


def smallest_positive(x: Tensor) -> Tensor:
    """Return the smallest value above zero of each image, ``(N, 1, 1, 1)``; 1 for a black one."""
    least = smallest(torch.where(x > TINY, x, torch.full_like(x, math.inf)))
    return torch.where(torch.isfinite(least), least, torch.ones_like(least))


def mean(x: Tensor) -> Tensor:
    """Return the mean of each image ``(N, C, H, W)`` as ``(N, 1, 1, 1)``."""
    return x.mean(dim=(1, 2, 3), keepdim=True)


def log_mean(light: Tensor) -> Tensor:
    """Return the geometric mean of each image ``(N, 1, H, W)``, in its unit, ``(N, 1, 1, 1)``."""
    return torch.exp(mean(pointwise(lambda x: torch.log(x + DELTA), light)))


def percentile(x: Tensor, fraction: float) -> Tensor:
    """Return the value that ``fraction`` of each image's values do not exceed, ``(N, 1, 1, 1)``.

    An order statistic, not interpolated: with n values the ``round(n · fraction)``-th smallest, at
    least the first. Differentiable (the gradient goes to the pixel that has the value).
    """
    values = x.flatten(1)
    rank = min(max(math.floor(values.shape[1] * fraction + 0.5), 1), values.shape[1])
    return torch.kthvalue(values, rank, dim=1).values.view(-1, 1, 1, 1)


def stretch(x: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Map [low, high] onto [0, 1] linearly, clamped; where both are equal, a step at that value."""
    room = high - low
    ramp = ((x - low) / torch.where(room > 0, room, torch.ones_like(room))).clamp(0.0, 1.0)
    return torch.where(room > 0, ramp, (x >= high).to(x))


def power(x: Tensor, exponent: Tensor | float) -> Tensor:
    """Return ``x ** exponent`` for x ≥ 0 and positive exponents, with a finite slope at zero.

    Through exp and log in float32, where that is twice as fast as ``torch.pow``.
    """
    x = x.clamp(min=TINY)
    if x.dtype == torch.float32:
        return torch.exp(torch.log(x) * exponent)
    return torch.pow(x, exponent)
