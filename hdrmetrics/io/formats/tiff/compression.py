"""Undoing the compressions of TIFF, none of which may grow beyond the announced size."""

from __future__ import annotations

import io
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import JpegImagePlugin

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.optional import require

NONE, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE, ZSTD = 1, 5, 7, 8, 32773, 32946, 50000
NAMES = {
    2: "CCITT", 3: "CCITT", 4: "CCITT", 6: "old JPEG", 32809: "ThunderScan", 34661: "JBIG",
    34676: "SGI LogLuv", 34677: "SGI LogLuv", 34712: "JPEG 2000", 34887: "LERC", 34892: "lossy DNG",
    34925: "LZMA", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}  # fmt: skip

_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def check(compression: int) -> None:
    """Refuse a compression that is not read, before anything is done.

    Raises
    ------
    ImageReadError
        With what to do instead.
    """
    if compression in (NONE, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE, ZSTD):
        return
    name = f" ({NAMES[compression]})" if compression in NAMES else ""
    raise ImageReadError(
        f"TIFF compression {compression}{name} is not supported: save without, or with deflate"
    )


def reverse_bits(packed: bytes) -> bytes:
    """Return bytes with the order of their bits reversed, as FillOrder 2 stores them."""
    return packed.translate(_REVERSED)


def decompress(packed: bytes, compression: int, size: int) -> bytes:
    """Return at most ``size`` bytes, whatever the compressed data would grow to.

    Raises
    ------
    ImageReadError
        If the data is broken.
    MissingCodecError
        If LZW or Zstandard data needs ``imagecodecs``, which is not installed.
    """
    if compression == NONE:
        return packed
    if compression in (DEFLATE, OLD_DEFLATE):
        stream = zlib.decompressobj()
        try:
            raw = stream.decompress(packed, size)
            # The check sum comes last; it is verified if no more than a padded strip is left.
            stream.decompress(stream.unconsumed_tail, size)
            return raw
        except zlib.error as error:
            raise ImageReadError(f"corrupt TIFF data ({error})") from error
    if compression == PACKBITS:
        return _unpack_bits(packed, size)
    name = {LZW: "lzw", ZSTD: "zstd"}[compression]
    codec = require("imagecodecs", f"{name.upper()}-compressed TIFF")
    try:
        return bytes(getattr(codec, f"{name}_decode")(packed, out=size))
    except Exception as error:  # each codec has errors of its own, and some raise ValueError
        raise ImageReadError(f"corrupt TIFF data ({error})") from error


def _unpack_bits(packed: bytes, size: int) -> bytes:
    out = bytearray()
    offset = 0
    while offset < len(packed) and len(out) < size:
        code = packed[offset]
        if code < 128:
            out += packed[offset + 1 : offset + 2 + code]
            offset += 2 + code
        else:
            if code > 128:
                out += packed[offset + 1 : offset + 2] * (257 - code)
            offset += 1 if code == 128 else 2
    return bytes(out[:size])


def jpeg_block(
    packed: bytes, tables: bytes, width: int, height: int, depth: int, chroma: bool
) -> NDArray[np.uint8]:
    """Return the samples ``(H, W, depth)`` of a strip or tile that is a JPEG stream.

    Parameters
    ----------
    packed
        The stream.
    tables
        Tables that all blocks share (tag 347), a JPEG stream without picture; or empty.
    width, height
        Of the block; the stream may hold fewer rows, and no more columns.
    depth
        1 or 3.
    chroma
        Whether three samples are Y, Cb and Cr, which are turned into RGB.

    Raises
    ------
    ImageReadError
        If the stream is broken, or of another size or kind.

    References
    ----------
    Adobe Photoshop TIFF Technical Note 2, "JPEG in TIFF", 1995.
    """
    if packed[:2] != b"\xff\xd8" or (tables and tables[:2] != b"\xff\xd8"):
        raise ImageReadError("corrupt TIFF data (no JPEG stream)")
    # What the components are is said by the directory, not by the stream: to the decoder, a marker
    # of Adobe's says it.
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([chroma])
    shared = tables[2 : tables.rfind(b"\xff\xd9")] if tables else b""
    stream = b"\xff\xd8" + adobe + _silenced(shared) + _silenced(packed[2:])
    try:
        with JpegImagePlugin.JpegImageFile(io.BytesIO(stream)) as picture:
            if picture.mode != ("RGB" if depth == 3 else "L"):
                raise ImageReadError(f"JPEG-compressed TIFF of kind {picture.mode}: not supported")
            if picture.width != width or picture.height > height:
                raise ImageReadError("corrupt: a TIFF block holds a JPEG of another size")
            samples = np.asarray(picture)
    except ImageReadError:
        raise
    except Exception as error:  # Pillow raises OSError, SyntaxError, struct.error …
        raise ImageReadError(f"corrupt TIFF data ({error})") from error
    return samples.reshape(*samples.shape[:2], depth)


def _silenced(stream: bytes) -> bytes:
    """Return JPEG segments with those that claim a colour space (APP0, APP14) made comments."""
    out = bytearray(stream)
    offset = 0
    while offset + 4 <= len(out) and out[offset] == 0xFF and out[offset + 1] != 0xDA:
        if out[offset + 1] in (0xE0, 0xEE):
            out[offset + 1] = 0xFE
        offset += 2 + int.from_bytes(out[offset + 2 : offset + 4])
    return bytes(out)
