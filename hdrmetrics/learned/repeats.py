"""Pictures that repeat themselves: textures and mosaics, whose seams are no damage."""

from __future__ import annotations

import torch
from torch import Tensor

_LINES = 4  # compared first: hardly any picture goes on repeating itself
_FEWEST = 3  # tiles; two halves alike are a half that was lost and filled with the other


@torch.no_grad()
def tile(picture: Tensor, least: int) -> tuple[int, int]:
    """Return the height and width of what a picture repeats, value by value, to fill its size.

    A picture that does not repeat itself, or consists of two equal halves only, is its own tile.

    Parameters
    ----------
    picture
        ``(C, H, W)``.
    least
        Side in pixels under which no tile is looked for.
    """
    height, width = picture.shape[-2:]
    rows, columns = _period(picture, -2, least), _period(picture, -1, least)
    if (height // rows) * (width // columns) < _FEWEST:
        return height, width
    return rows, columns


def _period(picture: Tensor, dim: int, least: int) -> int:
    length, times = picture.shape[dim], 2
    while length // times >= least:
        side, rest = divmod(length, times)
        if rest == 0 and _repeats(picture.narrow(dim, 0, length), dim, side):
            length = side
        else:
            times += 1
    return length


def _repeats(picture: Tensor, dim: int, side: int) -> bool:
    first, again = (picture.narrow(dim, start, picture.shape[dim] - side) for start in (0, side))
    across = -1 if dim == -2 else -2
    few = [one.narrow(across, 0, min(_LINES, one.shape[across])) for one in (first, again)]
    return torch.equal(*few) and torch.equal(first, again)
