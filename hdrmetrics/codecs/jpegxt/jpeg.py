"""One layer of eight-bit samples as a baseline JPEG stream."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from hdrmetrics.errors import ImageReadError

Samples = NDArray[np.uint8]
"""``(H, W)`` or ``(H, W, 3)``."""

Planes = Literal["rgb", "ycbcr"]
"""What three channels are: RGB, which JPEG turns into Y'CbCr, or Y'CbCr already."""

Tables = tuple[tuple[int, ...], tuple[int, ...]]
"""Quantisation steps of luma and chroma, 64 each, row by row."""

SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
_MODES = {"rgb": "RGB", "ycbcr": "YCbCr"}


class JpegCoder:
    """Baseline JPEG with Huffman tables made for each picture."""

    def encode(
        self, samples: Samples, tables: Tables, *, planes: Planes, subsampling: str
    ) -> bytes:
        """Return a JPEG file.

        Parameters
        ----------
        samples
            ``(H, W)`` or ``(H, W, 3)``.
        tables
            Quantisation steps.
        planes
            Meaning of three channels.
        subsampling
            Of the chroma, one of :data:`SUBSAMPLINGS`.
        """
        buffer = io.BytesIO()
        if samples.ndim == 2:
            grey = Image.fromarray(samples)
            grey.save(buffer, "JPEG", qtables=[list(tables[0])], optimize=True)
        else:
            height, width, _ = samples.shape
            raw = np.ascontiguousarray(samples).tobytes()
            picture = Image.frombuffer(_MODES[planes], (width, height), raw, "raw", _MODES[planes])
            steps = [list(table) for table in tables]
            picture.save(buffer, "JPEG", qtables=steps, subsampling=subsampling, optimize=True)
        return buffer.getvalue()

    def decode(self, data: bytes, shape: tuple[int, ...], *, planes: Planes) -> Samples:
        """Return the samples of a JPEG file.

        Parameters
        ----------
        data
            The file.
        shape
            What the layer must have.
        planes
            Meaning of three channels.

        Raises
        ------
        ImageReadError
            If the file is damaged, or a picture of another shape.
        """
        mode = "L" if len(shape) == 2 else _MODES[planes]
        # Every block of 8 × 8 samples takes a bit at least; the decoder would fill up with grey.
        if 8 * len(data) < -(-shape[0] // 8) * -(-shape[1] // 8):
            raise ImageReadError("truncated: too little data for the announced size")
        try:
            # The plug-in class, not PIL.Image.open: that tries other formats, and warns by size.
            with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as picture:
                if picture.size != (shape[1], shape[0]) or (picture.mode == "L") != (mode == "L"):
                    raise ImageReadError("corrupt: a layer differs in shape from the header")
                if mode == "YCbCr":
                    picture.draft("YCbCr", picture.size)
                samples = np.asarray(picture)
        except (OSError, SyntaxError, ValueError, IndexError, KeyError) as error:
            if isinstance(error, ImageReadError):
                raise
            raise ImageReadError(f"corrupt: a layer is no readable JPEG stream ({error})") from None
        if samples.shape != shape:
            raise ImageReadError("corrupt: a layer differs in shape from the header")
        return samples


# ITU-T T.81, Annex K.1, tables K.1 and K.2.
_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip


def quality_tables(quality: int, finer: float = 1.0) -> Tables:
    """Return the quantisation steps of a quality as the Independent JPEG Group counts it.

    Parameters
    ----------
    quality
        1 to 100.
    finer
        Divides the steps of that quality. What comes out below 1 becomes 1, and above 255 becomes
        255: a baseline stream holds no others.

    References
    ----------
    ITU-T T.81, Annex K.1.
    """
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    tables = []
    for table in (_LUMA, _CHROMA):
        steps = ((step * percent + 50) // 100 for step in table)
        tables.append(tuple(min(max(round(max(step, 1) / finer), 1), 255) for step in steps))
    return tables[0], tables[1]
