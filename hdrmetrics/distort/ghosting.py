"""Doubled contours of exposures merged without alignment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.pixels import BLACK, from_light, to_light
from hdrmetrics.distort.scale import Scale
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap.statistics import percentile

_DISPLACEMENT = Scale(0.13, 13.0, 1.3)
_SOFTNESS = 0.5  # stops on either side of the split over which the exposures are blended


@DISTORTIONS.add
class Ghosting(Distortion):
    """A second exposure, moved and slightly turned, merged into part of the range of light.

    Linear light (SDR is decoded and encoded again): ``(1 - w)·x + w·moved(x)``, w rising from 0 to
    ``opacity`` over a stop about the luminance that splits the picture, as the weights of a merge
    do that takes highlights (or shadows) from the other exposure. The amounts are the
    ``displacement`` in pixels and the ``rotation`` in degrees about the centre.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "ghosting", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="ghosting",
        title="Ghosts of a misaligned merge",
        parameters=(
            Parameter(
                "side", None, None, "",
                "which part of the range comes from the moved exposure",
                kind="choice", choices=("highlights", "shadows"),
                automatic="either",
            ),
            Parameter(
                "coverage", None, (0.0, 1.0), "",
                "part of the pixels in that range",
                search=(0.3, 0.8),
                automatic="uniform in 0.3 to 0.8",
            ),
            Parameter(
                "opacity", None, (0.0, 1.0), "",
                "weight of the moved exposure there",
                search=(0.4, 1.0),
                automatic="uniform in 0.4 to 1",
            ),
            Parameter(
                "angle", None, (0.0, 360.0), "°",
                "direction of the displacement, counter-clockwise; 0 is to the right",
                automatic="uniform in 0 to 360",
            ),
            Parameter(
                "spin", None, (-0.5, 0.5), "°/px",
                "rotation per pixel of displacement",
                search=(-0.05, 0.05),
                automatic="uniform in -0.05 to 0.05",
            ),
        ),
        random=False,
        extent="the displacement, and the histogram of the whole picture",
        citation="the ghosting surveyed by Tursun, Akyüz, Erdem and Erdem, The state of the art in "
        "HDR deghosting, Computer Graphics Forum 34(2), 2015",
    )  # fmt: skip

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return ``displacement`` in pixels and ``rotation`` in degrees."""
        displacement = _DISPLACEMENT(strength)
        return {"displacement": displacement, "rotation": displacement * settings["spin"]}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the image with its ghost."""
        light = to_light(image, case.domain)
        amount, settings = case.amount, case.settings
        moved = _moved(light, amount["displacement"], settings["angle"], amount["rotation"])
        weight = settings["opacity"] * self._share(luminance(light), case)
        return from_light(torch.lerp(light, moved, weight), case.domain)

    def _share(self, light: Tensor, case: Case) -> Tensor:
        coverage = case.settings["coverage"]
        if coverage in (0.0, 1.0):
            return torch.full_like(light, coverage)
        bright = case.settings["side"] == "highlights"
        black = BLACK[case.domain]
        split = percentile(light, 1 - coverage if bright else coverage).clamp(min=black)
        stops = torch.log2(light.clamp(min=black) / split)
        t = ((stops if bright else -stops) / (2 * _SOFTNESS) + 0.5).clamp(0.0, 1.0)
        return t * t * (3 - 2 * t)


def _moved(light: Tensor, displacement: float, angle: float, rotation: float) -> Tensor:
    """Return the picture moved and turned about its centre, bilinear, borders repeated."""
    height, width = light.shape[-2:]
    direction, turn = math.radians(angle), math.radians(rotation)
    x = torch.arange(width, dtype=torch.float64) - (width - 1) / 2
    y = torch.arange(height, dtype=torch.float64) - (height - 1) / 2
    # Where each result pixel comes from: back by the displacement, then by the rotation.
    x = (x - displacement * math.cos(direction))[None, :]
    y = (y + displacement * math.sin(direction))[:, None]
    cosine, sine = math.cos(turn), math.sin(turn)
    source_x, source_y = cosine * x - sine * y, sine * x + cosine * y
    grid = torch.stack((source_x * (2 / width), source_y * (2 / height)), dim=-1)[None]
    return F.grid_sample(
        light, grid.to(light), mode="bilinear", padding_mode="border", align_corners=False
    )
