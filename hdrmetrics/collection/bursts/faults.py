"""What may be wrong with a photograph beside others of its kind: blur, noise, blocks, ends."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.photometry.color import luminance

_TILE, _MOST = 256, 16  # px, and how many: a million pixels tell as much as all
_WINDOW, _APART = 9, 4  # px: of an edge, and from one window to the next
_EDGES = 0.02  # part of the windows that hold the strongest edges
_FAINT = 8 / 255  # less is no edge
_MAD = 0.6745  # median of |x| of a normal variable
_BLOCK = 8
_END, _BLACK = 252 / 255, 3 / 255  # what compression leaves of 255 and 0


class Faults(NamedTuple):
    """As :class:`~hdrmetrics.collection.bursts.look.Look` has them."""

    detail: float
    noise: float
    blocks: float
    bright: float
    dark: float


@torch.no_grad()
def faults_of(codes: Tensor) -> Faults:
    """Return what may be wrong with a picture, from at most sixteen tiles of it at its own size.

    Parameters
    ----------
    codes
        Display-encoded, ``(C, H, W)`` in [0, 1].

    Notes
    -----
    Sharpness is the steepest step over the range within 9 px, the median of the strongest edges:
    contrast and noise below it count little. Times the root of the number of pixels it says how
    many pixels a side the picture's detail fills, so enlarging adds nothing.

    References
    ----------
    D. L. Donoho & I. M. Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika
    81(3), 1994 (noise by the median of the finest diagonal detail).

    Examples
    --------
    >>> faults_of(torch.ones(3, 32, 48))
    Faults(detail=0.0, noise=0.0, blocks=0.0, bright=1.0, dark=0.0)
    """
    height, width = codes.shape[-2:]
    tiles = [luminance(tile[None])[0, 0] for tile in _tiles(codes)]
    sharp = _steepness(tiles)
    apart = max(1, math.isqrt(height * width // (_MOST * _TILE**2)))
    most = codes[:, ::apart, ::apart].amax(dim=0)
    return Faults(
        detail=sharp * math.sqrt(height * width),
        noise=_noise(tiles),
        blocks=_blocks(tiles),
        bright=float((most >= _END).double().mean()),
        dark=float((most <= _BLACK).double().mean()),
    )


def _tiles(codes: Tensor) -> list[Tensor]:
    """Return tiles ``(C, h, w)``, evenly spread, their corners where blocks of 8 begin."""
    height, width = codes.shape[-2:]
    if height * width <= _MOST * _TILE**2:
        return [codes]
    count = math.isqrt(_MOST)
    tops, lefts = (
        [round(i * max(side - _TILE, 0) / (count - 1)) // _BLOCK * _BLOCK for i in range(count)]
        for side in (height, width)
    )
    return [
        codes[:, y : y + _TILE, x : x + _TILE]
        for y in sorted(set(tops))
        for x in sorted(set(lefts))
    ]


def _steepness(tiles: list[Tensor]) -> float:
    ranges, steps = [], []
    for tile in tiles:
        if min(tile.shape) < _WINDOW + 1:
            continue
        plane = tile[None, None]
        high = F.max_pool2d(plane, _WINDOW, _APART)
        low = -F.max_pool2d(-plane, _WINDOW, _APART)
        down = F.pad((plane[..., 1:, :] - plane[..., :-1, :]).abs(), (0, 0, 0, 1))
        along = F.pad((plane[..., 1:] - plane[..., :-1]).abs(), (0, 1))
        step = F.max_pool2d(torch.maximum(down, along), _WINDOW, _APART)
        ranges.append((high - low).flatten())
        steps.append(step.flatten())
    if not ranges:
        return 0.0
    extent, step = torch.cat(ranges), torch.cat(steps)
    kept = extent.topk(max(1, int(_EDGES * len(extent)))).indices
    kept = kept[extent[kept] > _FAINT]
    return float((step[kept] / extent[kept]).clamp(max=1.0).median()) if len(kept) else 0.0


def _noise(tiles: list[Tensor]) -> float:
    fine = []
    for tile in tiles:
        rows, columns = (side // 2 * 2 for side in tile.shape)
        own = tile[:rows, :columns]
        diagonal = own[::2, ::2] - own[1::2, ::2] - own[::2, 1::2] + own[1::2, 1::2]
        fine.append(diagonal.flatten() / 2)
    every = torch.cat(fine)
    return 255 * float(every.abs().median()) / _MAD if len(every) else 0.0


def _blocks(tiles: list[Tensor]) -> float:
    """Return by how much steps at every eighth place exceed those between, in both directions."""
    found = []
    for axis in (0, 1):
        at, between = 0.0, 0.0
        for tile in tiles:
            if tile.shape[axis] <= _BLOCK:
                continue
            steps = tile.diff(dim=axis).abs()
            # How far a step differs from its neighbours, so that a slope counts for nothing.
            bend = steps - F.avg_pool1d(
                steps.movedim(axis, -1)[:, None], 3, 1, 1, count_include_pad=False
            )[:, 0].movedim(-1, axis)
            lines = bend.double().mean(dim=1 - axis)
            level = float(steps.double().mean()) + 0.5 / 255
            place = torch.arange(len(lines)) % _BLOCK == _BLOCK - 1
            at += float(lines[place].mean()) / level
            between += float(lines[~place].mean()) / level
        found.append((at - between) / len(tiles))
    return max(0.0, sum(found) / 2)
