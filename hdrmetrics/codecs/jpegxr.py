"""JPEG XR for light in half floats."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.codec import CODECS, CodecInfo, span
from hdrmetrics.codecs.peer import NEEDS, PeerCodec
from hdrmetrics.codecs.samples import Samples, light

WHITE = 80.0
"""cd/m² of 1.0 in the file, as in the scRGB screenshots that Windows saves."""

_LADDER = (47, 42, 37, 32, 26, 20, 12, 2)


@CODECS.add
class JpegXr(PeerCodec):
    """JPEG XR (jxrlib) of light in half floats, where 1.0 stands for 80 cd/m².

    Lossy coding works on the bit patterns, which are nearly logarithmic: at strong edges it can
    overshoot by six stops. Light is clipped that much below the largest half float, at about
    82,000 cd/m², because patterns beyond that float mean infinity and NaN.

    The decoder crashes on some damaged files, which is why :func:`~hdrmetrics.read_image` runs it
    in a process of its own. Here it decodes what its own encoder wrote a moment before, and runs
    in this process.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("jpegxr")(torch.full((1, 3, 64, 64), 100.0))
    >>> bool((coded.image - 100.0).abs().max() < 5.0)
    True
    """

    info = CodecInfo(
        name="jpegxr",
        title="JPEG XR, half float",
        domain="hdr",
        parameters=(
            Parameter(
                "quality",
                50,
                (1, 100),
                "",
                "100 loses only what half floats lose",
                "integer",
                search=span(_LADDER),
            ),
        ),
        needs=NEEDS,
        citation="ITU-T T.832 (2019)",
        coding="linear BT.709 (scRGB), half float, 1.0 = 80 cd/m²; YCoCg of the bit patterns",
        peak=65504 / 64 * WHITE,
        ladder=_LADDER,
    )
    feature: ClassVar[str] = "JPEGXR"
    signal = light(WHITE, np.float16)
    decoding: ClassVar[dict[str, Any]] = {}

    def options(self, samples: Samples) -> dict[str, Any]:
        """Return what goes to the encoder beside the samples."""
        # The library reads 1 as lossless, and numbers above as per cent.
        return {"level": self.settings["quality"] / 100}
