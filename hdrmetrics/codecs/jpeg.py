"""JPEG for display-encoded pictures."""

from __future__ import annotations

from typing import Any

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.codec import CODECS, CodecInfo, span
from hdrmetrics.codecs.pillow import PillowCodec

_LADDER = (98, 93, 86, 68, 35, 15, 6, 2)
_SUBSAMPLING = Parameter(
    "subsampling", "4:2:0", None, "", "resolution of the colour differences", "choice",
    ("4:4:4", "4:2:0"),
)  # fmt: skip


@CODECS.add
class Jpeg(PillowCodec):
    """Baseline JPEG by Pillow (libjpeg-turbo), with the tables of the standard.

    Grey pictures are coded with one component.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("jpeg")(torch.full((1, 3, 64, 64), 0.5))
    >>> bool((coded.image - 0.5).abs().max() < 0.05)
    True
    """

    info = CodecInfo(
        name="jpeg",
        title="JPEG",
        domain="sdr",
        parameters=(
            Parameter(
                "quality",
                75,
                (1, 100),
                "",
                "100 best; scales the quantisation tables",
                "integer",
                search=span(_LADDER),
            ),
            _SUBSAMPLING,
        ),
        needs="",
        citation="ITU-T T.81 (1992); ITU-T T.871 (2011)",
        coding="sRGB, 8 bit; YCbCr with the BT.601 matrix",
        ladder=_LADDER,
    )
    format = "JPEG"

    def options(self) -> dict[str, Any]:
        """Return what goes to ``Image.save``."""
        return {
            "quality": self.settings["quality"],
            "subsampling": self.settings["subsampling"],
        }
