"""TIFF files: floating-point and integer pictures in grey, RGB or palette colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.io.build import coded_image, drop_alpha, linear_image
from hdrmetrics.io.colour.coding import Coding
from hdrmetrics.io.colour.exif import coding_by_exif
from hdrmetrics.io.colour.icc import identify, why_ignored
from hdrmetrics.io.formats.tiff import colour as tiff_colour
from hdrmetrics.io.formats.tiff.pages import choose
from hdrmetrics.io.formats.tiff.samples import Form, form, idle_predictor, read_samples
from hdrmetrics.io.formats.tiff.tags import Tags, number
from hdrmetrics.io.orientation import upright
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_COMPRESSION, _ORIENTATION, _ICC = 259, 274, 34675


def read(source: Source) -> Image:
    """Read the main picture of a TIFF or BigTIFF file.

    Floating-point samples (16, 24, 32, 64 bits) are linear and relative, whole numbers (1 to 16
    bits) display-encoded, unless an ICC profile or the tags of the picture say otherwise. Strips,
    tiles and planes are understood, uncompressed or with deflate, PackBits, JPEG or (with
    ``imagecodecs``) LZW or Zstandard, with all predictors and both orders of bits.

    Notes
    -----
    ``tifffile`` was tried for this and reads more kinds, but it fills strips that are missing with
    zeros in silence, and inflates without a limit where ``imagecodecs`` is absent
    (``results/readers``); the tests read what it writes.

    References
    ----------
    Adobe, TIFF Revision 6.0, 1992; Adobe Photoshop TIFF Technical Note 3, 2005.
    """
    tags, order, notes = choose(source)
    stored = form(source, tags, order)
    colours, assumed = tiff_colour.channels(tags, stored)
    samples = read_samples(source, tags, stored)
    orientation = number(tags, _ORIENTATION, 1)
    samples = upright(samples[..., : colours + 1], orientation)
    notes += assumed
    if idle_predictor(tags):
        notes.append(
            "the predictor in the tags was not undone: without compression, it does not count"
        )
    if stored.samples > colours + 1:
        notes.append(f"{stored.samples - colours - 1} extra channels were dropped")
    if samples.shape[2] > colours and tiff_colour.premultiplied(tags):
        notes.append("colours are premultiplied with alpha: they are those over black")
    details = {"compression": number(tags, _COMPRESSION, 1), "orientation": orientation}
    profile = _bytes(tags.get(_ICC))
    stated = identify(profile)
    ignored = why_ignored(stated)
    if profile and not ignored:
        return _coded(source, samples, tags, stored, stated, details, notes)
    if stored.floating:
        return _linear(source, samples, tags, f"float{stored.bits}", details, [*notes, *ignored])
    curve = None
    table = tiff_colour.transfer_table(tags, stored)
    if table is not None and tiff_colour.photometric_of(tags, stored) in (
        tiff_colour.BLACK_IS_ZERO,
        tiff_colour.RGB,
    ):
        curve = tiff_colour.known_curve(table)
        if curve is None:
            codes, dropped = drop_alpha(samples, opaque=2**stored.bits - 1)
            light = np.stack(
                [table[codes[..., i], i % table.shape[1]] for i in range(codes.shape[2])], axis=-1
            )
            notes += [*ignored, *dropped, "the curve of the TransferFunction tag was applied"]
            return _linear(source, light, tags, f"uint{stored.bits}", details, notes)
    coding = tiff_colour.coding(tags, curve)
    if coding == Coding() and source.data[2:4] in (b"*\0", b"\0*"):
        coding = coding_by_exif(source.data)  # an Exif block is a TIFF file without a picture
    coding = identify(profile, coding)
    return _coded(source, samples, tags, stored, coding, details, notes)


def _bytes(value: object) -> bytes:
    """Return the content of a tag of undefined bytes; some writers declare them as numbers."""
    if isinstance(value, tuple) and all(isinstance(x, int) and 0 <= x < 256 for x in value):
        return bytes(value)
    return value if isinstance(value, bytes) else b""


def _coded(
    source: Source,
    samples: NDArray[Any],
    tags: Tags,
    stored: Form,
    coding: Coding,
    details: dict[str, Any],
    notes: list[str],
) -> Image:
    bits: int | None = None if stored.floating else stored.bits
    photometric = tiff_colour.photometric_of(tags, stored)
    if photometric == tiff_colour.PALETTE:
        samples, bits = tiff_colour.look_up(samples, tags, stored)
    elif photometric == tiff_colour.WHITE_IS_ZERO:
        samples[..., 0] = (2**stored.bits - 1) - samples[..., 0]
    return coded_image(
        source, samples, bits=bits, coding=coding, format_name="tiff", details=details, notes=notes
    )


def _linear(
    source: Source,
    samples: NDArray[Any],
    tags: Tags,
    depth: str,
    details: dict[str, Any],
    notes: list[str],
) -> Image:
    pixels, dropped = drop_alpha(samples, opaque=1.0)
    with np.errstate(over="ignore"):  # float64 beyond float32 becomes infinite, and is noted
        return linear_image(
            source,
            pixels,
            format_name="tiff",
            depth=depth,
            chromaticities=tiff_colour.primaries(tags),
            details=details,
            notes=[*notes, *dropped],
        )
