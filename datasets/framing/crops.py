"""The crops of a frame that are labelled: good ones, spread over the frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from datasets.framing.crop_quality import good_positions
from datasets.scenes.scene import Kind
from hdrmetrics.errors import OptionError, ShapeError

MOST_OVERLAP = 0.5
"""Part of its area that a crop may share with another one of the frame."""

_STARTS = 4  # places tried for the first crop, before the corners are

Corner = tuple[int, int]


def choose_crops(
    reference: Tensor, count: int, rng: np.random.Generator, *, size: int = 256, kind: Kind
) -> list[Corner]:
    """Choose square crops of a frame that are neither flat, nor clipped, nor too dark.

    The first lies anywhere, each next one where it overlaps least with those before. Fewer are
    returned where the frame has no more good ones that share half of their area at most.

    Parameters
    ----------
    reference
        The frame ``(3, H, W)``: light in cd/m² as :func:`datasets.framing.calibration.calibrate`
        gives it, or sRGB codes in [0, 1].
    count
        How many are wanted.
    rng
        Source of randomness.
    size
        Side in pixels.
    kind
        What the frame holds.

    Returns
    -------
    list of (int, int)
        Row and column of the top left corners, in the order of choice; empty if nothing is good.

    Raises
    ------
    ShapeError
        If the frame is smaller than a crop, or no picture.
    OptionError
        If ``count`` or ``size`` is below 1.
    """
    if count < 1 or size < 1:
        raise OptionError(f"crops have a number and a size of 1 or more, not {count} and {size}")
    if reference.ndim != 3 or reference.shape[0] != 3 or min(reference.shape[1:]) < size:
        raise ShapeError(
            f"a frame (3, {size} or more, {size} or more) is cropped, not {tuple(reference.shape)}"
        )
    good = np.argwhere(good_positions(reference, size, kind).numpy(force=True))
    if len(good) == 0:
        return []
    starts = list(rng.integers(len(good), size=_STARTS))
    ties = rng.random(len(good))
    bottom, right = good.max(axis=0)
    for corner in ((0, 0), (0, right), (bottom, 0), (bottom, right)):
        starts.append(np.abs(good - corner).sum(axis=1).argmin())
    best: list[Corner] = []
    for start in starts:
        chosen = _spread_out(good, int(start), count, size, ties)
        if len(chosen) > len(best):
            best = chosen
        if len(best) == count:
            break
    return best


def covering_crops(size: tuple[int, int], side: int = 256) -> list[Corner]:
    """Return the corners of crops that cover a frame, whatever they hold, row by row.

    They are as few as cover it, evenly spread: the windows that a score of a whole picture looks
    at, to the few pixels by which those keep to its cells.

    Parameters
    ----------
    size
        Height and width of the frame.
    side
        Of a crop, in pixels.

    Raises
    ------
    ShapeError
        If the frame is smaller than a crop.
    """
    if min(size) < side:
        raise ShapeError(f"a frame of {size} holds no crop of {side}")
    down, across = (
        [round(i * (length - side) / max(1, count - 1)) for i in range(count)]
        for length, count in ((length, -(-length // side)) for length in size)
    )
    return [(top, left) for top in down for left in across]


def _spread_out(
    good: NDArray[np.int64], start: int, count: int, size: int, ties: NDArray[np.float64]
) -> list[Corner]:
    chosen = [start]
    worst = _overlap(good, good[start], size)
    while len(chosen) < count:
        least = np.flatnonzero(worst == worst.min())
        index = int(least[ties[least].argmin()])
        if worst[index] > MOST_OVERLAP:
            break
        chosen.append(index)
        worst = np.maximum(worst, _overlap(good, good[index], size))
    return [(int(good[i, 0]), int(good[i, 1])) for i in chosen]


def _overlap(
    corners: NDArray[np.int64], corner: NDArray[np.int64], size: int
) -> NDArray[np.float64]:
    """Return the part of its area that a crop at each corner shares with one crop."""
    shared = np.clip(size - np.abs(corners - corner), 0, None) / size
    overlap: NDArray[np.float64] = shared.prod(axis=1)
    return overlap
