"""Where a large photograph is looked at for what enhancement could mend: in parts, at full size."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError


def crops_of(picture: Tensor, side: int, along: int) -> Tensor:
    """Return parts of a picture at its own size, ``(K, C, h, w)``: reducing it would hide noise.

    Parameters
    ----------
    picture
        ``(1, C, H, W)``.
    side
        Of the parts, in pixels.
    along
        Parts along each axis, evenly spread; a picture that they would cover is one part, whole.

    Raises
    ------
    OptionError
        For numbers below 1.

    Examples
    --------
    >>> import torch
    >>> crops_of(torch.zeros(1, 3, 900, 1200), 160, 2).shape
    torch.Size([4, 3, 160, 160])
    >>> crops_of(torch.zeros(1, 3, 200, 300), 160, 2).shape
    torch.Size([1, 3, 200, 300])
    """
    if side < 1 or along < 1:
        raise OptionError(f"parts have a side and a number of 1 at least: {side}, {along}")
    height, width = picture.shape[-2:]
    if height * width <= (side * along) ** 2:
        return picture
    tall, wide = min(side, height), min(side, width)
    places = product(_starts(height, tall, along), _starts(width, wide, along))
    return torch.cat([picture[..., y : y + tall, x : x + wide] for y, x in places])


def _starts(length: int, part: int, count: int) -> list[int]:
    """Return where parts begin: their middles at odd multiples of 1/(2·count) of the length."""
    middles = ((2 * i + 1) / (2 * count) * length for i in range(count))
    return sorted({min(max(round(m - part / 2), 0), length - part) for m in middles})
