"""Highlights lost to an over-exposed sensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.scale import Scale
from hdrmetrics.tonemap.statistics import percentile

# Odds, not fractions: near 1, where the last shadows go, a little more of a fraction is much more
# of a loss.
_ODDS: dict[PixelDomain, Scale] = {"hdr": Scale(0.0002, 0.8, 0.6), "sdr": Scale(0.01, 9.0, 1.2)}


@DISTORTIONS.add
class SaturationClipping(Distortion):
    """Channels cut at one level of light, where a sensor that collected too much ends.

    The amount is the ``fraction`` of the pixels with a channel at that level or above, the level
    following from the picture. Pixels that reach the picture's maximum do not count: where white
    is clipped already, the level lies below it nevertheless. What is darker than the level is not
    changed: the exposure is known and divided out. Cutting commutes with encoding, so both
    domains are cut as they are.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "saturation_clipping", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="saturation_clipping",
        title="Highlights cut off",
        parameters=(),
        random=False,
        extent="the histogram of the whole picture",
        citation="the saturating sensor of Debevec and Malik, Recovering high dynamic range "
        "radiance maps from photographs, SIGGRAPH 1997",
    )

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return the ``fraction`` of pixels that reach the level."""
        odds = _ODDS[domain](strength)
        return {"fraction": odds / (1 + odds)}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the image cut at its level."""
        brightest = image.amax(dim=1)
        below = brightest[brightest < brightest.amax()]
        if below.numel() == 0:
            return image
        return image.minimum(percentile(below[None], 1.0 - case.amount["fraction"]))
