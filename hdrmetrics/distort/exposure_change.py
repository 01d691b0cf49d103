"""Too much or too little exposure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.pixels import from_light, to_light
from hdrmetrics.distort.scale import Scale, direction

_STOPS: dict[PixelDomain, dict[str, Scale]] = {
    "hdr": {"over": Scale(0.19, 5.0, 0.75), "under": Scale(0.19, 5.0, 0.75)},
    "sdr": {"over": Scale(0.1, 2.5, 0.9), "under": Scale(0.16, 5.0, 0.7)},
}


@DISTORTIONS.add
class ExposureChange(Distortion):
    """Linear light multiplied by a power of two (SDR is decoded, clipped at white and encoded).

    The amount is ``stops``, negative for under-exposure.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "exposure_change", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="exposure_change",
        title="Over- or under-exposure",
        parameters=(direction("whether the picture grows brighter or darker", "over", "under"),),
        random=False,
        extent="a pixel",
        citation="reciprocity: light in proportion to exposure time",
    )

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return the change in ``stops``."""
        direction = settings["direction"]
        stops = _STOPS[domain][direction](strength)
        return {"stops": stops if direction == "over" else -stops}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the image at its new exposure."""
        gain = 2.0 ** case.amount["stops"]
        return from_light(to_light(image, case.domain) * gain, case.domain)
