"""Histogram adjustment: equalisation that nowhere stretches contrast beyond the scene's."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.tonemap.operator import OPERATORS, EachLuminanceOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import PEAK, Values, setting
from hdrmetrics.tonemap.statistics import DELTA


@OPERATORS.add
class WardHistogram97(EachLuminanceOperator):
    """log L_d = log black + (log peak − log black) · P(log L), P the trimmed cumulative histogram.

    A bin's count is cut at the level where the display would show more contrast than the scene
    has, again and again until little is left to cut. Human limits (glare, acuity, colour), the
    second half of the paper, are left out.

    Notes
    -----
    A scene of less contrast than the display is scaled linearly, as the paper says; the HDR Toolbox
    stretches it. The toolbox also loses the brightest pixels where rounding puts them above the
    last bin; here they always count.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "ward_histogram97")[0, 0, 1]]
    [0.0, 0.33, 1.0]
    """

    info = OperatorInfo(
        name="ward_histogram97",
        title="Histogram adjustment",
        kind="histogram",
        parameters=(
            setting("bins", 100.0, 2.0, 1e4, "", "number of histogram bins"),
            setting("black", 1.0, 1e-4, 100.0, "cd/m²", "the display's black"),
            PEAK,
        ),
        monotone=True,
        scale_invariant=True,
        differentiable=False,
        citation="G. Ward Larson, H. Rushmeier and C. Piatko, IEEE Transactions on Visualization "
        "and Computer Graphics 3(4), 1997",
    )

    def check_settings(self) -> None:
        """Raise unless black lies below the peak."""
        if not float(self.settings["black"] or 0) < float(self.settings["peak"] or 0):
            raise OptionError("ward_histogram97: black lies below the peak")

    def map_one(self, light: Tensor, values: Values) -> Tensor:
        """Return the adjusted luminance."""
        bins = round(float(values["bins"].detach()))
        logs = torch.log(light + DELTA)
        low, high = logs.amin(), logs.amax()
        if not bool(high > low):
            return torch.ones_like(light)
        step = (high - low) / bins
        display = torch.log(values["peak"] + DELTA) - torch.log(values["black"] + DELTA)
        if bool(high - low <= display):
            return _between(light / light.amax() * values["peak"], values)
        index = torch.ceil((logs - low) / step).long().clamp(0, bins).flatten()
        # Bins are open below, so that the darkest pixel itself lies in none.
        counts = torch.bincount(index, minlength=bins + 1)[1:].to(light)
        total = _trim(counts, float(step / display)).cumsum(0)
        total = total / total[-1].clamp(min=DELTA)
        place = (torch.log(light.clamp(min=DELTA)) - low) * ((bins - 1) / (high - low))
        place = place.clamp(0, bins - 1)
        left = place.floor().clamp(max=bins - 2).long()
        share = place - left
        level = total[left] * (1 - share) + total[left + 1] * share
        shown = torch.exp(torch.log(values["black"] + DELTA) + display * level)
        return _between(shown, values)


def _between(shown: Tensor, values: Values) -> Tensor:
    """Return cd/m² of the display as 0 at its black and 1 at its peak."""
    return (shown - values["black"]) / (values["peak"] - values["black"])


def _trim(counts: Tensor, share: float) -> Tensor:
    """Return counts cut at ``share`` of their sum, until less than 2.5 % of all is cut or left."""
    tolerance = 0.025 * float(counts.sum())
    cut = math.inf
    while cut > tolerance and float(counts.sum()) >= tolerance:
        ceiling = counts.sum() * share
        cut = float((counts - ceiling).clamp(min=0).sum())
        counts = torch.minimum(counts, ceiling)
    return counts
