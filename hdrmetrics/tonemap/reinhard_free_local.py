"""The photographic curve with free settings, each pixel measured by the light around it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.numerics.bilateral_grid import bilateral_grid
from hdrmetrics.numerics.recording import need_values
from hdrmetrics.tonemap.color import schlick
from hdrmetrics.tonemap.operator import OPERATORS, EachLuminanceOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.reinhard02 import ReinhardFree
from hdrmetrics.tonemap.statistics import DELTA, log_mean, mean

REACH = 0.02
"""Width of the filter that finds the light around a pixel, by the picture's longer side."""

EDGE = 0.4 * math.log(10.0)
"""Difference of log luminance that counts as an edge, nepers; light is not mixed across it."""


@OPERATORS.add
class ReinhardFreeLocal(EachLuminanceOperator):
    """L_d = α·L / (α·L + V), V = μ^(1−ρ) · B^ρ, B the edge-aware local mean of luminance.

    B is the bilateral filter of log luminance, on a grid that hangs on the picture's log mean. With
    ρ = 0 this is ``reinhard_free``; with ρ = 1 large differences of light are gone and α is the
    value, before compression, that each neighbourhood's mean becomes. γ is the exponent of the
    colour ratios, as there.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "reinhard_free_local")[0, 0, 1]]
    [0.25, 0.43, 0.67]
    """

    info = OperatorInfo(
        name="reinhard_free_local",
        title="Photographic curve with free settings, edge-aware local form",
        kind="local",
        parameters=(
            *ReinhardFree.info.parameters,
            setting("locality", 0.5, 0.0, 1.0, "", "ρ: how much of the local mean is divided out"),
        ),
        monotone=False,
        scale_invariant=True,
        differentiable=True,
        citation="After E. Reinhard et al., 2002, and F. Durand and J. Dorsey, 2002",
        own_color=True,
        searched=("alpha", "gamma", "locality"),  # α / μ is one degree of freedom
    )

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the luminance that becomes 0.5, times α."""
        return log_mean(light)

    def map_one(self, light: Tensor, values: Values) -> Tensor:
        """Return each pixel compressed by the light around it."""
        logs = torch.log(light + DELTA)
        middle = mean(logs)
        mu = values.get("mu")
        level = middle if mu is None else torch.log(mu)
        exposure = values["alpha"] / (torch.exp(middle) if mu is None else mu)
        base = local_mean(logs - middle) + (middle - level)
        scaled = light * exposure * torch.exp(-values["locality"] * base)
        return scaled / (1 + scaled)

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the picture with its colour ratios to the power γ."""
        mapped = self.map_light(light, values)
        return mapped if image.shape[1] == 1 else schlick(image, light, mapped, values["gamma"])


def local_mean(logs: Tensor) -> Tensor:
    """Return the edge-aware local mean of log luminance.

    Cells begin at multiples of :data:`EDGE`, so that they stay where they are when a pixel changes,
    and the slope of the result is that of the formula.

    Parameters
    ----------
    logs
        ``(1, 1, H, W)``, nepers, relative to the picture's mean.

    Returns
    -------
    Tensor
        The same shape and unit.

    Raises
    ------
    OptionError
        While tracing or compiling: how many cells there are depends on the picture.
    """
    need_values(logs, "a local operator looks at the picture's range; use a global one")
    low, high = (float(v) for v in torch.aminmax(logs.detach()))
    reach = max(0.5, REACH * max(logs.shape[-2:]))
    low = math.floor(low / EDGE) * EDGE
    return bilateral_grid(logs, reach, EDGE, low, high)
