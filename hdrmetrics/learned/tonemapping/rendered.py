"""What a small copy of a picture looks like at several exposures, in numbers."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.learned.tonemapping.shares import shares
from hdrmetrics.learned.tonemapping.thumbnail import area_means
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import srgb_encode

PIXELS = 192 * 192
"""Of a small copy, at most, to the rounding of its sides."""

NUMBERS = 42
"""How many are told of a picture at one exposure."""

_BLOCKS = (4, 11, 32)  # px; naturalness looks at blocks of 11
_NATURAL = 11
_LEVELS = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
_CONTRASTS = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
_THIRDS = (0.0, 1 / 3, 2 / 3, 1.0)
_FLOOR = 1e-6  # of the mean light
_LEAST = 1e-30
_FLAT = 1e-12  # a variance whose root has a slope


class Rendered(NamedTuple):
    """What pictures look like at exposures.

    Parameters
    ----------
    numbers
        ``(N, K, NUMBERS)``: how codes and their contrasts in blocks of three sizes are spread.
    mean, contrast
        ``(N, K)``: mean luminance and mean deviation in blocks of 11 px, in code values 0 to 255,
        as naturalness takes them.
    """

    numbers: Tensor
    mean: Tensor
    contrast: Tensor


def small_copy(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return pictures averaged over area to at most :data:`PIXELS`, over their centre; and that.

    Each value is the mean of its cell and the next ones to the right and below, so that what is
    finer than cells hardly matters, nor how it falls on them: a picture, its half and the same
    turned a little have nearly the same copy.

    Parameters
    ----------
    image
        Light ``(N, C, H, W)``, C = 1 or 3, not negative, any unit.

    Returns
    -------
    tuple of Tensor
        ``(N, C, h, w)``, and the log of the centre ``(N, 1, 1, 1)``: the mean of log luminance.
    """
    height, width = image.shape[-2:]
    factor = min(1.0, math.sqrt(PIXELS / (height * width)))
    if factor < 1:
        image = area_means(image, max(1, round(height * factor)), max(1, round(width * factor)))
    image = F.avg_pool2d(F.pad(image, (0, 1, 0, 1), mode="replicate"), 2, stride=1)
    light = luminance(image)
    level = light.mean(dim=(1, 2, 3), keepdim=True)
    centre = torch.log(light + (_FLOOR * level + _LEAST)).mean(dim=(1, 2, 3), keepdim=True)
    return image / torch.exp(centre), centre


def rendered(small: Tensor, exposures: Tensor) -> Rendered:
    """Return what pictures look like by the photographic curve at exposures.

    Parameters
    ----------
    small
        Light ``(N, C, h, w)``, C = 1 or 3, over a centre.
    exposures
        Their logs over that centre, ``(N, K)``, nepers.
    """
    light = luminance(small)
    seen: list[list[tuple[Tensor, Tensor]]] = []
    for factor in torch.exp(exposures).T[..., None, None, None]:  # one by one: they stay in caches
        codes = luminance(srgb_encode(small * (factor / (1 + light * factor))))
        seen.append([_blocks(codes, side) for side in _BLOCKS])
    told: list[Tensor] = []
    for side, found in zip(_BLOCKS, zip(*seen, strict=True), strict=True):
        levels, deviations = (torch.stack(maps, dim=1) for maps in zip(*found, strict=True))
        told += [*_spread(deviations), shares(deviations, small.new_tensor(_CONTRASTS))]
        if side == _NATURAL:
            mean, contrast = levels.mean(dim=2), deviations.mean(dim=2)
            told += [mean[..., None], _spread(levels)[1], shares(levels, small.new_tensor(_LEVELS))]
            told += [
                ((1 - 3 * (levels - at).abs()).clamp(min=0.0) * deviations).mean(2, keepdim=True)
                for at in _THIRDS
            ]
    return Rendered(torch.cat(told, dim=2), 255 * mean, 255 * contrast)


def _blocks(bright: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation in whole blocks of a side, ``(N, blocks)`` each."""
    side = min(side, *bright.shape[-2:])
    mean = F.avg_pool2d(bright, side)
    unbiased = side * side / max(side * side - 1, 1)
    variance = (F.avg_pool2d(bright * bright, side) - mean * mean) * unbiased
    return mean.flatten(1), variance.clamp(min=_FLAT).sqrt().flatten(1)


def _spread(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation over the places of ``(N, K, n)``, ``(N, K, 1)`` each."""
    mean = values.mean(dim=2, keepdim=True)
    variance = (values - mean).square().mean(dim=2, keepdim=True)
    return mean, variance.clamp(min=_FLAT).sqrt()
