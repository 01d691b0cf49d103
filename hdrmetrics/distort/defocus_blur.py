"""Blur by the disc of a lens out of focus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.kernels import disc_kernel, spread
from hdrmetrics.distort.pixels import from_light, to_light
from hdrmetrics.distort.scale import Scale

_RADIUS = Scale(0.6, 8.0, 1.85)


@DISTORTIONS.add
class DefocusBlur(Distortion):
    """Disc blur of linear light (SDR is decoded and encoded again), borders repeated.

    The amount is the disc's ``radius`` in pixels.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "defocus_blur", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="defocus_blur",
        title="Blur of a lens out of focus",
        parameters=(),
        random=False,
        extent="the radius",
        citation="Potmesil and Chakravarty, A lens and aperture camera model, SIGGRAPH 1981",
    )

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return ``radius`` in pixels."""
        return {"radius": _RADIUS(strength)}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the blurred image."""
        light = to_light(image, case.domain)
        return from_light(spread(light, disc_kernel(case.amount["radius"])), case.domain)
