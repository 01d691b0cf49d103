"""Statistics of feature maps over windows: what the heads see."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from hdrmetrics.learned.architecture import Pooling

_FLOOR = 1e-4  # under the variance, so that the slope of its root stays finite
_FAINT = 1e-6  # energy that the logarithm takes for nothing

Span = tuple[int, int]
"""First cell and number of cells."""


def window_moments(
    maps: Tensor, rows: Sequence[Span], columns: Sequence[Span], weights: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the mean and the mean square of each channel over windows of cells.

    Parameters
    ----------
    maps
        ``(N, C, h, w)``; half precision is summed up in float32.
    rows, columns
        The windows are all pairs of these.
    weights
        Of the cells, ``(N, 1, h, w)``, positive.

    Returns
    -------
    tuple of Tensor
        ``(N, K, C)`` each, K = rows × columns, row by row.
    """
    means, energies = [], []
    for top, height in rows:
        band = maps[..., top : top + height, :]
        if band.dtype in (torch.float16, torch.bfloat16):
            band = band.float()
        # The rows of a band are added up once, however many windows share them.
        weight = None if weights is None else weights[..., top : top + height, :].to(band.dtype)
        if weight is None:
            first, second, share = _over_rows(band), _over_rows(band.square()), None
        else:
            first, second = _over_rows(band * weight), _over_rows(band.square() * weight)
            share = _over_rows(weight)
        for left, width in columns:
            span = slice(left, left + width)
            mean, energy = first[:, span].mean(dim=1), second[:, span].mean(dim=1)
            if share is not None:
                area = share[:, span].mean(dim=1)
                mean, energy = mean / area, energy / area
            means.append(mean)
            energies.append(energy)
    return torch.stack(means, dim=1), torch.stack(energies, dim=1)


def statistics(mean: Tensor, energy: Tensor, pooling: Pooling) -> Tensor:
    """Return the pooled values of channels from their first two moments, last axis concatenated.

    The standard deviation is √(variance + 10⁻⁴) − 0.01; the logarithm is that of the energy,
    0 where there is nothing and 1 at unit energy.
    """
    found = [mean]
    if pooling != "mean":
        variance = (energy - mean.square()).clamp(min=0.0)
        found.append((variance + _FLOOR).sqrt() - _FLOOR**0.5)
    if pooling == "mean+std+log":
        empty = float(torch.tensor(_FAINT, dtype=torch.float64).log())
        found.append(1.0 - (energy + _FAINT).log() / empty)
    return torch.cat(found, dim=-1)


def _over_rows(maps: Tensor) -> Tensor:
    """Return the mean over rows of ``(N, C, h, w)`` as ``(N, w, C)``."""
    count, channels, _, width = maps.shape
    if maps.stride(1) == 1 and maps.stride(3) == channels and channels > 1:
        # Channels last: seen as rows of w·C numbers, which is ten times faster to add up.
        flat = maps.permute(0, 2, 3, 1).flatten(2)
        return flat.mean(dim=1).view(count, width, channels)
    return maps.mean(dim=2).transpose(1, 2)
