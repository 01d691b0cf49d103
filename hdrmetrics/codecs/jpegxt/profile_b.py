"""Profile B of JPEG XT: the base layer divided by the residual layer, both behind a gamma."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.codecs.jpegxt.base import SRGB, Light, single, unpacked
from hdrmetrics.codecs.jpegxt.jpeg import Samples

_PACKED = struct.Struct("<3f")
_EPSILON = 1e-7
_MOST_GAMMA = 8.0
_DARK = 1e-5  # of white; darker pixels have no say in the gamma


@dataclass(frozen=True, slots=True)
class ProfileB:
    """The constants of profile B, and how a picture is taken apart and put together with them.

    With B the linear base layer and E the residual layer in [0, 1], for each channel,

        light = white · B / (E^γ + ε),  ε = 1e-7.

    γ is such that the smallest quotient B · white / light of the picture falls on E = 0.5. Below
    that quotient E^γ is cut here; the standard lets ringing in the residual layer become light up
    to 1e7 times white.

    Parameters
    ----------
    white
        Light of B = E = 1, in cd/m²; 0 where the picture is black.
    gamma
        γ, between 1 and 8.
    least
        The smallest quotient, in (0, 1].

    References
    ----------
    ISO/IEC 18477-7, profile B; A. Artusi, R. K. Mantiuk, T. Richter et al., "Overview and
    evaluation of the JPEG XT HDR image compression standard", Journal of Real-Time Image
    Processing, 2016.
    """

    white: float
    gamma: float
    least: float

    def pack(self) -> bytes:
        """Return the constants as bytes."""
        return _PACKED.pack(self.white, self.gamma, self.least)

    @classmethod
    def unpack(cls, data: bytes) -> ProfileB:
        """Return the constants from bytes.

        Raises
        ------
        ImageReadError
            If they cannot be.
        """
        return cls(*unpacked(data, _PACKED, "B", _possible))

    @classmethod
    def split(cls, light: Light, base: Samples, white: float | None) -> tuple[ProfileB, Samples]:
        """Return the constants and the residual layer, ``(H, W)`` or ``(H, W, 3)`` as R'G'B'.

        Parameters
        ----------
        light, base
            As for :meth:`ProfileA.split`.
        white
            Light that the base layer shows as white; ``None``: such that all but a thousandth of
            the samples are at least as bright as the base layer shows them.
        """
        linear = SRGB[base]
        lit = (light > 0) & (base > 0)
        if not lit.any():
            shape = light.shape if light.shape[2] == 3 else light.shape[:2]
            return cls(0.0, 1.0, 1.0), np.full(shape, 255, dtype=np.uint8)
        quotient = np.where(lit, linear, 1) / np.where(lit, light, 1)
        if white is None:
            white = 1.0 / float(np.quantile(quotient[lit], 0.999))
        white = single(white)
        quotient *= np.float32(white)
        least = float(quotient[lit & (light > np.float32(_DARK * white))].min(initial=1.0))
        gamma = min(max(-math.log2(least), 1.0), _MOST_GAMMA)
        # Where the base layer is black the quotient is nothing to divide by, but no reason for an
        # edge in the residual layer either.
        roots = _roots(np.where(lit, quotient, 1), gamma)
        return cls(white, gamma, least), roots if light.shape[2] == 3 else roots[..., 0]

    def merge(self, base: Samples, residual: Samples) -> Light:
        """Return the light ``(H, W, C)`` of the two layers, cd/m²."""
        divisor = np.maximum((np.arange(256) / 255.0) ** self.gamma, self.least)
        factor = (self.white / (divisor + _EPSILON)).astype(np.float32)
        light: Light = SRGB[base] * factor[residual].reshape(base.shape)
        return light


def _possible(white: float, gamma: float, least: float) -> bool:
    return 0 <= white < 1e30 and 1 <= gamma <= _MOST_GAMMA and 0 < least <= 1


def _roots(quotient: NDArray[np.float32], gamma: float) -> Samples:
    """Return 255 · quotient^(1/γ), rounded, by searching among the values between the codes."""
    halfway = ((np.arange(1, 256) - 0.5) / 255.0) ** gamma
    roots: Samples = np.searchsorted(halfway.astype(np.float32), quotient).astype(np.uint8)
    return roots
