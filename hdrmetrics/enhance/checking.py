"""What a guest returned, checked before anybody believes it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hdrmetrics.errors import EnhancerError, ShapeError
from hdrmetrics.picture.pixels import check_codes


def as_pixels(found: Any, name: str) -> Tensor:
    """Return what a guest made, of whatever size, if it is floats that lie in memory.

    Raises
    ------
    EnhancerError
        If it is not.
    """
    if not isinstance(found, Tensor) or not found.is_floating_point():
        kind = found.dtype if isinstance(found, Tensor) else type(found).__name__
        raise EnhancerError(f"{name} returned {kind}: an enhancer returns a tensor of floats")
    if found.layout is not torch.strided or found.is_meta:
        where = found.device if found.is_meta else found.layout
        raise EnhancerError(
            f"{name} returned {where}: an enhancer returns the values of all pixels"
        )
    return found


def check_guest(found: Any, image: Tensor, name: str) -> Tensor:
    """Return what a guest made of a picture ``(1, 3, H, W)``, as float32 of the same size.

    Raises
    ------
    EnhancerError
        If it is no tensor of floats, or one whose values do not lie in memory.
    ShapeError
        If it has another size.
    PixelValueError, DomainError
        For NaN, infinity and values outside [0, 1].
    """
    found = as_pixels(found, name)
    if found.shape != image.shape:
        raise ShapeError(
            f"{name} made {tuple(found.shape)} of {tuple(image.shape)}: an enhancer keeps the size"
        )
    return check_codes(found.detach(), f"That is what {name} returned", "enhanced").to(image)
