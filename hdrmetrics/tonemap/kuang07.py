"""iCAM06: an image appearance model with a bilateral base layer."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.numerics.bilateral_grid import bilateral_grid
from hdrmetrics.numerics.resize import imresize
from hdrmetrics.photometry.color import Matrix
from hdrmetrics.tonemap.blur import blur
from hdrmetrics.tonemap.ipt import (
    RGB_TO_XYZ,
    XYZ_TO_LMS,
    inverse,
    ipt_from_lms,
    linear_map,
    rgb_from_ipt,
)
from hdrmetrics.tonemap.operator import OPERATORS, Operator, OperatorInfo, one_by_one
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import DELTA, TINY, percentile, power

_CAT02: Matrix = np.array(
    [[0.7328, 0.4296, -0.1624], [-0.7036, 1.6975, 0.0061], [0.0030, 0.0136, 0.9834]]
)
_HUNT: Matrix = np.array(
    [[0.38971, 0.68898, -0.07868], [-0.22981, 1.18340, 0.04641], [0.0, 0.0, 1.0]]
)
_D65 = np.array([96.047, 100.0, 108.883])
_PEAK = 2e4  # cd/m² that the brightest pixel is scaled to, as the model's authors do


@OPERATORS.add
class Kuang07(Operator):
    """Chromatic adaptation and cone response of the base, detail raised by Stevens' effect.

    The picture is scaled to a peak of 20 000 cd/m² first and stretched between its 1st and 99th
    percentile at the end.

    Notes
    -----
    Base and detail are parted in log₁₀ of XYZ, as in the paper; the HDR Toolbox filters linear XYZ
    with a filter that samples at random, so that its results cannot be repeated.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "kuang07")[0, 0, 1]]
    [0.24, 0.49, 1.0]
    """

    info = OperatorInfo(
        name="kuang07",
        title="iCAM06 image appearance model",
        kind="local",
        parameters=(
            setting("p", 0.75, 0.6, 0.85, "", "exponent of the cones' response"),
            setting("surround_gamma", 1.0, 0.5, 2.0, "", "1.5 dark, 1.25 dim, 1 average room"),
        ),
        monotone=False,
        scale_invariant=True,
        differentiable=False,
        citation="J. Kuang, G. M. Johnson and M. D. Fairchild, Journal of Visual Communication and "
        "Image Representation 18(5), 2007",
        own_color=True,
    )

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return what the model says, one image at a time."""
        colour = image.expand(-1, 3, -1, -1)
        result = torch.cat([_appearance(one, own) for one, own in one_by_one(colour, values)])
        if image.shape[1] == 1:
            result = result.mean(dim=1, keepdim=True)
        return torch.where(light > TINY, result, 0.0)


def _appearance(image: Tensor, values: Values) -> Tensor:
    height, width = image.shape[-2:]
    p = values["p"]
    peak = linear_map(image, RGB_TO_XYZ)[:, 1:2].amax().clamp(min=TINY)
    xyz = linear_map(image * (_PEAK / peak), RGB_TO_XYZ).clamp(min=0.0)
    base = _base_layer(xyz, max(0.5, 0.02 * min(height, width)))
    detail = (xyz + DELTA) / (base + DELTA)

    white = _wide_mean(xyz, max(height, width) / 2)
    adapted = _adapt(base, white)
    adapting = white[:, 1:2] * 0.2
    scale = white[:, 1:2].clamp(min=DELTA)
    cones = linear_map(adapted, _HUNT).clamp(min=0.0)
    response = _hyperbola(power(_luminance_factor(adapting) * cones / scale, p)) + 0.1
    response = response + _rods(adapted[:, 1:2].clamp(min=0.0), adapting, scale.amax(), p)

    local = _luminance_factor(base[:, 1:2] * 0.2)
    toned = linear_map(response, inverse(_HUNT)) * power(detail, (local + 0.8) ** 0.25)
    ipt = ipt_from_lms(linear_map(toned, XYZ_TO_LMS))
    chroma = torch.sqrt(ipt[:, 1:2].square() + ipt[:, 2:3].square())
    boost = (local + 1) ** 0.2 * (1.29 * chroma**2 - 0.27 * chroma + 0.42)
    boost = boost / (chroma**2 - 0.31 * chroma + 0.42)
    lightness = ipt[:, :1].clamp(min=0.0)
    top = lightness.amax().clamp(min=TINY)
    lightness = power(lightness / top, values["surround_gamma"]) * top
    rgb = rgb_from_ipt(torch.cat([lightness, ipt[:, 1:] * boost], dim=1))
    low, high = percentile(rgb, 0.01), percentile(rgb, 0.99)
    room = high - low
    return torch.where(room > 0, (rgb - low) / torch.where(room > 0, room, 1.0), 1.0)


def _base_layer(xyz: Tensor, sigma: float) -> Tensor:
    """Return the bilateral filter of each plane's logarithm, in linear units again."""
    planes = []
    for plane in torch.log10(xyz + DELTA).unbind(1):
        low, high = (float(v) for v in torch.aminmax(plane))
        planes.append(bilateral_grid(plane[:, None], sigma, 0.35, low, high))
    return (10.0 ** torch.cat(planes, dim=1) - DELTA).clamp(min=0.0)


def _wide_mean(xyz: Tensor, sigma: float) -> Tensor:
    """Return a very wide blur, worked out at an eighth of the size."""
    height, width = xyz.shape[-2:]
    small = (math.ceil(height / 8), math.ceil(width / 8))
    shrunk = imresize(xyz, small, method="bilinear")
    return imresize(blur(shrunk, sigma / 8), (height, width), method="bilinear")


def _adapt(xyz: Tensor, white: Tensor) -> Tensor:
    """Return XYZ as under D65, the local white adapted to as far as its luminance lets."""
    target = (_CAT02 @ _D65).tolist()
    degree = 1 - torch.exp(-(0.2 * white[:, 1:2] + 42) / 92) / 3.6
    seen, local = linear_map(xyz, _CAT02), linear_map(white, _CAT02).clamp(min=DELTA)
    gain = degree * xyz.new_tensor(target).view(1, 3, 1, 1) / local + 1 - degree
    return linear_map(seen * gain, inverse(_CAT02))


def _luminance_factor(adapting: Tensor) -> Tensor:
    """Return Hunt's F_L of an adapting luminance in cd/m²."""
    k4 = (1 / (5 * adapting + 1)) ** 4
    return 0.2 * k4 * 5 * adapting + 0.1 * (1 - k4) ** 2 * power(5 * adapting, 1 / 3)


def _hyperbola(x: Tensor) -> Tensor:
    return 400 * x / (27.13 + x)


def _rods(y: Tensor, adapting: Tensor, white: Tensor, p: Tensor) -> Tensor:
    """Return the rods' response to luminance ``y``."""
    share = y / white
    scotopic = 5 * adapting
    bleaching = 0.5 / (1 + 0.3 * power(scotopic * share, 0.3)) + 0.5 / (1 + 5 * scotopic)
    j = 1e-5 / (scotopic + 1e-5)
    factor = 3800 * j**2 * scotopic + 0.2 * (1 - j**2) ** 4 * power(scotopic, 1 / 6)
    return 3.05 * bleaching * _hyperbola(power(factor * share, p)) + 0.3
