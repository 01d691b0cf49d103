"""Seams of blocks: steps that stand between quieter ones, by where they lie on a grid of 16 px.

Codecs, and receivers that conceal lost blocks, leave straight seams between columns and between
rows, every 8, 16 or 32 px. A step of natural light is rarely as sharp, and rarely as straight, and
never keeps to a grid. Where the grid of a picture begins is not known, so networks see the phases
in order of size; see :func:`in_order`.

References
----------
Z. Wang, A. C. Bovik and B. L. Evans, "Blind measurement of blocking artifacts in images", ICIP
2000; H. R. Wu and M. Yuen, "A generalized block-edge impairment metric for video coding", IEEE
Signal Processing Letters 4(11), 1997.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.learned.fronts.cells import CELL, MARGIN, cell_shape
from hdrmetrics.learned.fronts.quick import measure
from hdrmetrics.numerics.pieces import pieces_pay

NAMES = tuple(f"seam{phase}-{axis}" for axis in "xy" for phase in range(CELL))
"""The step before each column of a cell, then before each row."""

_FAINT = 0.003  # mean step under which there are no seams: less than one of 255
_SCALE = 0.25
_SOFT = 0.02  # of contrasts: under what texture has


def describe_seams(code: Tensor) -> Tensor:
    """Return the seams of a picture's cells, ``(N, 32, h, w)``; channels as :data:`NAMES`.

    At each pixel what the step from the pixel before exceeds the larger of the steps on either
    side by, where it does; its mean over a column (or row) of the cell, against the cell's mean
    step. On average 0.5 to 1 in textures; 64 at most, where a cell has one column of steps. The
    16 phases of an axis have a mean of 4 at most. Differentiable, but where steps tie exactly, as
    beside clipped pixels, where its slope is that of one side.

    Parameters
    ----------
    code
        ``(N, 1, H, W)`` as for :func:`~hdrmetrics.learned.fronts.descriptors.describe`.
    """
    if pieces_pay(code):
        found = measure(code, "code", chroma=False)
        return described(found.seams, found.steps)
    return described(*measured(code))


def in_order(seams: Tensor) -> Tensor:
    """Return statistics of seams ``(…, 32)`` in order of size, since blocks may begin anywhere.

    Those between columns, and those between rows, are sorted over their 16 phases, the largest
    first. The first 15 are given as logarithms of what they are to the mean of all,
    log((x + 0.02)/(mean + 0.02)), for it is how far a few stand out that tells blocks from texture;
    in the place of the last one stands the mean.
    """
    phases = seams.reshape(*seams.shape[:-1], 2, -1)
    ordered = phases.sort(dim=-1, descending=True).values
    mean = ordered.mean(dim=-1, keepdim=True)
    contrast = ((ordered[..., :-1] + _SOFT) / (mean + _SOFT)).log()
    return torch.cat([contrast, mean], dim=-1).flatten(-2)


def described(seams: Tensor, steps: Tensor) -> Tensor:
    """Return the seams that follow from :func:`measured`, or from its quick twin."""
    mean = CELL * steps.repeat_interleave(CELL, dim=1)
    return seams / ((mean + _FAINT * CELL) * _SCALE)


def measured(code: Tensor) -> tuple[Tensor, Tensor]:
    """Return what steps exceed their neighbours by, summed up by line, and mean steps; recorded.

    Parameters
    ----------
    code
        As for :func:`describe_seams`.

    Returns
    -------
    seams
        ``(N, 32, h, w)``: sums over columns, then over rows, of the cells.
    steps
        ``(N, 2, h, w)``: means over the cells, across and down.
    """
    rows, columns = cell_shape(*code.shape[-2:])
    top, left = slice(MARGIN, MARGIN + rows * CELL), slice(MARGIN, MARGIN + columns * CELL)
    across = code[..., top, MARGIN - 2 : MARGIN + columns * CELL + 1].diff(dim=-1).abs_()
    down = code[..., MARGIN - 2 : MARGIN + rows * CELL + 1, left].diff(dim=-2).abs_()
    seams, means = [], []
    for steps, axis in ((across, -1), (down, -2)):
        size = steps.shape[axis] - 2
        own = steps.narrow(axis, 1, size)
        beside = torch.maximum(steps.narrow(axis, 0, size), steps.narrow(axis, 2, size))
        beside = (own - beside).clamp_(min=0.0)
        seams.append(_by_line(beside, (rows, columns), axis))
        means.append(_by_line(own, (rows, columns), axis).sum(dim=1, keepdim=True) / CELL**2)
    return torch.cat(seams, dim=1), torch.cat(means, dim=1)


def _by_line(x: Tensor, shape: tuple[int, int], axis: int) -> Tensor:
    """Return the sums over each column (-1) or row (-2) of the cells, ``(N, 16, h, w)``."""
    rows, columns = shape
    if axis == -1:
        # Whole rows are added up first, as in the means over cells.
        lines = x.reshape(-1, rows, CELL, columns * CELL).sum(dim=2)
        return lines.reshape(-1, rows, columns, CELL).permute(0, 3, 1, 2)
    lines = x.reshape(-1, rows, CELL, columns, CELL).sum(dim=-1)
    return lines.permute(0, 2, 1, 3)
