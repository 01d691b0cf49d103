"""JPEG XL files: integer pictures with their code points, floating-point ones as light."""

from __future__ import annotations

import numpy as np

from hdrmetrics.color import CHROMATICITIES
from hdrmetrics.errors import ImageReadError
from hdrmetrics.image import Image
from hdrmetrics.io.build import coded_image, drop_alpha, linear_image
from hdrmetrics.io.cicp import PRIMARIES, UNSPECIFIED, from_cicp
from hdrmetrics.io.codecs import require
from hdrmetrics.io.jpegxl_header import codestream, parse
from hdrmetrics.io.source import Source

_LINEAR = 8
_MAX_EXTRA = 4


def read(source: Source) -> Image:
    """Read a JPEG XL file, bare or in a container; of an animation, the first frame.

    Pictures whose colours are declared linear are linear and relative; others are
    display-encoded with the declared transfer function. The orientation is applied.

    Raises
    ------
    MissingCodecError
        If ``imagecodecs`` is not installed.

    References
    ----------
    ISO/IEC 18181-1:2024; ISO/IEC 18181-2:2024.
    """
    source.refuse_part()
    header = parse(codestream(source.data))
    source.check_size(header.width, header.height)
    if header.extra_channels > _MAX_EXTRA:
        raise ImageReadError(f"{header.extra_channels} extra channels are not supported")
    codec = require("imagecodecs", "JPEG XL")
    try:
        samples = np.asarray(codec.jpegxl_decode(source.data, index=0, numthreads=1))
    except (codec.JpegxlError, RuntimeError, ValueError) as error:
        raise ImageReadError(f"corrupt JPEG XL data ({error})") from error
    colours = 1 if header.grey else 3
    if samples.ndim == 3:
        samples = samples[..., : colours + 1]
    notes = ["animated: the first frame was read"] if header.animated else []
    if header.icc:
        notes.append("an ICC profile was ignored; taken as sRGB")
    if header.extra_channels > 1:
        notes.append(f"{header.extra_channels - 1} extra channels were dropped")
    details = {"orientation": header.orientation}
    primaries = UNSPECIFIED if header.primaries is None else header.primaries
    transfer = UNSPECIFIED if header.transfer is None else header.transfer
    bits = None if samples.dtype.kind == "f" else header.bits
    if bits is None and transfer == _LINEAR:
        pixels, dropped = drop_alpha(samples, opaque=1.0)
        return linear_image(
            source,
            pixels,
            format_name="jpegxl",
            depth=samples.dtype.name,
            details=details,
            chromaticities=CHROMATICITIES[PRIMARIES.get(primaries, "bt709")],
            notes=[*notes, *dropped],
        )
    return coded_image(
        source,
        samples,
        bits=bits,
        coding=from_cicp(primaries, transfer),
        format_name="jpegxl",
        details=details,
        notes=notes,
    )
