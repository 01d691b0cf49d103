"""A contrast-preserving scale factor from what the eye can just distinguish."""

from __future__ import annotations

from torch import Tensor

from hdrmetrics.tonemap.operator import OPERATORS, CurveOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import PEAK, WORLD, Values
from hdrmetrics.tonemap.statistics import log_mean


@OPERATORS.add
class Ward94(CurveOperator):
    """L_d = L · ((1.219 + (peak/2)^0.4) / (1.219 + L_wa^0.4))^2.5 / peak.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "ward94")[0, 0, 1]]
    [0.2, 0.61, 1.0]
    """

    info = OperatorInfo(
        name="ward94",
        title="Contrast-based scale factor",
        kind="global",
        parameters=(
            PEAK,
            WORLD,
        ),
        monotone=True,
        scale_invariant=False,
        differentiable=True,
        citation="G. Ward, Graphics Gems IV, 1994",
    )  # fmt: skip

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the eye's adaptation to the scene."""
        return log_mean(light)

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the factor."""
        values = self.complete(light, values)
        world, peak = values["world"], values["peak"]
        factor = ((1.219 + (peak / 2) ** 0.4) / (1.219 + world**0.4)) ** 2.5
        return {"factor": factor / peak}

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return scaled light."""
        return x * c["factor"]
