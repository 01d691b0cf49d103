"""Profile C of JPEG XT: two layers added up in the scale of half-float bit patterns."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.codecs.jpegxt.base import Light, luma, unpacked
from hdrmetrics.codecs.jpegxt.jpeg import Samples

LARGEST = 65504.0
"""The largest half-float, in cd/m²: brighter light is clipped there."""

_TOP = 0x7BFF  # its bit pattern
_PACKED = struct.Struct("<256Hf")
_ZERO = 128  # the sample of no difference
_INSIDE = 0.9995  # part of the samples that the residual layer holds without clipping


def to_half_codes(light: Light) -> NDArray[np.uint16]:
    """Return the bit patterns of light as half-floats, clipped at 65504.

    They are nearly a logarithm: 1024 patterns for each factor of 2 above 6e-5, linear below.
    """
    half: NDArray[np.uint16] = np.minimum(light, np.float32(LARGEST)).astype(np.float16).view("<u2")
    return half


@dataclass(frozen=True, slots=True)
class ProfileC:
    """The constants of profile C, and how a picture is taken apart and put together with them.

    With ψ the cast of a bit pattern to its half-float,

        light = ψ(T[base] + scale · R·(residual − 128)),

    T a table with the inverse tone mapping for each code of the base layer; R turns Y'CbCr into
    R'G'B'.

    Parameters
    ----------
    table
        256 bit patterns, not falling.
    scale
        Bit patterns per step of the residual layer.

    References
    ----------
    ISO/IEC 18477-7, profile C; A. Artusi, R. K. Mantiuk, T. Richter et al., "Overview and
    evaluation of the JPEG XT HDR image compression standard", Journal of Real-Time Image
    Processing, 2016.
    """

    table: NDArray[np.uint16]
    scale: float

    def pack(self) -> bytes:
        """Return the constants as bytes."""
        return _PACKED.pack(*self.table.tolist(), self.scale)

    @classmethod
    def unpack(cls, data: bytes) -> ProfileC:
        """Return the constants from bytes.

        Raises
        ------
        ImageReadError
            If they cannot be.
        """
        *table, scale = unpacked(
            data, _PACKED, "C", lambda *numbers: numbers[-1] > 0 and max(numbers) <= _TOP
        )
        return cls(np.array(table, np.uint16), scale)

    @classmethod
    def split(cls, light: Light, base: Samples, shown: Samples) -> tuple[ProfileC, Samples]:
        """Return the constants and the residual layer, ``(H, W)`` or ``(H, W, 3)`` as Y'CbCr.

        Parameters
        ----------
        light
            ``(H, W, C)``, cd/m², not negative; above 65504 it is clipped.
        base
            Codes of the base layer before it was coded, ``(H, W, C)``.
        shown
            The same as decoded: the residual layer also corrects what coding did to the base.
        """
        half = to_half_codes(light)
        table = inverse_table(half, base)
        missing = half.astype(np.float32) - table.astype(np.float32)[shown]
        if light.shape[2] == 1:
            planes = missing[..., 0]
        else:
            y = luma(missing)
            blue = (missing[..., 2] - y) / np.float32(1.772)
            red = (missing[..., 0] - y) / np.float32(1.402)
            planes = np.stack((y, blue, red), axis=2)
        reach = float(np.quantile(np.abs(planes), _INSIDE))
        scale = np.float32(max(reach / (_ZERO - 1), 1.0))
        samples = np.clip(planes / scale + np.float32(_ZERO + 0.5), 0, 255).astype(np.uint8)
        return cls(table, float(scale)), samples

    def merge(self, base: Samples, residual: Samples) -> Light:
        """Return the light ``(H, W, C)`` of the two layers, cd/m²."""
        half = self.table.astype(np.float32)[base]
        steps = (residual.astype(np.float32) - _ZERO) * np.float32(self.scale)
        if base.shape[2] == 1:
            half[..., 0] += steps
        else:
            y, blue, red = steps[..., 0], steps[..., 1], steps[..., 2]
            half[..., 0] += y + np.float32(1.402) * red
            half[..., 1] += y - np.float32(0.344136) * blue - np.float32(0.714136) * red
            half[..., 2] += y + np.float32(1.772) * blue
        codes = np.clip(half + np.float32(0.5), 0, _TOP).astype(np.uint16)
        light: Light = codes.view(np.float16).astype(np.float32)
        return light


def inverse_table(half: NDArray[np.uint16], base: Samples) -> NDArray[np.uint16]:
    """Return the mean bit pattern of the samples that have each code, ``(256,)``, never falling.

    Codes that no sample has are filled in between their neighbours.
    """
    flat = base.ravel()
    count = np.bincount(flat, minlength=256)
    total = np.bincount(flat, weights=half.ravel(), minlength=256)
    used = np.flatnonzero(count)
    table = np.interp(np.arange(256), used, total[used] / count[used])
    return np.rint(np.maximum.accumulate(table)).astype(np.uint16)
