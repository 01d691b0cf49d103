"""Structural fidelity: how much of an HDR image's local structure a tone-mapped image keeps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.errors import ShapeError
from hdrmetrics.numerics.filters import filter_strip, gaussian_taps, separable_filter
from hdrmetrics.numerics.pieces import pieces_pay, row_slices
from hdrmetrics.numerics.pooling import crop_to_valid, halve, masked_mean
from hdrmetrics.numerics.recording import visible

Window = Literal["same", "valid"]
"""``same``: windows at every pixel, zeros outside the image; ``valid``: windows inside it only."""

SIDE, SIGMA = 11, 1.5  # px
MARGIN = SIDE // 2
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_FREQUENCIES = (16.0, 8.0, 4.0, 2.0, 1.0)  # cycles per degree that each scale stands for
_STRENGTH_CONSTANT, _STRUCTURE_CONSTANT = 0.01, 10.0
_ROUNDING = 1e-14  # relative; that of a window's weighted sums is under 7e-15
_TINY = 1e-300

HDR_PEAK = 2.0**32 - 1.0
MINIMUM_SIZE = SIDE
VALID_MINIMUM_SIZE = 161
"""The smallest side whose fourth halving, rounded up each time, still holds a window."""


class Statistics(NamedTuple):
    """What the local comparison needs of one image at one scale, each ``(N, 1, h, w)``.

    Parameters
    ----------
    mean, deviation
        Weighted mean and standard deviation in each window.
    strength
        Twice the probability that the deviation is seen, 0 to 2.
    """

    mean: Tensor
    deviation: Tensor
    strength: Tensor


class Scene(NamedTuple):
    """The HDR reference as the comparison wants it.

    Parameters
    ----------
    levels
        Luminance on each scale ``(N, 1, h, w)``, finest first, 0 to 2³² − 1, float64.
    statistics
        Of each level, or none: then they are computed with every comparison.
    """

    levels: tuple[Tensor, ...]
    statistics: tuple[Statistics, ...] | None = None


def pyramid(luminance: Tensor) -> tuple[Tensor, ...]:
    """Return five scales of ``(N, 1, H, W)``, each of 2×2 means of the one before."""
    levels = [luminance]
    while len(levels) < len(SCALE_WEIGHTS):
        levels.append(halve(levels[-1]))
    return tuple(levels)


def stretch(luminance: Tensor) -> Tensor:
    """Return each image ``(N, 1, H, W)`` stretched to 0 … 2³² − 1; a flat one becomes zero.

    The toolbox rounds the factor to an integer, which changes it by less than 1e-6 where pixel
    values span some thousand units, and ruins it where they span billions; it stays exact here,
    so that the unit of the HDR image does not matter.
    """
    low = luminance.amin(dim=(1, 2, 3), keepdim=True)
    span = luminance.amax(dim=(1, 2, 3), keepdim=True) - low
    return (luminance - low) * (HDR_PEAK / torch.where(span > 0, span, 1.0))


def threshold(level: int) -> float:
    """Return the standard deviation, in code values, that is seen half of the time on a scale."""
    f = 0.114 * _FREQUENCIES[level]
    sensitivity = 260.0 * (0.0192 + f) * math.exp(-(f**1.1))
    return 128.0 / (1.4 * sensitivity)


def with_statistics(scene: Scene, window: Window) -> Scene:
    """Return the scene with the statistics of its levels, for many tests against it."""
    found = []
    for index, level in enumerate(scene.levels):
        filtered = _filter(torch.stack((level, level * level)), window)
        found.append(_statistics(filtered[0], filtered[1], index))
    return Scene(scene.levels, tuple(found))


def fidelity_maps(levels: Sequence[Tensor], scene: Scene, window: Window) -> tuple[Tensor, ...]:
    """Return the local structural fidelity ``(N, 1, h, w)`` on each scale.

    Parameters
    ----------
    levels
        :func:`pyramid` of the tone-mapped luminance, 0 to 255, float64.
    scene
        The reference.
    window
        With ``valid`` the maps are 10 pixels smaller each way than their level.

    Returns
    -------
    tuple of Tensor
        1 where the structure is kept, down to slightly under −1 where it is inverted.
    """
    maps = []
    for index, (x, y) in enumerate(zip(levels, scene.levels, strict=True)):
        y = y.expand_as(x)
        if scene.statistics is None:
            planes = _filter(torch.stack((x, x * x, x * y, y, y * y)), window)
            known = _statistics(planes[3], planes[4], index)
        else:
            planes = _filter(torch.stack((x, x * x, x * y)), window)
            known = scene.statistics[index]
        maps.append(_compare(_statistics(planes[0], planes[1], index), known, planes[2]))
    return tuple(maps)


def mean_fidelity(
    levels: Sequence[Tensor], scene: Scene, window: Window, mask: Tensor | None
) -> Tensor:
    """Return the mean local fidelity of each scale, ``(N, 5)``; arguments as for the maps.

    A mask ``(N, 1, H, W)`` weighs each window by its centre. Without mask and gradients a CPU
    holds no map: strips of rows go through all steps in the cache, and their sums remain.

    Raises
    ------
    ShapeError
        If the mask keeps no whole window on some scale (``valid`` only).
    """
    if mask is None and pieces_pay(*levels, *scene.levels):
        means = [
            [_strip_mean(levels, scene, image, index, window) for index in range(len(levels))]
            for image in range(levels[0].shape[0])
        ]
        return levels[0].new_tensor(means)
    masks: Sequence[Tensor | None] = [None] * len(levels)
    if mask is not None:
        margin = MARGIN if window == "valid" else 0
        masks = [crop_to_valid(level, margin) for level in pyramid(mask)]
        seen = [visible(level) for level in masks if level is not None]
        if any(not bool((m.flatten(-3).sum(dim=-1) > 0).all()) for m in seen if m is not None):
            raise ShapeError("the mask keeps no whole window on some scale; use window='same'")
    maps = fidelity_maps(levels, scene, window)
    return torch.stack([masked_mean(m, w) for m, w in zip(maps, masks, strict=True)], dim=1)


def _filter(planes: Tensor, window: Window) -> Tensor:
    border: Literal["zero", "valid"] = "zero" if window == "same" else "valid"
    return separable_filter(planes, gaussian_taps(SIDE, SIGMA), border=border)


def _statistics(mean: Tensor, square: Tensor, level: int) -> Statistics:
    # Squares reach 2⁶⁴, so in flat bright areas the difference is nothing but rounding, which is
    # far above the threshold of visibility: a little more is taken off, so that flat stays flat.
    # The floor under the root keeps its slope finite; clamping makes that slope zero there.
    variance = torch.addcmul(square, mean, mean, value=-(1 + _ROUNDING)).clamp_min(_TINY)
    deviation = variance.sqrt()
    seen = threshold(level)
    # The normal distribution with mean `seen` and standard deviation seen / 3, twice its value.
    strength = torch.erf((deviation - seen) * (3 / (math.sqrt(2) * seen))) + 1
    return Statistics(mean, deviation, strength)


def _compare(x: Statistics, y: Statistics, product: Tensor) -> Tensor:
    c1, c2 = x.mean.new_tensor(4 * _STRENGTH_CONSTANT), x.mean.new_tensor(_STRUCTURE_CONSTANT)
    # Strengths are twice the paper's, so numerator and denominator are four times its own.
    above = torch.addcmul(c1, x.strength, y.strength, value=2)
    below = torch.addcmul(torch.addcmul(c1, x.strength, x.strength), y.strength, y.strength)
    covariance = torch.addcmul(product, x.mean, y.mean, value=-1)
    deviations = torch.addcmul(c2, x.deviation, y.deviation)
    return above * (covariance + c2) / (below * deviations)


def _strip_mean(
    levels: Sequence[Tensor], scene: Scene, image: int, index: int, window: Window
) -> float:
    """Return the mean fidelity of one image on one scale, without gradient."""
    taps = gaussian_taps(SIDE, SIGMA)
    which = image if scene.levels[index].shape[0] > 1 else 0
    x, y = levels[index][image, 0], scene.levels[index][which, 0]
    border = MARGIN if window == "same" else 0
    height = x.shape[0] + 2 * (border - MARGIN)
    width = x.shape[1] + 2 * (border - MARGIN)
    total = 0.0
    for rows in row_slices(height, width, least=8 * MARGIN):
        top, bottom = rows.start - border, rows.stop - border + 2 * MARGIN
        outside = (border, border, max(-top, 0), max(bottom - x.shape[0], 0))
        a, b = (F.pad(plane[max(top, 0) : bottom], outside) for plane in (x, y))
        mean, square, product = (filter_strip(p, taps, taps) for p in (a, a * a, a * b))
        if scene.statistics is None:
            known = _statistics(filter_strip(b, taps, taps), filter_strip(b * b, taps, taps), index)
        else:
            kept = scene.statistics[index]
            known = Statistics(*(plane[which, 0, rows] for plane in kept))
        total += float(_compare(_statistics(mean, square, index), known, product).sum())
    return total / (height * width)
