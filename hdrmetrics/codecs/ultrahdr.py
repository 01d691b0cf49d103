"""Ultra HDR: a JPEG picture for SDR screens with a gain map that restores the light."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.codecs.codec import CODECS, CodecInfo, span
from hdrmetrics.codecs.peer import NEEDS, PeerCodec
from hdrmetrics.codecs.samples import Samples, Signal, to_samples, to_tensor
from hdrmetrics.errors import ShapeError
from hdrmetrics.photometry.transfer import PQ_PEAK

WHITE = 203.0
"""cd/m² of 1.0 in the file: the reference white of ITU-R BT.2408, which is SDR white."""

_LADDER = (100, 95, 89, 78, 58, 30, 15, 6)
_SIDES = (8, 8192)
_LINEAR, _BT709 = 0, 0  # ULTRAHDR.CT.LINEAR and ULTRAHDR.CG.BT_709


def _rgba(image: Tensor) -> Samples:
    """Return light as opaque half floats ``(H, W, 4)``."""
    light = to_samples((image / WHITE).expand(1, 3, *image.shape[-2:]))
    return np.concatenate([light, np.ones_like(light[..., :1])], axis=2).astype(np.float16)


@CODECS.add
class UltraHdr(PeerCodec):
    """Ultra HDR (libultrahdr): a tone-mapped JPEG and a gain map of three channels, as JPEG too.

    The library tone-maps for the base picture itself. Decoding applies the gain map at full
    strength. Pictures have 8 to 8192 pixels a side; grey ones are coded as three equal channels.
    The encoder runs up to four threads of its own, without effect on the file.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.codecs import create_codec
    >>> coded = create_codec("ultrahdr")(torch.full((1, 3, 64, 64), 100.0))
    >>> bool((coded.image - 100.0).abs().max() < 5.0)
    True
    """

    info = CodecInfo(
        name="ultrahdr",
        title="Ultra HDR (JPEG with a gain map)",
        domain="hdr",
        parameters=(
            Parameter(
                "quality",
                90,
                (1, 100),
                "",
                "of the base picture; the gain map has 95",
                "integer",
                search=span(_LADDER),
            ),
            Parameter(
                "scale", 1, (1, 16), "", "how much smaller a gain map than the picture", "integer"
            ),
        ),
        needs=NEEDS,
        citation="ISO 21496-1:2025; Android, Ultra HDR Image Format v1.1",
        coding="base sRGB, 8 bit, YCbCr with the BT.601 matrix; gain map in BT.709, 8 bit",
        peak=PQ_PEAK,
        ladder=_LADDER,
    )
    feature: ClassVar[str] = "ULTRAHDR"
    signal = Signal(_rgba, lambda samples: to_tensor(samples[..., :3]) * WHITE)
    decoding: ClassVar[dict[str, Any]] = {"dtype": np.float16}

    def encode(self, image: Tensor) -> bytes:
        """Return the file of light ``(1, C, H, W)`` in cd/m².

        Raises
        ------
        ShapeError
            For sides under 8 or over 8192 pixels.
        """
        height, width = image.shape[-2:]
        if min(height, width) < _SIDES[0] or max(height, width) > _SIDES[1]:
            raise ShapeError(
                f"ultrahdr takes {_SIDES[0]} to {_SIDES[1]} pixels a side, not {width}×{height}"
            )
        return super().encode(image)

    def options(self, samples: Samples) -> dict[str, Any]:
        """Return what goes to the encoder beside the samples."""
        return {
            "level": self.settings["quality"],
            "scale": self.settings["scale"],
            "transfer": _LINEAR,
            "gamut": _BT709,
            "nits": PQ_PEAK,
        }
