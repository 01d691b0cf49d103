"""The eight ways a camera can hold a picture, as Exif and TIFF number them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.io.exif import directories

_ORIENTATION_TAG = 0x0112


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return ``(H, W, …)`` turned so that its first row is the top of the scene.

    Parameters
    ----------
    pixels
        Samples as stored.
    orientation
        1 to 8 (Exif tag 0x0112); any other value leaves the samples as they are.
    """
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return the width and height that :func:`upright` makes of stored ones.

    Examples
    --------
    >>> upright_size(4000, 3000, 1), upright_size(4000, 3000, 6)
    ((4000, 3000), (3000, 4000))
    """
    return (height, width) if orientation in (5, 6, 7, 8) else (width, height)


def exif_orientation(exif: bytes) -> int:
    r"""Return the orientation stored in an Exif block, or 1 where there is none.

    Parameters
    ----------
    exif
        From the TIFF header on; a leading ``Exif\0\0`` is skipped. Whole numbers of any type are
        understood. Damaged blocks count as absent: they do not change a sample.
    """
    value = directories(exif)[0].get(_ORIENTATION_TAG, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
