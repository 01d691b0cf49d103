"""The reader that goes with the first bytes of a file."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.formats.heif import isobmff
from hdrmetrics.io.source import Source

if TYPE_CHECKING:
    from hdrmetrics.picture.image import Image

READERS: dict[str, tuple[str, str]] = {
    "exr": ("exr.reader", "read"),
    "hdr": ("radiance.reader", "read"),
    "pfm": ("pfm", "read"),
    "tiff": ("tiff.reader", "read"),
    "png": ("png.reader", "read"),
    "jpeg": ("jpeg.reader", "read"),
    "webp": ("webp", "read"),
    "bmp": ("bmp", "read"),
    "gif": ("gif", "read"),
    "pnm": ("pnm", "read"),
    "qoi": ("qoi", "read"),
    "jpeg2000": ("jpeg2000", "read"),
    "jpegxl": ("jpegxl.reader", "read"),
    "jpegxr": ("jpegxr", "read"),
    "avif": ("heif.reader", "read_avif"),
    "heic": ("heif.reader", "read_heic"),
    "raw": ("raw", "read"),
}
"""Module of :mod:`hdrmetrics.io.formats` and function that read each format (Ultra HDR is a kind of
JPEG, and most raw files of cameras are kinds of TIFF)."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x76\x2f\x31\x01", "exr"),
    (b"#?", "hdr"),
    (b"PF", "pfm"),
    (b"Pf", "pfm"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"II\xbc", "jpegxr"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\xff\x0a", "jpegxl"),
    (b"\0\0\0\x0cJXL ", "jpegxl"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"qoif", "qoi"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"IIRO", "raw"),
    (b"IIRS", "raw"),
    (b"MMOR", "raw"),
    (b"IIU\0", "raw"),
    (b"FUJIFILMCCD-RAW", "raw"),
)
_UNSUPPORTED: tuple[tuple[bytes, str], ...] = (
    (b"DDS ", "DDS"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"P7\n", "PAM"),
    (b"SDPX", "DPX"),
    (b"XPDS", "DPX"),
    (b"\x80\x2a\x5f\xd7", "Cineon"),
    (b"SIMPLE  =", "FITS"),
    (b"\xabKTX", "KTX"),
    (b"\0\0\1\0", "ICO"),
    (b"gimp xcf", "GIMP"),
    (b"BPG\xfb", "BPG"),
    (b"\x93NUMPY", "NumPy"),
)
_PNM = re.compile(rb"P[1-6][\s#]")
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)


def identify(source: Source) -> str:
    """Return the format's name, a key of :data:`READERS`.

    Raises
    ------
    ImageReadError
        If the first bytes are those of no supported format.
    """
    data = source.data
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if _PNM.match(data):
        return "pnm"
    # Two letters are little: the size of the header goes with them.
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if data[4:8] == b"ftyp":
        brands = isobmff.brands(source)
        if brands & isobmff.AVIF_BRANDS:
            return "avif"
        if brands & isobmff.HEIC_BRANDS:
            return "heic"
        if data[8:12] == b"crx ":
            return "raw"
    if name := unread(data):
        raise ImageReadError(refusal(name))
    raise ImageReadError(f"no image format that is known (it begins with {data[:8].hex(' ')})")


def unread(data: bytes) -> str:
    """Return the name of a format that is known by its first bytes but not read; else empty."""
    return next((name for start, name in _UNSUPPORTED if data.startswith(start)), "")


def refusal(name: str) -> str:
    """Return what to say of a format that is not read."""
    return f"{name} files are not supported: convert to PNG, TIFF or EXR"


def reader(name: str) -> Callable[[Source], Image]:
    """Return the function that reads a format; its module is imported now."""
    module, function = READERS[name]
    room = importlib.import_module(f"hdrmetrics.io.formats.{module}")
    read: Callable[[Source], Image] = getattr(room, function)
    return read
