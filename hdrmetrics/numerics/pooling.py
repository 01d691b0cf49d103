"""Means over pixels, with or without a mask."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Return the mean of ``(N, C, H, W)`` per image ``(N,)``, weighted by ``(N, 1, H, W)``."""
    if mask is None:
        return values.mean(dim=(1, 2, 3))
    weighted = (values * mask).sum(dim=(1, 2, 3))
    return weighted / (mask.sum(dim=(1, 2, 3)) * values.shape[1])


def crop_to_valid(mask: Tensor | None, margin: int) -> Tensor | None:
    """Return the mask ``(N, 1, H, W)`` without ``margin`` pixels on each side."""
    if mask is None or margin == 0:
        return mask
    return mask[..., margin:-margin, margin:-margin]


def halve(image: Tensor) -> Tensor:
    """Return 2×2 means ``(N, C, ⌈H/2⌉, ⌈W/2⌉)``; an odd last row or column is repeated."""
    rows, columns = image.shape[-2] % 2, image.shape[-1] % 2
    if rows or columns:
        image = F.pad(image, (0, columns, 0, rows), mode="replicate")
    rows_added = image[..., ::2, :] + image[..., 1::2, :]  # whole rows first: they are contiguous
    return (rows_added[..., ::2] + rows_added[..., 1::2]) * 0.25
