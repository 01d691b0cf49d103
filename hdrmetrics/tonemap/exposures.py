"""Virtual photographs: an HDR picture at several exposures, as a camera would encode them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.tonemap.statistics import DELTA, TINY, power

_LEAST = 1 / 256  # an exposure counts if something in it is neither black nor white in 8 bits


def expose(image: Tensor, exposures: list[float]) -> list[Tensor]:
    """Return the useful ones of ``(image · exposure)^(1/2.2)``, clipped to [0, 1].

    Parameters
    ----------
    image
        ``(1, C, H, W)``, linear.
    exposures
        Factors.

    Returns
    -------
    list of Tensor
        ``(1, C, H, W)`` each; at least one.
    """
    stack = [power(image * e, 1 / 2.2).clamp(max=1.0) * (image > 0) for e in exposures]
    useful = [x for x in stack if float(x.amin()) <= 1 - _LEAST and float(x.amax()) >= _LEAST]
    return useful or stack[:1]


def zone_exposures(light: Tensor) -> list[float]:
    """Return one exposure for each luminance zone, which brings the zone's mean to one half.

    Zones are stops (pairs of stops for wide ranges), smoothed by a 5×5 median.

    Parameters
    ----------
    light
        ``(1, 1, H, W)``.
    """
    zones = _median(torch.floor(torch.log2(light + 2.0**-20)))
    span = float(zones.amax() - zones.amin())
    if span > 3:
        zones = _round(zones / span * math.floor(span / 2 + 0.5))
    means = [float(light[zones == zone].mean()) for zone in torch.unique(zones)]
    return [1 / (2 * max(mean, TINY)) for mean in means]


def uniform_exposures(light: Tensor) -> list[float]:
    """Return exposures one stop apart that cover the picture's range with eight bits each.

    Parameters
    ----------
    light
        ``(1, 1, H, W)``.
    """
    seen = light[light > 0]
    if seen.numel() == 0:
        return [1.0]
    first = -math.floor(math.log2(float(seen.amax()) + DELTA) + 1)
    last = -math.ceil(math.log2(float(seen.amin()) + DELTA) + 1)
    last = last - 8 if last - 8 >= first else max(last, first)
    return [2.0**stop for stop in range(first, last + 1)]


def _median(zones: Tensor) -> Tensor:
    """Return the 5×5 median of whole numbers, zeros outside, by counting level after level."""
    result = torch.full_like(zones, math.nan)
    kernel = torch.nn.functional.pad(zones, (2, 2, 2, 2))
    height, width = zones.shape[-2:]
    for level in torch.unique(kernel).flip(0):
        below = (kernel <= level).to(torch.uint8)
        rows = torch.zeros_like(below[..., :height, :])
        for i in range(5):
            rows += below[..., i : i + height, :]
        count = torch.zeros_like(rows[..., :width])
        for i in range(5):
            count += rows[..., i : i + width]
        result = torch.where(count >= 13, level, result)
    return result


def _round(x: Tensor) -> Tensor:
    """Return the nearest whole number, halves away from zero."""
    return torch.sign(x) * torch.floor(x.abs() + 0.5)
