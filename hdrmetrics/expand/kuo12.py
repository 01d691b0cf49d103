"""Kuo et al.'s expansion: Schlick's curve inverted, with bright areas smoothed against banding.

Examples
--------
>>> import torch
>>> from hdrmetrics.expand import expand
>>> code = torch.tensor([[0.0, 0.5, 1.0]]).expand(3, 3, 3)
>>> [round(float(v), 1) for v in expand(code, "kuo12")[0, 0, 1]]
[0.0, 9.2, 1000.0]
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.expand.bilateral import bilateral_filter
from hdrmetrics.expand.operator import ExpansionInfo, Settings, one_number, register_expansion
from hdrmetrics.expand.signal import Signal, largest, relight

_SMOOTHING = 5  # pixels, side of the mean filter over expanded luminance
_ROUNDING = 1e-5  # in a clipped area luminance and its mean are equal but for rounding


def _expand(signal: Signal, values: Settings) -> Tensor:
    light = signal.luminance
    expanded = signal.peak * light / (values["p"] * (1 - light) + light)
    blend = _bright_areas(signal, one_number(values, "tonal"))
    smooth = _box(expanded, _SMOOTHING)
    return relight(signal, smooth * blend + (1 - blend) * expanded)


def _bright_areas(signal: Signal, tonal: float) -> Tensor:
    """Return the weight ``(N, 1, H, W)`` in [0, 1] of the smoothed light: high in bright areas."""
    light = signal.luminance
    window = math.ceil(0.1 * max(light.shape[-2:]))
    threshold = largest(_box(light, window)) - _ROUNDING
    bright = (light >= threshold).to(light)
    eroded = -F.max_pool2d(-bright, 3, stride=1, padding=1)
    sigma = float(signal.decode(light.new_tensor(tonal)).flatten()[0])
    return bilateral_filter(light * eroded, window / 5.0, sigma, guide=light)


def _box(x: Tensor, side: int) -> Tensor:
    """Return the mean over squares, zeros beyond the border, rows first for speed."""
    before, after = side // 2, side - 1 - side // 2
    padded = F.pad(x, (before, after, before, after))
    return F.avg_pool2d(F.avg_pool2d(padded, (side, 1), stride=1), (1, side), stride=1)


register_expansion(
    ExpansionInfo(
        name="kuo12",
        title="Kuo et al. 2012: inverted Schlick curve, smoothed highlights",
        kind="local",
        parameters=(
            Parameter("p", 30.0, (1.0, 1000.0), "", "strength of Schlick's curve; 1 is linear"),
            Parameter(
                "tonal", 100 / 255, (1e-2, 1.0), "", "sigma of the highlights' filter, code value"
            ),
        ),
        monotone=False,
        differentiable=False,
        citation='P.-H. Kuo, C.-S. Tang and S.-Y. Chien, "Content-adaptive inverse tone mapping", '
        "VCIP 2012",
    ),
    _expand,
)
"""peak·L/(p·(1 − L) + L), then a 5×5 mean (zeros beyond the border, so that smoothed highlights
darken there) where the expand map of bright areas says so. The paper's classifier, which picks the
peak by the kind of scene, is left to the caller."""
