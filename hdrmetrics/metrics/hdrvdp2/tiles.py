"""Tiles of one size that cover an image."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from hdrmetrics.errors import ShapeError


def tiles(image: Tensor, size: int) -> Iterator[Tensor]:
    """Yield the tiles ``(N, C, size, size)`` of a batch, row by row.

    As few as cover the image, evenly spread: where the sides are no multiples of ``size``
    neighbours overlap, so that no pixel is left out.

    Raises
    ------
    ShapeError
        If the image is smaller than a tile.
    """
    height, width = image.shape[-2:]
    if min(height, width) < size:
        raise ShapeError(
            f"an image of {width}×{height} pixels holds no tile of {size}×{size}; "
            "use a smaller tile_size, or none"
        )
    for top in _starts(height, size):
        for left in _starts(width, size):
            yield image[..., top : top + size, left : left + size]


def _starts(length: int, size: int) -> list[int]:
    count = -(-length // size)
    if count == 1:
        return [0]
    return [round(index * (length - size) / (count - 1)) for index in range(count)]
