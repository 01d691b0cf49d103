"""Additive Gaussian noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.draws import normal_like
from hdrmetrics.distort.pixels import log_level
from hdrmetrics.distort.scale import Scale
from hdrmetrics.photometry.color import luminance

_SIGMA: dict[PixelDomain, Scale] = {"hdr": Scale(0.0028, 0.56, 1.2), "sdr": Scale(0.0012, 0.17)}


@DISTORTIONS.add
class GaussianNoise(Distortion):
    """White noise of one standard deviation, independent in each pixel and channel.

    HDR: added to radiance; the amount ``sigma`` is relative to the picture's level, which is the
    geometric mean of its luminance (at least 0.005 cd/m² per pixel). SDR: added to code values;
    ``sigma`` is in units of the full range.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "gaussian_noise", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="gaussian_noise",
        title="Additive white Gaussian noise",
        parameters=(),
        random=True,
        extent="HDR: the level of the whole picture; SDR: a pixel",
        citation="the usual model of signal-independent noise",
    )

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return ``sigma``, relative to the level (HDR) or to the range of codes (SDR)."""
        return {"sigma": _SIGMA[domain](strength)}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the noisy image."""
        sigma = case.amount["sigma"]
        if case.domain == "hdr":
            sigma *= log_level(luminance(image), "hdr")
        return image + sigma * normal_like(image, case.random())
