"""Transfer functions between luminance and code values: PU21, PQ, HLG, sRGB, BT.1886, µ-law, log10.

Every function takes and returns tensors of any shape, keeps their dtype and device, and lets
gradients through (zero where a value is clamped).
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.numerics.pieces import pointwise
from hdrmetrics.numerics.recording import visible

PU21Variant = Literal["banding", "banding_glare", "peaks", "peaks_glare"]

PU21_PARAMETERS: dict[str, tuple[float, ...]] = {
    "banding": (
        1.070275272, 0.4088273932, 0.153224308, 0.2520326168, 1.063512885, 1.14115047, 521.4527484,
    ),
    "banding_glare": (
        0.353487901, 0.3734658629, 8.277049286e-05, 0.9062562627, 0.09150303166, 0.9099517204,
        596.3148142,
    ),
    "peaks": (
        1.043882782, 0.6459495343, 0.3194584211, 0.374025247, 1.114783422, 1.095360363, 384.9217577,
    ),
    "peaks_glare": (
        816.885024, 1479.463946, 0.001253215609, 0.9329636822, 0.06746643971, 1.573435413,
        419.6006374,
    ),
}  # fmt: skip
PU21_RANGE = (0.005, 10000.0)
"""Luminance in cd/m² that PU21 is defined on; values outside are clamped to it."""

PQ_PEAK = 10000.0
_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32

_HLG_A = 0.17883277
_HLG_B = 1 - 4 * _HLG_A
_HLG_C = 0.5 - _HLG_A * math.log(4 * _HLG_A)

_SRGB_CUT, _SRGB_CODE_CUT = 0.0031308, 0.0031308 * 12.92


def _power(x: Tensor, exponent: float) -> Tensor:
    """x**exponent for x ≥ 0; through exp and log in float32, where that is twice as fast."""
    if x.dtype == torch.float32:
        return torch.exp(torch.log(x) * exponent)
    return torch.pow(x, exponent)


def _pu21_parameters(variant: str) -> tuple[float, ...]:
    if variant not in PU21_PARAMETERS:
        raise OptionError(
            f"PU21 has the variants {', '.join(get_args(PU21Variant))}; not {variant!r}"
        )
    return PU21_PARAMETERS[variant]


def pu21_encode(luminance: Tensor, variant: PU21Variant | str = "banding_glare") -> Tensor:
    """Encode luminance: PU21 = p₇·(((p₁ + p₂·Y^p₄) / (1 + p₃·Y^p₄))^p₅ − p₆).

    Parameters
    ----------
    luminance
        cd/m², absolute; clamped to [0.005, 10000].
    variant
        Which fit: with or without glare, against banding or for peaks.

    Returns
    -------
    Tensor
        PU units: 0 at 0.005 cd/m², about 256 at 100, about 595 at 10 000 (``banding_glare``).

    Raises
    ------
    OptionError
        For an unknown variant.

    References
    ----------
    R. K. Mantiuk and M. Azimi, "PU21: A novel perceptually uniform encoding for adapting existing
    quality metrics for HDR", Picture Coding Symposium 2021.
    """
    p1, p2, p3, p4, p5, p6, p7 = _pu21_parameters(variant)

    one, first, offset = (luminance.new_tensor(v) for v in (1.0, p1, -p6 * p7))

    def encode(y: Tensor) -> Tensor:
        # Half of the time goes into passes over memory, so scales and offsets are folded: each
        # line reads and writes the chunk once or twice.
        power = _power(y.clamp(*PU21_RANGE), p4)
        ratio = torch.add(first, power, alpha=p2) / torch.add(one, power, alpha=p3)
        return torch.add(offset, _power(ratio, p5), alpha=p7).clamp(min=0.0)

    return pointwise(encode, luminance)


def pu21_decode(value: Tensor, variant: PU21Variant | str = "banding_glare") -> Tensor:
    """Return the luminance of PU21 values: ((r − p₁) / (p₂ − p₃·r))^(1/p₄), r = (V/p₇ + p₆)^(1/p₅).

    In cd/m²; inverse of :func:`pu21_encode`.

    Values above the code of 10 000 cd/m² are extrapolated by the formula, as in the original. The
    ``peaks`` variants have a pole there, beyond which the original's numbers (the real part of a
    complex power, reproduced here) mean nothing.

    Raises
    ------
    OptionError
        For an unknown variant.
    """
    p1, p2, p3, p4, p5, p6, p7 = _pu21_parameters(variant)
    ratio = torch.pow((value / p7 + p6).clamp(min=0.0), 1 / p5)
    power = ((ratio - p1).clamp(min=0.0)) / (p2 - p3 * ratio)
    magnitude = torch.pow(power.abs(), 1 / p4)
    return torch.where(power < 0, magnitude * math.cos(math.pi / p4), magnitude)


def pq_encode(luminance: Tensor) -> Tensor:
    """Encode luminance in PQ: E = ((c₁ + c₂·y^m₁) / (1 + c₃·y^m₁))^m₂, y = Y / 10000 cd/m².

    In [0, 1]; luminance is clamped to [0, 10000] first.

    References
    ----------
    SMPTE ST 2084:2014; ITU-R BT.2100-2, table 4.
    """

    def encode(light: Tensor) -> Tensor:
        # The slope of x**0.159 at 0 is infinite: the floor keeps gradients finite, and true zero
        # gets its own value below.
        y = (light / PQ_PEAK).clamp(1e-20 if light.dtype == torch.float64 else 1e-16, 1.0)
        power = _power(y, _PQ_M1)
        signal = torch.pow((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power), _PQ_M2)
        return torch.where(light > 0, signal, torch.full_like(signal, _PQ_C1**_PQ_M2))

    return pointwise(encode, luminance)


def pq_decode(signal: Tensor) -> Tensor:
    """Return the luminance of a PQ signal: Y = 10000·((p − c₁) / (c₂ − c₃·p))^(1/m₁), p = E^(1/m₂).

    In cd/m², of signals in [0, 1]; inverse of :func:`pq_encode`.
    """
    power = torch.pow(signal.clamp(0.0, 1.0), 1 / _PQ_M2)
    base = (power - _PQ_C1).clamp(min=0.0) / (_PQ_C2 - _PQ_C3 * power)
    return PQ_PEAK * torch.pow(base, 1 / _PQ_M1)


def hlg_encode(scene: Tensor) -> Tensor:
    """Apply HLG to scene light, per channel: √(3·e) up to 1/12, then a·ln(12·e − b) + c.

    In [0, 1].

    References
    ----------
    ITU-R BT.2100-2, table 5. The display side, with its system gamma, is in
    :class:`hdrmetrics.Display`.
    """
    e = scene.clamp(0.0, 1.0)
    low = torch.sqrt(3 * e.clamp(min=1e-20))
    high = _HLG_A * torch.log((12 * e - _HLG_B).clamp(min=1e-6)) + _HLG_C
    return torch.where(e <= 1 / 12, torch.where(e > 0, low, torch.zeros_like(e)), high)


def hlg_decode(signal: Tensor) -> Tensor:
    """Return the scene light in [0, 1] of HLG: v²/3 up to ½, then (e^((v − c)/a) + b) / 12."""
    v = signal.clamp(0.0, 1.0)
    return torch.where(v <= 0.5, v * v / 3, (torch.exp((v - _HLG_C) / _HLG_A) + _HLG_B) / 12)


def srgb_encode(linear: Tensor) -> Tensor:
    """Encode linear light as sRGB: 12.92·x up to 0.0031308, then 1.055·x^(1/2.4) − 0.055.

    In [0, 1]; clamped.

    References
    ----------
    IEC 61966-2-1:1999.
    """
    x = linear.clamp(0.0, 1.0)
    curve = 1.055 * torch.pow(x.clamp(min=_SRGB_CUT), 1 / 2.4) - 0.055
    return torch.where(x <= _SRGB_CUT, 12.92 * x, curve)


def srgb_decode(code: Tensor) -> Tensor:
    """Return the linear light in [0, 1] of sRGB: v/12.92 near black, ((v + 0.055)/1.055)^2.4."""
    v = code.clamp(0.0, 1.0)
    # The cut that srgb_encode implies, not the standard's rounded 0.04045, so that both invert.
    curve = torch.pow((v.clamp(min=_SRGB_CODE_CUT) + 0.055) / 1.055, 2.4)
    return torch.where(v <= _SRGB_CODE_CUT, v / 12.92, curve)


def _bt1886_terms(peak: float, black: float, gamma: float) -> tuple[float, float]:
    if not 0 <= black < peak or not math.isfinite(peak):
        raise OptionError(f"a display needs 0 <= black < peak, not black {black}, peak {peak}")
    high, low = peak ** (1 / gamma), black ** (1 / gamma)
    return (high - low) ** gamma, low / (high - low)


def bt1886_decode(code: Tensor, *, peak: float, black: float = 0.0, gamma: float = 2.4) -> Tensor:
    """Return the luminance in cd/m² of a BT.1886 display: a·(v + b)^γ.

    a = (peak^(1/γ) − black^(1/γ))^γ and b = black^(1/γ) / (peak^(1/γ) − black^(1/γ)).

    Parameters
    ----------
    code
        Video level, 0 black to 1 white; clamped.
    peak, black
        Screen luminance of white and black, cd/m².
    gamma
        Exponent, 2.4 in the recommendation.

    Raises
    ------
    OptionError
        Unless 0 <= black < peak.

    References
    ----------
    ITU-R BT.1886 (2011), annex 1.
    """
    gain, lift = _bt1886_terms(peak, black, gamma)
    return gain * torch.pow(code.clamp(0.0, 1.0) + lift, gamma)


def bt1886_encode(
    luminance: Tensor, *, peak: float, black: float = 0.0, gamma: float = 2.4
) -> Tensor:
    """Return the code values of BT.1886: (Y/a)^(1/γ) − b; inverse of :func:`bt1886_decode`."""
    gain, lift = _bt1886_terms(peak, black, gamma)
    return torch.pow(luminance.clamp(black, peak) / gain, 1 / gamma) - lift


def mu_law_encode(linear: Tensor, *, peak: float | Tensor, mu: float = 5000.0) -> Tensor:
    """Compress linear light by the µ-law: log(1 + µ·x/peak) / log(1 + µ).

    Parameters
    ----------
    linear
        Linear light, any unit; negative values count as 0. Above ``peak`` the curve goes on
        beyond 1.
    peak
        What becomes 1, in the unit of ``linear``; a tensor broadcasts.
    mu
        Strength, 5000 in the HDR literature.

    Raises
    ------
    OptionError
        If ``peak`` or ``mu`` is not positive.

    References
    ----------
    N. K. Kalantari and R. Ramamoorthi, "Deep high dynamic range imaging of dynamic scenes", ACM
    TOG 36(4), 2017.
    """
    _require_positive(mu=mu, peak=peak)
    return torch.log1p(mu * (linear / peak).clamp(min=0.0)) / math.log1p(mu)


def mu_law_decode(value: Tensor, *, peak: float | Tensor, mu: float = 5000.0) -> Tensor:
    """Return the linear light of µ-law values: peak·((1 + µ)^v − 1) / µ."""
    _require_positive(mu=mu, peak=peak)
    return torch.expm1(value * math.log1p(mu)) / mu * peak


def log_encode(
    linear: Tensor, *, peak: float | Tensor, floor: float | Tensor = PU21_RANGE[0]
) -> Tensor:
    """Encode luminance: log(Y/floor) / log(peak/floor), 0 at ``floor`` and 1 at ``peak``.

    Parameters
    ----------
    linear
        cd/m²; values below ``floor`` are clamped to it, values above ``peak`` go beyond 1.
    peak, floor
        cd/m², positive, ``floor < peak``; tensors broadcast.

    Raises
    ------
    OptionError
        Unless 0 < floor < peak.
    """
    _require_positive(floor=floor, peak=peak)
    low, high = torch.as_tensor(floor).to(linear), torch.as_tensor(peak).to(linear)
    room = visible(high - low)
    if room is not None and not bool((room > 0).all()):
        raise OptionError("the floor of a log encoding lies below its peak")
    start = torch.log10(low)
    return (torch.log10(torch.maximum(linear, low)) - start) / (torch.log10(high) - start)


def log_decode(
    value: Tensor, *, peak: float | Tensor, floor: float | Tensor = PU21_RANGE[0]
) -> Tensor:
    """Return the luminance in cd/m² of log values: floor·(peak/floor)^v."""
    _require_positive(floor=floor, peak=peak)
    start = torch.log10(torch.as_tensor(floor).to(value))
    return torch.pow(10.0, start + value * (torch.log10(torch.as_tensor(peak).to(value)) - start))


def _require_positive(**values: float | Tensor) -> None:
    for name, value in values.items():
        seen = visible(torch.as_tensor(value))
        if seen is not None and not bool((seen > 0).all()):
            raise OptionError(f"{name} must be positive, not {value}")
