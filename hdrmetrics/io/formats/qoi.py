"""QOI files: eight-bit colours, with or without alpha."""

from __future__ import annotations

import importlib.util
import io

import numpy as np
from numpy.typing import NDArray
from PIL import QoiImagePlugin

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.colour.coding import Coding
from hdrmetrics.io.optional import require
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_END = bytes(7) + b"\1"
_HEADER, _LONGEST_RUN = 14, 62


def read(source: Source) -> Image:
    """Read a QOI file as a display-encoded image, or as linear where its header says so.

    Notes
    -----
    ``imagecodecs`` is used where it is installed; Pillow's decoder, in Python, is a hundred times
    slower.

    References
    ----------
    D. Szablewski, "The Quite OK Image Format Specification", version 1.0, 2022.
    """
    width, height, channels, space = source.unpack(">IIBB", 4, "the QOI header")
    source.check_size(width, height)
    if channels not in (3, 4) or space > 1:
        raise ImageReadError(f"corrupt: QOI with {channels} channels and colour space {space}")
    if not source.data.endswith(_END):
        raise ImageReadError("truncated: the end mark of the QOI file is missing")
    if (len(source.data) - _HEADER - len(_END)) * _LONGEST_RUN < width * height:
        raise ImageReadError("truncated: too little data for the announced size")
    coding, notes = Coding(), []
    if space == 1:
        coding = Coding(None, rule="the QOI header says linear")
        notes = ["taken as linear, as its header says; Pillow writes that by default, unasked"]
    return coded_image(
        source,
        _decode(source, channels),
        bits=8,
        coding=coding,
        format_name="qoi",
        notes=notes,
    )


def _decode(source: Source, channels: int) -> NDArray[np.uint8]:
    if importlib.util.find_spec("imagecodecs"):
        decoded: NDArray[np.uint8] = require("imagecodecs", "QOI").qoi_decode(source.data)
        return decoded
    with QoiImagePlugin.QoiImageFile(io.BytesIO(source.data)) as picture:
        return np.asarray(picture.convert("RGB" if channels == 3 else "RGBA"))
