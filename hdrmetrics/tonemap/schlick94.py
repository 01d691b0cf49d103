"""Rational quantisation: a hyperbola between black and the picture's largest luminance."""

from __future__ import annotations

from torch import Tensor

from hdrmetrics.tonemap.operator import OPERATORS, CurveOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import LEAST_PEAK, largest


@OPERATORS.add
class Schlick94(CurveOperator):
    """L_d = p·L / ((p − 1)·L + L_max).

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "schlick94")[0, 0, 1]]
    [0.84, 0.98, 1.0]
    """

    info = OperatorInfo(
        name="schlick94",
        title="Rational quantisation",
        kind="global",
        parameters=(setting("p", 200.0, 1.0, 1e6, "", "slope at black; 1 is a linear scaling"),),
        monotone=True,
        scale_invariant=True,
        differentiable=True,
        citation="C. Schlick, Photorealistic Rendering Techniques, 1994",
    )

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the slope and the largest luminance."""
        return {"p": values["p"], "peak": largest(light).clamp(min=LEAST_PEAK)}

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the hyperbola."""
        return c["p"] * x / ((c["p"] - 1) * x + c["peak"])
