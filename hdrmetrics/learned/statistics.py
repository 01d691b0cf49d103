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
    if maps.dtype in (torch.float16, torch.bfloat16):
        maps = maps.float()
    # Channels last, where they mostly are already: rows of w·C numbers are added up fastest.
    lines = maps.permute(0, 2, 3, 1)
    weight = None if weights is None else weights.to(maps.dtype).permute(0, 2, 3, 1)
    bands, spans = _within(rows, maps.shape[-2], maps), _within(columns, maps.shape[-1], maps)
    # Sums over sums, not means: equal weights then change nothing, to the last bit.
    share = _over(torch.ones_like(lines[:1, :, :, :1]) if weight is None else weight, bands, spans)
    found = []
    own, before = lines, 1
    for power in powers:
        # Of the power before, where it can be.
        own = raised(own, power // before) if power % before == 0 else raised(lines, power)
        before = power
        found.append(_over(own if weight is None else own * weight, bands, spans) / share)
    return tuple(found)


def _within(spans: Sequence[Span], count: int, like: Tensor) -> Tensor:
    """Return 1 where a line lies in a span, ``(spans, count)``."""
    found = [[0.0] * first + [1.0] * size + [0.0] * (count - first - size) for first, size in spans]
    return torch.tensor(found, dtype=like.dtype, device=like.device)


def _over(lines: Tensor, bands: Tensor, spans: Tensor) -> Tensor:
    """Return the sums of ``(N, h, w, C)`` over windows, ``(N, K, C)``."""
    count, _, width, channels = lines.shape
    with torch.autocast(lines.device.type, enabled=False):  # which would multiply halves
        over_rows = torch.matmul(bands, lines.flatten(2)).view(count, -1, width, channels)
        return torch.matmul(spans, over_rows).flatten(1, 2)


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
