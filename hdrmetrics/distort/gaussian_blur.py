"""Blur by a Gaussian point spread function."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.pixels import from_light, to_light
from hdrmetrics.distort.scale import Scale
from hdrmetrics.numerics.filters import gaussian_taps, separable_filter

_SIGMA = Scale(0.39, 4.0, 1.75)


@DISTORTIONS.add
class GaussianBlur(Distortion):
    """Gaussian blur of linear light (SDR is decoded and encoded again), borders repeated.

    The amount is ``sigma`` in pixels, of a Gaussian sampled at the pixels: below 0.5 its standard
    deviation is smaller than named.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "gaussian_blur", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="gaussian_blur",
        title="Gaussian blur of light",
        parameters=(),
        random=False,
        extent="4 sigma",
        citation="the usual model of a soft lens; here a separable sampled Gaussian cut at 4 sigma",
    )

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return ``sigma`` in pixels."""
        return {"sigma": _SIGMA(strength)}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the blurred image."""
        sigma = case.amount["sigma"]
        taps = gaussian_taps(2 * math.ceil(4 * sigma) + 1, sigma)
        light = to_light(image, case.domain)
        return from_light(separable_filter(light, taps, border="replicate"), case.domain)
