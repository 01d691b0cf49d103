"""Sizes, receptive fields, weights and multiply-adds of an architecture, without building it."""

from __future__ import annotations

from dataclasses import dataclass

from hdrmetrics.learned.architecture import Architecture

_STATISTICS = {"mean": 1, "mean+std": 2, "mean+std+log": 3}


@dataclass(frozen=True, slots=True)
class Level:
    """The front end's output or a stage's, as a grid over the picture.

    Parameters
    ----------
    channels
        Per picture of a shared trunk, else of all pictures together.
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
    stride, field = 1, 1 + 2 * architecture.front.margin
    found = [Level(input_channels(architecture), stride, field)]
    for stage in architecture.stages:
        field += 2 * stride
        stride *= stage.stride
        field += 2 * stride * stage.blocks + (stage.max_pool - 1) * stride
        stride *= stage.max_pool
        found.append(Level(stage.channels, stride, field))
    return tuple(found)


def cells(architecture: Architecture, length: int) -> tuple[int, ...]:
    """Return the number of cells of each level along a side of ``length`` pixels; 0 for none."""
    border = 0 if architecture.padding == "valid" else 1
    size = length - 2 * architecture.front.margin
    found = [max(size, 0)]
    for stage in architecture.stages:
        size = (size + 2 * border - 3) // stage.stride + 1
        size -= 2 * (1 - border) * stage.blocks
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
    pictures = {"none": 1, "concatenated": 2, "difference": 3, "shared": 1}
    return architecture.front.channels * pictures[architecture.fusion]


def statistic_count(architecture: Architecture) -> int:
    """Return the length of the pooled vector that the heads see."""
    views = 3 if architecture.fusion == "shared" else 1
    grids = levels(architecture)
    width = sum(grids[index].channels for index in architecture.pooled)
    return width * views * _STATISTICS[architecture.pooling]


def parameter_count(architecture: Architecture) -> int:
    """Return the number of weights."""
    total, before = 0, input_channels(architecture)
    for stage in architecture.stages:
        total += (9 * before + 1) * stage.channels
        total += ((9 * stage.channels + 1) * stage.channels + 1) * stage.blocks
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
            _first_convolution(architecture, side[index - 1], stage.stride) for side in (high, wide)
        )
        total += rows * columns * 9 * before * stage.channels
        for _ in range(stage.blocks):
            if architecture.padding == "valid":
                rows, columns = rows - 2, columns - 2
            total += rows * columns * 9 * stage.channels**2
        before = stage.channels
    if architecture.fusion == "shared":
        total *= 2
    head = (statistic_count(architecture) + 1) * architecture.hidden
    return total + head * len(architecture.heads)


def floats_per_pixel(architecture: Architecture) -> float:
    """Return about how many numbers are alive at once per pixel while it is worked through."""
    grids = levels(architecture)
    most = 3.0 * grids[0].channels
    for before, stage in zip(grids[:-1], architecture.stages, strict=True):
        here = (before.stride * stage.stride) ** 2
        most = max(most, before.channels / before.stride**2 + 3.0 * stage.channels / here)
    kept = sum(grids[index].channels / grids[index].stride ** 2 for index in architecture.pooled)
    return (most + kept) * (3 if architecture.fusion == "shared" else 1)


def _first_convolution(architecture: Architecture, length: int, stride: int) -> int:
    border = 0 if architecture.padding == "valid" else 1
    return (length + 2 * border - 3) // stride + 1
