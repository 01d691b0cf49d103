"""A sinusoidal pattern over the picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.pixels import from_code, own_code, to_code
from hdrmetrics.distort.scale import Scale

_AMPLITUDE: dict[PixelDomain, Scale] = {"hdr": Scale(0.66, 88.0), "sdr": Scale(0.003, 0.39)}


@DISTORTIONS.add
class Grating(Distortion):
    """A sinusoid added to the code values of all channels (HDR: PU21; SDR: its own).

    The amount is the ``amplitude``, half of the way from trough to crest, in PU21 units or as a
    part of the SDR range. Clipped at the ends of the scale.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "grating", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="grating",
        title="Sinusoidal pattern",
        parameters=(
            Parameter(
                "frequency", None, (0.001, 0.5), "1/px",
                "cycles per pixel",
                search=(0.02, 0.3),
                automatic="log-uniform in 0.02 to 0.3",
            ),
            Parameter(
                "orientation", None, (0.0, 180.0), "°",
                "direction across the stripes, counter-clockwise; 0 makes vertical stripes",
                automatic="uniform in 0 to 180",
            ),
            Parameter(
                "phase", None, (0.0, 360.0), "°",
                "at the centre of the upper left pixel",
                automatic="uniform in 0 to 360",
            ),
        ),
        random=False,
        extent="a pixel",
        citation="the stimulus of contrast sensitivity, as in Barten, Contrast sensitivity of the "
        "human eye, 1999; on PU21 codes",
    )  # fmt: skip
    logarithmic = ("frequency",)

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return ``amplitude`` in PU21 units (HDR) or as a part of the range of codes (SDR)."""
        return {"amplitude": _AMPLITUDE[domain](strength)}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the image with the pattern."""
        code = own_code(case.domain)
        height, width = image.shape[-2:]
        direction = math.radians(case.settings["orientation"])
        turn = 2 * math.pi * case.settings["frequency"]
        # In double precision: far down a large picture the phase has many digits.
        x = torch.arange(width, dtype=torch.float64) * (turn * math.cos(direction))
        y = torch.arange(height, dtype=torch.float64) * (turn * -math.sin(direction))
        y += math.radians(case.settings["phase"])
        # sin(x + y) from one sine and cosine per row and column.
        wave = torch.outer(y.sin(), x.cos()) + torch.outer(y.cos(), x.sin())
        wave = (case.amount["amplitude"] * wave).to(image)
        return from_code(to_code(image, code) + wave, code)
