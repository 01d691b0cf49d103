"""Statistical naturalness: how usual an image's brightness and contrast are in photographs."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.metrics._local_similarity import safe_sqrt
from hdrmetrics.pooling import masked_mean

_BLOCK = 11  # px
_MEAN, _MEAN_SPREAD = 115.94, 27.99  # code values: the normal distribution of the means
_CONTRAST_UNIT = 64.29  # code values that the contrast 1 stands for
_CONTRAST_A, _CONTRAST_B = 4.4, 10.1  # the beta distribution of the contrasts
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
    count = _BLOCK * _BLOCK
    mean, square = _block_means(luminance), _block_means(luminance * luminance)
    variance = (square - mean * mean).clamp_min(0) * (count / (count - 1))
    weights = torch.ones_like(luminance[:1]) if mask is None else mask
    area = _block_means(weights).expand_as(variance)
    return Naturalness(masked_mean(luminance, mask), masked_mean(safe_sqrt(variance), area))


def _block_means(image: Tensor) -> Tensor:
    return F.avg_pool2d(image, _BLOCK, ceil_mode=True, divisor_override=_BLOCK * _BLOCK)
