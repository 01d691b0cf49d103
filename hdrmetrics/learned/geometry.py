"""Sizes, receptive fields, weights and multiply-adds of an architecture, without building it."""

from __future__ import annotations

from dataclasses import dataclass

from hdrmetrics.learned.architecture import Architecture, Stage
from hdrmetrics.learned.descriptors import PAIR_NAMES

_STATISTICS = {"mean": 1, "mean+std": 2, "mean+std+log": 3, "mean+std+peak": 3}
_DESCRIBING = 12.0  # numbers per pixel while descriptors are made


@dataclass(frozen=True, slots=True)
class Level:
    """The front end's output or a stage's, as a grid over the picture.

    Parameters
    ----------
    channels
        Of all pictures together.
    stride
        Pixels from one cell to the next.
    field
        Side in pixels of what a cell depends on.
    """

    channels: int
    stride: int
    field: int


def levels(architecture: Architecture) -> tuple[Level, ...]:
    """Return the front end and the stages as grids, in order."""
    stride = architecture.front.stride
    field = stride + 2 * architecture.front.margin
    front = architecture.front
    beside = front.seam_channels + front.visible_channels
    found = [Level(input_channels(architecture) + beside, stride, field)]
    for stage in architecture.stages:
        reach = stage.kernel - 1
        field += reach * stride
        stride *= stage.stride
        field += reach * stride * stage.blocks + (stage.max_pool - 1) * stride
        stride *= stage.max_pool
        found.append(Level(stage.channels, stride, field))
    return tuple(found)


def cells(architecture: Architecture, length: int) -> tuple[int, ...]:
    """Return the number of cells of each level along a side of ``length`` pixels; 0 for none."""
    size = (length - 2 * architecture.front.margin) // architecture.front.stride
    found = [max(size, 0)]
    for stage in architecture.stages:
        lost = _lost(architecture, stage)
        size = (size - lost - 1) // stage.stride + 1
        size -= lost * stage.blocks
        size = max(size, 0) // stage.max_pool
        found.append(size)
    return tuple(found)


def minimum_length(architecture: Architecture) -> int:
    """Return the shortest side in pixels that leaves every level a cell."""
    length = 1
    while min(cells(architecture, length)) < 1:
        length += 1
    return length


def total_stride(architecture: Architecture) -> int:
    """Return the pixels from one cell of the last level to the next."""
    return levels(architecture)[-1].stride


def input_channels(architecture: Architecture) -> int:
    """Return the channels that the first convolution sees."""
    front = architecture.front
    if front.descriptors and architecture.fusion == "difference":
        return 2 * front.channels + len(PAIR_NAMES)
    pictures = {"none": 1, "concatenated": 2, "difference": 3}
    return front.channels * pictures[architecture.fusion]


def statistic_count(architecture: Architecture) -> int:
    """Return the length of the pooled vector that the heads see."""
    grids = levels(architecture)
    width = sum(grids[index].channels for index in architecture.pooled)
    return width * _STATISTICS[architecture.pooling]


def parameter_count(architecture: Architecture) -> int:
    """Return the number of weights."""
    total, before = 0, input_channels(architecture)
    for stage in architecture.stages:
        taps = stage.kernel**2
        total += (taps * before + 1) * stage.channels
        total += ((taps * stage.channels + 1) * stage.channels + 1) * stage.blocks
        before = stage.channels
    head = (statistic_count(architecture) + 1) * architecture.hidden + architecture.hidden + 1
    return total + head * len(architecture.heads)


def cost(architecture: Architecture, size: tuple[int, int] = (1080, 1920)) -> int:
    """Return the multiply-adds of one picture, convolutions and fully connected layers.

    Parameters
    ----------
    architecture
        What to count.
    size
        Height and width in pixels, scored as one window.
    """
    high, wide = (cells(architecture, length) for length in size)
    total, before = 0, input_channels(architecture)
    for index, stage in enumerate(architecture.stages, start=1):
        # The blocks shrink a valid map by two cells each, before the max-pool.
        rows, columns = (
            (side[index - 1] - _lost(architecture, stage) - 1) // stage.stride + 1
            for side in (high, wide)
        )
        taps = stage.kernel**2
        total += rows * columns * taps * before * stage.channels
        for _ in range(stage.blocks):
            lost = _lost(architecture, stage)
            rows, columns = rows - lost, columns - lost
            total += rows * columns * taps * stage.channels**2
        before = stage.channels
    head = (statistic_count(architecture) + 1) * architecture.hidden
    return total + head * len(architecture.heads)


def floats_per_pixel(architecture: Architecture) -> float:
    """Return about how many numbers are alive at once per pixel while it is worked through."""
    grids = levels(architecture)
    most = 3.0 * grids[0].channels / grids[0].stride ** 2
    if architecture.front.descriptors:
        most += _DESCRIBING
    for before, stage in zip(grids[:-1], architecture.stages, strict=True):
        here = (before.stride * stage.stride) ** 2
        most = max(most, before.channels / before.stride**2 + 3.0 * stage.channels / here)
    kept = sum(grids[index].channels / grids[index].stride ** 2 for index in architecture.pooled)
    return most + kept


def _lost(architecture: Architecture, stage: Stage) -> int:
    """Return the cells that one convolution costs along a side."""
    return 0 if architecture.padding == "zeros" else stage.kernel - 1
