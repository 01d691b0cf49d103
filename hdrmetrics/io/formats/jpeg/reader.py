"""JPEG files: eight-bit grey and colour pictures, turned upright."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import JpegImagePlugin

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.colour.exif import coding_by_profile
from hdrmetrics.io.formats.jpeg import ultrahdr
from hdrmetrics.io.formats.jpeg.markers import Markers, other_gain_map, other_picture, parse
from hdrmetrics.io.layout import by_planes
from hdrmetrics.io.orientation import exif_orientation, upright, upright_size
from hdrmetrics.io.processes.isolate import read_isolated
from hdrmetrics.io.reduced import reduced_details, scale_for
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_STRIP = 32  # rows at a time


def read(source: Source) -> Image:
    """Read a JPEG file as a display-encoded image, or apply its gain map.

    A file with a gain map (Ultra HDR, ISO 21496-1) is read as HDR: see
    :mod:`~hdrmetrics.io.formats.jpeg.ultrahdr`. ``part="base"`` takes its SDR picture instead. Gain
    maps of other kinds (Apple's) are left out with a note. CMYK is converted by its ICC profile.
    Without a profile, Exif decides between sRGB and Adobe RGB.

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
    notes = []
    if markers.gain_map or other_gain_map(source.data, markers):
        notes.append("the gain map was left out: this is the SDR picture")
    elif other_picture(source.data, markers):
        notes.append("more than one picture: the first was read")
    if source.part != "base" or not any("gain map" in note for note in notes):
        source.refuse_part()
    scale = scale_for(markers.width, markers.height, source.at_least)
    orientation = exif_orientation(markers.exif)
    details = {"coding": markers.coding, "orientation": orientation}
    if scale > 1:
        details |= reduced_details(scale, upright_size(markers.width, markers.height, orientation))
    return coded_image(
        source,
        by_planes(upright(plane, orientation) for plane in _decode(source, markers, scale)),
        bits=8,
        coding=coding_by_profile(markers.icc, markers.exif),
        alpha=False,
        format_name="jpeg",
        notes=notes,
        details=details,
    )


def _decode(source: Source, markers: Markers, scale: int) -> NDArray[np.uint8]:
    """Return the samples of each channel, ``(C, H, W)``, at one part in ``scale`` of the size."""
    if markers.precision != 8:
        raise ImageReadError(f"JPEG files with {markers.precision} bits per sample: not supported")
    if markers.components not in (1, 3, 4):
        raise ImageReadError(
            f"JPEG files of {markers.components} channels are not supported: convert to RGB first"
        )
    if markers.components == 4 and not (markers.icc and markers.adobe):
        missing = "an ICC profile" if markers.adobe else "the marker of Adobe"
        raise ImageReadError(
            f"CMYK JPEG files are not supported without {missing}: convert to RGB first"
        )
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
        if scale > 1:
            picture.draft(None, (markers.width // scale, markers.height // scale))
        # Pillow takes Adobe's paper for ink, as profiles do.
        mode = {1: "L", 3: "RGB", 4: "CMYK"}[markers.components]
        picture.load()
        return _planes(picture if picture.mode == mode else picture.convert(mode))


def _planes(picture: Pillow.Image) -> NDArray[np.uint8]:
    """Return a picture's channels ``(C, H, W)``, from strips that stay in the cache."""
    width, height = picture.size
    planes = np.empty((len(picture.getbands()), height, width), np.uint8)
    for top in range(0, height, _STRIP):
        stop = min(top + _STRIP, height)
        strip = np.frombuffer(picture.crop((0, top, width, stop)).tobytes(), np.uint8)
        planes[:, top:stop] = np.moveaxis(strip.reshape(stop - top, width, -1), 2, 0)
    return planes
