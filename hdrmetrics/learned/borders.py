"""Plain borders of pictures: frames and letterboxes, which hold nothing to judge."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.metric import Domain

_CODE = 2.5 / 255  # codes that rounding and mild compression leave in a plain border
_LIGHT = 0.02, 0.01  # the same of light: relative, and cd/m²


@torch.no_grad()
def content(picture: Tensor, domain: Domain, least: int) -> tuple[slice, slice]:
    """Return the rows and columns of a picture inside its plain border.

    A border is what lies outside the outermost rows and columns that are not all of one colour, the
    same on all sides as the picture's first corner has. A picture of one colour has none.

    Parameters
    ----------
    picture
        ``(C, H, W)``, cd/m² or codes in [0, 1].
    domain
        Which of the two.
    least
        Side that is left at least, where the picture has it.
    """
    rows = slice(0, picture.shape[-2])
    columns = slice(0, picture.shape[-1])
    for corner in ((0, 0), (-1, -1)):  # a letterbox may lie on one side only
        colour = picture[:, corner[0], corner[1]]
        spread = (picture[:, rows, columns] - colour[:, None, None]).abs()
        limit = _CODE if domain != "hdr" else float(_LIGHT[0] * colour.abs().max() + _LIGHT[1])
        busy = (spread > limit).any(dim=0)
        inside = _span(busy.any(dim=1), rows, least), _span(busy.any(dim=0), columns, least)
        rows, columns = inside
    return rows, columns


def _span(busy: Tensor, outer: slice, least: int) -> slice:
    """Return the part of a range from its first busy place to its last, long enough."""
    places = busy.nonzero().flatten()
    length = outer.stop - outer.start
    if not len(places):
        return outer
    start, stop = int(places[0]), int(places[-1]) + 1
    missing = min(least, length) - (stop - start)
    if missing > 0:
        start = max(0, min(start - missing // 2, length - min(least, length)))
        stop = start + min(least, length)
    return slice(outer.start + start, outer.start + stop)
