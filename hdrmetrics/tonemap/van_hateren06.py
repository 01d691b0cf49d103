"""The steady response of human cones, from a model of their biochemistry."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.tonemap.operator import OPERATORS, CurveOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting

_BETA_DARK = 2.8e-3  # 1/ms, rate in the dark
_BETA_GAIN = 1.6e-4  # 1/ms per troland
_FEEDBACK = 9e-2


@OPERATORS.add
class VanHateren06(CurveOperator):
    """L_d = 1 − I / I_dark, I the current at which the cone's calcium feedback settles.

    I solves 0.09·I⁵ + I⁴ = 1 / (β_dark + β·trolands). The response is meant to be shown without a
    further gamma.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "van_hateren06")[0, 0, 1]]
    [0.1, 0.36, 0.62]
    """

    info = OperatorInfo(
        name="van_hateren06",
        title="Steady response of cones",
        kind="global",
        parameters=(setting("pupil", 10.0, 0.5, 60.0, "mm²", "area of the pupil"),),
        monotone=True,
        scale_invariant=False,
        differentiable=True,
        citation="J. H. van Hateren, ACM Transactions on Graphics 25(4), 2006",
        encoded=True,
    )

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the gain and the current in the dark."""
        dark = _steady_current(torch.full_like(values["pupil"], 1 / _BETA_DARK))
        return {"gain": values["pupil"] * _BETA_GAIN, "dark": dark}

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the response."""
        return 1 - _steady_current(1 / (_BETA_DARK + x * c["gain"])) / c["dark"]


def _steady_current(rate: Tensor) -> Tensor:
    """Return the positive root of 0.09·I⁵ + I⁴ = rate, by Newton's method.

    The fourth root of the right side lies above the solution, where the polynomial is convex: the
    steps fall monotonically towards it. Only the last one is recorded for gradients: at the root
    its derivative is that of the implicit function.
    """
    with torch.no_grad():
        x = torch.sqrt(torch.sqrt(rate))
        for _ in range(3 if rate.dtype == torch.float32 else 4):
            x = _newton(x, rate)
    return _newton(x, rate)


def _newton(x: Tensor, rate: Tensor) -> Tensor:
    cube = x * x * x
    return x - (cube * x * (_FEEDBACK * x + 1) - rate) / (cube * (5 * _FEEDBACK * x + 4))
