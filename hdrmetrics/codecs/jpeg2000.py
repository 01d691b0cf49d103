"""JPEG 2000 for light as PQ and for display-encoded pictures."""

from __future__ import annotations

from typing import Any, ClassVar

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.codec import CODECS, CodecInfo, span
from hdrmetrics.codecs.peer import NEEDS, PeerCodec
from hdrmetrics.codecs.samples import Samples, codes, pq
from hdrmetrics.photometry.transfer import PQ_PEAK

_CITATION = "ITU-T T.800 (2019)"
_LADDER = (60.0, 56.3, 52.4, 48.5, 45.1, 41.7, 38.2, 33.4)
_LADDER_SDR = (52.0, 47.1, 42.3, 37.3, 33.3, 30.3, 27.0, 24.0)


class _Jpeg2000(PeerCodec):
    feature: ClassVar[str] = "JPEG2K"

    def options(self, samples: Samples) -> dict[str, Any]:
        """Return what goes to the encoder beside the samples."""
        level = self.settings["psnr"]
        return {"level": level, "codecformat": "j2k", "reversible": False, "numthreads": 1}


def _psnr(default: float, ladder: tuple[float, ...]) -> Parameter:
    return Parameter(
        "psnr", default, (10.0, 100.0), "dB", "PSNR of the code values that the encoder aims at",
        search=span(ladder),
    )  # fmt: skip


@CODECS.add
class Jpeg2000(_Jpeg2000):
    """JPEG 2000 (OpenJPEG) of a PQ signal in 16 bits, as a bare codestream of one layer.

    Light is converted to BT.2020, clipped at 10,000 cd/m² and encoded as BT.2100 PQ. The quality is
    the PSNR of these codes (relative to full scale): the same for every picture, whatever its size.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("jpeg2000")(torch.full((1, 3, 64, 64), 100.0))
    >>> bool((coded.image - 100.0).abs().max() < 5.0)
    True
    """

    info = CodecInfo(
        name="jpeg2000",
        title="JPEG 2000, 16 bit PQ",
        domain="hdr",
        parameters=(_psnr(50.0, _LADDER),),
        needs=NEEDS,
        citation=_CITATION,
        coding="BT.2100 PQ (BT.2020 primaries), 16 bit; irreversible colour transform (BT.601)",
        peak=PQ_PEAK,
        ladder=_LADDER,
    )
    signal = pq(16)


@CODECS.add
class Jpeg2000Sdr(_Jpeg2000):
    """JPEG 2000 (OpenJPEG) of sRGB pictures of eight bits, as a bare codestream of one layer.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("jpeg2000-sdr")(torch.full((1, 3, 64, 64), 0.5))
    >>> bool((coded.image - 0.5).abs().max() < 0.05)
    True
    """

    info = CodecInfo(
        name="jpeg2000-sdr",
        title="JPEG 2000, 8 bit",
        domain="sdr",
        parameters=(_psnr(38.0, _LADDER_SDR),),
        needs=NEEDS,
        citation=_CITATION,
        coding="sRGB, 8 bit; irreversible colour transform (BT.601)",
        ladder=_LADDER_SDR,
    )
    signal = codes(8)
