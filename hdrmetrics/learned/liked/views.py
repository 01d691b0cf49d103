"""How large pictures become the small ones that a network of opinions looks at."""

from __future__ import annotations

import math

from torch import Tensor

from hdrmetrics.numerics.resize import imresize

LONGEST = 4.0
"""Sides of a view differ by this factor at most: of a strip that is longer, detail is seen."""


def view_size(height: int, width: int, side: int, least: int) -> tuple[int, int]:
    """Return the size of a picture with the area of a square, in the picture's own shape.

    Pictures are never made larger, but for sides below the least.

    Examples
    --------
    >>> view_size(3000, 4000, 384, 32), view_size(200, 300, 384, 32), view_size(8, 300, 384, 32)
    ((333, 443), (200, 300), (32, 300))
    """
    shape = min(max(height / width, 1 / LONGEST), LONGEST)
    rows, columns = side * math.sqrt(shape), side / math.sqrt(shape)
    scale = max(rows / height, columns / width)
    if scale >= 1:
        return max(height, least), max(width, least)
    return max(round(height * scale), least), max(round(width * scale), least)


def look(pictures: Tensor, side: int, least: int) -> Tensor:
    """Return pictures ``(N, C, H, W)`` as the network sees them, in [0, 1].

    By averaging as people's eyes do from afar: bicubic, the kernel stretched by the reduction,
    first along the rows. After each direction codes are rounded to those of eight bits, as image
    libraries do where training pictures are made small: the noise of that is seen, and without it a
    picture looks cleaner than any that was learnt from. Gradients pass the rounding unchanged.
    """
    height, width = pictures.shape[-2:]
    size = view_size(height, width, side, least)
    if size == (height, width):
        return pictures
    across = _in_eight_bits(imresize(pictures, (height, size[1])))
    return _in_eight_bits(imresize(across, size))


def _in_eight_bits(codes: Tensor) -> Tensor:
    codes = codes.clamp(0.0, 1.0)
    return codes + ((255 * codes).round() / 255 - codes).detach()
