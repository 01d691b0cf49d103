"""Image resizing by the algorithm of MATLAB's ``imresize``.

R. G. Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29(6),
1981.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.numerics.recording import constants

Method = Literal["bicubic", "bilinear"]

_SUPPORT: dict[str, float] = {"bicubic": 4.0, "bilinear": 2.0}
_BAND = 96  # input samples that one matrix product reads: larger wastes zeros, smaller calls


def imresize(
    image: Tensor,
    size: tuple[int, int],
    method: Method = "bicubic",
    *,
    antialias: bool = True,
) -> Tensor:
    """Resize the last two axes to ``size`` as MATLAB's ``imresize`` does.

    The kernel (Keys' cubic with a = −0.5, or the triangle) is stretched by the reduction when an
    axis shrinks, its weights are normalised to a sum of one, and samples beyond the border are
    mirrored with the border sample repeated. Differentiable.

    Parameters
    ----------
    image
        Floating-point tensor ``(..., H, W)`` in any unit.
    size
        New height and width.
    method
        ``"bicubic"`` or ``"bilinear"``.
    antialias
        Stretch the kernel when shrinking. Without it the result is interpolated, not averaged.

    Returns
    -------
    Tensor
        ``(..., size[0], size[1])`` of the same dtype. Bicubic values may overshoot the input's
        range.

    Raises
    ------
    ShapeError
        If there are fewer than two axes, no pixels, or the dtype is no floating-point type.
    OptionError
        For an unknown method or a size below 1.

    """
    if image.ndim < 2 or image.numel() == 0 or not image.is_floating_point():
        raise ShapeError(
            "imresize takes a floating-point tensor (..., H, W) that is not empty, "
            f"not {tuple(image.shape)} of {image.dtype}"
        )
    if method not in _SUPPORT:
        raise OptionError(f"unknown method {method!r}; known: {', '.join(_SUPPORT)}")
    height, width = (int(v) for v in size)
    if height < 1 or width < 1:
        raise OptionError(f"the new size must be at least 1×1 pixel, not {tuple(size)}")

    # While torch.jit traces, the sizes of a tensor are tensors themselves.
    length, across = int(image.shape[-2]), int(image.shape[-1])
    rows = _bands(length, height, method, antialias, image.dtype, image.device)
    columns = _bands(across, width, method, antialias, image.dtype, image.device)
    rows_first = rows.work * across + columns.work * height
    columns_first = columns.work * length + rows.work * width
    if rows_first <= columns_first:
        return _resize_columns(_resize_rows(image, rows), columns)
    return _resize_rows(_resize_columns(image, columns), rows)


def imresize_window(
    part: Tensor,
    place: tuple[range, range],
    whole: tuple[int, int],
    size: tuple[int, int],
    window: tuple[range, range],
) -> Tensor:
    """Return a window of what the bicubic :func:`imresize` makes of a picture, from a part of it.

    Parameters
    ----------
    part
        Samples ``(..., h, w)`` of the picture.
    place
        Rows and columns of the picture that they are.
    whole
        Height and width of the picture.
    size
        Height and width that the whole picture is resized to.
    window
        Rows and columns of the resized picture that are wanted; the part holds all that they are
        made of.

    Raises
    ------
    ShapeError
        If the part does not hold what the window is made of.
    """
    (tall, wide), (rows, columns) = zip(whole, size, strict=True), window
    left = _window_weights(tall, rows, place[0], part)
    right = _window_weights(wide, columns, place[1], part)
    if left is not None:
        part = left @ part
    return part if right is None else part @ right.T


def _window_weights(
    side: tuple[int, int], wanted: range, held: range, like: Tensor
) -> Tensor | None:
    """Return the matrix ``(wanted, held)`` along one axis; ``None`` where nothing changes."""
    length, target = side
    if length == target and wanted == held:
        return None
    inputs, weights = _taps(length, target, "bicubic", True, np.asarray(wanted))
    used = inputs[weights != 0]
    if used.min() < held.start or used.max() >= held.stop:
        raise ShapeError(
            f"samples {used.min()} to {used.max()} are needed, the part holds {held.start} to "
            f"{held.stop - 1}"
        )
    matrix = np.zeros((len(wanted), len(held)))
    inputs = np.clip(inputs - held.start, 0, len(held) - 1)  # where the weight is zero
    np.add.at(matrix, (np.arange(len(wanted))[:, None], inputs), weights)
    return torch.as_tensor(matrix, dtype=like.dtype, device=like.device)


class _Band(NamedTuple):
    start: int  # first input sample that the outputs of this band read
    stop: int
    weights: Tensor  # (outputs, stop − start)


class _Bands(NamedTuple):
    """One axis' resizing matrix, cut along its diagonal into dense blocks."""

    bands: tuple[_Band, ...]
    work: int  # multiplications per line
    identity: bool


def _resize_rows(image: Tensor, plan: _Bands) -> Tensor:
    if plan.identity:
        return image
    parts = [band.weights @ image[..., band.start : band.stop, :] for band in plan.bands]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-2)


def _resize_columns(image: Tensor, plan: _Bands) -> Tensor:
    if plan.identity:
        return image
    parts = [image[..., band.start : band.stop] @ band.weights.T for band in plan.bands]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)


@constants(64, numpy=True)
def _bands(
    length: int, target: int, method: str, antialias: bool, dtype: torch.dtype, device: torch.device
) -> _Bands:
    matrix = _resize_matrix(length, target, method, antialias)
    outputs = max(1, round(_BAND * target / length))
    bands = []
    for first in range(0, target, outputs):
        block = matrix[first : first + outputs]
        used = np.flatnonzero(block.any(axis=0))
        start, stop = int(used[0]), int(used[-1]) + 1
        weights = torch.as_tensor(block[:, start:stop].copy(), dtype=dtype, device=device)
        bands.append(_Band(start, stop, weights))
    work = sum(band.weights.numel() for band in bands)
    return _Bands(tuple(bands), work, identity=length == target)


def _resize_matrix(length: int, target: int, method: str, antialias: bool) -> NDArray[np.float64]:
    """Return the matrix ``(target, length)`` that resizes one axis."""
    inputs, weights = _taps(length, target, method, antialias, np.arange(target))
    matrix = np.zeros((target, length))
    np.add.at(matrix, (np.arange(target)[:, None], inputs), weights)
    return matrix


def _taps(
    length: int, target: int, method: str, antialias: bool, outputs: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return which input samples some outputs along an axis are made of, and their weights."""
    scale = target / length
    stretch = min(scale, 1.0) if antialias else 1.0
    support = _SUPPORT[method] / stretch
    # Where each output sample lies among the inputs, the outer edges of both grids coinciding.
    centre = (outputs + 0.5) / scale - 0.5
    taps = int(np.ceil(support)) + 2
    positions = np.floor(centre - support / 2)[:, None] + np.arange(taps)
    kernel = _cubic if method == "bicubic" else _triangle
    weights = kernel((centre[:, None] - positions) * stretch)
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = np.mod(positions.astype(np.int64), 2 * length)
    return np.minimum(mirrored, 2 * length - 1 - mirrored), weights


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.abs(x)
    inner = (1.5 * x - 2.5) * x**2 + 1.0
    outer = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x <= 1.0, inner, np.where(x <= 2.0, outer, 0.0))


def _triangle(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(1.0 - np.abs(x), 0.0)
