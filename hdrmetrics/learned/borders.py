"""What of a picture is looked at: all inside a plain border, and once where it repeats itself."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.learned.repeats import tile
from hdrmetrics.learned.whole_image import MINIMUM_SIZE

_CODE = 2.5 / 255  # codes that rounding and mild compression leave in a plain border
_LIGHT = 0.02, 0.01  # the same of light: relative, and cd/m²
_RINGING, _FEW = 8.0, 0.1  # times the limit; part of a line that may be further away
_BLOCK = 16  # px over which compression spreads an edge
_THIN = 0.05  # part of a side that a border on one side only may take up
_LINES = 64  # looked at together: most pictures end at the first ones


class Box(NamedTuple):
    """What of a picture is looked at.

    Parameters
    ----------
    rows, columns
        Of the picture.
    share
        Part of its area that is no plain border.
    """

    rows: slice
    columns: slice
    share: float

    def of(self, picture: Tensor) -> Tensor:
        """Return that part of a picture, or of what lies over it, ``(…, H, W)``."""
        return picture[..., self.rows, self.columns]


def box_of(picture: Tensor, mask: Tensor | None, domain: Domain, *, repeats: bool) -> Box:
    """Return what lies inside the plain border of a picture, once where it repeats itself.

    A mask has to repeat itself too; one that wants the border alone gets all of the picture.
    """
    joint = picture if mask is None else torch.cat([picture, mask.to(picture)])
    whole = slice(0, picture.shape[-2]), slice(0, picture.shape[-1])
    first = _repeated(joint, whole) if repeats else whole
    once = joint[:, first[0], first[1]]
    rows, columns = content(once[: len(picture)], domain, MINIMUM_SIZE)
    if mask is None:
        share = (rows.stop - rows.start) * (columns.stop - columns.start) / once[0].numel()
    else:
        # The mask's own channel: what of its weight lies inside.
        share = float(once[-1, rows, columns].sum() / once[-1].sum())
        if not share > 0:
            return Box(*whole, 1.0)
    inside = _repeated(once, (rows, columns)) if repeats else (rows, columns)
    return Box(*inside, share)


def _repeated(picture: Tensor, box: tuple[slice, slice]) -> tuple[slice, slice]:
    """Return the part of a box that the rest of it repeats; all of it where nothing is repeated."""
    sides = tile(picture[:, box[0], box[1]], MINIMUM_SIZE)
    rows, columns = (slice(b.start, b.start + side) for b, side in zip(box, sides, strict=True))
    return rows, columns


@torch.no_grad()
def content(picture: Tensor, domain: Domain, least: int) -> tuple[slice, slice]:
    """Return the rows and columns of a picture inside its plain border.

    A border is what lies outside the outermost rows and columns that are not all of one colour:
    that of the first pixel, then that of the last; and up to 16 px more in which lossy compression
    has blurred it. It lies on both opposite sides, or takes up a twentieth at most: a plain part on
    one side only is what a file that ends too early leaves, and that is damage. A picture of one
    colour has none.

    Parameters
    ----------
    picture
        ``(C, H, W)``, cd/m² or codes in [0, 1].
    domain
        Which of the two.
    least
        Side that is left at least, where the picture has it.
    """
    rows, columns = slice(0, picture.shape[-2]), slice(0, picture.shape[-1])
    for corner in (0, -1):
        colour = picture[:, corner, corner]
        limit = _CODE if domain != "hdr" else float(_LIGHT[0] * colour.abs().max() + _LIGHT[1])
        inside = picture[:, rows, columns]
        down = _busy(inside, colour, limit)
        if down is None:
            return rows, columns
        across = _busy(inside[:, down].transpose(1, 2), colour, limit)
        assert across is not None, "a row that is not plain holds such a column"
        down, across = _sharpened(inside, down, across, colour, limit)
        rows, columns = _part(down, rows, least), _part(across, columns, least)
    return _framed(rows, picture.shape[-2]), _framed(columns, picture.shape[-1])


def _sharpened(
    picture: Tensor, rows: slice, columns: slice, colour: Tensor, limit: float
) -> tuple[slice, slice]:
    """Return a range without the lines that compression made of a border beside the picture.

    Its blocks are of 8 px, of colours 16; most pixels of such a line are still near the border's.
    """

    def quiet(lines: Tensor) -> int:
        # Lines (C, n, m) from the border inwards: how many come before the first busy one.
        far = (lines - colour[:, None, None]).abs().amax(dim=0) > _RINGING * limit
        found = (far.double().mean(dim=1) > _FEW).nonzero().flatten()
        return int(found[0]) if len(found) else 0

    spans = []
    for own, lines in (
        (rows, picture[:, :, columns]),
        (columns, picture[:, rows].transpose(1, 2)),
    ):
        start, stop = own.start, own.stop
        if start > 0:
            start += quiet(lines[:, start : min(start + _BLOCK, stop)])
        if stop < lines.shape[1]:
            stop -= quiet(lines[:, max(start, stop - _BLOCK) : stop].flip(1))
        spans.append(slice(start, stop))
    return spans[0], spans[1]


def _framed(inside: slice, length: int) -> slice:
    """Return the inside of a border that lies on both sides, or hardly matters; else all."""
    before, after = inside.start, length - inside.stop
    both, thin = min(before, after) > 0, max(before, after) <= _THIN * length
    return inside if both or thin else slice(0, length)


def _busy(picture: Tensor, colour: Tensor, limit: float) -> slice | None:
    """Return the rows from the first to the last that is not of a colour; ``None`` if all are."""
    height = picture.shape[1]
    plain = colour[:, None, None]

    def differs(start: int) -> Tensor:
        strip = picture[:, start : start + _LINES]
        return ((strip - plain).abs() > limit).any(dim=0).any(dim=1).nonzero().flatten()

    starts = range(0, height, _LINES)
    first = next(((s, found) for s in starts if len(found := differs(s))), None)
    if first is None:
        return None
    last = next((s, found) for s in reversed(starts) if len(found := differs(s)))
    return slice(first[0] + int(first[1][0]), last[0] + int(last[1][-1]) + 1)


def _part(busy: slice, outer: slice, least: int) -> slice:
    """Return a part of a range, made as long as it has to be."""
    length = outer.stop - outer.start
    start, stop = busy.start, busy.stop
    least = min(least, length)
    if stop - start < least:
        start = max(0, min(start - (least - (stop - start)) // 2, length - least))
        stop = start + least
    return slice(outer.start + start, outer.start + stop)
