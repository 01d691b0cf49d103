"""Akyüz et al.'s expansion: a linear or power stretch of luminance to the display's range.

Examples
--------
>>> import torch
>>> from hdrmetrics.expand import expand
>>> code = torch.tensor([[0.0, 0.5, 1.0]]).expand(3, 3, 3)
>>> [round(float(v), 1) for v in expand(code, "akyuz07")[0, 0, 1]]
[0.0, 217.6, 1000.0]
"""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.expand.operator import ExpansionInfo, Settings, register_expansion
from hdrmetrics.expand.signal import Signal, divide, largest, power, relight, smallest


def _expand(signal: Signal, values: Settings) -> Tensor:
    light = signal.luminance
    low, high = smallest(light), largest(light)
    # A picture of one luminance has no range to stretch and keeps its place between 0 and 1.
    stretched = torch.where(high > low, divide(light - low, high - low), light)
    return relight(signal, signal.peak * power(stretched, values["exponent"]))


register_expansion(
    ExpansionInfo(
        name="akyuz07",
        title="Akyüz et al. 2007: stretch to the display's range",
        kind="global",
        parameters=(
            Parameter(
                "exponent", 1.0, (0.1, 5.0), "", "1 for well-exposed pictures, above 1 darkens"
            ),
        ),
        monotone=True,
        differentiable=True,
        citation="A. O. Akyüz, R. Fleming, B. E. Riecke, E. Reinhard and H. H. Bülthoff, "
        '"Do HDR displays support LDR content? A psychophysical evaluation", ACM TOG 26(3), 2007',
    ),
    _expand,
)
"""peak·((L − min L)/(max L − min L))^exponent."""
