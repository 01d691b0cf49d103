"""Pictures enhanced tile by tile, each with a margin, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

SIDE = 1024
"""Pixels a side of a tile without its margin."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a picture, and the larger one that has to be seen for it.

    Parameters
    ----------
    rows, columns
        Of the picture that the tile stands for.
    seen_rows, seen_columns
        Of the picture that it is made of.
    """

    rows: slice
    columns: slice
    seen_rows: slice
    seen_columns: slice

    @property
    def inner(self) -> tuple[slice, slice]:
        """Where the tile lies in what is seen."""
        return (
            slice(self.rows.start - self.seen_rows.start, self.rows.stop - self.seen_rows.start),
            slice(
                self.columns.start - self.seen_columns.start,
                self.columns.stop - self.seen_columns.start,
            ),
        )


def tiles(height: int, width: int, margin: int, multiple: int, side: int = SIDE) -> Iterator[Tile]:
    """Yield the tiles of a picture.

    Parameters
    ----------
    height, width
        Of the picture.
    margin
        How many pixels to each side a result depends on.
    multiple
        What is seen begins at multiples of this, and ends there or with the picture.
    side
        Of a tile.
    """
    side, margin = _up(side, multiple), _up(margin, multiple)
    for top in range(0, height, side):
        for left in range(0, width, side):
            bottom, right = min(top + side, height), min(left + side, width)
            yield Tile(
                slice(top, bottom),
                slice(left, right),
                slice(max(0, top - margin), min(height, top + side + margin)),
                slice(max(0, left - margin), min(width, left + side + margin)),
            )


def in_tiles(
    function: Callable[[Tensor], Tensor],
    image: Tensor,
    *,
    margin: int,
    multiple: int = 1,
    side: int = SIDE,
) -> Tensor:
    """Return ``function(image)`` of a function that sees no further than a margin.

    Parameters
    ----------
    function
        Takes ``(1, 3, h, w)`` and returns the same size.
    image
        ``(1, 3, H, W)``.
    margin, multiple, side
        See :func:`tiles`.

    Examples
    --------
    >>> image = torch.rand(1, 3, 50, 40)
    >>> blur = torch.nn.AvgPool2d(3, 1, 1)
    >>> torch.allclose(in_tiles(blur, image, margin=1, side=16), blur(image))
    True
    """
    height, width = image.shape[-2:]
    if height <= side and width <= side:
        return function(image)
    out = torch.empty_like(image)
    for tile in tiles(height, width, margin, multiple, side):
        found = function(image[..., tile.seen_rows, tile.seen_columns])
        rows, columns = tile.inner
        out[..., tile.rows, tile.columns] = found[..., rows, columns]
    return out


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
