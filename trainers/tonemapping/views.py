"""What a step sees of a picture: a part of it, otherwise lit, and the same moved a little."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from datasets.area import area_resize

LEAST_SIDE = 96
"""Pixels that a view has at least, where the picture has them."""

_PART = (0.5, 1.0)  # of the picture's sides
_MARGIN = 0.05  # of a view, at each side, that is left for moving it


def view(
    frame: NDArray[np.float16], pixels: int, contrast: float, colour: float,
    draw: np.random.Generator,
) -> Tensor:  # fmt: skip
    """Return a part of a picture ``(1, 3, h, w)``, otherwise lit and perhaps mirrored.

    Parameters
    ----------
    frame
        ``(3, H, W)``, light over its log mean.
    pixels
        That the part has at most, about; a larger one is averaged over area.
    contrast, colour
        See :class:`~trainers.tonemapping.recipe.GridRecipe`.
    draw
        Of this view.
    """
    height, width = frame.shape[-2:]
    part = float(draw.uniform(*_PART))
    part = 1.0 if part > 0.9 else part  # whole pictures are what people have
    h, w = (max(min(side, LEAST_SIDE), round(side * part)) for side in (height, width))
    top, left = int(draw.integers(height - h + 1)), int(draw.integers(width - w + 1))
    cut = np.array(frame[:, top : top + h, left : left + w], dtype=np.float32)
    light = torch.from_numpy(cut)[None]
    factor = math.sqrt(pixels / (h * w))
    if factor < 1:
        light = area_resize(light, (max(1, round(h * factor)), max(1, round(w * factor))))
    if draw.random() < 0.5:
        light = light.flip(-1)
    power = math.exp(float(draw.uniform(-1, 1)) * math.log(contrast))
    gains = torch.from_numpy(2.0 ** draw.uniform(-colour, colour, (1, 3, 1, 1))).float()
    return light.clamp(min=1e-8) ** power * gains


def moved(light: Tensor, draw: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return the inner part of a picture, and that of the same picture moved a little.

    By up to two pixels, one degree and 3 % of its size, by bilinear interpolation.

    Parameters
    ----------
    light
        ``(1, C, H, W)``.
    draw
        Of the move.
    """
    shift = draw.uniform(-2, 2, 2)
    angle, scale = math.radians(draw.uniform(-1, 1)), float(draw.uniform(0.97, 1.03))
    return transformed(light, (0.0, 0.0), 0.0, 1.0), transformed(
        light, (float(shift[0]), float(shift[1])), angle, scale
    )


def transformed(light: Tensor, shift: tuple[float, float], angle: float, scale: float) -> Tensor:
    """Return the inner nine tenths of a picture, as if the camera had been moved.

    Parameters
    ----------
    light
        ``(1, C, H, W)``.
    shift
        Pixels to the right and down.
    angle
        Radians.
    scale
        Over 1: nearer.
    """
    height, width = light.shape[-2:]
    top, left = round(_MARGIN * height), round(_MARGIN * width)
    rows = torch.arange(top, height - top) - (height - 1) / 2
    columns = torch.arange(left, width - left) - (width - 1) / 2
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    cosine, sine = math.cos(angle) / scale, math.sin(angle) / scale
    across, down = cosine * x - sine * y + shift[0], sine * x + cosine * y + shift[1]
    where = torch.stack([2 * across / width, 2 * down / height], dim=-1)[None]
    return F.grid_sample(light, where, padding_mode="reflection", align_corners=False)
