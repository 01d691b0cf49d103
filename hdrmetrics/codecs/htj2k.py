"""High-throughput JPEG 2000 for light as PQ."""

from __future__ import annotations

from typing import Any, ClassVar

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.codec import CODECS, CodecInfo, span
from hdrmetrics.codecs.peer import NEEDS, PeerCodec
from hdrmetrics.codecs.samples import Samples, pq
from hdrmetrics.photometry.transfer import PQ_PEAK

_LADDER = (0.002, 0.0035, 0.0061, 0.01, 0.019, 0.034, 0.07, 0.16)


@CODECS.add
class Htj2k(PeerCodec):
    """High-throughput JPEG 2000 (OpenJPH) of a PQ signal in 16 bits, as a bare codestream.

    Light is converted to BT.2020, clipped at 10,000 cd/m² and encoded as BT.2100 PQ.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("htj2k")(torch.full((1, 3, 64, 64), 100.0))
    >>> bool((coded.image - 100.0).abs().max() < 5.0)
    True
    """

    info = CodecInfo(
        name="htj2k",
        title="High-throughput JPEG 2000, 16 bit PQ",
        domain="hdr",
        parameters=(
            Parameter(
                "step",
                0.005,
                (1e-5, 0.5),
                "",
                "quantisation step of full scale; 0.5 worst",
                search=span(_LADDER),
            ),
        ),
        needs=NEEDS,
        citation="ITU-T T.814 (2019)",
        coding="BT.2100 PQ (BT.2020 primaries), 16 bit; irreversible colour transform (BT.601)",
        peak=PQ_PEAK,
        ladder=_LADDER,
    )
    feature: ClassVar[str] = "HTJ2K"
    signal = pq(16)
    decoding: ClassVar[dict[str, Any]] = {}

    def options(self, samples: Samples) -> dict[str, Any]:
        """Return what goes to the encoder beside the samples."""
        return {"level": self.settings["step"], "reversible": False}
