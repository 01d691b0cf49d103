"""Profile A of JPEG XT: the base layer times a ratio of luminance coded as a logarithm."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.codecs.jpegxt.base import SRGB, Light, luma, single, unpacked
from hdrmetrics.codecs.jpegxt.jpeg import Samples

_PACKED = struct.Struct("<6f")
_FLOOR = np.float32(0.1)
"""Added to the luminance by which chroma differences are divided, as in the standard's software."""

_OUTSIDE = 1e-4  # part of the pixels at either end that may be clipped, so that no outlier rules
_CHROMA = 0.5  # least range of the chroma differences; a smaller one would be rounding noise
_LARGEST_LOG = 60.0  # e^60 and its products stay in float32


@dataclass(frozen=True, slots=True)
class ProfileA:
    """The constants of profile A, and how a picture is taken apart and put together with them.

    With B the linear base layer in [0, 1] and q its luma,

        light = μ · (B + (q + 0.1) · R·(0, b, r)),

    ln μ, b and r from the three components of the residual layer, each stretched linearly over
    the range that the picture needs; R turns Y'CbCr into R'G'B'.

    Parameters
    ----------
    ratio
        Least and largest ln μ, μ in cd/m².
    blue, red
        Least and largest chroma difference.

    References
    ----------
    ISO/IEC 18477-7, profile A; A. Artusi, R. K. Mantiuk, T. Richter et al., "Overview and
    evaluation of the JPEG XT HDR image compression standard", Journal of Real-Time Image
    Processing, 2016; G. Ward and M. Simmons, "JPEG-HDR: a backwards-compatible, high dynamic range
    extension to JPEG", Color Imaging Conference, 2005.
    """

    ratio: tuple[float, float]
    blue: tuple[float, float]
    red: tuple[float, float]

    def pack(self) -> bytes:
        """Return the constants as bytes."""
        return _PACKED.pack(*self.ratio, *self.blue, *self.red)

    @classmethod
    def unpack(cls, data: bytes) -> ProfileA:
        """Return the constants from bytes.

        Raises
        ------
        ImageReadError
            If they cannot be.
        """
        numbers = unpacked(
            data, _PACKED, "A", lambda low, high, *_: max(abs(low), abs(high)) <= _LARGEST_LOG
        )
        return cls(numbers[0:2], numbers[2:4], numbers[4:6])

    @classmethod
    def split(cls, light: Light, base: Samples) -> tuple[ProfileA, Samples]:
        """Return the constants and the residual layer, ``(H, W)`` or ``(H, W, 3)`` as Y'CbCr.

        Parameters
        ----------
        light
            ``(H, W, C)``, cd/m², not negative.
        base
            Codes of the base layer, ``(H, W, C)``.
        """
        linear = SRGB[base]
        shown, wanted = luma(linear), luma(light)
        usable = (shown > 0) & (wanted > 0)
        logs = np.log(np.where(usable, wanted, 1) / np.where(usable, shown, 1))
        ratio = _extent(np.clip(logs[usable], -_LARGEST_LOG, _LARGEST_LOG))
        if not usable.any():
            ratio = (-_LARGEST_LOG, -_LARGEST_LOG)  # black, whatever coding makes of the base layer
        steps = _steps(logs, ratio)
        if light.shape[2] == 1:
            return cls(ratio, (0.0, 0.0), (0.0, 0.0)), steps
        relative = light / _values(steps, ratio, exponential=True)[..., None] - linear
        relative /= (shown + _FLOOR)[..., None]
        # Of the codes that are cut off, the reference software takes no measure either.
        inside = np.all((base > 0) & (base < 255), axis=2)
        if not inside.any():
            inside = np.ones_like(shown, dtype=np.bool_)
        y = luma(relative)
        planes = [steps]
        extents = []
        for channel, scale in ((2, 1.772), (0, 1.402)):
            difference = (relative[..., channel] - y) / np.float32(scale)
            extents.append(_chroma_extent(difference[inside]))
            planes.append(_steps(difference, extents[-1]))
        return cls(ratio, *extents), np.stack(planes, axis=2)

    def merge(self, base: Samples, residual: Samples) -> Light:
        """Return the light ``(H, W, C)`` of the two layers, cd/m²."""
        linear = SRGB[base]
        if base.shape[2] == 1:
            return linear * _values(residual, self.ratio, exponential=True)[..., None]
        mu = _values(residual[..., 0], self.ratio, exponential=True)
        nu = luma(linear) + _FLOOR
        blue = nu * _values(residual[..., 1], self.blue)
        red = nu * _values(residual[..., 2], self.red)
        linear[..., 0] += np.float32(1.402) * red
        linear[..., 1] -= np.float32(0.344136) * blue + np.float32(0.714136) * red
        linear[..., 2] += np.float32(1.772) * blue
        light: Light = np.maximum(linear * mu[..., None], np.float32(0))
        return light


def _extent(values: NDArray[np.float32]) -> tuple[float, float]:
    """Return the range of almost all values."""
    if not values.size:
        return 0.0, 0.0
    low, high = np.quantile(values, (_OUTSIDE, 1 - _OUTSIDE))
    return single(low), single(high)


def _chroma_extent(values: NDArray[np.float32]) -> tuple[float, float]:
    """Return the range of almost all values, widened so that 0 is a step: grey stays grey."""
    low, high = _extent(values)
    low, high = min(low, -_CHROMA / 2), max(high, _CHROMA / 2)
    step = (high - low) / 254
    low = -math.ceil(-low / step) * step
    return single(low), single(low + 255 * step)


def _steps(values: NDArray[np.float32], extent: tuple[float, float]) -> Samples:
    low, high = extent
    scale = 255.0 / (high - low) if high > low else 0.0
    stretched = np.clip((values - np.float32(low)) * np.float32(scale), 0, 255)
    steps: Samples = (stretched + np.float32(0.5)).astype(np.uint8)
    return steps


def _values(
    steps: Samples, extent: tuple[float, float], *, exponential: bool = False
) -> NDArray[np.float32]:
    low, high = extent
    table = low + (high - low) * np.arange(256) / 255.0
    of_step: NDArray[np.float32] = (np.exp(table) if exponential else table).astype(np.float32)
    return of_step[steps]
