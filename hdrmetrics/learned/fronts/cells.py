"""Where the cells of a picture lie, and the constants of what is measured in them."""

from __future__ import annotations

CELL = 16
"""Side of a cell in pixels."""

MARGIN = 16
"""Pixels at each border that belong to no cell: what lies in cells sees nothing but the picture."""

OCTAVES = 3

STEP = 500.0
"""Slopes under 1/500 are flat: half an 8-bit step."""

DARK, LIGHT, EDGE = 0.01, 1.0, 0.01
"""Codes next to black and to the display's white."""

GRID_LAGS = (7, 8)
"""Blocks of 8 px agree with the next block, not with one 7 px away."""

BEFORE = 2
"""Steps before a cell that tell whether a plateau ends in it."""

CHROMA_DARK = {"light": 0.05, "code": 0.05}
"""Luminance under which colour fades, in cd/m² and in code."""

CHROMA_GAIN = 2.2
"""By which colour of codes is stretched, to agree with light."""

FAR_LAGS = (2, 3)
"""Of detail, along rows and columns; the coarsest octave is too small for them."""


def lags(octave: int) -> list[tuple[int, int]]:
    """Return the neighbours of a pixel that its finest detail is compared with, (down, right)."""
    near = [(0, 1), (1, 0), (1, 1), (1, -1)]
    if octave == OCTAVES - 1:
        return near
    return near + [lag for k in FAR_LAGS for lag in ((0, k), (k, 0))]


def cell_shape(height: int, width: int) -> tuple[int, int]:
    """Return the numbers of cells of a picture, down and across."""
    return (height - 2 * MARGIN) // CELL, (width - 2 * MARGIN) // CELL


def first_pixel(octave: int) -> int:
    """Return where the first cell begins in an octave, down and across.

    Octave k begins 2·(2^k − 1) px inside the picture, on a grid of 2^k px.
    """
    return int(MARGIN / 2**octave - 2.0 * (1.0 - 0.5**octave) + 0.5)


def measured_count() -> int:
    """Return how many means of its detail a cell has, see ``descriptors.measured``."""
    slopes = 2 * (2 * OCTAVES + 2 + len(GRID_LAGS))
    return 4 + sum(5 + len(lags(octave)) for octave in range(OCTAVES)) + slopes
