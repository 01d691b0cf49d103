"""JPEG XR files: integer pictures as sRGB, floating-point and fixed-point ones as light."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import coded_image, drop_alpha, linear_image
from hdrmetrics.io.colour.icc import identify, why_ignored
from hdrmetrics.io.formats.tiff.tags import Tags, number, read_tags
from hdrmetrics.io.optional import require
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

MAGIC = b"II\xbc\x01"
RULE = "linear, in unknown units; screenshots of Windows use scRGB, where scale=80 gives cd/m²"

_PIXEL_FORMAT, _WIDTH, _HEIGHT = 0xBC01, 0xBC80, 0xBC81
_ICC = 34675
_DATA_OFFSET, _DATA_SIZE = 0xBCC0, 0xBCC1

# Pixel formats that are grey or RGB, as dtype and channels of the decoded samples.
_FAMILY = bytes.fromhex("24c3dd6f034efe4bb1853d77768dc9")
_FORMATS = {
    _FAMILY + bytes([last]): samples
    for last, samples in {
        0x08: ("u1", 1), 0x0B: ("u2", 1), 0x0C: ("u1", 3), 0x0D: ("u1", 3), 0x0F: ("u1", 4),
        0x11: ("f4", 1), 0x12: ("f4", 3), 0x13: ("f4", 1), 0x15: ("u2", 3), 0x16: ("u2", 4),
        0x18: ("f4", 3), 0x19: ("f4", 4), 0x1B: ("f4", 3), 0x3A: ("f2", 4), 0x3B: ("f2", 3),
        0x3E: ("f2", 1), 0x3F: ("f4", 1), 0x42: ("f2", 3),
    }.items()
} | {
    bytes.fromhex("8fd7fee3dbe8cf4a84c1e97f6136b327"): ("f4", 3),
    bytes.fromhex("2dadc7f58d6add43a7a8a29935261ae9"): ("u1", 4),
}  # fmt: skip


def read(source: Source) -> Image:
    """Read a JPEG XR file.

    Floating-point and fixed-point samples are linear and relative. The decoder itself turns
    mirrored pictures upright and refuses rotated ones.

    JPEG XR has no check sums, and its decoder reports no data that ends early. A file that is
    shorter than its directory says is refused here; other damage can give a changed picture.
    The decoder crashes on some damaged headers (see ``results/fuzz``): do not read such files with
    ``isolate=False``.

    References
    ----------
    ITU-T T.832 (2019), annex A.

    Raises
    ------
    MissingCodecError
        If ``imagecodecs`` is not installed.
    """
    tags, _, following = read_tags(source)
    samples = _decode(source, tags)
    notes = ["more than one picture: the first was read"] if following else []
    floating = samples.dtype.kind == "f"
    profile = bytes(tags.get(_ICC, b""))
    stated = identify(profile)
    ignored = why_ignored(stated)
    if floating and (ignored or not profile):
        pixels, dropped = drop_alpha(samples, opaque=1.0)
        return linear_image(
            source,
            pixels,
            format_name="jpegxr",
            depth=samples.dtype.name,
            rule=RULE,
            notes=[*notes, *ignored, *dropped],
        )
    bits = None if floating else 8 * samples.dtype.itemsize
    return coded_image(source, samples, bits=bits, coding=stated, format_name="jpegxr", notes=notes)


def _decode(source: Source, tags: Tags) -> NDArray[Any]:
    width, height = number(tags, _WIDTH), number(tags, _HEIGHT)
    source.check_size(width, height)
    source.take(number(tags, _DATA_OFFSET), number(tags, _DATA_SIZE), "the JPEG XR data")
    identifier = bytes(tags.get(_PIXEL_FORMAT, ()))
    if identifier not in _FORMATS:
        raise ImageReadError(
            f"JPEG XR pixel format {identifier.hex()} is not supported: save as grey or RGB"
        )
    kind, channels = _FORMATS[identifier]
    codec = require("imagecodecs", "JPEG XR")
    # Zeros first: the decoder leaves what it cannot decode as it was.
    samples = np.zeros((height, width, channels) if channels > 1 else (height, width), kind)
    try:
        codec.jpegxr_decode(source.data, out=samples)
    except (codec.JpegxrError, ValueError) as error:
        raise ImageReadError(f"corrupt JPEG XR data ({error})") from error
    return samples
