"""Adaptive logarithmic mapping: a logarithm whose base grows with luminance."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.tonemap.operator import OPERATORS, CurveOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import LEAST_PEAK, largest, log_mean, power


@OPERATORS.add
class Drago03(CurveOperator):
    """L_d = white · log(1 + L) / log(2 + 8·(L/L_max)^(ln b / ln ½)) / log₁₀(1 + L_max).

    L is luminance over an adaptation level, the log mean divided by (b + 0.15)⁵.

    Notes
    -----
    Where the peak is very far above the log mean the base grows faster than the logarithm, and the
    curve falls towards it: at the default bias beyond a ratio of about 200 000, earlier at less.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "drago03")[0, 0, 1]]
    [0.27, 0.63, 1.0]
    """

    info = OperatorInfo(
        name="drago03",
        title="Adaptive logarithmic mapping",
        kind="global",
        parameters=(
            setting("bias", 0.85, 0.5, 0.99, "", "b: less lifts the dark tones more"),
            setting("peak", 100.0, 1.0, 1e4, "cd/m²", "luminance that white stands for, of 100"),
        ),
        monotone=False,
        scale_invariant=True,
        differentiable=True,
        citation="F. Drago, K. Myszkowski, T. Annen and N. Chiba, Computer Graphics Forum 22(3), "
        "2003",
    )

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the adaptation, the exponent of the base and the overall factor."""
        bias, peak = values["bias"], largest(light).clamp(min=LEAST_PEAK)
        adaptation = log_mean(light) / (bias + 0.15) ** 5
        white = torch.log1p(peak / adaptation) / math.log(10.0)
        return {
            "gain": 1 / adaptation,
            "relative": 1 / peak,
            "exponent": torch.log(bias) / math.log(0.5),
            "factor": values["peak"] / 100.0 / white,
        }

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the logarithm of the moving base."""
        base = power(x * c["relative"], c["exponent"])
        return torch.log1p(x * c["gain"]) / torch.log(2 + 8 * base) * c["factor"]
