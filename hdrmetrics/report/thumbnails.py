"""Small pictures of files as a page shows them: light is tone-mapped."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from hdrmetrics.improve.previews import SIDE, preview
from hdrmetrics.io import read_image
from hdrmetrics.jobs.inputs import prepare_inputs
from hdrmetrics.picture.image import Calibration, Image
from hdrmetrics.picture.units import Units

OPERATOR = "reinhard02"
"""What tone-maps light for a page, each picture by itself."""


def thumbnail(path: str | os.PathLike[str], *, isolate: bool | None = None) -> bytes:
    """Return a JPEG file of a picture, reduced, in sRGB; of an Ultra HDR file its base picture.

    Parameters
    ----------
    path
        A picture of any format.
    isolate
        As for :func:`hdrmetrics.read_image`.

    Raises
    ------
    ImageReadError
        If it cannot be read.
    PixelValueError
        If its light is not finite.
    """
    image = read_image(Path(path), isolate=isolate)
    if image.origin.format == "ultrahdr":
        image = read_image(Path(path), part="base", isolate=isolate)
    return preview(as_seen(image))


def as_seen(image: Image, side: int = SIDE) -> Image:
    """Return a picture as a page shows it, display-encoded.

    Parameters
    ----------
    image
        Codes stay as they are; light (PQ and HLG codes stand for it) is tone-mapped by
        :data:`OPERATOR`.
    side
        Light is reduced to this longer side first, in pixels: so it is quick.

    Raises
    ------
    PixelValueError
        If light is not finite.
    """
    if image.calibration.transfer not in (None, "pq", "hlg"):
        return image
    from hdrmetrics.tonemap import create_operator, to_display

    light = prepare_inputs(image, None, "hdr", Units()).test
    longest = max(light.shape[-2:])
    if longest > side:
        size = [max(1, round(one * side / longest)) for one in light.shape[-2:]]
        light = torch.nn.functional.interpolate(light, size, mode="bilinear", antialias=True)
    code = to_display(create_operator(OPERATOR)(light.clamp(min=0)))
    calibration = Calibration("display", transfer="srgb", rule=f"tone-mapped by {OPERATOR}")
    pixels = code[0].movedim(0, 2).contiguous().numpy()
    return image.replace(pixels=pixels, calibration=calibration, primaries="bt709")
