"""BMP files: Windows and OS/2 bitmaps of 1 to 32 bits per pixel."""

from __future__ import annotations

import contextlib
import io
import struct

import numpy as np
from PIL import BmpImagePlugin

from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.colour.coding import Coding, coding
from hdrmetrics.io.colour.curves import gamma, tells_codes_apart
from hdrmetrics.io.colour.icc import identify, ignored
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_FILE_HEADER, _V4, _V5 = 14, 108, 124
_OS2 = 12
_PLAIN, _BITFIELDS = 0, 3
_SRGB, _EMBEDDED, _LINKED = b"BGRs", b"DEBM", b"KNIL"


def read(source: Source) -> Image:
    """Read a BMP file as a display-encoded image.

    Palettes, 16 bits (555 and 565), run lengths, both orders of rows and alpha are understood, the
    primaries and gammas of a version 4 header, and the ICC profile of a version 5 header.

    References
    ----------
    Microsoft, "Bitmap Header Types", Windows GDI documentation.
    """
    (header,) = source.unpack("<I", _FILE_HEADER, "the BMP header")
    if header == _OS2:
        width, height, _, bits = source.unpack("<4H", 18, "the BMP header")
        compression, colours = _PLAIN, 0
    else:
        width, height, _, bits, compression = source.unpack("<iiHHI", 18, "the BMP header")
        (colours,) = source.unpack("<I", 46, "the BMP header")
    source.check_size(width, abs(height))
    rows = (width * bits + 31) // 32 * 4 * abs(height)
    if compression in (_PLAIN, _BITFIELDS) and rows > len(source.data):
        raise ImageReadError("truncated: too little data for the announced size")
    # The plug-in class, not PIL.Image.open: that would try other formats and has limits of its own.
    with _opened(source.data) as picture:
        if picture.size != (width, abs(height)):
            raise ImageReadError("corrupt: the BMP header is ambiguous")
        if 0 < colours < 2**bits <= 256 and int(np.asarray(picture).max()) >= colours:
            raise ImageReadError(f"corrupt: a BMP pixel of a colour beyond the {colours} there are")
        grey = picture.mode in ("1", "L")
        mode = "L" if grey else "RGBA" if picture.mode == "RGBA" else "RGB"
        codes = np.asarray(picture.convert(mode))
    return coded_image(
        source,
        codes,
        bits=8,
        coding=_coding(source, header),
        format_name="bmp",
        details={"bits": bits, "compression": compression, "top_down": height < 0},
    )


def _opened(data: bytes) -> BmpImagePlugin.BmpImageFile:
    try:
        return BmpImagePlugin.BmpImageFile(io.BytesIO(data))
    except OSError as error:  # "Unsupported BMP bitfields layout" and the like
        raise ImageReadError(f"{error}: convert to PNG or TIFF") from error


def _coding(source: Source, header: int) -> Coding:
    """Return the colour space that a header of version 4 or 5 states."""
    if header not in (_V4, _V5):
        return Coding()
    kind = source.take(_FILE_HEADER + 56, 4, "the BMP header")
    if kind == _EMBEDDED and header == _V5:
        offset, size = source.unpack("<II", _FILE_HEADER + 112, "the BMP header")
        return identify(source.take(_FILE_HEADER + offset, size, "the ICC profile"))
    if kind == _SRGB:
        return Coding(rule="the BMP header says sRGB")
    if kind == _LINKED:
        return ignored("the colour profile is in another file and was not applied")
    numbers = struct.unpack("<9i3I", source.take(_FILE_HEADER + 60, 48, "the BMP header"))
    if kind != bytes(4) or not any(numbers):
        return Coding()
    return _calibrated(numbers)


def _calibrated(numbers: tuple[int, ...]) -> Coding:
    """Return the coding for the XYZ of red, green and blue, and for their gammas."""
    colorants = np.array(numbers[:9]).reshape(3, 3) / 2**30
    curves = tuple(gamma(number / 2**16) for number in numbers[9:] if number)
    usable = len(curves) == 3 and all(map(tells_codes_apart, curves))
    points = np.vstack([colorants, colorants.sum(axis=0)])
    sums = points.sum(axis=1)
    if usable and sums.min() > 0:
        rule = "the primaries and gammas of the BMP header"
        points = points[:, :2] / sums[:, None]
        with contextlib.suppress(OptionError):
            return coding(
                curves if len(set(numbers[9:])) > 1 else curves[:1],
                tuple((float(x), float(y)) for x, y in points),
                rule,
            )
    return ignored("impossible primaries or gammas in the BMP header were ignored")
