"""JPEG XL for light and for display-encoded pictures."""

from __future__ import annotations

from typing import Any, ClassVar

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.codec import CODECS, CodecInfo, span
from hdrmetrics.codecs.peer import NEEDS, PeerCodec
from hdrmetrics.codecs.samples import Samples, codes, light

WHITE = 203.0
"""cd/m² of 1.0 in the file: the reference white of ITU-R BT.2408."""

_CITATION = "ISO/IEC 18181-1:2024"
_LADDER = (0.32, 0.54, 0.83, 1.5, 2.5, 4.2, 8.0, 25.0)
_LADDER_SDR = (0.45, 0.68, 1.1, 1.9, 3.3, 5.8, 10.0, 17.0)


def _parameters(ladder: tuple[float, ...]) -> tuple[Parameter, ...]:
    return (
        Parameter(
            "distance", 1.0, (0.01, 25.0), "",
            "distance in just noticeable differences that the encoder aims at; 25 worst",
            search=span(ladder),
        ),
        Parameter("effort", 7, (1, 9), "", "effort of the encoder: 9 slowest", "integer"),
    )  # fmt: skip


class _JpegXl(PeerCodec):
    feature: ClassVar[str] = "JPEGXL"

    def options(self, samples: Samples) -> dict[str, Any]:
        """Return what goes to the encoder beside the samples."""
        distance, effort = self.settings["distance"], self.settings["effort"]
        return {"distance": distance, "effort": effort, "numthreads": 1}


@CODECS.add
class JpegXl(_JpegXl):
    """JPEG XL of floating-point light, coded in XYB.

    The file says linear BT.709, where 1.0 stands for 203 cd/m²; light below about 0.01 cd/m²
    drowns in the codec's own precision. The encoder takes 1.0 for 255 cd/m² when it judges
    visibility, which ``imagecodecs`` cannot change.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("jpegxl")(torch.full((1, 3, 64, 64), 100.0))
    >>> bool((coded.image - 100.0).abs().max() < 5.0)
    True
    """

    info = CodecInfo(
        name="jpegxl",
        title="JPEG XL, floating point",
        domain="hdr",
        parameters=_parameters(_LADDER),
        needs=NEEDS,
        citation=_CITATION,
        coding="linear BT.709, float, 1.0 = 203 cd/m²; XYB",
        peak=1e9,
        ladder=_LADDER,
    )
    signal = light(WHITE)


@CODECS.add
class JpegXlSdr(_JpegXl):
    """JPEG XL of sRGB pictures of eight bits, coded in XYB.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("jpegxl-sdr")(torch.full((1, 3, 64, 64), 0.5))
    >>> bool((coded.image - 0.5).abs().max() < 0.05)
    True
    """

    info = CodecInfo(
        name="jpegxl-sdr",
        title="JPEG XL, 8 bit",
        domain="sdr",
        parameters=_parameters(_LADDER_SDR),
        needs=NEEDS,
        citation=_CITATION,
        coding="sRGB, 8 bit; XYB",
        ladder=_LADDER_SDR,
    )
    signal = codes(8)
