"""Loss of resolution by a smaller size in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.pixels import from_code, from_light, own_code, to_code, to_light
from hdrmetrics.distort.scale import Scale
from hdrmetrics.numerics.resize import imresize

_FACTOR = Scale(1.15, 9.0, 1.4)
_KERNELS = ("bicubic", "bilinear", "nearest")


@DISTORTIONS.add
class Resampling(Distortion):
    """Down to a smaller size by a kernel, and up again by another.

    Down in linear light, as pixels of a coarser sensor collect it (``nearest`` picks pixels, and
    aliases); up in code values (HDR: PU21; SDR: its own), as a display's scaler does it. The
    amount is the ``factor`` between the sizes; sides are rounded to whole pixels, at least one.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "resampling", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="resampling",
        title="Down- and up-sampling",
        parameters=(
            Parameter(
                "down", None, None, "",
                "kernel on the way down: cubic or triangle stretched by the factor, or none",
                kind="choice", choices=_KERNELS,
                automatic="any of the three",
            ),
            Parameter(
                "up", None, None, "",
                "kernel on the way up",
                kind="choice", choices=_KERNELS,
                automatic="any of the three",
            ),
        ),
        random=False,
        extent="a few times the factor in pixels",
        citation="Keys, Cubic convolution interpolation for digital image processing, 1981",
    )  # fmt: skip

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return the ``factor`` between the two sizes."""
        return {"factor": _FACTOR(strength)}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the image after both steps."""
        height, width = image.shape[-2:]
        factor = case.amount["factor"]
        small = max(1, round(height / factor)), max(1, round(width / factor))
        if small == (height, width):
            return image
        code = own_code(case.domain)
        light = _resize(to_light(image, case.domain), small, case.settings["down"])
        values = to_code(from_light(light, case.domain), code)
        return from_code(_resize(values, (height, width), case.settings["up"]), code)


def _resize(image: Tensor, size: tuple[int, int], kernel: str) -> Tensor:
    if kernel != "nearest":
        return imresize(image, size, "bicubic" if kernel == "bicubic" else "bilinear")
    for axis, target in zip((-2, -1), size, strict=True):
        length = image.shape[axis]
        places = (torch.arange(target, dtype=torch.float64) + 0.5) * (length / target)
        image = image.index_select(axis, places.long().clamp(max=length - 1).to(image.device))
    return image
