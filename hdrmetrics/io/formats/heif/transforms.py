"""Cropping, turning and mirroring as the properties of a HEIF picture ask for."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError


def transformed(pixels: NDArray[Any], steps: list[tuple[bytes, bytes]]) -> NDArray[Any]:
    """Return a picture after all steps, in their order.

    Parameters
    ----------
    pixels
        ``(H, W, …)`` as decoded.
    steps
        Kinds (``clap``, ``irot``, ``imir``) and contents of the properties.

    Raises
    ------
    ImageReadError
        If a step is damaged or asks for parts of pixels.

    References
    ----------
    ISO/IEC 23008-12:2022, sections 6.5.9, 6.5.10 and 6.5.12; ISO/IEC 14496-12, section 12.1.4.
    """
    for kind, body in steps:
        if kind == b"clap":
            pixels = _cropped(pixels, body)
            continue
        if not body:
            raise ImageReadError(f"corrupt: an empty {kind.decode()} property")
        if kind == b"irot":
            pixels = np.rot90(pixels, body[0] & 3)  # by right angles, anti-clockwise
        else:
            pixels = pixels[:, ::-1] if body[0] & 1 else pixels[::-1]
    return np.ascontiguousarray(pixels)


def _cropped(pixels: NDArray[Any], body: bytes) -> NDArray[Any]:
    if len(body) < 32:
        raise ImageReadError("corrupt: a clap property is too short")
    numbers = struct.unpack(">8i", body[:32])
    try:
        width, height, across, down = (
            Fraction(above, below) for above, below in zip(numbers[::2], numbers[1::2], strict=True)
        )
    except ZeroDivisionError as error:
        raise ImageReadError("corrupt: a clap property divides by zero") from error
    left = (pixels.shape[1] - width) / 2 + across
    top = (pixels.shape[0] - height) / 2 + down
    right, bottom = left + width, top + height
    if not (0 <= left < right <= pixels.shape[1] and 0 <= top < bottom <= pixels.shape[0]):
        raise ImageReadError("corrupt: the clap property asks for pixels outside the picture")
    if any(number.denominator != 1 for number in (left, top, right, bottom)):
        raise ImageReadError("cropping to parts of pixels is not supported: convert to PNG first")
    return pixels[int(top) : int(bottom), int(left) : int(right)]
