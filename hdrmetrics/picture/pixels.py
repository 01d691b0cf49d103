"""Pixels as tensors: their shape and their values, checked in one place."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.errors import DomainError, OptionError, PixelValueError, ShapeError
from hdrmetrics.numerics.recording import visible

_TOLERANCE = 1e-3  # a code of 1 after float rounding or a resampling filter


def as_batch(image: Tensor, role: str = "image") -> Tensor:
    """Return ``(H, W)``, ``(C, H, W)`` or ``(N, C, H, W)`` as a float batch of four axes.

    float16 and bfloat16 become float32; float32 and float64 stay.

    Raises
    ------
    ShapeError
        For other shapes, integer types, or an empty image.
    """
    what = called(role)
    if not isinstance(image, Tensor):
        raise ShapeError(
            f"{what} must be a torch tensor, not {type(image).__name__}; "
            "hdrmetrics.score() takes paths and arrays"
        )
    if not image.is_floating_point():
        raise ShapeError(f"{what} must hold floats, not {image.dtype}: give it as .float()")
    if image.ndim == 2:
        image = image[None, None]
    elif image.ndim == 3:
        image = image[None]
    if image.ndim != 4 or image.shape[1] not in (1, 3) or image.numel() == 0:
        raise ShapeError(
            f"{what} must be (N, C, H, W) with 1 or 3 channels, not {tuple(image.shape)}"
            + ("; channels come first: .movedim(-1, -3)" if image.shape[-1] in (1, 3) else "")
        )
    return image.float() if image.dtype in (torch.float16, torch.bfloat16) else image


def called(role: str) -> str:
    """Return what messages call an image: ``"the test image"``, or ``"the image"``."""
    return "the image" if role == "image" else f"the {role} image"


def value_range(image: Tensor, role: str = "image") -> tuple[float, float] | None:
    """Return the smallest and the largest value; ``None`` while a graph is traced without values.

    Raises
    ------
    PixelValueError
        If some are NaN or infinite.
    """
    values = visible(image)
    if values is None:
        return None
    low, high = map(float, torch.aminmax(values))
    if not (math.isfinite(low) and math.isfinite(high)):
        bad = int((~torch.isfinite(values)).sum())
        raise PixelValueError(
            f"{called(role)} has {bad} pixel values that are NaN or infinite: repair it first"
        )
    return low, high


def check_light(image: Tensor, role: str = "image") -> Tensor:
    """Return linear light as a float batch ``(N, C, H, W)``, or raise what is wrong with it.

    Raises
    ------
    ShapeError
        See :func:`as_batch`.
    PixelValueError
        For NaN, infinity or negative light.
    """
    batch = as_batch(image, role)
    span = value_range(batch, role)
    if span is not None and span[0] < 0:
        raise PixelValueError(
            f"{called(role)} has negative light, down to {span[0]:.4g}: clamp it at zero first"
        )
    return batch


def check_codes(image: Tensor, advice: str, role: str = "image") -> Tensor:
    """Return display-encoded values as a float batch ``(N, C, H, W)`` in [0, 1], or raise.

    Parameters
    ----------
    image
        Values outside [0, 1] by no more than 0.001, as resampling filters leave, are clamped.
    advice
        What to do with other values: a sentence.
    role
        Which image, for messages.

    Raises
    ------
    ShapeError
        See :func:`as_batch`.
    PixelValueError
        For NaN or infinity.
    DomainError
        For values outside [0, 1].
    """
    batch = as_batch(image, role)
    span = value_range(batch, role)
    if span is None:
        return batch.clamp(0.0, 1.0)
    if span[0] < -_TOLERANCE or span[1] > 1 + _TOLERANCE:
        raise DomainError(
            f"display-encoded values lie in [0, 1]; {called(role)} spans {span[0]:.4g} to "
            f"{span[1]:.4g}. {advice}"
        )
    return batch.clamp(0.0, 1.0) if span[0] < 0 or span[1] > 1 else batch


def check_pixels(image: Tensor, domain: PixelDomain, advice: str) -> Tensor:
    """Return a float batch of either domain: see :func:`check_light` and :func:`check_codes`."""
    return check_light(image) if domain == "hdr" else check_codes(image, advice)


def check_pair(test: Any, reference: Any) -> None:
    """Raise :class:`ShapeError` unless the shapes agree (one reference may serve many tests)."""
    if tuple(test[1:]) != tuple(reference[1:]) or reference[0] not in (1, test[0]):
        raise ShapeError(
            f"test and reference differ in shape: {tuple(test)} and {tuple(reference)} "
            "(batch, channels, height, width)"
        )


def check_mask(mask: Tensor | None, batch: Tensor) -> Tensor | None:
    """Return the mask as weights ``(N, 1, H, W)`` of the batch's dtype, or raise.

    Raises
    ------
    ShapeError
        If it does not fit the images.
    OptionError
        If it has values outside [0, 1] or selects no pixel of some image.
    """
    if mask is None:
        return None
    weights = mask.to(device=batch.device, dtype=batch.dtype)
    if weights.ndim == 2:
        weights = weights[None, None]
    elif weights.ndim == 3:
        weights = weights[:, None]
    n, _, height, width = batch.shape
    if weights.ndim != 4 or tuple(weights.shape[1:]) != (1, height, width):
        raise ShapeError(f"a mask is (N, 1, {height}, {width}), not {tuple(mask.shape)}")
    if weights.shape[0] not in (1, n):
        raise ShapeError(f"{weights.shape[0]} masks for {n} images")
    seen = visible(weights)
    if seen is not None:
        if not bool(((seen >= 0) & (seen <= 1)).all()):
            raise OptionError("mask weights lie in [0, 1]")
        if not bool((seen.flatten(-3).sum(dim=-1) > 0).all()):
            raise OptionError("the mask selects no pixel")
    return weights.expand(n, 1, height, width)
