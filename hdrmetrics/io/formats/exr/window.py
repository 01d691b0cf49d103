"""Placing the pixels of an OpenEXR data window in the display window, which is the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.formats.exr.header import Part
from hdrmetrics.io.limits import check_filling
from hdrmetrics.io.source import Source


def check_windows(source: Source, part: Part) -> None:
    """Refuse a display window that is empty, above the limit, or beside the data.

    Raises
    ------
    ImageReadError
        If nothing of the data lies inside the display window.
    ImageLimitError
        If the display window has more pixels than the limit, or is out of proportion to the data.
    """
    left, top, right, bottom = part.display_window
    if right < left or bottom < top:
        raise ImageReadError(f"corrupt: EXR display window {part.display_window}")
    source.check_size(right - left + 1, bottom - top + 1)
    x0, y0, x1, y1 = part.data_window
    if x1 < left or x0 > right or y1 < top or y0 > bottom:
        raise ImageReadError(
            f"no pixel of the EXR data window {part.data_window} lies inside the display window "
            f"{part.display_window}"
        )
    shown, held = (right - left + 1) * (bottom - top + 1), (x1 - x0 + 1) * (y1 - y0 + 1)
    check_filling(shown, held, "an EXR display window")


def place(pixels: NDArray[np.float32], part: Part) -> tuple[NDArray[np.float32], list[str]]:
    """Return ``(H, W, C)`` of the display window, black where there are no data, and notes.

    Parameters
    ----------
    pixels
        Those of the data window.
    part
        For the two windows.

    References
    ----------
    OpenEXR project, "Technical Introduction to OpenEXR", overscan and cropping.
    """
    if part.data_window == part.display_window:
        return pixels, []
    left, top, right, bottom = part.display_window
    x0, y0, x1, y1 = part.data_window
    out = np.zeros((bottom - top + 1, right - left + 1, pixels.shape[2]), np.float32)
    columns, rows = (max(x0, left), min(x1, right) + 1), (max(y0, top), min(y1, bottom) + 1)
    inside = pixels[rows[0] - y0 : rows[1] - y0, columns[0] - x0 : columns[1] - x0]
    out[rows[0] - top : rows[1] - top, columns[0] - left : columns[1] - left] = inside
    notes = []
    if inside.shape[:2] != pixels.shape[:2]:
        notes.append("the data window reaches beyond the display window: what lies outside was cut")
    if inside.shape[:2] != out.shape[:2]:
        share = 100 - 100 * inside[..., 0].size / out[..., 0].size
        size = inside.shape[1], inside.shape[0]
        region = ",".join(str(x) for x in (columns[0] - left, rows[0] - top, *size))
        notes.append(
            f"{share:.2g} % of the display window lies outside the data window: black, which "
            f"counts like any pixel; the data alone are the region {region}"
        )
    return out, notes
