"""Bilateral compositing: virtual photographs weighted by their fine detail."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.numerics.bilateral_grid import bilateral_grid
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap.exposures import expose, uniform_exposures
from hdrmetrics.tonemap.operator import OPERATORS, Operator, OperatorInfo, one_by_one
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import DELTA


@OPERATORS.add
class Raman09(Operator):
    """Σ w·photo / Σ w, w = floor + |L − bilateral(L)|, over exposures one stop apart.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "raman09")[0, 0, 1]]
    [0.28, 0.69, 0.98]
    """

    info = OperatorInfo(
        name="raman09",
        title="Bilateral compositing of exposures",
        kind="local",
        parameters=(
            setting("floor", 70 / 255, 1e-4, 10.0, "", "weight of flat areas"),
            setting("space", 1.0, 0.01, 10.0, "", "filter's width over the shorter side"),
            setting("range", 0.1, 0.01, 1.0, "", "difference that counts as an edge"),
        ),
        monotone=False,
        scale_invariant=False,
        differentiable=False,
        citation="S. Raman and S. Chaudhuri, Eurographics 2009 (short papers)",
        encoded=True,
        own_color=True,
    )

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the weighted mean of the photographs."""
        return torch.cat(
            [
                _composite(expose(one, uniform_exposures(light[i : i + 1])), own)
                for i, (one, own) in enumerate(one_by_one(image, values))
            ]
        )


def _composite(stack: list[Tensor], values: Values) -> Tensor:
    low = min(float(photo.amin()) for photo in stack)
    high = max(float(photo.amax()) for photo in stack)
    space = float(values["space"].detach()) * min(stack[0].shape[-2:])
    edge = max(float(values["range"].detach()) * (high - low), DELTA)
    total = weights = torch.zeros((), dtype=stack[0].dtype, device=stack[0].device)
    for photo in stack:
        grey = luminance(photo)
        weight = values["floor"] + (grey - bilateral_grid(grey, space, edge, low, high)).abs()
        total = total + photo * weight
        weights = weights + weight
    return total / weights
