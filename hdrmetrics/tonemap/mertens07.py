"""Exposure fusion: the best parts of virtual photographs, blended in a Laplacian pyramid."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.numerics.filters import separable_filter
from hdrmetrics.tonemap.exposures import expose, zone_exposures
from hdrmetrics.tonemap.operator import OPERATORS, Operator, OperatorInfo, one_by_one
from hdrmetrics.tonemap.parameter import Values, setting
from hdrmetrics.tonemap.statistics import largest, power, smallest

_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


@OPERATORS.add
class Mertens07(Operator):
    """Weights contrastᶜ · saturationˢ · exposednessᵉ choose among exposures of luminance zones.

    The result is stretched to [0, 1] and is display-encoded, as the photographs are.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.tonemap import tonemap
    >>> light = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, 3, 3)
    >>> [round(float(v), 2) for v in tonemap(light, "mertens07")[0, 0, 1]]
    [0.0, 0.3, 1.0]
    """

    info = OperatorInfo(
        name="mertens07",
        title="Exposure fusion",
        kind="local",
        parameters=(
            setting("contrast", 1.0, 0.0, 10.0, "", "exponent of local contrast"),
            setting("saturation_weight", 1.0, 0.0, 10.0, "", "exponent of saturation"),
            setting("exposedness", 1.0, 0.0, 10.0, "", "exponent of well-exposedness"),
        ),
        monotone=False,
        scale_invariant=False,
        differentiable=False,
        citation="T. Mertens, J. Kautz and F. Van Reeth, Pacific Graphics 2007",
        encoded=True,
        own_color=True,
    )

    def tone(self, image: Tensor, light: Tensor, values: Values) -> Tensor:
        """Return the fused photographs."""
        return torch.cat(
            [
                _fuse(expose(one, zone_exposures(light[i : i + 1])), own)
                for i, (one, own) in enumerate(one_by_one(image, values))
            ]
        )


def _fuse(stack: list[Tensor], values: Values) -> Tensor:
    weights = [_weight(photo, values) for photo in stack]
    total = torch.stack(weights).sum(dim=0)
    pairs = zip(stack, weights, strict=True)
    first, *others = (_weighted_pyramid(photo, weight / total) for photo, weight in pairs)
    for other in others:
        first = [a.add_(b) for a, b in zip(first, other, strict=True)]
    result = first[-1]
    for detail in reversed(first[:-1]):
        result = _expand(result, detail.shape[-2:]) + detail
    low, high = smallest(result), largest(result)
    room = high - low
    return torch.where(room > 0, (result - low) / torch.where(room > 0, room, 1.0), result)


def _weight(photo: Tensor, values: Values) -> Tensor:
    """Return how good each pixel of a photograph is, ``(1, 1, H, W)``."""
    grey = photo.mean(dim=1, keepdim=True)
    contrast = _laplacian(grey).abs()
    exposed = torch.exp(-(photo - 0.5).square().sum(dim=1, keepdim=True) / (2 * 0.2**2))
    weight = power(contrast, values["contrast"]) * power(exposed, values["exposedness"])
    if photo.shape[1] == 3:
        spread = (photo - grey).square().mean(dim=1, keepdim=True).sqrt()
        weight = weight * power(spread, values["saturation_weight"])
    return weight + 1e-12


def _laplacian(grey: Tensor) -> Tensor:
    padded = F.pad(grey, (1, 1, 1, 1), mode="replicate")
    across = padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:]
    return across + padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1] - 4 * grey


def _weighted_pyramid(photo: Tensor, weight: Tensor) -> list[Tensor]:
    """Return the photograph's Laplacian bands times the weight's Gaussian levels, base last."""
    levels = []
    for _ in range(int(math.log2(min(photo.shape[-2:])))):
        smaller = _binomial(photo)[..., ::2, ::2]
        levels.append((photo - _expand(smaller, photo.shape[-2:])) * weight)
        photo, weight = smaller, _binomial(weight)[..., ::2, ::2]
    return [*levels, photo * weight]


def _expand(image: Tensor, size: torch.Size) -> Tensor:
    return _binomial(F.interpolate(image, size=tuple(size), mode="nearest-exact"))


def _binomial(image: Tensor) -> Tensor:
    """Return the 5×5 binomial blur, borders mirrored with the edge pixel."""
    height, width = image.shape[-2:]
    rows = _mirrored(height, image.device)
    columns = _mirrored(width, image.device)
    padded = image[..., rows, :][..., columns]
    return separable_filter(padded, _BINOMIAL)


def _mirrored(length: int, device: torch.device) -> Tensor:
    index = torch.arange(-2, length + 2, device=device) % (2 * length)
    return torch.minimum(index, 2 * length - 1 - index)
