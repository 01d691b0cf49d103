"""What a network of tone mapping sees of a picture: its log luminance, made small."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.learned.tonemapping.shares import shares

SIDE = 64
"""Rows and columns of a thumbnail, whatever the picture's shape."""

BINS = 24
"""Of the histogram, each half a neper wide, around the centre."""

_FLOOR = 1e-6  # of the mean light: what is darker counts as this dark, in every unit alike
_LEAST = 1e-30
_RANGE = 6.0


def thumbnail(light: Tensor) -> tuple[Tensor, Tensor]:
    """Return a picture's small log luminance around its centre, and the centre.

    Light is averaged over area before the logarithm, so that size, noise and shifts of a few pixels
    hardly matter; everything is relative to the picture, so that its unit does not matter at all.

    Parameters
    ----------
    light
        Luminance ``(N, 1, H, W)``, not negative, any unit.

    Returns
    -------
    tuple of Tensor
        ``(N, 1, 64, 64)`` in nepers around the centre, softly held to ±6; and log luminance of the
        centre, ``(N, 1, 1, 1)``. In the dtype of the picture.
    """
    small = area_means(light, SIDE, SIDE)
    level = small.mean(dim=(1, 2, 3), keepdim=True)
    logs = torch.log(small + (_FLOOR * level + _LEAST))
    centre = logs.mean(dim=(1, 2, 3), keepdim=True)
    return _RANGE * torch.tanh((logs - centre) / _RANGE), centre


def histogram(small: Tensor) -> Tensor:
    """Return what part of a thumbnail lies near each of :data:`BINS` levels, ``(N, BINS)``.

    See :func:`~hdrmetrics.learned.tonemapping.shares.shares`.
    """
    levels = torch.linspace(-_RANGE, _RANGE, BINS, dtype=small.dtype, device=small.device)
    return shares(small.flatten(1), levels)


def area_means(image: Tensor, height: int, width: int) -> Tensor:
    """Return the means of ``(N, C, H, W)`` over a grid of equal parts, ``(N, C, height, width)``.

    A pixel counts with the part of it that lies inside, so that a picture and its half agree; parts
    may be smaller than pixels.
    """
    return _rows(_rows(image, height).mT.contiguous(), width).mT


def _rows(image: Tensor, target: int) -> Tensor:
    """Return the means over equal parts of each column.

    Each row is added to the parts that it belongs to: where many rows become few, that takes a
    fraction of the time of a product with a matrix that is mostly zero.
    """
    height = image.shape[-2]
    edges = torch.arange(target + 1, dtype=torch.float64) * (height / target)
    first = edges[:-1].floor().long()
    found = image.new_zeros(*image.shape[:-2], target, image.shape[-1])
    for step in range(math.ceil(height / target) + 1):
        row = first + step
        inside = torch.minimum(edges[1:], row + 1.0) - torch.maximum(edges[:-1], row.double())
        weight = (inside.clamp(min=0.0) * (target / height)).to(image)[:, None]
        rows = image.index_select(-2, row.clamp(max=height - 1).to(image.device))
        found = torch.addcmul(found, weight, rows)
    return found
