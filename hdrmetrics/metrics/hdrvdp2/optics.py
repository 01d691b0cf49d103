"""The blur and glare of the eye's optics."""

from __future__ import annotations

import functools
from typing import NamedTuple

import torch
from torch import Tensor

from hdrmetrics.metrics.hdrvdp2.calibration import MTF_DECAYS, MTF_WEIGHTS
from hdrmetrics.metrics.hdrvdp2.strips import plane_groups, sides
from hdrmetrics.numerics.recording import constants

LIGHT_RANGE = (1e-5, 1e10)
"""Retinal light is clamped to this, cd/m²."""


def mtf(frequency: Tensor) -> Tensor:
    """Return the modulation transfer of the eye at spatial frequencies in cpd."""
    terms = [
        weight * torch.exp(-decay * frequency)
        for weight, decay in zip(MTF_WEIGHTS, MTF_DECAYS, strict=True)
    ]
    return torch.stack(terms).sum(dim=0)


def frequency_grid(height: int, width: int, ppd: float, device: torch.device) -> Tensor:
    """Return the frequency in cpd of each coefficient of a real FFT, ``(height, width//2 + 1)``."""
    rows = torch.fft.fftfreq(height, dtype=torch.float64, device=device) * ppd
    columns = torch.fft.rfftfreq(width, dtype=torch.float64, device=device) * ppd
    return torch.hypot(rows[:, None], columns[None, :])


class PaddedFilter(NamedTuple):
    """A filter given on the frequency grid of the image padded to twice its size.

    Parameters
    ----------
    spectrum
        Its transfer, real, ``(..., FH, FW//2 + 1)``.
    gain
        Its transfer at frequency zero, ``(..., 1, 1)``.
    size
        ``(FH, FW)``.
    """

    spectrum: Tensor
    gain: Tensor
    size: tuple[int, int]


def padded_filter(transfer: Tensor, height: int, width: int) -> PaddedFilter:
    """Move a filter to the cheapest FFT size that gives the same result.

    HDR-VDP multiplies spectra at exactly twice the image's size. Only lags shorter than the image
    link two of its pixels, so any size of at least ``2·H − 1`` with the same taps at those lags is
    the same filter; sizes with small prime factors are several times faster.

    Parameters
    ----------
    transfer
        Real and even, on the grid of :func:`frequency_grid` for ``(2·height, 2·width)``.
    height, width
        Of the image.
    """
    taps = torch.fft.irfft2(transfer, s=(2 * height, 2 * width))
    fast_height, fast_width = fast_length(2 * height - 1), fast_length(2 * width - 1)
    moved = taps.new_zeros(*taps.shape[:-2], fast_height, fast_width)
    for rows in (slice(0, height), slice(1 - height, None)):
        for columns in (slice(0, width), slice(1 - width, None)):
            moved[..., rows, columns] = taps[..., rows, columns]
    spectrum = torch.fft.rfft2(moved).real
    return PaddedFilter(spectrum, transfer[..., :1, :1], (fast_height, fast_width))


@functools.cache
def fast_length(least: int) -> int:
    """Return the smallest even length ≥ ``least`` without prime factors above 5."""
    length = least + least % 2
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 2


def apply_filter(image: Tensor, padded: PaddedFilter, outside: Tensor | float) -> Tensor:
    """Filter images that lie in a surround of constant value.

    Parameters
    ----------
    image
        ``(N, C, H, W)``.
    padded
        The filter; it is applied in its own precision.
    outside
        Value outside the images, broadcastable to ``(N, C, 1, 1)``.
    """
    height, width = sides(image)
    rows, columns = padded.size
    # Rows below the image hold nothing and rows below the result are not wanted, so the
    # transforms along rows skip them: half their cost.
    spectrum = torch.fft.rfft(image - outside, n=columns)
    spectrum = torch.fft.fft(spectrum, n=rows, dim=-2)
    spectrum = torch.fft.ifft(spectrum * padded.spectrum, dim=-2)[..., :height, :]
    filtered: Tensor = torch.fft.irfft(spectrum, n=columns)[..., :width]
    return filtered + outside * padded.gain


@constants(8)
def _optical_filter(height: int, width: int, ppd: float, device: torch.device) -> PaddedFilter:
    grid = frequency_grid(2 * height, 2 * width, ppd, device)
    return padded_filter(mtf(grid), height, width)


def retinal_light(light: Tensor, ppd: float, surround: Tensor | float) -> Tensor:
    """Return the light on the retina, cd/m², each channel blurred on its own.

    Computed in float64 whatever the precision of the image: a float32 transform spreads the
    rounding error of a lamp over shadows that are 10⁷ times darker.

    Parameters
    ----------
    light
        ``(N, C, H, W)``, cd/m².
    ppd
        Pixels per degree.
    surround
        Light outside the image, cd/m², broadcastable to ``(N, C, 1, 1)``.
    """
    height, width = sides(light)
    optics = _optical_filter(height, width, ppd, light.device)
    blurred = torch.cat(
        [
            apply_filter(planes.double(), optics, 0.0).to(light.dtype)
            for planes in plane_groups(light - surround)
        ]
    )
    # What lies outside passes unchanged but for the filter's gain at frequency zero.
    outside = surround * optics.gain.to(light.dtype)
    return (blurred.view_as(light) + outside).clamp(*LIGHT_RANGE)
