"""Pieces of images that are small enough to stay in a processor's cache."""

from __future__ import annotations

import math

import torch
from torch import Tensor

PIXELS = 1 << 18
"""Of a piece: with its temporaries it stays in the L2 caches, and the allocator reuses its memory
instead of asking the operating system for fresh pages."""

# Pieces are made by split, not by slices: the gradient of a split is one concatenation, that of
# each slice an image of zeros.


def sides(image: Tensor) -> tuple[int, int]:
    """Return height and width as numbers, which they are not while ``torch.jit`` traces."""
    return int(image.shape[-2]), int(image.shape[-1])


def strip_rows(image: Tensor) -> int:
    """Return how many rows of a batch ``(N, C, H, W)`` make a strip."""
    return max(1, PIXELS // (int(image.shape[0]) * int(image.shape[1]) * sides(image)[1]))


def row_strips(image: Tensor, rows: int) -> tuple[Tensor, ...]:
    """Cut a batch ``(N, C, H, W)`` into strips of so many rows."""
    return torch.split(image, rows, dim=2)


def plane_groups(image: Tensor) -> tuple[Tensor, ...]:
    """Cut a batch ``(N, C, H, W)`` into groups of planes ``(n, H, W)``."""
    planes = image.flatten(0, 1)
    return torch.split(planes, max(1, PIXELS // math.prod(sides(image))))
