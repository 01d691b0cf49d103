"""Curves from code values to light, in NumPy, and the names of those that the package knows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.picture.image import Transfer

Values = NDArray[np.floating[Any]]
Curve = Callable[[Values], Values]
"""From code values, 0 black and 1 white, to light; 1 is white (for PQ: 10,000 cd/m²)."""

_SRGB_CUT = 0.0031308
_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073

# Half a code of eight bits, in the units of the sRGB curve.
_SAME = 0.5 / 255
# Steps of a 16-bit table, which cannot hold the dark end of PQ and HLG any better, and a share.
_SAME_STEPS, _SAME_SHARE = 2.0 / 65535, 0.02
# What a curve must span, and where its middle lies in that: a gamma of 13, or its inverse.
_LEAST_SPAN, _LEAST_SHARE = 0.1, 1e-4


def srgb(code: Values) -> Values:
    """Return the light of sRGB code values (IEC 61966-2-1)."""
    base = np.maximum(code + 0.055, 0.0) / 1.055
    return np.where(code <= 12.92 * _SRGB_CUT, code / 12.92, base**2.4)


def srgb_codes(light: Values) -> Values:
    """Return the sRGB code values of light; inverse of :func:`srgb`."""
    curve = 1.055 * np.maximum(light, _SRGB_CUT) ** (1 / 2.4) - 0.055
    return np.where(light <= _SRGB_CUT, 12.92 * light, curve)


def pq(code: Values) -> Values:
    """Return the light of PQ code values, 1 for 10,000 cd/m² (SMPTE ST 2084)."""
    power = np.clip(code, 0, 1) ** (1 / _PQ_M2)
    light: Values = (np.maximum(power - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * power)) ** (1 / _PQ_M1)
    return light


def pq_codes(light: Values) -> Values:
    """Return the PQ code values of light; inverse of :func:`pq`."""
    power = np.clip(light, 0, 1) ** _PQ_M1
    codes: Values = ((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2
    return codes


def hlg(code: Values) -> Values:
    """Return the scene light of HLG code values (ITU-R BT.2100)."""
    bright = (np.exp((np.maximum(code, 0.5) - _HLG_C) / _HLG_A) + _HLG_B) / 12
    return np.where(code <= 0.5, np.maximum(code, 0) ** 2 / 3, bright)


def hlg_codes(light: Values) -> Values:
    """Return the HLG code values of scene light; inverse of :func:`hlg`."""
    bright = _HLG_A * np.log(12 * np.maximum(light, 1 / 12) - _HLG_B) + _HLG_C
    return np.where(light <= 1 / 12, np.sqrt(3 * np.clip(light, 0, 1 / 12)), bright)


def gamma(exponent: float) -> Curve:
    """Return the curve ``code ** exponent``."""
    return lambda code: np.maximum(code, 0.0) ** exponent


def power_of(exponent: float, scale: float, offset: float) -> Curve:
    """Return the curve ``(scale · code + offset) ** exponent``, zero where that is negative."""
    return lambda code: np.maximum(scale * code + offset, 0.0) ** exponent


def in_two_pieces(cut: float, below: Curve, above: Curve) -> Curve:
    """Return the curve that is ``below`` for codes under ``cut`` and ``above`` from there."""
    return lambda code: np.where(code < cut, below(code), above(code))


def line(slope: float, offset: float = 0.0) -> Curve:
    """Return the curve ``slope · code + offset``."""
    return lambda code: slope * code + offset


def table(samples: Values) -> Curve:
    """Return the curve through equally spaced samples; beyond 1 its last piece goes on."""
    count = len(samples)
    slope = float(samples[-1] - samples[-2]) * (count - 1)
    positions = np.linspace(0, 1, count)

    def curve(code: Values) -> Values:
        inside = np.interp(code, positions, samples)
        return inside + np.maximum(code - 1, 0) * slope

    return curve


def extended(curve: Curve) -> Curve:
    """Return a curve that mirrors the given one below zero, as scRGB and xvYCC do."""
    return lambda code: np.copysign(curve(np.abs(code)), code)


DECODE: dict[Transfer, Curve] = {
    "srgb": srgb, "bt1886": gamma(2.4), "gog": gamma(2.2), "pq": pq, "hlg": hlg,
}  # fmt: skip
"""From code values to light, for every transfer function that an image can have."""

ENCODE: dict[Transfer, Curve] = {
    "srgb": srgb_codes, "bt1886": gamma(1 / 2.4), "gog": gamma(1 / 2.2), "pq": pq_codes,
    "hlg": hlg_codes,
}  # fmt: skip
"""The inverses of :data:`DECODE`."""

HDR: tuple[Transfer, ...] = ("pq", "hlg")
"""Transfer functions whose code 1 is the end of what they can say."""


_CODES = np.linspace(0, 1, 1021)


def same(one: Curve, other: Curve, codes: Values = _CODES) -> bool:
    """Return whether two curves of SDR agree to half a code of eight bits at some codes."""
    difference = srgb_codes(one(codes)) - srgb_codes(other(codes))
    return bool(np.abs(difference).max() <= _SAME)


def tells_codes_apart(curve: Curve) -> bool:
    """Return whether a curve is one of a picture, and not what damage makes of one.

    White is neither black nor beyond all measure, and the middle is neither of both; a negative's
    curve falls.
    """
    with np.errstate(all="ignore"):
        black, middle, white = (float(value) for value in curve(np.array([0, 0.5, 1])))
    span = white - black
    if not (math.isfinite(span) and _LEAST_SPAN <= abs(span) <= 1 / _LEAST_SPAN):
        return False
    return _LEAST_SHARE < (middle - black) / span < 1 - _LEAST_SHARE


def name_of(curve: Curve, codes: Values = _CODES) -> Transfer | Literal[False] | None:
    """Return the transfer function that a curve is.

    Parameters
    ----------
    curve
        From code values to light.
    codes
        The code values that there are, where they are few.

    Returns
    -------
    str, None or False
        A name; ``None`` if code values are proportional to light; ``False`` for any other curve.
    """
    light = curve(codes)
    if not np.isfinite(light).all():
        return False
    for name in DECODE:
        if name in HDR:
            error = np.abs(light - DECODE[name](codes))
            if bool((error <= _SAME_STEPS + _SAME_SHARE * light).all()):
                return name
        elif same(curve, DECODE[name], codes):
            return name
    return None if same(curve, line(1.0), codes) else False
