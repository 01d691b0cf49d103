"""The eight ways a camera can hold a picture, as Exif and TIFF number them."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ORIENTATION_TAG = 0x0112
_LAYOUTS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}  # SHORT by the standard


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


def exif_orientation(exif: bytes) -> int:
    r"""Return the orientation stored in an Exif block, or 1 where there is none.

    Parameters
    ----------
    exif
        From the TIFF header on; a leading ``Exif\0\0`` is skipped. Whole numbers of any type are
        understood. Damaged blocks count as absent: they do not change a sample.
    """
    tiff = exif[6:] if exif[:6] == b"Exif\0\0" else exif
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(count):
            at = start + 2 + 12 * entry
            tag, kind, _ = struct.unpack_from(order + "HHI", tiff, at)
            if tag == _ORIENTATION_TAG and kind in _LAYOUTS:
                (value,) = struct.unpack_from(order + _LAYOUTS[kind], tiff, at + 8)
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
