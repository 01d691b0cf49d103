"""WebP files: lossy and lossless pictures, and the first frame of animations."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import WebPImagePlugin

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.colour.exif import coding_by_profile
from hdrmetrics.io.orientation import exif_orientation, upright
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image


def _chunks(source: Source) -> dict[bytes, bytes]:
    """Return the first chunk of each kind, after checking that all lie inside the file."""
    (size,) = source.unpack("<I", 4, "the RIFF header")
    end = size + 8
    source.take(0, end, "the announced RIFF content")
    chunks: dict[bytes, bytes] = {}
    offset = 12
    while offset + 8 <= end:
        kind, length = source.unpack("<4sI", offset, "a chunk header")
        chunks.setdefault(kind, source.take(offset + 8, length, f"chunk {kind!r}"))
        offset += 8 + length + length % 2
    return chunks


def _size(chunks: dict[bytes, bytes]) -> tuple[int, int]:
    """Return the size of the canvas, or of the only picture."""
    body = chunks.get(b"VP8X")
    if body is not None and len(body) >= 10:
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
        return width, height
    body = chunks.get(b"VP8L")
    if body is not None and len(body) >= 5:
        (bits,) = struct.unpack_from("<I", body, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    body = chunks.get(b"VP8 ")
    if body is not None and len(body) >= 10:
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    raise ImageReadError("corrupt: no WebP picture header")


def read(source: Source) -> Image:
    """Read a WebP file as a display-encoded image.

    References
    ----------
    IETF RFC 9649, WebP Image Format.
    """
    chunks = _chunks(source)
    width, height = _size(chunks)
    source.check_size(width, height)
    notes = ["animated: the first frame was read"] if b"ANIM" in chunks else []
    with WebPImagePlugin.WebPImageFile(io.BytesIO(source.data)) as picture:
        if picture.size != (width, height):
            raise ImageReadError("corrupt: the WebP headers contradict each other")
        alpha = picture.mode in ("RGBA", "RGBa", "LA", "PA")
        codes = np.asarray(picture.convert("RGBA" if alpha else "RGB"))
    exif = chunks.get(b"EXIF", b"")
    orientation = exif_orientation(exif)
    return coded_image(
        source,
        upright(codes, orientation),
        bits=8,
        coding=coding_by_profile(chunks.get(b"ICCP"), exif),
        format_name="webp",
        notes=notes,
        details={"lossless": b"VP8L" in chunks, "orientation": orientation},
    )
