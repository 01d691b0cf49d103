"""Where a large photograph is looked at for what enhancement could mend: in parts, at full size."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.numerics.recording import is_recording


def crops_of(picture: Tensor, side: int, along: int) -> Tensor:
    """Return parts of a picture at its own size, ``(K, C, h, w)``: reducing it would hide noise.

    Parameters
    ----------
    picture
        ``(1, C, H, W)``.
    side
        Of the parts, in pixels.
    along
        Parts along each axis, evenly spread; in small pictures they overlap, or are one. Those are
        cut as large ones are, since a network sees the borders of parts as well.

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
    torch.Size([4, 3, 160, 160])
    >>> crops_of(torch.zeros(1, 3, 100, 300), 160, 2).shape
    torch.Size([2, 3, 100, 160])
    """
    if side < 1 or along < 1:
        raise OptionError(f"parts have a side and a number of 1 at least: {side}, {along}")
    height, width = picture.shape[-2:]
    tall, wide = min(side, height), min(side, width)
    places = product(_starts(height, tall, along), _starts(width, wide, along))
    return torch.cat([picture[..., y : y + tall, x : x + wide] for y, x in places])


def _starts(length: int, part: int, count: int) -> list[int]:
    """Return where parts begin: their middles at odd multiples of 1/(2·count) of the length."""
    middles = ((2 * i + 1) / (2 * count) * length for i in range(count))
    return sorted({min(max(round(m - part / 2), 0), length - part) for m in middles})


def around(picture: Tensor, mask: Tensor, least: int, multiple: int) -> tuple[Tensor, Tensor]:
    """Return the part of a picture that holds what a mask selects, and the mask there.

    Parameters
    ----------
    picture, mask
        ``(1, C, H, W)`` and ``(1, 1, H, W)``, not all zero. A mask whose values cannot be seen, as
        under ``torch.func.vmap``, leaves the picture whole.
    least, multiple
        Of the sides of the part, in pixels, as far as the picture is that large.

    Examples
    --------
    >>> import torch
    >>> mask = torch.zeros(1, 1, 90, 120)
    >>> mask[..., 40:81, 118] = 1
    >>> part, _ = around(torch.zeros(1, 3, 90, 120), mask, 32, 8)
    >>> part.shape
    torch.Size([1, 3, 48, 32])
    """
    if is_recording(mask):
        return picture, mask
    rows, columns = (_stretch(mask[0, 0].amax(dim=dim) > 0, least, multiple) for dim in (1, 0))
    return picture[..., rows, columns], mask[..., rows, columns]


def _stretch(selected: Tensor, least: int, multiple: int) -> slice:
    """Return where along an axis something is selected, made longer towards its beginning."""
    places, total = selected.nonzero(), len(selected)
    start, end = int(places.min()), int(places.max()) + 1
    length = -(-max(end - start, least) // multiple) * multiple
    start = max(min(start, total - length), 0)
    return slice(start, min(start + length, total))
