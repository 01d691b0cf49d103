"""WebP for display-encoded pictures."""

from __future__ import annotations

from typing import Any

from PIL import features

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.codec import CODECS, CodecInfo, span
from hdrmetrics.codecs.pillow import PillowCodec

_LADDER = (98.0, 90.8, 82.8, 62.8, 30.8, 11.7, 1.8, 0.0)


@CODECS.add
class WebP(PillowCodec):
    """Lossy WebP by Pillow (libwebp); colour differences have half the resolution, always.

    Grey pictures are coded as three equal channels, and come back with one. At most 16,383 pixels
    a side.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("webp")(torch.full((1, 3, 64, 64), 0.5))
    >>> bool((coded.image - 0.5).abs().max() < 0.05)
    True
    """

    info = CodecInfo(
        name="webp",
        title="WebP",
        domain="sdr",
        parameters=(
            Parameter("quality", 80.0, (0.0, 100.0), "", "100 best", search=span(_LADDER)),
            Parameter("method", 4, (0, 6), "", "effort of the encoder: 6 slowest", "integer"),
        ),
        needs="",
        citation="IETF RFC 9649 (2024)",
        coding="sRGB, 8 bit; YCbCr 4:2:0 with the BT.601 matrix, limited range",
        ladder=_LADDER,
    )
    format = "WEBP"

    @classmethod
    def missing(cls) -> str | None:
        """Return what to install; ``None`` when Pillow was built with WebP."""
        if features.check("webp"):
            return None
        return "this build of Pillow lacks WebP: pip install --force-reinstall pillow brings it"

    def options(self) -> dict[str, Any]:
        """Return what goes to ``Image.save``."""
        return {"quality": self.settings["quality"], "method": self.settings["method"]}
