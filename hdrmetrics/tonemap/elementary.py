"""The textbook curves: linear scaling, a gamma, a logarithm, an exponential."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.tonemap.operator import OPERATORS, CurveOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import TINY, largest, log_mean, percentile, power, stretch


@OPERATORS.add
class Normalize(CurveOperator):
    """L_d = (L − low) / (high − low), clamped to [0, 1].

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "normalize")[0, 0, 1]]
    [0.0, 0.33, 1.0]
    """

    info = OperatorInfo(
        name="normalize",
        title="Linear scaling between percentiles",
        kind="global",
        parameters=(
            setting(
                "low", None, 0.0, 1e9, "cd/m²", "luminance that becomes black",
                "the picture's 1st percentile",
            ),
            setting(
                "high", None, 0.0, 1e9, "cd/m²", "luminance that becomes white",
                "the picture's 99.9th percentile",
            ),
        ),
        monotone=True,
        scale_invariant=True,
        differentiable=True,
        citation="F. Banterle et al., Advanced High Dynamic Range Imaging, 2nd ed., 2017",
    )  # fmt: skip

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the luminance that becomes black or white."""
        return percentile(light, 0.01 if name == "low" else 0.999)

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the luminances that become black and white."""
        return self.complete(light, values)

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the ramp."""
        return stretch(x, c["low"], c["high"])


@OPERATORS.add
class Gamma(CurveOperator):
    """C_d = (2^f · C)^(1/γ): an exposure in stops and a gamma, on each channel.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "gamma")[0, 0, 1]]
    [1.0, 1.0, 1.0]
    """

    info = OperatorInfo(
        name="gamma",
        title="Exposure and gamma",
        kind="global",
        parameters=(
            setting("gamma", 2.2, 0.2, 10.0, "", "exponent's inverse"),
            setting("stops", 0.0, -40.0, 40.0, "stops", "exposure, a factor of 2 each"),
        ),
        monotone=True,
        scale_invariant=False,
        differentiable=True,
        citation="F. Banterle et al., Advanced High Dynamic Range Imaging, 2nd ed., 2017",
        encoded=True,
        own_color=True,
    )

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return code values."""
        return power(x * torch.exp2(c["stops"]), 1 / c["gamma"]) * (x > 0)

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the curve of each channel."""
        return self.per_channel(image, light, values)


@OPERATORS.add
class Logarithmic(CurveOperator):
    """L_d = log(1 + q·L) / log(1 + k·L_max).

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "logarithmic")[0, 0, 1]]
    [0.42, 0.75, 1.0]
    """

    info = OperatorInfo(
        name="logarithmic",
        title="Logarithm",
        kind="global",
        parameters=(
            setting("q", 1.0, 1e-3, 1e4, "m²/cd", "gain of each pixel"),
            setting("k", 1.0, 1e-3, 1e4, "m²/cd", "gain of the white point"),
        ),
        monotone=True,
        scale_invariant=False,
        differentiable=True,
        citation="F. Drago et al., Computer Graphics Forum 22(3), 2003 (as a starting point)",
    )

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the gain and the factor of the logarithm."""
        white = torch.log1p(values["k"] * largest(light)).clamp(min=TINY)
        return {"q": values["q"], "factor": 1 / white}

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the logarithm."""
        return torch.log1p(x * c["q"]) * c["factor"]


@OPERATORS.add
class Exponential(CurveOperator):
    """L_d = 1 − exp(−k·L / L̄), L̄ the log mean, as film saturates.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "exponential")[0, 0, 1]]
    [0.34, 0.82, 1.0]
    """

    info = OperatorInfo(
        name="exponential",
        title="Exponential",
        kind="global",
        parameters=(setting("k", 1.0, 1e-3, 100.0, "", "exposure relative to the log mean"),),
        monotone=True,
        scale_invariant=True,
        differentiable=True,
        citation="J. A. Ferwerda et al., SIGGRAPH 1996 (as a starting point)",
    )

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the exposure."""
        return {"exposure": values["k"] / log_mean(light)}

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the exponential."""
        return -torch.expm1(x * -c["exposure"])
