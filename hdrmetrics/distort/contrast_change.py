"""More or less global contrast."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.pixels import BLACK, log_level
from hdrmetrics.distort.scale import Scale, direction
from hdrmetrics.numerics.pieces import pointwise
from hdrmetrics.photometry.color import luminance

_STOPS: dict[PixelDomain, dict[str, Scale]] = {
    "hdr": {"more": Scale(0.03, 1.6, 0.75), "less": Scale(0.03, 2.6, 0.8)},
    "sdr": {"more": Scale(0.035, 2.0), "less": Scale(0.03, 2.6, 0.85)},
}


@DISTORTIONS.add
class ContrastChange(Distortion):
    """Contrast multiplied by a gain about the picture's mean.

    HDR: luminance is raised to the power ``gain`` about its geometric mean (a gain in
    log-luminance), the ratios between the channels kept. SDR: code values are scaled by ``gain``
    about their mean over pixels and channels, and clipped.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "contrast_change", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="contrast_change",
        title="More or less contrast",
        parameters=(direction("whether contrast grows or shrinks", "more", "less"),),
        random=False,
        extent="the mean of the whole picture",
        citation="a power function of luminance; linear in codes for SDR, as in TID2013",
    )

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return the ``gain`` of contrast."""
        direction = settings["direction"]
        stops = _STOPS[domain][direction](strength)
        return {"gain": 2.0 ** (stops if direction == "more" else -stops)}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the image with its contrast changed."""
        gain = case.amount["gain"]
        if case.domain == "sdr":
            mean = image.mean()
            return mean + gain * (image - mean)
        light = luminance(image)
        level = math.log(log_level(light, "hdr"))

        def factor(y: Tensor) -> Tensor:
            return torch.exp((torch.log(y.clamp(min=BLACK["hdr"])) - level) * (gain - 1))

        return image * pointwise(factor, light)
