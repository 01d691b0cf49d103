"""Gaussian blurs as tone-mapping papers use them: any width, borders repeated."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.numerics.filters import gaussian_taps, separable_filter


def blur(image: Tensor, sigma: float, size: int | None = None) -> Tensor:
    """Return each plane of ``(N, C, H, W)`` under a normalised Gaussian, borders repeated.

    Parameters
    ----------
    image
        float32 or float64.
    sigma
        Standard deviation in pixels.
    size
        Number of taps, made odd by adding one; by default five standard deviations, at least 3.
    """
    taps = max(math.floor(5 * sigma + 0.5), 3) if size is None else size
    return separable_filter(image, gaussian_taps(taps | 1, sigma), border="replicate")


def cosine_filter(image: Tensor, response: Tensor) -> Tensor:
    """Return ``(N, C, H, W)`` with each frequency of its cosine transform scaled.

    That is a filter with a symmetric kernel and borders mirrored about the edge of the picture.
    Computed in float64: pictures with bright lamps span more than float32's digits.

    Parameters
    ----------
    response
        The kernel's response ``(2H, W + 1)`` at the frequencies of ``rfft2`` of ``(2H, 2W)``.
    """
    height, width = image.shape[-2:]
    mirrored = torch.cat([image, image.flip(-1)], dim=-1)
    mirrored = torch.cat([mirrored, mirrored.flip(-2)], dim=-2).double()
    filtered: Tensor = torch.fft.irfft2(torch.fft.rfft2(mirrored) * response, s=mirrored.shape[-2:])
    return filtered[..., :height, :width].to(image.dtype)


def frequencies(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return angular frequencies, radians per pixel, that :func:`cosine_filter` works at."""
    rows = 2 * math.pi * torch.fft.fftfreq(2 * height, dtype=torch.float64)
    columns = 2 * math.pi * torch.fft.rfftfreq(2 * width, dtype=torch.float64)
    return rows[:, None], columns[None, :]
