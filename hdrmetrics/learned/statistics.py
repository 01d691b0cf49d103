"""Statistics of feature maps over windows: what the heads see."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from hdrmetrics.learned.architecture import Architecture, Pooling
from hdrmetrics.learned.visible import FLOOR

_FLOOR = 1e-4  # under the variance, so that the slope of its root stays finite
_FAINT = 1e-6  # energy that the logarithm takes for nothing
_SOFT = 0.02  # of seams' contrasts: under what texture has

Span = tuple[int, int]
"""First cell and number of cells."""


def powers(pooling: Pooling) -> tuple[int, ...]:
    """Return the powers whose means :func:`statistics` needs."""
    return (1, 2, 4) if pooling == "mean+std+peak" else (1, 2)


def window_moments(
    maps: Tensor,
    rows: Sequence[Span],
    columns: Sequence[Span],
    weights: Tensor | None = None,
    *,
    powers: Sequence[int] = (1, 2),
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
        Which: the mean and the mean square unless told.

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
        raised = [_power(band, power) for power in powers]
        share = None
        if weights is not None:
            weight = weights[..., top : top + height, :].to(band.dtype)
            raised = [one * weight for one in raised]
            share = _over_rows(weight)
        sums = [_over_rows(one) for one in raised]
        for left, width in columns:
            span = slice(left, left + width)
            area = None if share is None else share[:, span].mean(dim=1)
            for moments, own in zip(found, sums, strict=True):
                mean = own[:, span].mean(dim=1)
                moments.append(mean if area is None else mean / area)
    return tuple(torch.stack(moments, dim=1) for moments in found)


def statistics(moments: Sequence[Tensor], pooling: Pooling) -> Tensor:
    """Return the pooled values of channels from the means of their :func:`powers`.

    The last axis concatenates: the mean; the standard deviation √(variance + 10⁻⁴) − 0.01; the
    logarithm of the energy, 0 where there is nothing and 1 at unit energy, or the fourth root of
    the mean fourth power, from which 0.01 is taken likewise.
    """
    mean, energy = moments[:2]
    found = [mean]
    if pooling != "mean":
        variance = (energy - mean.square()).clamp(min=0.0)
        found.append((variance + _FLOOR).sqrt() - _FLOOR**0.5)
    if pooling == "mean+std+log":
        empty = float(torch.tensor(_FAINT, dtype=torch.float64).log())
        found.append(1.0 - (energy + _FAINT).log() / empty)
    if pooling == "mean+std+peak":
        found.append((moments[2] + _FLOOR**2).sqrt().sqrt() - _FLOOR**0.5)
    return torch.cat(found, dim=-1)


def level_statistics(moments: Sequence[Tensor], architecture: Architecture, level: int) -> Tensor:
    """Return the :func:`statistics` of a level's channels; seams and visible differences otherwise.

    Seams are given in order of size, since blocks may begin anywhere: each statistic of the seams
    between columns, and of those between rows, is sorted over its 16 phases, the largest first. The
    first 15 are given as logarithms of what they are to the mean of all,
    log((x + 0.02)/(mean + 0.02)), for it is how far a few stand out that tells blocks from texture;
    in the place of the last one stands the mean.

    Of visible differences the logarithms of the means of their powers p are given, over 2 p: the
    teacher's quality is made of those of the fourth, over all pixels of a window.
    """
    found = statistics(moments, architecture.pooling)
    front = architecture.front
    own = front.seam_channels + front.visible_channels  # a network has one of them or none
    if level != 0 or own == 0:
        return found
    parts = found.reshape(*found.shape[:-1], -1, moments[0].shape[-1])
    plain, beside = parts[..., :-own], parts[..., -own:]
    if front.seams:
        beside = _in_order(beside)
    else:
        exponents = powers(architecture.pooling)
        beside = _logarithms([moment[..., -own:] for moment in moments], exponents)
    return torch.cat([plain, beside], dim=-1).flatten(-2)


def _in_order(seams: Tensor) -> Tensor:
    phases = seams.reshape(*seams.shape[:-1], 2, -1)
    ordered = phases.sort(dim=-1, descending=True).values
    mean = ordered.mean(dim=-1, keepdim=True)
    contrast = ((ordered[..., :-1] + _SOFT) / (mean + _SOFT)).log()
    return torch.cat([contrast, mean], dim=-1).flatten(-2)


def _logarithms(moments: Sequence[Tensor], exponents: Sequence[int]) -> Tensor:
    found = [
        (moment + FLOOR**power).log() / (2 * power)
        for moment, power in zip(moments, exponents, strict=True)
    ]
    return torch.stack(found, dim=-2)


def _power(x: Tensor, power: int) -> Tensor:
    return x if power == 1 else x.square() if power == 2 else x.square().square()


def _over_rows(maps: Tensor) -> Tensor:
    """Return the mean over rows of ``(N, C, h, w)`` as ``(N, w, C)``."""
    count, channels, _, width = maps.shape
    if maps.stride(1) == 1 and maps.stride(3) == channels and channels > 1:
        # Channels last: seen as rows of w·C numbers, which is ten times faster to add up.
        flat = maps.permute(0, 2, 3, 1).flatten(2)
        return flat.mean(dim=1).view(count, width, channels)
    return maps.mean(dim=2).transpose(1, 2)
