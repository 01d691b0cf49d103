"""Huo et al.'s dodging and burning, inverted.

Examples
--------
>>> import torch
>>> from hdrmetrics.expand import expand
>>> code = torch.tensor([[0.0, 0.5, 1.0]]).expand(3, 3, 3)
>>> [round(float(v), 1) for v in expand(code, "huo14")[0, 0, 1]]
[0.0, 0.0, 1000.0]
"""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.expand.bilateral import bilateral_filter
from hdrmetrics.expand.operator import ExpansionInfo, Settings, one_number, register_expansion
from hdrmetrics.expand.signal import Signal, divide, largest, mean
from hdrmetrics.photometry.color import luminance


def _expand(signal: Signal, values: Settings) -> Tensor:
    light = signal.luminance
    surround = bilateral_filter(light, one_number(values, "spatial"), one_number(values, "tonal"))
    headroom = (1 - light).clamp(min=0.0) + values["theta"]
    scene = divide(light, mean(light)) / headroom * torch.pow(10.0, -values["s"])
    expanded = signal.light * divide(scene, surround)
    if values["unit"] == "paper":
        return expanded
    return expanded * divide(signal.peak, largest(luminance(expanded)))


register_expansion(
    ExpansionInfo(
        name="huo14",
        title="Huo et al. 2013: inverted dodging and burning",
        kind="local",
        parameters=(
            Parameter("s", 1.6, (0.0, 4.0), "", "10^-s scales the paper's scene light"),
            Parameter(
                "theta", 1e-5, (1e-7, 1.0), "", "keeps white finite; decides how bright it becomes"
            ),
            Parameter("spatial", 16.0, (1.0, 1000.0), "px", "sigma of the surround over space"),
            Parameter("tonal", 3 / 255, (1e-3, 1.0), "", "sigma of the surround over luminance"),
            Parameter(
                "unit",
                "peak",
                None,
                "",
                "peak: the brightest pixel becomes the peak; paper: relative, as in the paper",
                kind="choice",
                choices=("peak", "paper"),
            ),
        ),
        monotone=False,
        differentiable=False,
        citation='Y. Huo, F. Yang and V. Brost, "Dodging and burning inspired inverse tone mapping '
        'algorithm", Journal of Computational Information Systems 9(9), 2013',
    ),
    _expand,
)
"""Light·10^-s·L/(mean L·(1 − L + theta)·surround). The paper's numbers have no unit and span from
0.1 to thousands for ordinary pictures, hence the scaling to the peak, which is ours."""
