"""Masia et al.'s expansion: a power of luminance, chosen by the picture's key.

Examples
--------
>>> import torch
>>> from hdrmetrics.expand import expand
>>> code = torch.tensor([[0.2, 0.9, 1.0]]).expand(3, 3, 3)
>>> [round(float(v), 1) for v in expand(code, "masia09")[0, 0, 1]]
[203.1, 900.9, 1000.0]
"""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import HdrMetricsWarning
from hdrmetrics.expand.bilateral import bilateral_filter
from hdrmetrics.expand.operator import ExpansionInfo, Settings, one_number, register_expansion
from hdrmetrics.expand.signal import Signal, divide, log_mean, mean, power, relight

_OUTLIERS = 0.01  # share of pixels left out at each end of the range that the key refers to
_KEY_OF_FLAT = 0.7  # where both regressions give an exponent near 1: a flat picture stays as it is


def image_key(light: Tensor) -> Tensor:
    """Return where the geometric mean lies in the logarithmic range of each image.

    Parameters
    ----------
    light
        Luminance ``(N, 1, H, W)``, not negative, any unit.

    Returns
    -------
    Tensor
        ``(N, 1, 1, 1)``: about 0 for dark and 1 for bright pictures. The range is that of the
        pixels that are not black, without the outermost hundredth at each end. A picture without
        a range has the key 0.7, which leaves it as it is.

    References
    ----------
    A. O. Akyüz and E. Reinhard, "Color appearance in high-dynamic-range imaging", Journal of
    Electronic Imaging 15(3), 2006 (the key).
    """
    average = torch.log(log_mean(light)).flatten()
    keys = []
    for index, plane in enumerate(light.flatten(1)):
        lit = plane[plane > 0]
        if lit.numel() == 0:
            keys.append(average[index] * 0 + _KEY_OF_FLAT)
            continue
        low, high = (torch.log(_rank(lit, part)) for part in (_OUTLIERS, 1 - _OUTLIERS))
        flat = not bool(high > low)
        keys.append(
            average[index] * 0 + _KEY_OF_FLAT if flat else (average[index] - low) / (high - low)
        )
    return torch.stack(keys).view(-1, 1, 1, 1)


def _rank(values: Tensor, part: float) -> Tensor:
    count = values.numel()
    return torch.kthvalue(values, max(math.floor(count * part + 0.5), 1)).values


def _exponent(signal: Signal, values: Settings) -> Tensor:
    if values["exponent"] is not None:
        chosen: Tensor = values["exponent"]
        return chosen
    light = signal.luminance
    key = image_key(light)
    if values["regression"] == "2009":
        found = 10.44 * key - 6.282
    else:
        clipped = 100 * mean((light * 255 >= 254).to(light))
        found = 2.4379 + 0.2319 * torch.log(log_mean(light)) - 1.1228 * key + 0.0085 * clipped
    least = values["least"]
    if bool((found < least).any()):
        warnings.warn(
            "masia09: the key is too low for the paper's regression, which would turn bright into "
            'dark; the exponent is kept at the setting "least"',
            HdrMetricsWarning,
            stacklevel=2,
        )
    return torch.maximum(found, least)


def _expand(signal: Signal, values: Settings) -> Tensor:
    light, exponent = signal.luminance, _exponent(signal, values)
    if values["denoise"] == "off":
        return relight(signal, signal.peak * power(light, exponent))
    base = bilateral_filter(light, one_number(values, "spatial"), one_number(values, "tonal"))
    return relight(signal, signal.peak * divide(light, base) * power(base, exponent))


register_expansion(
    ExpansionInfo(
        name="masia09",
        title="Masia et al. 2009: exponent from the picture's key",
        kind="global",
        parameters=(
            Parameter(
                "regression",
                "2009",
                None,
                "",
                "exponent from the key (2009), or from key, mean and clipped pixels (2015)",
                kind="choice",
                choices=("2009", "2015"),
            ),
            Parameter("exponent", None, (0.05, 10.0), "", "instead of the regression's"),
            Parameter("least", 0.1, (0.01, 5.0), "", "smallest exponent that a regression gives"),
            Parameter(
                "denoise",
                "off",
                None,
                "",
                "expand only what a bilateral filter keeps, and leave fine detail as it is",
                kind="choice",
                choices=("off", "bilateral"),
            ),
            Parameter("spatial", 32.0, (1.0, 1000.0), "px", "sigma of that filter over space"),
            Parameter("tonal", 0.01, (1e-3, 1.0), "", "sigma of that filter over luminance"),
        ),
        monotone=True,
        differentiable=True,
        citation="B. Masia, S. Agustin, R. W. Fleming, O. Sorkine and D. Gutierrez, "
        '"Evaluation of reverse tone mapping through varying exposure conditions", ACM TOG 28(5), '
        '2009; B. Masia, A. Serrano and D. Gutierrez, "Dynamic range expansion based on image '
        'statistics", Multimedia Tools and Applications 76, 2017',
        searched=("exponent",),
    ),
    _expand,
    lambda signal, values: {"exponent": _exponent(signal, values)},
)
"""peak·L^exponent. Made for pictures that are bright or over-exposed: below a key of about 0.61
the regression of 2009 falls under ``least``, which is ours; the paper would turn the picture
inside out. With ``denoise`` it is neither monotone nor differentiable."""
