"""Visibility matching from thresholds of cones and rods, with the loss of colour in the dark."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.tonemap.operator import OPERATORS, Operator, OperatorInfo
from hdrmetrics.tonemap.parameter import PEAK, Values, setting
from hdrmetrics.tonemap.statistics import TINY, largest

_ROD_TINT = (1.05, 0.97, 1.27)  # rods' light as the paper shows it: bluish


@OPERATORS.add
class Ferwerda96(Operator):
    """C_d = (m_c·C + tint·k·m_r·L) / peak: cones see colour, rods luminance.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "ferwerda96")[0, 0, 1]]
    [0.13, 0.44, 1.0]
    """

    info = OperatorInfo(
        name="ferwerda96",
        title="Visual adaptation of cones and rods",
        kind="global",
        parameters=(
            PEAK,
            setting(
                "adaptation", None, 1e-3, 1e4, "cd/m²", "L_da: eye's adaptation to the display",
                "half the display's peak",
            ),
            setting(
                "world", None, 1e-6, 1e8, "cd/m²", "L_wa: eye's adaptation to the scene",
                "half the largest luminance, which can be dark",
            ),
        ),
        monotone=True,
        scale_invariant=False,
        differentiable=True,
        citation="J. A. Ferwerda, S. N. Pattanaik, P. Shirley and D. P. Greenberg, SIGGRAPH 1996",
        own_color=True,
    )  # fmt: skip

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the eye's adaptation to the display or to the scene."""
        return values["peak"] / 2 if name == "adaptation" else largest(light) / 2

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return what cones and rods see."""
        values = self.complete(light, values)
        peak, display = values["peak"], values["adaptation"]
        world = values["world"].clamp(min=TINY)
        cones = _cone_threshold(display) / _cone_threshold(world) / peak
        rods = _rod_threshold(display) / _rod_threshold(world) / peak
        rods = rods * ((100.0 - world / 4) / (100.0 + world)).clamp(min=0.0)
        tint = image.new_tensor(_ROD_TINT if image.shape[1] == 3 else (1.0,)).view(1, -1, 1, 1)
        return cones * image + (rods * tint) * light


def _cone_threshold(adaptation: Tensor) -> Tensor:
    """Return the threshold of cones in cd/m²."""
    t = torch.log10(adaptation)
    middle = (0.249 * t + 0.65).clamp(min=1e-6) ** 2.7 - 0.72
    return 10.0 ** torch.where(t <= -2.6, -0.72, torch.where(t >= 1.9, t - 1.255, middle))


def _rod_threshold(adaptation: Tensor) -> Tensor:
    """Return the threshold of rods in cd/m²."""
    t = torch.log10(adaptation)
    middle = (0.405 * t + 1.6).clamp(min=1e-6) ** 2.18 - 2.86
    return 10.0 ** torch.where(t <= -3.94, -2.86, torch.where(t >= -1.44, t - 0.395, middle))
