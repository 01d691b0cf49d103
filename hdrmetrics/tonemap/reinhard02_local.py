"""Photographic tone reproduction with automatic dodging and burning."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from hdrmetrics.numerics.bilateral_grid import bilateral_grid
from hdrmetrics.tonemap.blur import blur
from hdrmetrics.tonemap.operator import OPERATORS, EachLuminanceOperator, OperatorInfo
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.reinhard02 import KEY, WHITE, automatic_key, automatic_white
from hdrmetrics.tonemap.statistics import log_mean

_SCALES = tuple(1.6**i for i in range(8))
_PHI = setting("phi", 8.0, 0.0, 20.0, "", "φ: sharpening at edges")
_CITATION = (
    "E. Reinhard, M. Stark, P. Shirley and J. Ferwerda, ACM Transactions on Graphics 21(3), 2002"
)


class _Dodging(EachLuminanceOperator):
    """L_d = L·(1 + L/white²) / (1 + V), V the light around the pixel."""

    def surround(self, scaled: Tensor, key: Tensor, values: Values) -> Tensor:
        """Return V, ``(1, 1, H, W)``, of scaled luminance."""
        raise NotImplementedError

    def derive(self, name: str, light: Tensor, values: Values) -> Tensor:
        """Return the key or the white point of the picture."""
        return automatic_key(light) if name == "key" else automatic_white(light)

    def map_one(self, light: Tensor, values: Values) -> Tensor:
        """Return each pixel compressed by its surround."""
        values = self.complete(light, values)
        key, white = values["key"], values["white"]
        scaled = light * (key / log_mean(light))
        return scaled * (1 + scaled / white**2) / (1 + self.surround(scaled, key, values))


@OPERATORS.add
class Reinhard02Local(_Dodging):
    """V is the Gaussian mean over the largest surround that holds no strong contrast.

    Eight Gaussians, each 1.6 times wider than the one before; the first whose difference from the
    next, over 2^φ · key / s² plus itself, exceeds the threshold gives V.

    Notes
    -----
    The HDR Toolbox uses one s for all scales, does not normalise its sampled Gaussians (the
    smallest sums to 2.5), and filters circularly, with the result a pixel off; results differ.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "reinhard02_local")[0, 0, 1]]
    [0.13, 0.34, 0.99]
    """

    info = OperatorInfo(
        name="reinhard02_local",
        title="Photographic tone reproduction, dodging and burning",
        kind="local",
        parameters=(
            KEY,
            WHITE,
            _PHI,
            setting("threshold", 0.05, 1e-4, 10.0, "", "ε: contrast that ends a surround"),
        ),
        monotone=False,
        scale_invariant=True,
        differentiable=True,
        citation=_CITATION,
    )

    def surround(self, scaled: Tensor, key: Tensor, values: Values) -> Tensor:
        """Return V."""
        chosen = torch.zeros_like(scaled)
        open_ = torch.ones_like(scaled, dtype=torch.bool)
        centre = centre_surround(scaled, _SCALES[0])
        for s, wider in itertools.pairwise(_SCALES):
            around = centre_surround(scaled, wider)
            contrast = (centre - around).abs() / (sharpening(key, values["phi"], s) + centre)
            ends = open_ & (contrast > values["threshold"])
            chosen = torch.where(ends, centre, chosen)
            open_ = open_ & ~ends
            centre = around
        return torch.where(open_, centre, chosen)


@OPERATORS.add
class Reinhard02Bilateral(_Dodging):
    """V from a bilateral filter of L / (L + 2^φ · key / 64).

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "reinhard02_bilateral")[0, 0, 1]]
    [0.14, 0.43, 0.85]
    """

    info = OperatorInfo(
        name="reinhard02_bilateral",
        title="Photographic tone reproduction, bilateral",
        kind="local",
        parameters=(KEY, WHITE, _PHI),
        monotone=False,
        scale_invariant=True,
        differentiable=False,
        citation=_CITATION + "; F. Banterle, HDR Toolbox",
    )

    def surround(self, scaled: Tensor, key: Tensor, values: Values) -> Tensor:
        """Return V."""
        half = sharpening(key, values["phi"], 8.0)
        smooth = bilateral_grid(scaled / (scaled + half), 1.6, 0.025, 0.0, 1.0)
        return smooth * half / (1 - smooth).clamp(min=1e-6)


def centre_surround(scaled: Tensor, s: float) -> Tensor:
    """Return the Gaussian exp(−r² / (αs)²) of scaled luminance, α = 1 / (2√2)."""
    sigma = s / 4
    return blur(scaled, sigma, 2 * max(1, math.ceil(3.5 * sigma)) + 1)


def sharpening(key: Tensor, phi: Tensor, s: float) -> Tensor:
    """Return 2^φ · key / s²."""
    return torch.exp2(phi) * key / s**2
