"""Huo et al.'s physiological expansion: the retina's response to local light, inverted.

Examples
--------
>>> import torch
>>> from hdrmetrics.expand import expand
>>> code = torch.tensor([[0.0, 0.5, 1.0]]).expand(3, 3, 3)
>>> [round(float(v), 1) for v in expand(code, "huophys13")[0, 0, 1]]
[0.0, 24.4, 1014.3]
"""

from __future__ import annotations

from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.expand.bilateral import bilateral_filter
from hdrmetrics.expand.operator import ExpansionInfo, Settings, register_expansion
from hdrmetrics.expand.signal import Signal, divide, largest, log_mean, power, relight

_PASSES = ((16.0, 0.3), (10.0, 0.1))  # sigma in pixels and in luminance, as in the paper


def _expand(signal: Signal, values: Settings) -> Tensor:
    light, n = signal.luminance, values["n"]
    surround = light
    for spatial, tonal in _PASSES:
        surround = bilateral_filter(surround, spatial, tonal)
    half = power(signal.peak * log_mean(light), n)
    response = power(signal.peak * surround, n) + half
    return relight(signal, divide(light, largest(light)) * power(response, 1 / n))


register_expansion(
    ExpansionInfo(
        name="huophys13",
        title="Huo et al. 2013: inverted response of the retina",
        kind="local",
        parameters=(Parameter("n", 0.86, (0.2, 2.0), "", "sensitivity of the response"),),
        monotone=False,
        differentiable=False,
        citation='Y. Huo, F. Yang, L. Dong and V. Brost, "Physiological inverse tone mapping based '
        'on retina response", The Visual Computer 30, 2014 (online 2013)',
    ),
    _expand,
)
"""(L/max L)·((peak·surround)^n + (peak·geometric mean)^n)^(1/n). Bright pictures exceed the peak,
by up to 2^(1/n); a display model clips them."""
