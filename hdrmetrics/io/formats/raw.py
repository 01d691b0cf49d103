"""Camera raw files, developed as photographs by LibRaw."""

from __future__ import annotations

import io
from typing import Any

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.colour.coding import Coding
from hdrmetrics.io.optional import require
from hdrmetrics.io.reduced import reduced_details, scale_for
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_GAMMA = 2.4, 12.92  # of sRGB, as LibRaw wants it: the power, and the slope of the toe
_RULE = "sRGB, as developed"
_DEVELOPED = "developed by LibRaw: the camera's white balance, sRGB, no automatic brightening"
_TURNED = (5, 6)  # LibRaw's flips by a quarter


def read(source: Source) -> Image:
    """Develop a camera's raw file (DNG, CR2, CR3, NEF, ARW, ORF, RAF, RW2, PEF) as a photograph.

    With the camera's white balance, in 8-bit sRGB, upright, as people expect it who look through
    their photographs; not brightened automatically, so that of a bracket of exposures each looks as
    it was exposed. The camera's own preview, which may be retouched or small, is never read in its
    place. Where half the size is enough (``at_least``), no colours are interpolated: each 2 × 2
    sensels become a pixel, in a third of the time.

    Raises
    ------
    MissingCodecError
        If ``rawpy`` is not installed: ``pip install "hdrmetrics[raw]"``.
    ImageReadError
        If LibRaw cannot develop it.
    """
    source.refuse_part()
    rawpy = require(
        "rawpy", "camera raw", ", or develop it first, for example with darktable", extra="raw"
    )
    try:
        with rawpy.imread(io.BytesIO(source.data)) as file:
            sizes = file.sizes
            source.check_size(sizes.raw_width, sizes.raw_height)
            width, height = sizes.iwidth, sizes.iheight
            if sizes.flip in _TURNED:
                width, height = height, width
            half = scale_for(width, height, source.at_least, scales=(2,)) == 2
            codes = file.postprocess(
                use_camera_wb=True, no_auto_bright=True, gamma=_GAMMA, output_bps=8,
                output_color=rawpy.ColorSpace.sRGB, half_size=half,
            )  # fmt: skip
    except rawpy.LibRawError as error:
        raise ImageReadError(f"LibRaw cannot develop this camera raw file ({_words(error)})") from (
            error
        )
    return coded_image(
        source,
        codes,
        bits=8,
        coding=Coding(rule=_RULE),
        alpha=False,
        format_name="raw",
        notes=[_DEVELOPED],
        details=reduced_details(2, (width, height)) if half else {},
    )


def _words(error: Any) -> str:
    found = error.args[0] if error.args else error
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found)
