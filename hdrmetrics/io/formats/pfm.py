"""Portable float maps: raw float32 rows from the bottom up."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import linear_image
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_HEADER = re.compile(
    rb"P([Ff])[ \t\n]+(\d{1,10})([ \t\n]+)(\d{1,10})[ \t\n]+([^\s]{1,40})(?:[ \t]*\n|[ \t])"
)
_LONGEST_HEADER = 200


def read(source: Source) -> Image:
    """Read a PFM file, colour (``PF``) or grey (``Pf``), of either byte order.

    The sign of the header's third number is the byte order. Its magnitude has no agreed meaning
    and is not applied; a note says so when it is not 1.

    Rows are stored from the bottom up. Photoshop, whose header has width and height on lines of
    their own, stores them from the top down, and is read so, with a note. Of the writers whose
    header looks like everyone's, FreeImage stores the top row first, too: nothing in its files
    tells.

    Raises
    ------
    ImageReadError
        If the header is broken or has lines that end in CR LF, or the data end early.

    References
    ----------
    P. Debevec, PFM Portable FloatMap Image Format; Netpbm, "PFM Format Description", 2024 (on
    Photoshop).
    """
    match = _header(source.data[:_LONGEST_HEADER])
    try:
        scale = float(match[5])
    except ValueError:
        scale = 0.0
    if not np.isfinite(scale) or scale == 0:
        raise ImageReadError(f"corrupt: the PFM scale is {match[5]!r}")
    width, height, channels = int(match[2]), int(match[4]), 3 if match[1] == b"F" else 1
    source.check_size(width, height)
    count = width * height * channels
    raw = source.take(match.end(), 4 * count, "the pixel data")
    rows = np.frombuffer(raw, "<f4" if scale < 0 else ">f4").reshape(height, width, channels)
    notes = []
    if abs(scale) != 1:
        notes.append(f"the scale {abs(scale):g} in the PFM header was not applied")
    top_down = b"\n" in match[3]
    if top_down:
        notes.append("width and height on lines of their own: read as Photoshop's, top row first")
    beyond = len(source.data) - match.end() - 4 * count
    if beyond and not match[0].endswith(b"\n"):
        raise ImageReadError("corrupt: something follows the scale in the PFM header")
    if beyond:
        notes.append(f"{beyond} bytes behind the pixels were ignored")
    return linear_image(
        source,
        np.ascontiguousarray(rows if top_down else rows[::-1], dtype=np.float32),
        format_name="pfm",
        depth="float32",
        details={"scale": scale},
        notes=notes,
    )


def _header(data: bytes) -> re.Match[bytes]:
    match = _HEADER.match(data)
    if match is not None:
        return match
    if re.match(rb"P[Ff][\w\s.+-]{0,60}\r", data):
        raise ImageReadError(
            "the lines of the PFM header end in CR LF: written as text, which changes pixels "
            "too; write it again in binary mode"
        )
    if data.startswith(b"PF4"):
        raise ImageReadError("not a PFM header: files of four channels (PF4) are not supported")
    raise ImageReadError("corrupt: not a PFM header (comments have no place in it)")


def write(pixels: NDArray[np.float32]) -> bytes:
    """Return a little-endian PFM file of ``(H, W, 1)`` or ``(H, W, 3)``."""
    height, width, channels = pixels.shape
    kind = "PF" if channels == 3 else "Pf"
    rows = np.ascontiguousarray(pixels[::-1], dtype="<f4")
    return f"{kind}\n{width} {height}\n-1.0\n".encode() + rows.tobytes()
