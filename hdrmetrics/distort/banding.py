"""False contours in smooth areas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.pixels import Code, code_range, from_code, to_code
from hdrmetrics.distort.quantisation import CODE, code_of, levels, step_of
from hdrmetrics.distort.scale import Scale
from hdrmetrics.numerics.filters import gaussian_taps, separable_filter
from hdrmetrics.photometry.color import luminance

_LEVELS: dict[Code, Scale] = {
    # Up to where contours still look like contours; HDR-VDP-2 would have it go on.
    "pu21": Scale(1000.0, 8.0),
    "pq": Scale(1000.0, 8.0),
    "srgb": Scale(350.0, 5.0),
}
_SIGMA = 3.0  # px: of the smooth part, also of the window that looks for texture
_TEXTURE = 0.012  # of the scale (7 PU units, 3 of 255): rms detail that hides contours


@DISTORTIONS.add
class Banding(Distortion):
    """Rounding of the smooth part of the picture, where nothing but the smooth part is there.

    The code value of luminance (HDR: PU21 or PQ; SDR: luma) is split into a Gaussian low-pass and
    the detail on top. What rounding does to the low-pass is added to the codes of all channels,
    weighted by ``exp(-t²)``, t being the local rms of the detail relative to a threshold: a
    gradient of any slope has no detail and gets contours, texture and edges stay as they are. A
    picture without smooth areas is hardly changed.

    The amount is the number of ``levels`` over the whole scale, and the same in ``bits``.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "banding", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="banding",
        title="False contours in smooth areas",
        parameters=(
            CODE,
            Parameter(
                "phase", None, (0.0, 1.0), "",
                "where the levels lie, as a part of the step between them",
                automatic="uniform in 0 to 1",
            ),
        ),
        random=False,
        extent="24 px",
        citation="contours of a coarse base layer; codes as in quantisation",
        hdr_only=("code",),
    )  # fmt: skip

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return ``levels`` and their logarithm, ``bits``."""
        return levels(_LEVELS[code_of(domain, settings)](strength))

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the image with contours."""
        code, step = step_of(case)
        phase = case.settings["phase"]
        level = to_code(luminance(image), code)
        base = _smooth(level)
        texture = _smooth(((level - base) / (_TEXTURE * code_range(code))).square_())
        rounded = ((base / step + phase).round() - phase) * step
        change = torch.exp(-texture) * (rounded - base)
        return from_code(to_code(image, code) + change, code)


def _smooth(values: Tensor) -> Tensor:
    taps = gaussian_taps(2 * math.ceil(4 * _SIGMA) + 1, _SIGMA)
    return separable_filter(values, taps, border="replicate")
