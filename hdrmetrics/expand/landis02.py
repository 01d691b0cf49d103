"""Landis' expansion: a power ramp above a threshold.

Examples
--------
>>> import torch
>>> from hdrmetrics.expand import expand
>>> code = torch.tensor([[0.0, 0.5, 1.0]]).expand(3, 3, 3)
>>> [round(float(v), 1) for v in expand(code, "landis02")[0, 0, 1]]
[0.0, 0.2, 1000.0]
"""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.expand.operator import ExpansionInfo, Settings, register_expansion
from hdrmetrics.expand.signal import Signal, divide, largest, power, relight


def _expand(signal: Signal, values: Settings) -> Tensor:
    light, threshold = signal.luminance, values["threshold"]
    # The ramp ends at the picture's own maximum, not at 1: a dim picture reaches the peak too.
    span = (largest(light) - threshold).clamp(min=0.0)
    above = torch.minimum((light - threshold).clamp(min=0.0), span)
    ramp = power(divide(above, span), values["alpha"])
    return relight(signal, light * (values["white"] * (1 - ramp) + signal.peak * ramp))


register_expansion(
    ExpansionInfo(
        name="landis02",
        title="Landis 2002: power ramp above a threshold",
        kind="global",
        parameters=(
            Parameter("alpha", 2.0, (0.1, 10.0), "", "exponent of the ramp"),
            Parameter(
                "threshold", 0.5, (0.0, 0.99), "", "linear luminance above which pixels expand"
            ),
            # 1 keeps the paper's numbers, whose unit is the white of the low-range picture.
            Parameter(
                "white", 1.0, (1e-3, 1e4), "cd/m²", "luminance of white where nothing expands"
            ),
        ),
        monotone=True,
        differentiable=True,
        citation='H. Landis, "Production-ready global illumination", SIGGRAPH course 16, 2002',
    ),
    _expand,
)
"""L·(white·(1 − k) + peak·k) with k = ((L − threshold)/(max L − threshold))^alpha above the
threshold and 0 below. Monotone while ``white`` does not exceed ``peak``."""
