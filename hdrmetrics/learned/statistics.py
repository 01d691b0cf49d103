"""Statistics of feature maps over windows: what the heads see."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_FLOOR = 1e-4  # under the variance, so that the slope of its root stays finite

POWERS = (1, 2, 4)
"""Of channels, whose means over a window :func:`statistics` are made of."""

Span = tuple[int, int]
"""First cell and number of cells."""


def window_moments(
    maps: Tensor,
    rows: Sequence[Span],
    columns: Sequence[Span],
    weights: Tensor | None = None,
    *,
    powers: Sequence[int] = POWERS,
) -> tuple[Tensor, ...]:
    """Return the means of powers of each channel over windows of cells.

    Parameters
    ----------
    maps
        ``(N, C, h, w)``; half precision is summed up in float32.
    rows, columns
        The windows are all pairs of these.
    weights
        Of the cells, ``(N, 1, h, w)``, positive.
    powers
        Which.

    Returns
    -------
    tuple of Tensor
        ``(N, K, C)`` each, K = rows × columns, row by row.
    """
    found: list[list[Tensor]] = [[] for _ in powers]
    for top, height in rows:
        band = maps[..., top : top + height, :]
        if band.dtype in (torch.float16, torch.bfloat16):
            band = band.float()
        # The rows of a band are added up once, however many windows share them.
        maps_by_power = [raised(band, power) for power in powers]
        share = None
        if weights is not None:
            weight = weights[..., top : top + height, :].to(band.dtype)
            maps_by_power = [one * weight for one in maps_by_power]
            share = _over_rows(weight)
        sums = [_over_rows(one) for one in maps_by_power]
        for left, width in columns:
            span = slice(left, left + width)
            area = None if share is None else share[:, span].mean(dim=1)
            for moments, own in zip(found, sums, strict=True):
                mean = own[:, span].mean(dim=1)
                moments.append(mean if area is None else mean / area)
    return tuple(torch.stack(moments, dim=1) for moments in found)


def statistics(moments: Sequence[Tensor]) -> Tensor:
    """Return the pooled values of channels from the means of their :data:`POWERS`.

    The last axis concatenates: the mean; the standard deviation √(variance + 10⁻⁴) − 0.01; the
    fourth root of the mean fourth power, from which 0.01 is taken likewise, and which tells few
    strong cells from many weak ones.
    """
    mean, energy, fourth = moments
    variance = (energy - mean.square()).clamp(min=0.0)
    deviation = (variance + _FLOOR).sqrt() - _FLOOR**0.5
    peak = (fourth + _FLOOR**2).sqrt().sqrt() - _FLOOR**0.5
    return torch.cat([mean, deviation, peak], dim=-1)


def raised(x: Tensor, power: int) -> Tensor:
    """Return a power of :data:`POWERS`."""
    return x if power == 1 else x.square() if power == 2 else x.square().square()


def _over_rows(maps: Tensor) -> Tensor:
    """Return the mean over rows of ``(N, C, h, w)`` as ``(N, w, C)``."""
    count, channels, _, width = maps.shape
    if maps.stride(1) == 1 and maps.stride(3) == channels and channels > 1:
        # Channels last: seen as rows of w·C numbers, which is ten times faster to add up.
        flat = maps.permute(0, 2, 3, 1).flatten(2)
        return flat.mean(dim=1).view(count, width, channels)
    return maps.mean(dim=2).transpose(1, 2)
