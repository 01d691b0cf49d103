"""Consistent tone reproduction: a logarithmic curve, gentlest around the picture's log mean."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.numerics.recording import is_transformed
from hdrmetrics.tonemap.operator import OPERATORS, CurveOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import DELTA, largest, mean, percentile, smallest, stretch


@OPERATORS.add
class KimKautz08(CurveOperator):
    """log L_d = c₂·((1 − k)·w + k)·(log L − μ) + μ, w a Gaussian of log L around μ.

    k is the display's dynamic range over the picture's. Luminances outside the 1st and 99th
    percentile of L_d are clamped, the rest is stretched to [0, 1].

    Notes
    -----
    For pictures of more than about ten decades the curve falls on the flanks of the Gaussian.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "kim_kautz08")[0, 0, 1]]
    [0.0, 0.46, 1.0]
    """

    info = OperatorInfo(
        name="kim_kautz08",
        title="Consistent tone reproduction",
        kind="global",
        parameters=(
            setting("c1", 3.0, 0.5, 10.0, "", "dynamic range over the Gaussian's width"),
            setting("c2", 0.5, 0.05, 2.0, "", "contrast"),
            setting("peak", 300.0, 1.0, 1e4, "cd/m²", "the display's peak"),
            setting("black", 0.3, 1e-5, 100.0, "cd/m²", "the display's black"),
        ),
        monotone=False,
        scale_invariant=True,
        differentiable=True,
        citation="M. H. Kim and J. Kautz, Computer Graphics, Imaging and Visualization 2008",
    )

    def check_settings(self) -> None:
        """Raise unless black lies below the peak."""
        black, peak = (torch.as_tensor(self.settings[n]) for n in ("black", "peak"))
        if is_transformed(black, peak) or black.requires_grad or peak.requires_grad:
            return  # an optimiser may cross them; the curve is defined there too, and leads back
        if not bool((black < peak).all()):
            raise OptionError("kim_kautz08: black lies below the peak")

    def constants(self, light: Tensor, values: Values) -> Values:
        """Return the Gaussian, the slopes and the luminances that become black and white."""
        logs = torch.log(light + DELTA)
        room = largest(logs) - smallest(logs)
        room = torch.where(room > 1e-6, room, 1.0)
        found = {
            "mean": mean(logs),
            "precision": 0.5 * (values["c1"] / room) ** 2,
            "ratio": (torch.log(values["peak"]) - torch.log(values["black"])) / room,
            "c2": values["c2"],
        }
        mapped = _compress(logs, found)
        low, high = percentile(mapped, 0.01), percentile(mapped, 0.99)
        return found | {"low": torch.exp(low), "high": torch.exp(high)}

    def curve(self, x: Tensor, c: Values) -> Tensor:
        """Return the stretched curve."""
        return stretch(torch.exp(_compress(torch.log(x + DELTA), c)), c["low"], c["high"])


def _compress(logs: Tensor, c: Values) -> Tensor:
    """Return log L_d − μ of log L; the common factor e^μ is lost when the result is stretched."""
    away = logs - c["mean"]
    weight = torch.exp(-away * away * c["precision"])
    return c["c2"] * ((1 - c["ratio"]) * weight + c["ratio"]) * away
