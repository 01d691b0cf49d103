"""Fast bilateral filtering: the contrast of a smooth base layer reduced, the detail kept."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.numerics.bilateral_grid import bilateral_grid
from hdrmetrics.tonemap.bilateral import bilateral_exact
from hdrmetrics.tonemap.operator import OPERATORS, EachLuminanceOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import DELTA, TINY, largest, smallest

_PARAMETERS = (
    setting("contrast", 5.0, 1.01, 1e6, "", "ratio of brightest to darkest of the base layer"),
    setting("sigma_range", 0.4, 0.01, 10.0, "decades", "difference that counts as an edge"),
    setting(
        "sigma_space", None, 0.5, 1e4, "pixels", "width of the base layer's filter",
        "a fiftieth of the picture's longer side",
    ),
)  # fmt: skip
_CITATION = "F. Durand and J. Dorsey, ACM Transactions on Graphics 21(3), 2002"


@OPERATORS.add
class Durand02(EachLuminanceOperator):
    """log L_d = c·(base − max base) + detail, base the bilateral filter of log luminance.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "durand02")[0, 0, 1]]
    [0.48, 0.7, 1.0]
    """

    info = OperatorInfo(
        name="durand02",
        title="Bilateral base and detail, on a grid",
        kind="local",
        parameters=_PARAMETERS,
        monotone=False,
        scale_invariant=True,
        differentiable=False,
        citation=_CITATION,
    )

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the width of the base layer's filter."""
        return light.new_full((1, 1, 1, 1), _reach(light))

    def smooth(self, logs: Tensor, sigma_space: float, sigma_range: float) -> Tensor:
        """Return the bilateral filter of one image's log luminance ``(1, 1, H, W)``."""
        low, high = (float(v) for v in torch.aminmax(logs.detach()))
        return bilateral_grid(logs, sigma_space, sigma_range, low, high)

    def map_one(self, light: Tensor, values: Values) -> Tensor:
        """Return base and detail put together again."""
        space = values.get("sigma_space")
        reach = _reach(light) if space is None else float(space.detach())
        smooth = self.smooth(
            torch.log10(light + DELTA), reach, float(values["sigma_range"].detach())
        )
        base = (10.0**smooth - DELTA).clamp(min=0.0)
        detail = torch.where(base > TINY, light / base.clamp(min=TINY), light)
        logs = torch.log10(base + DELTA)
        peak, room = largest(logs), largest(logs) - smallest(logs)
        factor = torch.log10(values["contrast"]) / torch.where(room > 0, room, 1.0)
        compressed = torch.exp((logs - peak) * (factor * math.log(10.0)))
        return (compressed * detail - DELTA).clamp(min=0.0)


def _reach(light: Tensor) -> float:
    return max(0.5, 0.02 * max(light.shape[-2:]))


@OPERATORS.add
class Durand02Exact(Durand02):
    """The same with the exact bilateral filter, which takes minutes for a megapixel.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "durand02_exact")[0, 0, 1]]
    [0.48, 0.7, 1.0]
    """

    info = OperatorInfo(
        name="durand02_exact",
        title="Bilateral base and detail, exact",
        kind="local",
        parameters=_PARAMETERS,
        monotone=False,
        scale_invariant=True,
        differentiable=True,
        citation=_CITATION,
    )

    def smooth(self, logs: Tensor, sigma_space: float, sigma_range: float) -> Tensor:
        """Return the bilateral filter of one image's log luminance ``(1, 1, H, W)``."""
        return bilateral_exact(logs, sigma_space, sigma_range)
