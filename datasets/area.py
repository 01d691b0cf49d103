"""Downscaling by averaging over area, as a sensor with larger pixels would have seen a scene."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError


def area_resize(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the means over the rectangles of a coarser grid.

    Every pixel counts with the part of it that a rectangle covers, so the mean of the picture
    stays, nothing overshoots, and light that is not negative stays so.

    Parameters
    ----------
    image
        Floating-point ``(..., H, W)`` in a unit that is proportional to light.
    size
        New height and width, not above the old ones.

    Raises
    ------
    ShapeError
        If there are fewer than two axes, or no floating-point samples.
    OptionError
        If the new size is below one pixel or above the old size.
    """
    if image.ndim < 2 or not image.is_floating_point():
        raise ShapeError(
            f"area_resize takes floating-point (..., H, W), not {tuple(image.shape)} {image.dtype}"
        )
    height, width = image.shape[-2:]
    if not (1 <= size[0] <= height and 1 <= size[1] <= width):
        raise OptionError(f"averaging shrinks: {height}×{width} cannot become {size[0]}×{size[1]}")
    if size[0] != height:
        image = _weights(height, size[0], image.dtype) @ image
    if size[1] != width:
        image = image @ _weights(width, size[1], image.dtype).mT
    return image


@lru_cache(maxsize=32)
def _weights(length: int, target: int, dtype: torch.dtype) -> Tensor:
    """Return the matrix ``(target, length)`` of overlaps, each row with the sum one."""
    edges = np.arange(target + 1) * (length / target)
    pixels = np.arange(length)
    upper = np.minimum(edges[1:, None], pixels + 1)
    lower = np.maximum(edges[:-1, None], pixels)
    overlap = np.clip(upper - lower, 0.0, None) * (target / length)
    return torch.as_tensor(overlap, dtype=dtype)
