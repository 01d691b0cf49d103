"""Small pictures of files as a page shows them."""

from __future__ import annotations

import os
from pathlib import Path

from hdrmetrics.collection.previews import preview_of
from hdrmetrics.improve.previews import SIDE
from hdrmetrics.io import read_image


def thumbnail(path: str | os.PathLike[str], *, isolate: bool | None = None) -> bytes:
    """Return a JPEG file of a picture, reduced, in sRGB; of an Ultra HDR file its base picture.

    Parameters
    ----------
    path
        A picture of any format; light is tone-mapped.
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
    return preview_of(image, SIDE)
