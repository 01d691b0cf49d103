"""Visibility: where differences are seen, and how far above the threshold."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.metrics.hdrvdp2.calibration import EXCITATION, PSYCHOMETRIC_SLOPE
from hdrmetrics.metrics.hdrvdp2.masking import Strips
from hdrmetrics.numerics.pyramid import SteerablePyramid, reconstruct

_TINY = 1e-12
_NORM = 16.0  # within a few per cent of the maximum unless hundreds of pixels reach it


def contrast_map(differences: list[Strips], pooling: bool) -> Tensor:
    """Return threshold-normalised contrast, ``(N, 1, H, W)``: 1 is seen half of the time.

    Parameters
    ----------
    differences
        Visible differences per band, as :func:`masked_differences` returns them.
    pooling
        Whether the whole image's differences add up, as they do for an observer who looks around.
    """
    exponent = PSYCHOMETRIC_SLOPE / EXCITATION
    high, *oriented, low = [
        torch.cat([_signed_power(strip, exponent) * 2.0**index for strip in strips], dim=2)
        for index, strips in enumerate(differences)
    ]
    contrast = reconstruct(SteerablePyramid(high, tuple(oriented), low)).abs()
    if pooling:
        total = contrast.sum(dim=(-2, -1), keepdim=True)
        contrast = contrast * (total / (contrast.amax(dim=(-2, -1), keepdim=True) + _TINY))
    return contrast


def pooled_contrast(contrast: Tensor, pooling: bool) -> Tensor:
    """Return one smooth number ``(N,)`` for the largest contrast of the image.

    Spatial pooling scales a map so that its maximum is its former sum; that sum is smooth. Without
    pooling the maximum is approached by a norm of high order.

    Parameters
    ----------
    contrast
        A map without pooling, ``(N, 1, H, W)``.
    pooling
        Whether the value is that of a pooled map.
    """
    if pooling:
        return contrast.sum(dim=(1, 2, 3))
    peak = contrast.detach().amax(dim=(1, 2, 3), keepdim=True).clamp(min=_TINY)
    norm = (contrast / peak).pow(_NORM).sum(dim=(1, 2, 3), keepdim=True).clamp(min=_TINY)
    return (peak * norm.pow(1 / _NORM)).flatten()


def detection_probability(contrast: Tensor) -> Tensor:
    """Return the probability that contrast in units of its threshold is seen."""
    return -torch.expm1(math.log(0.5) * contrast)


def _signed_power(x: Tensor, exponent: float) -> Tensor:
    return torch.copysign(x.abs().pow(exponent), x)
