"""How much a file may ask of this machine before its header is refused."""

from __future__ import annotations

from hdrmetrics.errors import ImageLimitError, ImageReadError

DEFAULT_MAX_PIXELS = 2**28
"""Pixels (width × height) that a picture may announce: 268 million, 16384 × 16384."""

MAX_BYTES_PER_PIXEL = 64
"""Largest file, and largest set of decoded planes, in bytes per permitted pixel."""

_EMPTY = 16  # times the pixels that are stored
_ALWAYS = 2**24


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Refuse an announced size that is empty or above the limit.

    Raises
    ------
    ImageReadError
        If a side is not positive.
    ImageLimitError
        If there are more than ``max_pixels`` pixels.
    """
    if width < 1 or height < 1:
        raise ImageReadError(f"the header announces {width} × {height} pixels")
    if width * height > max_pixels:
        raise ImageLimitError(
            f"the header announces {width} × {height} pixels, more than the limit of {max_pixels}; "
            "pass max_pixels= if the file can be trusted"
        )


def check_bytes(count: int, max_pixels: int, what: str) -> None:
    """Refuse a number of bytes out of proportion to the permitted pixels.

    Raises
    ------
    ImageLimitError
        If there are more than :data:`MAX_BYTES_PER_PIXEL` bytes per permitted pixel (64 MiB are
        always allowed).
    """
    limit = max(MAX_BYTES_PER_PIXEL * max_pixels, 2**26)
    if count > limit:
        raise ImageLimitError(
            f"{what} takes {count} bytes, more than the limit of {limit}; "
            "pass max_pixels= if the file can be trusted"
        )


def check_filling(shown: int, stored: int, what: str) -> None:
    """Refuse a canvas of which a file stores next to nothing: few bytes would ask for gigabytes.

    Parameters
    ----------
    shown, stored
        Pixels of the canvas and of the part that the file stores.
    what
        What the canvas is, for the message.

    Raises
    ------
    ImageLimitError
        If there are more than 16 times the stored pixels (16 million are always allowed).
    """
    if shown > max(_ALWAYS, _EMPTY * stored):
        raise ImageLimitError(f"{what} of {shown} pixels for {stored} stored ones: crop it first")
