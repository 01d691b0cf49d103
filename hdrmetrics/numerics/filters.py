"""Separable filtering of images, fast on a CPU and differentiable."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.numerics.pieces import CACHE, row_slices
from hdrmetrics.numerics.recording import is_transformed

Border = Literal["valid", "replicate", "reflect", "zero"]


@functools.lru_cache(maxsize=256)  # bounded: blurs of drawn strength never repeat a sigma
def gaussian_taps(size: int, sigma: float) -> tuple[float, ...]:
    """Return a normalised Gaussian of ``size`` taps and standard deviation ``sigma`` pixels.

    Raises
    ------
    OptionError
        Unless ``size`` is odd and positive and ``sigma`` positive.
    """
    if size < 1 or size % 2 == 0 or sigma <= 0:
        raise OptionError(f"a Gaussian window has odd size and positive sigma, not {size}, {sigma}")
    weights = [math.exp(-((i - size // 2) ** 2) / (2 * sigma**2)) for i in range(size)]
    total = math.fsum(weights)
    return tuple(w / total for w in weights)


def separable_filter(
    image: Tensor,
    vertical: Sequence[float],
    horizontal: Sequence[float] | None = None,
    *,
    border: Border = "valid",
) -> Tensor:
    """Correlate each plane with the outer product of two short kernels.

    Parameters
    ----------
    image
        ``(..., H, W)``, float32 or float64.
    vertical, horizontal
        Taps along rows' direction and columns' direction; ``horizontal`` defaults to ``vertical``.
        Other than with ``valid`` their lengths are odd, so that the size stays.
    border
        ``valid`` keeps only windows inside the image; ``replicate``, ``reflect`` (without the
        edge pixel) and ``zero`` keep the size.

    Returns
    -------
    Tensor
        ``(..., H - len(vertical) + 1, W - len(horizontal) + 1)`` for ``valid``, else the size of
        ``image``.

    Raises
    ------
    ShapeError
        If the image is smaller than the kernel (``valid``) or its border (``reflect``).
    """
    down = tuple(float(t) for t in vertical)
    across = down if horizontal is None else tuple(float(t) for t in horizontal)
    if border != "valid":
        image = pad(image, len(down) // 2, len(across) // 2, border)
    if image.shape[-2] < len(down) or image.shape[-1] < len(across):
        raise ShapeError(
            f"an image of {image.shape[-2]}×{image.shape[-1]} is smaller than the "
            f"{len(down)}×{len(across)} window"
        )
    if is_transformed(image):  # transforms and tracers see through plain operations only
        return filter_strip(image, down, across)
    result: Tensor = _Separable.apply(image, down, across)  # type: ignore[no-untyped-call]
    return result


def pad(image: Tensor, rows: int, columns: int, border: Border) -> Tensor:
    """Add ``rows`` above and below and ``columns`` left and right of ``(..., H, W)``.

    Raises
    ------
    ShapeError
        If ``reflect`` needs more pixels than there are.
    """
    height, width = image.shape[-2:]
    if border == "reflect" and (rows >= height or columns >= width):
        raise ShapeError(f"cannot reflect {rows}×{columns} pixels of a {height}×{width} image")
    planes = image.reshape(1, -1, height, width)
    mode = "constant" if border == "zero" else border
    padded = F.pad(planes, (columns, columns, rows, rows), mode=mode)
    return padded.reshape(*image.shape[:-2], height + 2 * rows, width + 2 * columns)


def filter_strip(strip: Tensor, down: tuple[float, ...], across: tuple[float, ...]) -> Tensor:
    """Correlate a small ``(..., h, w)`` piece, valid windows only, by shifted additions.

    Adding shifted copies beats a library convolution about twenty times here: with
    a single channel a convolution cannot use its blocked kernels, and this reads only the cache.
    """
    return _shifted(_shifted(strip, down, -2), across, -1)


def _shifted(x: Tensor, taps: tuple[float, ...], dim: int) -> Tensor:
    length = x.shape[dim] - len(taps) + 1
    out = x.narrow(dim, 0, length) * taps[0]
    for shift, tap in enumerate(taps[1:], start=1):
        out.add_(x.narrow(dim, shift, length), alpha=tap)
    return out


def _correlate(image: Tensor, down: tuple[float, ...], across: tuple[float, ...]) -> Tensor:
    height, width = image.shape[-2] - len(down) + 1, image.shape[-1] - len(across) + 1
    planes = image.reshape(-1, image.shape[-2], image.shape[-1])
    if image.device.type != "cpu":
        kernels = (
            image.new_tensor(down).view(1, 1, -1, 1),
            image.new_tensor(across).view(1, 1, 1, -1),
        )
        filtered = F.conv2d(F.conv2d(planes[:, None], kernels[0]), kernels[1])[:, 0]
        return filtered.reshape(*image.shape[:-2], height, width)
    out = image.new_empty(planes.shape[0], height, width)
    if height * width <= CACHE // 4:  # small images: all planes at a time
        out.copy_(filter_strip(planes, down, across))
    else:
        for index in range(planes.shape[0]):
            overlap = len(down) - 1
            for rows in row_slices(height, width, least=4 * overlap):
                piece = planes[index, rows.start : rows.stop + overlap]
                out[index, rows] = filter_strip(piece, down, across)
    return out.reshape(*image.shape[:-2], height, width)


class _Separable(torch.autograd.Function):
    """The filter with its adjoint as gradient, so that no strip has to be remembered."""

    @staticmethod
    def forward(
        ctx: Any, image: Tensor, down: tuple[float, ...], across: tuple[float, ...]
    ) -> Tensor:
        ctx.down, ctx.across = down, across
        return _correlate(image, down, across)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        padded = pad(grads[0], len(ctx.down) - 1, len(ctx.across) - 1, "zero")
        adjoint = _Separable.apply(  # type: ignore[no-untyped-call]
            padded, ctx.down[::-1], ctx.across[::-1]
        )
        return adjoint, None, None
