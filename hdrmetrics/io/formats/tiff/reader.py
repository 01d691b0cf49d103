"""TIFF files: floating-point and integer pictures in grey, RGB or palette colours."""

from __future__ import annotations

import numpy as np

from hdrmetrics.io.build import coded_image, linear_image
from hdrmetrics.io.colour.icc import identify, why_ignored
from hdrmetrics.io.formats import raw
from hdrmetrics.io.formats.tiff import colour
from hdrmetrics.io.formats.tiff.pages import CameraRawError, choose
from hdrmetrics.io.formats.tiff.samples import Form, form, idle_predictor, read_samples
from hdrmetrics.io.formats.tiff.tags import Tags, number
from hdrmetrics.io.orientation import upright
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_COMPRESSION, _ORIENTATION, _ICC = 259, 274, 34675


def read(source: Source) -> Image:
    """Read the main picture of a TIFF or BigTIFF file, or develop it where it is a camera's raw.

    Floating-point samples (16, 24, 32, 64 bits) are linear and relative, whole numbers (1 to 16
    bits) display-encoded, unless an ICC profile or the tags of the picture say otherwise. Strips,
    tiles and planes are understood, uncompressed or with deflate, PackBits, JPEG or (with
    ``imagecodecs``) LZW or Zstandard, with all predictors and both orders of bits.

    Notes
    -----
    ``tifffile`` was tried for this and reads more kinds, but it leaves out tags whose values lie
    outside the file, and then takes the samples for something else; it fills strips that are
    missing or too short with zeros in silence, and inflates without a limit where ``imagecodecs``
    is absent, without which it reads neither JPEG nor 9 to 15 bits (``results/readers``). The tests
    read what it writes.

    References
    ----------
    Adobe, TIFF Revision 6.0, 1992; Adobe Photoshop TIFF Technical Note 3, 2005.
    """
    try:
        tags, order, notes = choose(source)
    except CameraRawError:
        return raw.read(source)
    stored = form(source, tags, order)
    colours, assumed = colour.channels(tags, stored)
    samples = read_samples(source, tags, stored)
    orientation = number(tags, _ORIENTATION, 1)
    samples = upright(samples[..., : colours + 1], orientation)
    notes += [*assumed, *_notes(tags, stored, colours)]
    details = {"compression": number(tags, _COMPRESSION, 1), "orientation": orientation}
    profile = _bytes(tags.get(_ICC))
    coding = identify(profile)
    ignored = why_ignored(coding)
    if ignored or not profile:
        light, dropped = colour.light(samples, tags, stored)
        if light is not None:
            with np.errstate(
                over="ignore"
            ):  # float64 beyond float32 becomes infinite, and is noted
                return linear_image(
                    source,
                    light,
                    format_name="tiff",
                    depth=f"{'float' if stored.floating else 'uint'}{stored.bits}",
                    chromaticities=colour.primaries(tags),
                    details=details,
                    notes=[*notes, *ignored, *dropped],
                )
        coding = identify(profile, colour.coding(source.data, tags, stored))
    codes, bits = colour.code_values(samples, tags, stored)
    return coded_image(
        source, codes, bits=bits, coding=coding, format_name="tiff", details=details, notes=notes
    )


def _notes(tags: Tags, stored: Form, colours: int) -> list[str]:
    notes = []
    if idle_predictor(tags):
        notes.append(
            "the predictor in the tags was not undone: without compression, it does not count"
        )
    if stored.samples > colours + 1:
        notes.append(f"{stored.samples - colours - 1} extra channels were dropped")
    if stored.samples > colours and colour.premultiplied(tags):
        notes.append("colours are premultiplied with alpha: they are those over black")
    return notes


def _bytes(value: object) -> bytes:
    """Return the content of a tag of undefined bytes; some writers declare them as numbers."""
    if isinstance(value, tuple) and all(isinstance(x, int) and 0 <= x < 256 for x in value):
        return bytes(value)
    return value if isinstance(value, bytes) else b""
