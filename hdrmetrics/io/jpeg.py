"""JPEG files: eight-bit grey and colour pictures, turned upright."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import JpegImagePlugin

from hdrmetrics.errors import ImageReadError
from hdrmetrics.image import Image
from hdrmetrics.io import ultrahdr
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.icc import identify
from hdrmetrics.io.isolate import read_isolated
from hdrmetrics.io.jpeg_markers import Markers, parse
from hdrmetrics.io.orientation import exif_orientation, upright
from hdrmetrics.io.source import Source

_KINDS = {2: "two-channel", 4: "CMYK"}


def read(source: Source) -> Image:
    """Read a JPEG file as a display-encoded image, or apply its gain map.

    A file with a gain map (Ultra HDR, ISO 21496-1) is read as HDR: see
    :mod:`hdrmetrics.io.ultrahdr`. ``part="base"`` takes its SDR picture instead.

    Notes
    -----
    JPEG has no check sums. A file that ends early is refused, but bytes that are changed or missing
    inside the compressed data give a changed picture and no error.
    """
    markers = parse(source.data)
    source.check_size(markers.width, markers.height)
    if markers.gain_map and source.part != "base":
        source.refuse_part()
        if not source.isolated:
            return read_isolated(source.path, part=None, max_pixels=source.max_pixels)
        return ultrahdr.read(source, markers)
    if source.part is not None and not markers.gain_map:
        source.refuse_part()
    notes = ["the gain map was left out: this is the SDR picture"] if markers.gain_map else []
    codes = upright(_decode(source, markers), exif_orientation(markers.exif))
    return coded_image(
        source,
        codes,
        bits=8,
        coding=identify(markers.icc),
        format_name="jpeg",
        notes=notes,
        details={"coding": markers.coding, "orientation": exif_orientation(markers.exif)},
    )


def _decode(source: Source, markers: Markers) -> NDArray[np.uint8]:
    if markers.precision != 8:
        raise ImageReadError(f"JPEG files with {markers.precision} bits per sample: not supported")
    if markers.components not in (1, 3):
        kind = _KINDS.get(markers.components, f"{markers.components}-channel")
        raise ImageReadError(f"{kind} JPEG files are not supported: convert to RGB first")
    # Every block of 8 × 8 pixels takes a bit at least; the decoder would fill up with grey.
    if 8 * markers.scan_bytes < -(-markers.width // 8) * -(-markers.height // 8):
        raise ImageReadError("truncated: too little data for the announced size")
    # Without Exif, which is read already: damaged blocks would give warnings.
    pieces, start = [], 0
    for first, last in markers.exif_ranges:
        pieces.append(source.data[start:first])
        start = last
    data = b"".join([*pieces, source.data[start : markers.end]])
    # The plug-in class, not PIL.Image.open: that would try other formats and has limits of its own.
    with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as picture:
        if picture.size != (markers.width, markers.height):
            raise ImageReadError("corrupt: the JPEG frame header is ambiguous")
        return np.asarray(picture.convert("L" if markers.components == 1 else "RGB"))
