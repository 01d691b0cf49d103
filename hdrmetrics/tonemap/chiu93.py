"""Spatially nonuniform scaling: each pixel divided by its blurred surroundings, with glare."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.tonemap.blur import blur, cosine_filter, frequencies
from hdrmetrics.tonemap.operator import OPERATORS, EachLuminanceOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import TINY

_CENTRE, _EDGE, _CORNER = 0.227, 0.113, 0.080  # of the 3×3 kernel that smooths the scaling
_GLARE_REACH = 61  # pixels


@OPERATORS.add
class Chiu93(EachLuminanceOperator):
    """L_d = glare(L · s), s = 1 / (k · blur(L)), kept below 1 / L and smoothed many times.

    Notes
    -----
    Smoothing passes repeat the border's pixels. For a 3×3 kernel that mirrors the picture about its
    edge, so that all passes together are one product in the cosine transform.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "chiu93")[0, 0, 1]]
    [0.46, 0.51, 0.76]
    """

    info = OperatorInfo(
        name="chiu93",
        title="Spatially nonuniform scaling",
        kind="local",
        parameters=(
            setting("k", 8.0, 0.1, 100.0, "", "darkness of flat areas"),
            setting(
                "sigma", None, 0.5, 1e4, "pixels", "width of the surroundings",
                "1 + a sixty-fourth of the picture's longer side, rounded",
            ),
            setting("passes", 500.0, 0.0, 1e5, "", "how often the scaling is smoothed"),
            setting("glare", 0.8, 0.0, 1.0, "", "light that stays in place; 0 is no glare"),
            setting("falloff", 8.0, 1.0, 20.0, "", "exponent of the glare's shape"),
        ),
        monotone=False,
        scale_invariant=True,
        differentiable=False,
        citation="K. Chiu, M. Herf, P. Shirley, S. Swamy, C. Wang and K. Zimmerman, Graphics "
        "Interface 1993",
    )  # fmt: skip

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the width of the surroundings."""
        return light.new_full((1, 1, 1, 1), _width(*light.shape[-2:]))

    def map_one(self, light: Tensor, values: Values) -> Tensor:
        """Return scaled light with glare."""
        height, width = light.shape[-2:]
        chosen = values.get("sigma")
        sigma = _width(height, width) if chosen is None else float(chosen)
        surround = blur(light, sigma)
        scale = 1 / (values["k"] * surround).clamp(min=TINY)
        scale = torch.where(surround > TINY, scale, 0.0)
        passes = round(float(values["passes"].detach()))
        if passes > 0:
            # Black pixels have no inverse; the toolbox's zero there is kept: they end the scaling.
            inverse = torch.where(light > TINY, 1 / light.clamp(min=TINY), 0.0)
            scale = torch.minimum(scale, inverse)
            scale = cosine_filter(scale, _smoothing(height, width).to(light.device) ** passes)
        strength = float(values["glare"].detach())
        scaled = light * scale.clamp(min=0.0)
        return (
            scaled if strength == 0 else _glare(scaled, strength, float(values["falloff"].detach()))
        )


def _width(height: int, width: int) -> float:
    return math.floor(16 * max(height, width) / 1024 + 0.5) + 1.0


def _smoothing(height: int, width: int) -> Tensor:
    rows, columns = frequencies(height, width)
    down, across = torch.cos(rows), torch.cos(columns)
    return _CENTRE + 2 * _EDGE * (down + across) + 4 * _CORNER * down * across


def _glare(image: Tensor, strength: float, falloff: float) -> Tensor:
    """Return the image plus light scattered over a disc; its total is (1 + strength) times."""
    axis = torch.linspace(-1, 1, 2 * _GLARE_REACH + 1, dtype=torch.float64, device=image.device)
    radius = torch.hypot(axis[:, None], axis)
    kernel = torch.where(radius > 1, 0.0, (radius - 1).abs() ** falloff)
    kernel[_GLARE_REACH, _GLARE_REACH] = 0
    kernel = kernel / kernel.sum()
    kernel[_GLARE_REACH, _GLARE_REACH] = strength
    reach = _GLARE_REACH
    padded = F.pad(image, (reach, reach, reach, reach), mode="replicate").double()
    size = [side + 2 * reach for side in padded.shape[-2:]]
    spectrum = torch.fft.rfft2(padded, s=size) * torch.fft.rfft2(kernel, s=size)
    full: Tensor = torch.fft.irfft2(spectrum, s=size)
    height, width = image.shape[-2:]
    return full[..., 2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width].to(image.dtype)
