"""Pixels of either domain as linear light, as code values, and back."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.numerics.pieces import pointwise
from hdrmetrics.photometry.transfer import (
    PQ_PEAK,
    PU21_RANGE,
    pq_decode,
    pq_encode,
    pu21_decode,
    pu21_encode,
    srgb_decode,
    srgb_encode,
)

Code = Literal["pu21", "pq", "srgb"]
"""A scale of code values; ``srgb`` is that of SDR pictures."""

CODES: dict[PixelDomain, tuple[Code, ...]] = {"hdr": ("pu21", "pq"), "sdr": ("srgb",)}

BLACK: dict[PixelDomain, float] = {"hdr": PU21_RANGE[0], "sdr": 1e-3}
"""Light below this counts as black where logarithms are taken: cd/m², or relative to white."""


def own_code(domain: PixelDomain) -> Code:
    """Return the scale that a domain is worked on in where nothing else is said."""
    return CODES[domain][0]


def to_light(image: Tensor, domain: PixelDomain) -> Tensor:
    """Return linear light: cd/m², or relative to white for SDR."""
    return image if domain == "hdr" else pointwise(srgb_decode, image)


def from_light(light: Tensor, domain: PixelDomain) -> Tensor:
    """Return the pixels of linear light; negative light, and SDR beyond white, is clipped."""
    return light.clamp(min=0.0) if domain == "hdr" else pointwise(srgb_encode, light)


def to_code(image: Tensor, code: Code) -> Tensor:
    """Return code values: PU21 units, a PQ signal in [0, 1], or the SDR picture itself."""
    if code == "srgb":
        return image
    return pu21_encode(image) if code == "pu21" else pq_encode(image)


def from_code(values: Tensor, code: Code) -> Tensor:
    """Return the pixels of code values, which are clipped to the scale's range."""
    inside = values.clamp(0.0, code_range(code))
    if code == "srgb":
        return inside
    return pointwise(pu21_decode if code == "pu21" else pq_decode, inside)


def code_range(code: Code) -> float:
    """Return the largest value of a scale that starts at 0: about 595 for PU21, else 1."""
    if code != "pu21":
        return 1.0
    return float(pu21_encode(torch.tensor(PQ_PEAK, dtype=torch.float64)))


def log_level(luminance: Tensor, domain: PixelDomain) -> float:
    """Return the geometric mean of a picture's luminance, black pixels counted as nearly black."""
    return float(pointwise(lambda y: torch.log(y.clamp(min=BLACK[domain])), luminance).mean().exp())
