"""High-throughput JPEG 2000 for light as PQ."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.codec import CODECS, CodecInfo, span
from hdrmetrics.codecs.peer import NEEDS, PeerCodec
from hdrmetrics.codecs.samples import from_pq_codes, to_pq_codes
from hdrmetrics.photometry.transfer import PQ_PEAK

_BITS = 16
_LADDER = (0.002, 0.0035, 0.0061, 0.01, 0.019, 0.034, 0.07, 0.16)


@CODECS.add
class Htj2k(PeerCodec):
    """High-throughput JPEG 2000 (OpenJPH) of a PQ signal in 16 bits, as a bare codestream.

    Light is converted to BT.2020, clipped at 10,000 cd/m² and encoded as BT.2100 PQ.
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

    def encode(self, image: Tensor) -> bytes:
        """Return the codestream of light ``(1, C, H, W)`` in cd/m²."""
        codes = to_pq_codes(image, _BITS)
        return self.peer_encode(codes, level=self.settings["step"], reversible=False)

    def decode(self, data: bytes) -> Tensor:
        """Return the light of a codestream in cd/m²; colours outside BT.709 are negative."""
        return from_pq_codes(self.peer_decode(data), _BITS)
