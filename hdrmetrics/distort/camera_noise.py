"""The noise of a camera: photons counted in a finite well, read out with an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.draws import normal_like
from hdrmetrics.distort.pixels import from_light, log_level, to_light
from hdrmetrics.distort.poisson import poisson_counts
from hdrmetrics.distort.scale import Scale
from hdrmetrics.photometry.color import luminance

_ELECTRONS = Scale(30_000.0, 2.5)


@DISTORTIONS.add
class CameraNoise(Distortion):
    """Poisson-Gaussian noise of linear light (SDR is decoded and encoded again).

    The amount is the exposure: how many ``electrons`` a pixel of the picture's level collects,
    the level being the geometric mean of the luminance (black pixels counted as 0.005 cd/m², or
    0.001 of white). Each channel counts a Poisson number and adds the read noise. The meter puts
    the level ``headroom`` stops below a full well, at whatever gain this takes: that is the amount
    ``full_well``. Where a well would overflow, the pixel comes from an exposure shorter by as many
    times 2 stops as it needs, as in a merged bracket, so that highlights are noisy but not
    clipped. Counts below zero, which read noise makes in the dark, are set to zero.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "camera_noise", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="camera_noise",
        title="Photon and read noise of a camera",
        parameters=(
            Parameter(
                "read_noise", None, (0.0, 100.0), "e⁻",
                "standard deviation of the read-out",
                search=(1.0, 8.0),
                automatic="log-uniform in 1 to 8",
            ),
            Parameter(
                "headroom", None, (0.0, 20.0), "stops",
                "from the picture's level to a full well",
                search=(2.0, 6.0),
                automatic="uniform in 2 to 6",
            ),
        ),
        random=True,
        extent="the level of the whole picture",
        citation="Foi, Trimeche, Katkovnik and Egiazarian, Practical Poissonian-Gaussian noise "
        "modeling and fitting for single-image raw-data, IEEE TIP 17(10), 2008",
    )  # fmt: skip
    logarithmic = ("read_noise",)

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return the ``electrons`` that a pixel of the picture's level collects, and holds."""
        electrons = _ELECTRONS(strength)
        return {"electrons": electrons, "full_well": electrons * 2.0 ** settings["headroom"]}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the noisy image."""
        light = to_light(image, case.domain)
        gain = case.amount["electrons"] / log_level(luminance(light), case.domain)
        full_well, read_noise = case.amount["full_well"], case.settings["read_noise"]
        expected = light * gain
        random = case.random()
        photons, reading = normal_like(light, random), normal_like(light, random)
        shorter = torch.log2((expected / full_well).clamp(min=1.0)) / 2
        exposure = torch.exp2(-2 * torch.ceil(shorter))
        counts = poisson_counts(expected * exposure, photons) + read_noise * reading
        return from_light(counts.clamp(min=0.0) / (exposure * gain), case.domain)
