"""AVIF for light as PQ and for display-encoded pictures."""

from __future__ import annotations

from typing import Any, ClassVar

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.codec import CODECS, CodecInfo, span
from hdrmetrics.codecs.peer import NEEDS, PeerCodec
from hdrmetrics.codecs.samples import Samples, Signal, codes, pq
from hdrmetrics.photometry.transfer import PQ_PEAK

_FORMATS = {"4:4:4": "yuv444", "4:2:0": "yuv420"}
# Code points of ITU-T H.273: primaries, transfer characteristics, matrix coefficients.
_BT2100_PQ = {"primaries": 9, "transfer": 16, "matrix": 9}
_SRGB = {"primaries": 1, "transfer": 13, "matrix": 6}

_LADDER = (98, 95, 90, 84, 70, 54, 37, 14)
_LADDER_SDR = (98, 91, 78, 63, 46, 34, 15, 0)
_SPEED = Parameter("speed", 6, (0, 10), "", "0 slowest, 10 fastest", "integer")
_CITATION = "AOMedia, AV1 Image File Format v1.1.0 (2022)"


def _quality(ladder: tuple[float, ...]) -> Parameter:
    return Parameter(
        "quality", 75, (0, 100), "", "100 loses only rounding", "integer", search=span(ladder)
    )


def _subsampling(default: str) -> Parameter:
    return Parameter(
        "subsampling", default, None, "",
        "resolution of the colour differences; at quality 100 always full", "choice",
        tuple(_FORMATS),
    )  # fmt: skip


class _Avif(PeerCodec):
    feature: ClassVar[str] = "AVIF"

    coding: ClassVar[dict[str, int]]

    def options(self, samples: Samples) -> dict[str, Any]:
        """Return what goes to the encoder beside the samples."""
        colours = _FORMATS[self.settings["subsampling"]]
        return {
            "level": self.settings["quality"],
            "speed": self.settings["speed"],
            "bitspersample": int(self.settings.get("bits", 8)),
            "pixelformat": "yuv400" if samples.ndim == 2 else colours,
            "numthreads": 1,
            **self.coding,
        }


@CODECS.add
class Avif(_Avif):
    """AVIF (libaom) of a PQ signal in 10 or 12 bits, as HDR files of cameras and browsers are.

    Light is converted to BT.2020, clipped at 10,000 cd/m² and encoded as BT.2100 PQ; decoded
    colours outside BT.709 are clipped. Grey pictures are coded without colour differences.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("avif")(torch.full((1, 3, 64, 64), 100.0))
    >>> bool((coded.image - 100.0).abs().max() < 5.0)
    True
    """

    info = CodecInfo(
        name="avif",
        title="AVIF, 10 or 12 bit PQ",
        domain="hdr",
        parameters=(
            _quality(_LADDER),
            _subsampling("4:4:4"),
            Parameter("bits", "10", None, "", "bits per sample", "choice", ("10", "12")),
            _SPEED,
        ),
        needs=NEEDS,
        citation=_CITATION,
        coding="BT.2100 PQ (BT.2020 primaries); YCbCr with the BT.2020 matrix, full range",
        peak=PQ_PEAK,
        ladder=_LADDER,
    )

    coding = _BT2100_PQ

    @property
    def signal(self) -> Signal:
        """What the samples stand for: PQ codes of as many bits as were set."""
        return pq(int(self.settings["bits"]))


@CODECS.add
class AvifSdr(_Avif):
    """AVIF (libaom) of sRGB pictures of eight bits.

    Grey pictures are coded without colour differences.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("avif-sdr")(torch.full((1, 3, 64, 64), 0.5))
    >>> bool((coded.image - 0.5).abs().max() < 0.05)
    True
    """

    info = CodecInfo(
        name="avif-sdr",
        title="AVIF, 8 bit",
        domain="sdr",
        parameters=(_quality(_LADDER_SDR), _subsampling("4:2:0"), _SPEED),
        needs=NEEDS,
        citation=_CITATION,
        coding="sRGB, 8 bit; YCbCr with the BT.601 matrix, full range",
        ladder=_LADDER_SDR,
    )

    coding = _SRGB
    signal = codes(8)
