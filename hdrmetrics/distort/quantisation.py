"""Rounding of code values to few levels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.pixels import CODES, Code, code_range, from_code, to_code
from hdrmetrics.distort.scale import Scale

_LEVELS: dict[Code, Scale] = {
    "pu21": Scale(750.0, 6.6),
    "pq": Scale(790.0, 6.8),
    "srgb": Scale(330.0, 3.0),
}

CODE = Parameter(
    "code",
    None,
    None,
    "",
    "scale of code values of an HDR picture; SDR pictures are rounded in their own codes",
    kind="choice",
    choices=CODES["hdr"],
    automatic="either",
)


def code_of(domain: PixelDomain, settings: Mapping[str, Any]) -> Code:
    """Return the scale of code values that a picture is worked on in."""
    code: Code = settings["code"] if domain == "hdr" else "srgb"
    return code


def levels(count: float) -> dict[str, float]:
    """Return a number of code values as ``levels`` and ``bits``."""
    return {"levels": count, "bits": math.log2(count)}


def step_of(case: Case) -> tuple[Code, float]:
    """Return the scale of codes, and the step between its levels."""
    code = code_of(case.domain, case.settings)
    return code, code_range(code) / (case.amount["levels"] - 1)


@DISTORTIONS.add
class Quantisation(Distortion):
    """Each channel rounded to a number of code values (HDR: PU21 or PQ; SDR: its own).

    The amount is the number of ``levels`` over the whole scale (0.005 to 10 000 cd/m² for PU21, 0
    to 10 000 for PQ), not a whole number in general, and the same in ``bits``. Codes are rounded
    to multiples of ``1 / (levels - 1)`` of the scale. Light above 10 000 cd/m² is clipped.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "quantisation", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="quantisation",
        title="Rounding to few code values",
        parameters=(CODE,),
        random=False,
        extent="a pixel",
        citation="uniform quantisation in PU21 (Mantiuk and Azimi, PCS 2021) or PQ (SMPTE ST 2084)",
        hdr_only=("code",),
    )

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return ``levels`` and their logarithm, ``bits``."""
        return levels(_LEVELS[code_of(domain, settings)](strength))

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the rounded image."""
        code, step = step_of(case)
        return from_code((to_code(image, code) / step).round() * step, code)
