"""Photographic tone reproduction with one curve: the original, a robust and a free form."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.tonemap.color import schlick
from hdrmetrics.tonemap.operator import OPERATORS, CurveOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import (
    DELTA,
    TINY,
    largest,
    log_mean,
    percentile,
    smallest_positive,
)

_PAPER = (
    "E. Reinhard, M. Stark, P. Shirley and J. Ferwerda, ACM Transactions on Graphics 21(3), 2002"
)

KEY = setting(
    "key", None, 1e-3, 10.0, "", "value that the log mean becomes before compression",
    "0.18 · 4^((2·log L̄ − log L₁ − log L₉₉) / (log L₉₉ − log L₁)) with the 1st and 99th percentile",
)  # fmt: skip
WHITE = setting(
    "white", None, 1e-3, 1e6, "", "smallest scaled luminance that becomes white",
    "1.5 · 2^(log₂ L_max − log₂ L_min − 5), L_min the smallest above zero",
)  # fmt: skip


def automatic_key(light: Tensor) -> Tensor:
    """Return the key of each picture ``(N, 1, H, W)`` from its histogram, ``(N, 1, 1, 1)``.

    References
    ----------
    E. Reinhard, "Parameter estimation for photographic tone reproduction", Journal of Graphics
    Tools 7(1), 2002.
    """
    low = torch.log2(percentile(light, 0.01) + DELTA)
    high = torch.log2(percentile(light, 0.99) + DELTA)
    middle = torch.log2(log_mean(light) + DELTA)
    room = high - low
    key = 0.18 * 4.0 ** ((2 * middle - low - high) / torch.where(room > 0, room, 1.0))
    return torch.where(room > 0, key, 0.18)


def automatic_white(light: Tensor) -> Tensor:
    """Return the white point of each picture from its dynamic range, ``(N, 1, 1, 1)``."""
    top = largest(light).clamp(min=TINY)
    return 1.5 * (top + DELTA) / (smallest_positive(light) + DELTA) / 32.0


@OPERATORS.add
class Reinhard02(CurveOperator):
    """L_d = L·(1 + L/white²) / (1 + L), L = key · luminance over its log mean.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "reinhard02")[0, 0, 1]]
    [0.14, 0.43, 0.85]
    """

    info = OperatorInfo(
        name="reinhard02",
        title="Photographic tone reproduction, global",
        kind="global",
        parameters=(KEY, WHITE),
        monotone=True,
        scale_invariant=True,
        differentiable=True,
        citation=_PAPER,
    )

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the key or the white point of the picture."""
        return automatic_key(light) if name == "key" else automatic_white(light)

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the exposure and the burn-out term."""
        values = self.complete(light, values)
        exposure = values["key"] / log_mean(light)
        return {"exposure": exposure, "burn": exposure / values["white"] ** 2}

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the hyperbola with burn-out."""
        scaled = x * c["exposure"]
        return scaled * (1 + x * c["burn"]) / (1 + scaled)


@OPERATORS.add
class ReinhardRobust(CurveOperator):
    """L_d = L / (1 + L) with statistics and luminance clamped to the 1st and 99th percentile.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "reinhard_robust")[0, 0, 1]]
    [0.14, 0.43, 0.82]
    """

    info = OperatorInfo(
        name="reinhard_robust",
        title="Photographic tone reproduction, clamped to percentiles",
        kind="global",
        parameters=(KEY,),
        monotone=True,
        scale_invariant=True,
        differentiable=True,
        citation="F. Banterle, HDR Toolbox; after " + _PAPER,
    )

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the key of the picture."""
        return automatic_key(_clamped(light)[0])

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the clamping luminances and the exposure."""
        clamped, low, high = _clamped(light)
        key = values.get("key")
        key = automatic_key(clamped) if key is None else key
        return {"low": low, "high": high, "exposure": key / log_mean(clamped)}

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the hyperbola of clamped luminance."""
        scaled = torch.minimum(torch.maximum(x, c["low"]), c["high"]) * c["exposure"]
        return scaled / (1 + scaled)


def _clamped(light: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return luminance between its 1st and 99th percentile, and the two."""
    low, high = percentile(light, 0.01), percentile(light, 0.99)
    return torch.minimum(torch.maximum(light, low), high), low, high


@OPERATORS.add
class ReinhardFree(CurveOperator):
    """L_d = α·L / (α·L + μ), C_d = (C/L)^γ · L_d: three free settings for an optimiser.

    With the defaults it is the photographic operator without burn-out at the key 0.18.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "reinhard_free")[0, 0, 1]]
    [0.14, 0.43, 0.82]
    """

    info = OperatorInfo(
        name="reinhard_free",
        title="Photographic curve with three free settings",
        kind="global",
        parameters=(
            setting("alpha", 0.18, 1e-4, 100.0, "", "α: exposure"),
            setting(
                "mu", None, 1e-6, 1e6, "cd/m²", "μ: luminance, times α, that becomes 0.5",
                "the log mean of the luminance",
            ),
            setting(
                "gamma", 1.0, 0.0, 2.0, "", "γ: exponent of the colour ratios", search=(0.6, 1.2)
            ),
        ),
        monotone=True,
        scale_invariant=True,
        differentiable=True,
        citation="After E. Reinhard et al., 2002; colour after C. Schlick, 1994",
        own_color=True,
        searched=("alpha", "gamma"),  # α / μ is one degree of freedom
    )  # fmt: skip

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the luminance that becomes 0.5, times α."""
        return log_mean(light)

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the exposure."""
        values = self.complete(light, values)
        return {"exposure": values["alpha"] / values["mu"]}

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the hyperbola."""
        scaled = x * c["exposure"]
        return scaled / (1 + scaled)

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the picture with its colour ratios to the power γ."""
        mapped = self.map_light(light, values)
        if image.shape[1] == 1:
            return mapped
        return schlick(image, light, mapped, values["gamma"])
