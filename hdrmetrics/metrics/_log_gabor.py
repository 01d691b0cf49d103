"""Log-Gabor filters on the frequency grid of Kovesi's phase congruency."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

_LOWPASS_CUT, _LOWPASS_ORDER = 0.45, 15


def frequency_grid(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return radius in cycles per pixel and angle in radians, ``(H, W)`` float64, origin first.

    Angles turn anticlockwise, the image's rows running downwards.
    """
    x, y = _frequencies(width)[None, :], _frequencies(height)[:, None]
    return torch.hypot(x, y), torch.atan2(-y, x)


def log_gabor(radius: Tensor, waves: Sequence[float], bandwidth: float) -> Tensor:
    """Return the radial part of the filters ``(len(waves), H, W)``, 0 at the origin.

    Parameters
    ----------
    radius
        Of :func:`frequency_grid`.
    waves
        Wavelengths in pixels that they pass best.
    bandwidth
        Standard deviation of the Gaussian over log frequency, as a ratio to the centre, 0 to 1.
    """
    # A Butterworth low-pass keeps out the corners of the frequency plane.
    lowpass = 1 / (1 + (radius / _LOWPASS_CUT) ** (2 * _LOWPASS_ORDER))
    lengths = torch.tensor(waves, dtype=radius.dtype)
    octaves = torch.log(radius * lengths[:, None, None])
    return torch.exp(-octaves.square() / (2 * math.log(bandwidth) ** 2)) * lowpass


def split_parity(kernels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the even and odd halves of real filters ``(..., H, W)`` over the frequency plane.

    With a real image the even half makes the real part of the response, the odd half its
    imaginary part.
    """
    mirrored = kernels.flip(-2, -1).roll((1, 1), (-2, -1))  # at minus the frequency
    return (kernels + mirrored) / 2, (kernels - mirrored) / 2


def _frequencies(count: int) -> Tensor:
    """Return the frequencies of a Fourier axis as phasecong2 has them: ±½ at both ends if odd."""
    steps: Tensor = torch.fft.fftfreq(count, 1 / count, dtype=torch.float64)
    return steps / (count - count % 2)
