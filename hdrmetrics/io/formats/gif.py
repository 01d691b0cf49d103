"""GIF files: the first frame, on the canvas that the file announces."""

from __future__ import annotations

import io

import numpy as np
from PIL import GifImagePlugin

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.colour.icc import identify
from hdrmetrics.io.limits import check_filling
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_EXTENSION, _FRAME, _END = 0x21, 0x2C, 0x3B
_PROFILE = b"\xff\x0bICCRGBG1012"


def read(source: Source) -> Image:
    """Read the first frame of a GIF file as a display-encoded image.

    Notes
    -----
    GIF has no check sums: changed bytes can give a changed picture. A file whose first frame ends
    early is refused.

    References
    ----------
    CompuServe, "Graphics Interchange Format", version 89a, 1990; ICC.1:2022, annex B.4 (profiles
    in GIF).
    """
    width, height = source.unpack("<HH", 6, "the GIF header")
    source.check_size(width, height)
    frames, (*frame, colours), profile = _frames(source)
    if frame[0] + frame[2] > width or frame[1] + frame[3] > height or not frame[2] * frame[3]:
        raise ImageReadError("corrupt: the first GIF frame does not lie on its canvas")
    check_filling(width * height, frame[2] * frame[3], "a GIF canvas")
    if not colours:
        raise ImageReadError("corrupt: a GIF without a table of colours")
    notes = ["animated: the first frame was read"] if frames > 1 else []
    if frame != [0, 0, width, height]:
        notes.append(
            "the first frame covers a part of its canvas: the rest has no colour of its own"
        )
    # The plug-in class, not PIL.Image.open: that would try other formats and has limits of its own.
    with GifImagePlugin.GifImageFile(io.BytesIO(source.data)) as picture:
        if picture.size != (width, height):
            raise ImageReadError("corrupt: the GIF headers contradict each other")
        left, top, *size = frame
        indices = np.asarray(picture)[top : top + size[1], left : left + size[0]]
        if int(indices.max()) >= colours:
            raise ImageReadError(f"corrupt: a GIF pixel of a colour beyond the {colours} there are")
        grey = picture.mode == "L" and "transparency" not in picture.info
        codes = np.asarray(picture.convert("L" if grey else "RGBA"))
    return coded_image(
        source,
        codes,
        bits=8,
        coding=identify(profile),
        format_name="gif",
        details={"animated": frames > 1},
        notes=notes,
    )


def _frames(source: Source) -> tuple[int, tuple[int, ...], bytes]:
    """Return 1, or 2 for more than one; what is said of the first; the ICC profile.

    Of the first: left, top, width, height, and how many colours it has.

    Raises
    ------
    ImageReadError
        If the blocks of the first frame are not complete.
    """
    (flags,) = source.unpack("B", 10, "the GIF header")
    offset = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    first: tuple[int, ...] | None = None
    profile = b""
    while True:
        if first is not None and offset >= len(source.data):
            return 1, first, profile  # many writers leave the end mark out
        (kind,) = source.unpack("B", offset, "a GIF block")
        if kind == _FRAME:
            if first is not None:
                return 2, first, profile
            *box, local = source.unpack("<4HB", offset + 1, "a GIF frame")
            table = local if local & 0x80 else flags
            first = (*box, 2 << (table & 7) if table & 0x80 else 0)
            offset += 10 + (3 << (local & 7) + 1 if local & 0x80 else 0) + 1
        elif kind == _EXTENSION:
            if first is None and source.data[offset + 1 : offset + 14] == _PROFILE:
                profile = _joined(source, offset + 14)
            offset += 2
        elif first is not None:
            return 1, first, profile
        else:
            raise ImageReadError("corrupt: a GIF without a frame")
        offset = _skip(source, offset)


def _joined(source: Source, offset: int) -> bytes:
    """Return the content of a list of sub-blocks."""
    end, body = _skip(source, offset), []
    while offset < end:
        size = source.data[offset]
        body.append(source.data[offset + 1 : offset + 1 + size])
        offset += 1 + size
    return b"".join(body)


def _skip(source: Source, offset: int) -> int:
    """Return the offset behind a list of sub-blocks."""
    while True:
        (size,) = source.unpack("B", offset, "a GIF block")
        offset += 1 + size
        if not size:
            return offset
