"""Large pictures seen in part: pairs of rows of cells, spread evenly over all of the picture."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.learned.architecture import WINDOW
from hdrmetrics.learned.fronts.cells import CELL, MARGIN, cell_shape
from hdrmetrics.learned.network import QualityNetwork
from hdrmetrics.learned.statistics import raised
from hdrmetrics.learned.whole_image import Axis, Windows, laid_out

Places = Literal["all", "sampled"]
"""Whether every place of a picture is looked at, or of a large one a part."""

ENOUGH = 8000
"""Cells that are looked at, of a picture that has twice as many or more: about two megapixels."""

_MOST = 6  # every sixth: each window still holds two rows of cells all along
_PAIR = 2  # rows of cells that lie together, so that less of what is read is margin
_PANEL = 16  # cells across, beside which other rows are seen: no seam escapes between them
_GROWTH = 0.25  # of windows, by how few cells are seen: measured, see results/ranking
_TOGETHER = 1 << 18  # pixels worked through at a time


def every(height: int, width: int) -> int:
    """Return of how many pairs of rows one is looked at, 1 for all.

    Examples
    --------
    >>> every(1024, 1024), every(3000, 4000), every(6000, 8000)
    (1, 5, 6)
    """
    rows, columns = cell_shape(height, width)
    return max(1, min(rows * columns // ENOUGH, _MOST))


def sampled_rows(height: int, skip: int) -> Tensor:
    """Return which rows of a picture hold the sampled cells of its first panel, ``(n,)``."""
    block = _PAIR * CELL
    starts = range(0, max(height - block, 0) + 1, block * skip)
    return torch.cat([torch.arange(start, min(start + block, height)) for start in starts])


@torch.no_grad()
def sampled_windows(
    network: QualityNetwork, test: Tensor, *, domain: Domain, overlap: bool, skip: int
) -> Windows:
    """Return what :func:`~hdrmetrics.learned.whole_image.score_windows` does, from some cells.

    Which ones follows from the picture's size alone. Side by side in panels of 256 px one pair of
    rows of cells of ``skip`` is seen, each panel's a pair below that of the one before. Windows
    are larger than those of all cells, by the fourth root of ``skip``: statistics of few cells
    stray, and those of a large part hide its worst place, which decides.

    Parameters
    ----------
    network
        Without a reference.
    test, domain, overlap
        As there.
    skip
        Of :func:`every`, at least 2.
    """
    rows, columns = (Axis.of(side, overlap=overlap) for side in test.shape[-2:])
    height, width = (axis.padded // CELL - 2 * MARGIN // CELL for axis in (rows, columns))
    bands, spans = (_areas(count, skip, test) for count in (height, width))
    sums: list[list[list[Tensor]]] = []
    counts = []
    for index, left in enumerate(range(0, width, _PANEL)):
        right = min(left + _PANEL, width)
        tops = _pairs(height, skip, index)
        seen = bands[:, [top + row for top in tops for row in range(_PAIR)]]
        levels = _levels(network, test, domain, (rows, columns), tops, (left, right))
        sums.append([[_added(maps, seen, p) for p in network.front.powers] for maps in levels])
        counts.append(seen.sum(dim=1, keepdim=True).expand(-1, right - left))
    weight = torch.cat(counts, dim=1) @ spans.T  # cells of each window
    pooled = []
    for level in range(len(sums[0])):
        moments = []
        for power in range(len(network.front.powers)):
            whole = torch.cat([panel[level][power] for panel in sums], dim=1)
            mean = torch.matmul(spans.to(whole), whole) / weight[..., None].to(whole)
            moments.append(mean.flatten(0, 1)[None])
        pooled.append(network.front.pool(moments, level))
    joint = torch.cat(pooled, dim=-1)
    raw, faults = network.head(joint), network.name_faults(joint)
    fair = torch.outer(_shares(bands), _shares(spans)).flatten()[None].to(raw)
    if not overlap:
        fair = torch.ones_like(fair)
    return Windows(raw, fair, faults, raw.new_ones(1))


def _pairs(height: int, skip: int, panel: int) -> list[int]:
    """Return the first rows of the pairs that a panel sees."""
    last = height - _PAIR
    return sorted({min(_PAIR * pair, last) for pair in range(panel % skip, -(-height // 2), skip)})


def _areas(count: int, skip: int, like: Tensor) -> Tensor:
    """Return 1 where a line of cells lies inside an area, ``(areas, lines)``.

    Areas are the windows of sampled cells, which overlap by half at least.
    """
    length = min(count, round(cell_shape(WINDOW, WINDOW)[0] * skip**_GROWTH))
    areas = -(-2 * (count - length) // length) + 1
    starts = [round(i * (count - length) / max(areas - 1, 1)) for i in range(areas)]
    lines = torch.arange(count, device=like.device)
    begin = torch.tensor(starts, device=like.device)[:, None]
    inside: Tensor = (lines >= begin) & (lines < begin + length)
    return inside.to(like.dtype)


def _shares(areas: Tensor) -> Tensor:
    """Return the lines that each area stands for: what it shares it has in part only."""
    shared: Tensor = areas / areas.sum(dim=0)
    return shared.sum(dim=1)


def _levels(
    network: QualityNetwork,
    test: Tensor,
    domain: Domain,
    axes: tuple[Axis, Axis],
    tops: list[int],
    across: tuple[int, int],
) -> list[Tensor]:
    """Return the maps of the pooled levels of pairs of rows, ``(pairs, C, 2, w)``."""
    rows, columns = axes
    first, last = across[0] * CELL, across[1] * CELL + 2 * MARGIN
    tall = _PAIR * CELL + 2 * MARGIN
    together = max(1, _TOGETHER // (tall * (last - first)))
    found: list[tuple[Tensor, ...]] = []
    for start in range(0, len(tops), together):
        strips = [
            columns.take(rows.take(test, 2, top * CELL, top * CELL + tall), 3, first, last)
            for top in tops[start : start + together]
        ]
        cells = network.cells(torch.cat(strips), None, domain=domain)
        found.append(network.trunk(laid_out(cells)))
    return [torch.cat(level) for level in zip(*found, strict=True)]


def _added(maps: Tensor, seen: Tensor, power: int) -> Tensor:
    """Return the sums of a power over the rows of each band, ``(bands, w, C)``."""
    maps = maps.float() if maps.dtype in (torch.float16, torch.bfloat16) else maps
    lines = raised(maps, power).permute(0, 2, 3, 1).flatten(0, 1)  # (rows, w, C)
    found = torch.matmul(seen.to(lines), lines.flatten(1))
    return found.view(len(seen), *lines.shape[1:])
