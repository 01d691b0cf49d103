"""Rods and cones as saturating responses at a given state of adaptation."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.tonemap.ipt import RGB_TO_XYZ
from hdrmetrics.tonemap.operator import OPERATORS, Operator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import TINY, power

_N = 0.73


@OPERATORS.add
class Pattanaik00(Operator):
    """C_d = (C / L)^S · (R_cone + R_rod), each R = B · Lⁿ / (Lⁿ + σⁿ), n = 0.73.

    S is the slope of the cones' response over log luminance, so that colour fades where they
    saturate. The inverse model of the display's viewer is left out, as in the HDR Toolbox, so
    that pictures are dark and pale; so is the time course of adaptation, which needs a sequence.

    Notes
    -----
    The cones' semi-saturation holds Hunt's factor 0.171 before (1 − k⁴)², as in the paper. The HDR
    Toolbox leaves it out, which makes its pictures about three times brighter.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "pattanaik00")[0, 0, 1]]
    [0.06, 0.18, 0.39]
    """

    info = OperatorInfo(
        name="pattanaik00",
        title="Static responses of rods and cones",
        kind="global",
        parameters=(
            setting("cones", 80.0, 1e-4, 1e6, "cd/m²", "light that cones are adapted to"),
            setting("rods", 80.0, 1e-4, 1e6, "cd/m²", "light that rods are adapted to"),
        ),
        monotone=True,
        scale_invariant=False,
        differentiable=True,
        citation="S. N. Pattanaik, J. Tumblin, H. Yee and D. P. Greenberg, SIGGRAPH 2000",
        own_color=True,
    )

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the sum of the responses, coloured by the cones' slope."""
        cones, rods = values["cones"], values["rods"]
        sigma_cone, sigma_rod = _half_saturation(cones, rods)
        bleached_cone, bleached_rod = 2e6 / (2e6 + cones), 0.04 / (0.04 + rods)
        x, half = power(light, _N), power(sigma_cone, _N)
        response = bleached_cone * x / (x + half)
        x_rod = power(_scotopic(image, light), _N)
        response = response + bleached_rod * x_rod / (x_rod + power(sigma_rod, _N))
        response = torch.where(light > TINY, response, 0.0)
        if image.shape[1] == 1:
            return response
        slope = _N * bleached_cone * x * half / (x + half) ** 2
        return power(image / light.clamp(min=TINY), slope) * response


def _scotopic(image: Tensor, light: Tensor) -> Tensor:
    """Return rods' luminance from Y·(1.33·(1 + (Y + Z)/X) − 1.68), ``(N, 1, H, W)``."""
    rows = torch.as_tensor(RGB_TO_XYZ, dtype=image.dtype, device=image.device)
    if image.shape[1] == 1:
        sums = rows.sum(dim=1)
        return light * (1.33 * (1 + (sums[1] + sums[2]) / sums[0]) - 1.68)
    red, green, blue = image.unbind(1)
    x, y, z = (red * float(r) + green * float(g) + blue * float(b) for r, g, b in RGB_TO_XYZ)
    return (y * (1.33 * (1 + (y + z) / (x + 1e-6)) - 1.68))[:, None].clamp(min=0.0)


def _half_saturation(cones: Tensor, rods: Tensor) -> tuple[Tensor, Tensor]:
    """Return the semi-saturation of cones and of rods, cd/m²."""
    j, k = 1 / (5e5 * rods + 1), 1 / (5 * cones + 1)
    rod = 2.5874 * rods / (19000 * j**2 * rods + 0.2615 * (1 - j**2) ** 4 * rods ** (1 / 6))
    cone = 12.9223 * cones / (k**4 * cones + 0.171 * (1 - k**4) ** 2 * cones ** (1 / 3))
    return cone, rod
