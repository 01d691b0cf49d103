"""Blur along the line of a camera that moved while the shutter was open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.kernels import line_kernel, spread
from hdrmetrics.distort.pixels import from_light, to_light
from hdrmetrics.distort.scale import Scale

_LENGTH = Scale(0.37, 20.0)


@DISTORTIONS.add
class MotionBlur(Distortion):
    """Blur of linear light along a line (SDR is decoded and encoded again), borders repeated.

    The amount is the line's ``length`` in pixels.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "motion_blur", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="motion_blur",
        title="Blur of a moving camera",
        parameters=(
            Parameter(
                "angle", None, (0.0, 180.0), "°",
                "direction of the motion, counter-clockwise; 0 is horizontal, 90 vertical",
                automatic="uniform in 0 to 180",
            ),
        ),
        random=False,
        extent="half of the length",
        citation="uniform linear motion, as in Banham and Katsaggelos, Digital image restoration, "
        "IEEE Signal Processing Magazine 14(2), 1997",
    )  # fmt: skip

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return ``length`` in pixels."""
        return {"length": _LENGTH(strength)}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the blurred image."""
        kernel = line_kernel(case.amount["length"], case.settings["angle"])
        return from_light(spread(to_light(image, case.domain), kernel), case.domain)
