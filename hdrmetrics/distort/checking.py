"""Checks of what a distortion is called with."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import get_args

from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.errors import DomainError, OptionError, ShapeError
from hdrmetrics.picture.pixels import check_pixels

Strength = float | Sequence[float] | Tensor
"""One number in [0, 1] for all images, or one per image."""


def check_image(image: Tensor, domain: PixelDomain) -> Tensor:
    """Return an image as a float batch ``(N, C, H, W)``, or raise what is wrong with it.

    SDR codes that exceed [0, 1] by rounding only are clipped.

    Raises
    ------
    ShapeError
        For other shapes and integer types.
    PixelValueError
        For NaN, infinity or negative light.
    DomainError
        For an unknown domain, or an SDR image with values outside [0, 1].
    """
    if domain not in get_args(PixelDomain):
        raise DomainError(f"the domain is hdr or sdr, not {domain!r}")
    return check_pixels(
        image, domain, 'Divide 8-bit values by 255; for light in cd/m² say domain="hdr"'
    )


def check_strengths(strength: Strength, count: int) -> list[float]:
    """Return one strength per image.

    Raises
    ------
    ShapeError
        For several strengths that are not one per image.
    OptionError
        For a strength that is no number in [0, 1].
    """
    if isinstance(strength, Tensor):
        plain = strength.detach().cpu()
        values = [plain.item()] * count if plain.ndim == 0 else plain.flatten().tolist()
    else:
        values = list(strength) if isinstance(strength, Iterable) else [strength] * count
    if len(values) != count:
        raise ShapeError(f"{len(values)} strengths for {count} images: give one, or one each")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
            raise OptionError(f"a strength is a number in [0, 1], not {value!r}")
    return [float(value) for value in values]


def check_seeds(seed: int | Sequence[int], count: int) -> list[int]:
    """Return one seed per image.

    Raises
    ------
    ShapeError
        For several seeds that are not one per image.
    OptionError
        For a seed that is no whole number.
    """
    try:
        if isinstance(seed, Iterable):
            seeds = [operator.index(one) for one in seed]
        else:
            seeds = [operator.index(seed)] * count
    except TypeError:
        raise OptionError(f"a seed is a whole number, not {seed!r}") from None
    if len(seeds) != count:
        raise ShapeError(f"{len(seeds)} seeds for {count} images: give one, or one each")
    return seeds
