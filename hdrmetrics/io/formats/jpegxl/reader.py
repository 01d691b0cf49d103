"""JPEG XL files: integer pictures with their code points, floating-point ones as light."""

from __future__ import annotations

import numpy as np

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.formats.jpeg.markers import parse as markers_of
from hdrmetrics.io.formats.jpegxl.colour import coding_of, returns_light
from hdrmetrics.io.formats.jpegxl.floats import as_floats
from hdrmetrics.io.formats.jpegxl.header import boxes, codestream, parse
from hdrmetrics.io.optional import require
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_MAX_EXTRA = 4


def read(source: Source) -> Image:
    """Read a JPEG XL file, bare or in a container; of an animation, the first frame.

    Pictures whose colours are declared linear are linear and relative; others are
    display-encoded with the declared transfer function. The orientation is applied.

    Raises
    ------
    MissingCodecError
        If ``imagecodecs`` is not installed; for an ICC profile in a picture that is neither lossy
        nor made of a JPEG file, also without ``pylibjxl`` (the extra ``jxl``).
    ImageReadError
        Also for CMYK.

    References
    ----------
    ISO/IEC 18181-1:2024; ISO/IEC 18181-2:2024.
    """
    header = parse(codestream(source.data))
    source.check_size(header.width, header.height)
    if header.extra_channels > _MAX_EXTRA:
        raise ImageReadError(f"{header.extra_channels} extra channels are not supported")
    if header.black:
        raise ImageReadError("CMYK JPEG XL files are not supported: convert to RGB first")
    kinds = {kind for kind, _, _ in boxes(source.data)}
    codec = require("imagecodecs", "JPEG XL")
    try:
        # The decoder gives no ICC profile, but a JPEG file inside can be had whole.
        icc = b""
        if header.icc and not header.xyb and b"jbrd" in kinds:
            icc = markers_of(bytes(codec.jpegxl_decode_jpeg(source.data))).icc
        data = as_floats(source.data, header) if returns_light(header) else source.data
        samples = np.asarray(codec.jpegxl_decode(data, index=0, numthreads=1))
    except (codec.JpegxlError, RuntimeError, ValueError) as error:
        raise ImageReadError(f"corrupt JPEG XL data ({error})") from error
    if header.icc and not header.xyb and not icc:
        icc = _profile(source.data)
    colours = 1 if header.grey else 3
    if samples.ndim == 3:
        samples = samples[..., : colours + 1]
    notes = ["animated: the first frame was read"] if header.animated else []
    if header.extra_channels > 1:
        notes.append(f"{header.extra_channels - 1} extra channels were dropped")
    if header.premultiplied:
        notes.append("colours are premultiplied with alpha: they are those over black")
    if b"jhgm" in kinds:
        notes.append("the gain map was left out: this is the picture without it")
    return coded_image(
        source,
        samples,
        bits=None if samples.dtype.kind == "f" else header.bits,
        coding=coding_of(header, icc),
        format_name="jpegxl",
        details={"orientation": header.orientation},
        notes=notes,
    )


def _profile(data: bytes) -> bytes:
    """Return the ICC profile of a file, which holds it in compressed form."""
    convert = "convert to PNG, as by the command 'djxl picture.jxl picture.png', which keeps it"
    library = require(
        "pylibjxl", "JPEG XL (lossless, with an ICC profile)", f"; or {convert}", extra="jxl"
    )
    try:
        _, said = library.decode(data, metadata=True)
        return bytes(said["icc_profile"])
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ImageReadError(f"its ICC profile cannot be decoded ({error}): {convert}") from error
