"""Response of cones and rods to light, in steps that are just noticeable."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.metrics.hdrvdp2.calibration import JOINT_SENSITIVITY, ROD_SENSITIVITY
from hdrmetrics.metrics.hdrvdp2.strips import row_strips, strip_rows
from hdrmetrics.numerics.recording import constants

LOG_RANGE = (-5.0, 5.0)
SAMPLES = 2048


def joint_sensitivity(luminance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sensitivity of rods and cones together at luminances in cd/m²."""
    gain, drop, transition, slope = JOINT_SENSITIVITY
    result: NDArray[np.float64] = gain * ((drop / luminance) ** transition + 1.0) ** -slope
    return result


def rod_sensitivity(luminance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sensitivity of rods at luminances in cd/m²."""
    peak, low_width, low_exponent, high_width, high_exponent, gain = ROD_SENSITIVITY
    distance = np.log10(luminance / peak)
    bright = np.exp(-(np.abs(distance) ** high_exponent) / high_width)
    dark = np.exp(-(np.abs(distance) ** low_exponent) / low_width)
    result: NDArray[np.float64] = np.where(luminance > peak, bright, dark) * 10.0**gain
    return result


@functools.cache
def response_tables() -> NDArray[np.float64]:
    """Return the responses of one type of cone and of rods, ``(2, 2048)``.

    Sampled evenly in log10 luminance over ``LOG_RANGE``: integrals of sensitivity, so that one
    unit is one just noticeable difference.
    """
    log_luminance = np.log10(np.logspace(*LOG_RANGE, SAMPLES))
    luminance = 10.0**log_luminance
    rods = rod_sensitivity(luminance)
    cones = np.maximum(joint_sensitivity(luminance) - rods, 1e-3)
    # L and M cones share a luminance equally, so each works at half of it.
    cone = 0.5 * np.interp(np.minimum(2 * luminance, luminance[-1]), luminance, cones)
    slopes = np.stack([cone, rods]) * np.log(10.0)
    steps = 0.5 * (slopes[:, 1:] + slopes[:, :-1]) * np.diff(log_luminance)
    return np.concatenate([np.zeros((2, 1)), np.cumsum(steps, axis=1)], axis=1)


class _Tables(NamedTuple):
    start: Tensor  # (2, samples − 1): value at the left of each interval
    step: Tensor  # (2, samples − 1): rise over the interval


@constants(16, numpy=True)
def _tables(gain: float, dtype: torch.dtype, device: torch.device) -> _Tables:
    table = response_tables() * gain
    start = torch.as_tensor(table[:, :-1].copy(), dtype=dtype, device=device)
    step = torch.as_tensor(np.diff(table, axis=1), dtype=dtype, device=device)
    return _Tables(start, step)


def achromatic_response(light: Tensor, gain: float) -> Tensor:
    """Return the sum of the responses of L cones, M cones and rods, ``(N, 1, H, W)``.

    Parameters
    ----------
    light
        What L cones, M cones and rods receive, ``(N, 3, H, W)``, cd/m².
    gain
        Observer's sensitivity.
    """
    tables = _tables(gain, light.dtype, light.device)
    strips = [_response(strip, tables) for strip in row_strips(light, strip_rows(light))]
    return torch.cat(strips, dim=2)


def _response(light: Tensor, tables: _Tables) -> Tensor:
    low, high = LOG_RANGE
    position = (torch.log10(light.clamp(10.0**low, 10.0**high)) - low) * (
        (SAMPLES - 1) / (high - low)
    )
    index = position.detach().clamp(0, SAMPLES - 2).to(torch.int32)
    fraction = position - index
    parts = []
    for channel, table in enumerate((0, 0, 1)):
        where, between = index[:, channel].flatten(), fraction[:, channel]
        start = tables.start[table].index_select(0, where).view_as(between)
        step = tables.step[table].index_select(0, where).view_as(between)
        parts.append(torch.addcmul(start, step, between))
    return (parts[0] + parts[1] + parts[2]).unsqueeze(1)
