"""Brightness matching after Stevens' law, in its revised form."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.tonemap.operator import OPERATORS, CurveOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import PEAK, WORLD, Values, setting
from hdrmetrics.tonemap.statistics import log_mean, power


@OPERATORS.add
class Tumblin99(CurveOperator):
    """L_d = L_da · m · (L / L_wa)^(γ(L_wa) / γ(L_da)), over the display's peak.

    Notes
    -----
    γ is Stevens' contrast sensitivity. The paper writes γ(L_wa) / (1.855 + 0.4·log L_da) inside m
    without naming the base. As in the HDR Toolbox it is taken as the natural logarithm here, and
    γ's own as the decimal one; that makes pictures a third darker than two decimal ones.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "tumblin99")[0, 0, 1]]
    [0.11, 0.36, 0.99]
    """

    info = OperatorInfo(
        name="tumblin99",
        title="Revised Tumblin-Rushmeier",
        kind="global",
        parameters=(
            setting("adaptation", 20.0, 0.1, 1e4, "cd/m²", "L_da: eye's adaptation to display"),
            PEAK,
            setting("contrast", 100.0, 2.0, 1e6, "", "the display's contrast"),
            WORLD,
        ),
        monotone=True,
        scale_invariant=False,
        differentiable=True,
        citation="J. Tumblin, J. K. Hodgins and B. K. Guenter, ACM Transactions on Graphics 18(1), "
        "1999",
    )  # fmt: skip

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the eye's adaptation to the scene."""
        return log_mean(light)

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the world's adaptation, the exponent and the overall factor."""
        values = self.complete(light, values)
        world = values["world"]
        display = values["adaptation"]
        steepness = _stevens(world)
        ratio = steepness / (1.855 + 0.4 * torch.log(display))
        contrast = values["contrast"] ** ((ratio - 1) / 2)
        return {
            "gain": 1 / world,
            "exponent": steepness / _stevens(display),
            "factor": display * contrast / values["peak"],
        }

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the power function."""
        return power(x * c["gain"], c["exponent"]) * c["factor"]


def _stevens(adaptation: Tensor) -> Tensor:
    below = 1.855 + 0.4 * torch.log10(adaptation + 2.3e-5)
    return torch.where(adaptation <= 100, below, 2.655)
