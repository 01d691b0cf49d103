"""Statistical naturalness: how usual an image's brightness and contrast are in photographs."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.metrics._local_similarity import safe_sqrt
from hdrmetrics.metrics.tmqi.light import luminance as luminance_of
from hdrmetrics.numerics.pooling import masked_mean

_BLOCK = 11  # px
_MEAN, _MEAN_SPREAD = 115.94, 27.99  # code values: the normal distribution of the means
_CONTRAST_UNIT = 64.29  # code values that the contrast 1 stands for
_CONTRAST_A, _CONTRAST_B = 4.4, 10.1  # the beta distribution of the contrasts
_PART = 1 << 20  # pixels at a time
_MODE = (_CONTRAST_A - 1) / (_CONTRAST_A + _CONTRAST_B - 2)


class Naturalness(NamedTuple):
    """What naturalness is made of, each ``(N,)``.

    Parameters
    ----------
    mean
        Mean luminance, code values 0 to 255.
    contrast
        Mean standard deviation in blocks of 11×11 pixels, code values.
    """

    mean: Tensor
    contrast: Tensor

    def brightness_likelihood(self, power: float = 1.0) -> Tensor:
        """Return the likelihood of the mean over that of the most likely one, to a power."""
        return torch.exp(((self.mean - _MEAN) / _MEAN_SPREAD).square() * (-0.5 * power))

    def contrast_likelihood(self, power: float = 1.0) -> Tensor:
        """Return the likelihood of the contrast over that of the most likely one, to a power."""
        # Powers above one keep slopes finite at both ends, which the power of a product does not.
        x = (self.contrast / _CONTRAST_UNIT).clamp(0.0, 1.0)
        rise = (x / _MODE) ** ((_CONTRAST_A - 1) * power)
        fall = ((1 - x) / (1 - _MODE)) ** ((_CONTRAST_B - 1) * power)
        return rise * fall

    def value(self, power: float = 1.0) -> Tensor:
        """Return the naturalness, 0 to 1, to a power."""
        return self.brightness_likelihood(power) * self.contrast_likelihood(power)


def naturalness(luminance: Tensor, mask: Tensor | None = None) -> Naturalness:
    """Return brightness and contrast of tone-mapped luminance.

    Parameters
    ----------
    luminance
        ``(N, 1, H, W)``, 0 to 255, float64.
    mask
        Weights ``(N, 1, H, W)`` in [0, 1].

    Notes
    -----
    As in the authors' code, blocks at the lower and right border are filled up with zeros, which
    count in their deviation; in the mean over blocks each counts by its visible area.
    """
    deviation, area = _deviations(luminance, mask)
    return Naturalness(masked_mean(luminance, mask), masked_mean(deviation, area))


def naturalness_of_codes(
    test: Tensor, mask: Tensor | None = None, *, pixels: int = _PART
) -> Naturalness:
    """Return brightness and contrast of tone-mapped pictures, in memory that does not grow.

    The same as :func:`naturalness` of their luminance, to rounding: whole rows of blocks are worked
    through together, as many as ``pixels`` hold, and added up.

    Parameters
    ----------
    test
        ``(N, C, H, W)``, C = 1 or 3, display-encoded in [0, 1].
    mask
        Weights ``(N, 1, H, W)`` in [0, 1].
    pixels
        About how many are looked at together.
    """
    height, width = test.shape[-2:]
    rows = _BLOCK * max(1, pixels // (_BLOCK * width * test.shape[0]))
    totals: list[Tensor] = []
    for first in range(0, height, rows):
        strip = slice(first, first + rows)
        light = luminance_of(test[..., strip, :]) * 255.0
        own = None if mask is None else mask[..., strip, :].to(light.dtype)
        weights = torch.ones_like(light) if own is None else own.expand_as(light)
        deviation, area = _deviations(light, own)
        parts = light * weights, weights, deviation * area, area
        sums = [part.sum(dim=(1, 2, 3)) for part in parts]
        totals = [a + b for a, b in zip(totals, sums, strict=True)] if totals else sums
    return Naturalness(totals[0] / totals[1], totals[2] / totals[3])


def _deviations(luminance: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the standard deviation in each block, and the block's visible part."""
    count = _BLOCK * _BLOCK
    mean, square = _block_means(luminance), _block_means(luminance * luminance)
    variance = (square - mean * mean).clamp_min(0) * (count / (count - 1))
    weights = torch.ones_like(luminance[:1]) if mask is None else mask
    return safe_sqrt(variance), _block_means(weights).expand_as(variance)


def _block_means(image: Tensor) -> Tensor:
    return F.avg_pool2d(image, _BLOCK, ceil_mode=True, divisor_override=_BLOCK * _BLOCK)
