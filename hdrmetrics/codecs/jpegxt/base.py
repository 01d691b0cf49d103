"""The base layer of JPEG XT: the eight-bit picture that ordinary JPEG readers show."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.codecs.backward import HALFWAY, operator_codes
from hdrmetrics.codecs.backward import SRGB as SRGB
from hdrmetrics.codecs.jpegxt.jpeg import Samples
from hdrmetrics.errors import ImageReadError

Light = NDArray[np.float32]
"""``(H, W, C)``, cd/m²."""

OWN_BASES = ("photoreceptor", "exposure")
"""What the standard's reference software makes of a picture that comes without a base layer, in
profiles A and C, and in profile B."""

BASES = ("photoreceptor", "reinhard02", "logarithmic", "exposure")
"""The bases that were measured against each other; any other operator can be one, too."""

_LUMA = (np.float32(0.299), np.float32(0.587), np.float32(0.114))
_MEAN = 0.6
"""Where the reference software's automatic exposure puts the mean, as a part of white."""


def luma(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the weighted sum of ``(H, W, C)`` as the standard has it (BT.601), ``(H, W)``."""
    if light.shape[-1] == 1:
        return light[..., 0]
    # Not a matrix product: its rounding, and with it the bytes, would depend on the library.
    weighted: NDArray[np.float32] = light[..., 0] * _LUMA[0]
    weighted += light[..., 1] * _LUMA[1]
    weighted += light[..., 2] * _LUMA[2]
    return weighted


def exposure_white(light: Light) -> float:
    """Return the luminance that ``exposure`` makes white, in cd/m²: the mean divided by 0.6."""
    mean = float(light.mean(dtype=np.float64))
    return mean / _MEAN if mean > 0 else 1.0


def base_codes(light: Light, base: str, settings: Mapping[str, Any] | None = None) -> Samples:
    """Return the base layer before it is coded, ``(H, W, C)``.

    Parameters
    ----------
    light
        ``(H, W, C)``, cd/m², not negative.
    base
        One of :data:`OWN_BASES`, or an operator. ``photoreceptor``: each channel v becomes
        t / (1 + t), t = v^(1/2.2) / L̄^m, with the mean luminance L̄ and m from the position of the
        log mean between the extremes. ``exposure``: clipped at :func:`exposure_white`, sRGB. The
        others: operators of :mod:`hdrmetrics.tonemap`, sRGB.
    settings
        Of the operator.

    Notes
    -----
    A pixel that is not black never gets the code 0: profiles A and B could not bring it back.

    References
    ----------
    E. Reinhard and K. Devlin, "Dynamic range reduction inspired by photoreceptor physiology", IEEE
    Transactions on Visualization and Computer Graphics 11(1), 2005, as simplified in the reference
    software of ISO/IEC 18477-7.
    """
    if base == "photoreceptor":
        codes = _photoreceptor(light)
    elif base == "exposure":
        white = np.float32(exposure_white(light))
        codes = np.searchsorted(HALFWAY, light / white).astype(np.uint8)
    else:
        codes = operator_codes(light, base, settings)
    lifted: Samples = np.maximum(codes, (light > 0).view(np.uint8))
    return lifted


def _photoreceptor(light: Light) -> Samples:
    bright = luma(light)
    bright = bright[bright > 0]
    if bright.size == 0:
        return np.zeros(light.shape, dtype=np.uint8)
    logs = np.log(bright)
    low, high, middle = (float(v) for v in (logs.min(), logs.max(), logs.mean(dtype=np.float64)))
    position = (high - middle) / (high - low) if high > low else 0.0
    exponent = 0.3 + 0.7 * max(position, 0.0) ** 1.4
    adapted = float(bright.mean(dtype=np.float64)) ** exponent
    # Via the thresholds between codes: a search among 255 is quicker than a power per pixel.
    step = (np.arange(1, 256) - 0.5) / 256
    thresholds = ((adapted * step / (1 - step)) ** 2.2).astype(np.float32)
    codes: Samples = np.searchsorted(thresholds, light).astype(np.uint8)
    return codes


def single(number: float) -> float:
    """Return the number as a header will hold it, so that both sides reckon with the same."""
    return float(np.float32(number))


def unpacked(
    data: bytes, layout: struct.Struct, profile: str, possible: Callable[..., bool]
) -> tuple[Any, ...]:
    """Return the constants of a profile from bytes.

    Raises
    ------
    ImageReadError
        If they are of another length, not finite, or not ``possible``.
    """
    if len(data) != layout.size:
        raise ImageReadError(f"corrupt: the constants of profile {profile} are of another length")
    numbers = layout.unpack(data)
    if not all(map(math.isfinite, numbers)) or not possible(*numbers):
        raise ImageReadError(f"corrupt: the constants of profile {profile} are out of range")
    return numbers
