"""Ultra HDR files: JPEG pictures whose gain map restores the light that SDR left out."""

from __future__ import annotations

import numpy as np

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import linear_image
from hdrmetrics.io.colour.icc import identify, why_ignored
from hdrmetrics.io.formats.jpeg.markers import Markers, parse
from hdrmetrics.io.optional import require
from hdrmetrics.io.orientation import exif_orientation, upright
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

RULE = "linear, 1.0 is SDR white (gain map at full strength); scale=203 gives BT.2408 levels"


def read(source: Source, markers: Markers) -> Image:
    """Read an Ultra HDR file as linear light relative to SDR white.

    The gain map is applied at full strength, as on a screen with all the headroom that the file
    asks for. The file does not say how bright SDR white is, so the image is ``relative``.

    Parameters
    ----------
    source
        The file.
    markers
        Of its first picture.

    Raises
    ------
    MissingCodecError
        If ``imagecodecs`` is not installed.

    References
    ----------
    ISO 21496-1:2025; Android, Ultra HDR Image Format v1.1; ITU-R BT.2408.
    """
    codec = require("imagecodecs", "Ultra HDR", "; part='base' reads the SDR picture without it")
    start = source.data.find(b"\xff\xd8\xff", markers.end)
    if start < 0:
        raise ImageReadError("truncated: the gain map is missing (part='base' reads without it)")
    gain_map = parse(source.data, start)
    source.check_size(gain_map.width, gain_map.height)
    try:
        pixels = codec.ultrahdr_decode(source.data, dtype=np.float16)
    except codec.UltrahdrError as error:
        raise ImageReadError(f"the gain map cannot be applied ({error})") from error
    coding = identify(gain_map.icc)
    if not gain_map.icc or why_ignored(coding):  # then that of the SDR picture counts
        coding = identify(markers.icc)
    notes = list(coding.notes)
    if coding.transfer != "srgb" or coding.curves or coding.profile:
        notes.append(f"the curve was taken as that of sRGB by the decoder ({coding.rule})")
    orientation = exif_orientation(markers.exif)
    return linear_image(
        source,
        upright(pixels[..., :3], orientation),
        format_name="ultrahdr",
        depth="uint8+uint8",
        chromaticities=coding.points,
        stored=coding.stored,
        rule=RULE,
        notes=notes,
        details={"orientation": orientation},
    )
