"""Blur kernels of any shape, applied tap by tap."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.numerics.filters import pad
from hdrmetrics.numerics.pieces import row_slices

Kernel = NDArray[np.float64]

_SAMPLES = 16  # per pixel and axis: the area of a disc's edge pixels is then right to about 1 %


def disc_kernel(radius: float) -> Kernel:
    """Return a disc of ``radius`` pixels, its edge pixels by the area covered, of sum 1.

    References
    ----------
    The circle of confusion of a thin lens out of focus, as in M. Potmesil and I. Chakravarty, "A
    lens and aperture camera model for synthetic image generation", SIGGRAPH 1981.
    """
    reach = max(math.ceil(radius - 0.5), 0)
    offsets = (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5
    fine = (np.arange(-reach, reach + 1)[:, None] + offsets).ravel()
    inside = fine[:, None] ** 2 + fine**2 <= radius**2
    side = 2 * reach + 1
    area = inside.reshape(side, _SAMPLES, side, _SAMPLES).mean(axis=(1, 3))
    kernel: Kernel = area / area.sum()
    return kernel


def line_kernel(length: float, angle: float) -> Kernel:
    """Return a line through the centre as a kernel of sum 1.

    Parameters
    ----------
    length
        In pixels.
    angle
        In degrees, counter-clockwise from the rows' direction: 0 is horizontal, 90 vertical.
    """
    steps = max(math.ceil(16 * length), 2)
    along = ((np.arange(steps) + 0.5) / steps - 0.5) * length
    x = along * math.cos(math.radians(angle))
    y = -along * math.sin(math.radians(angle))  # rows count downwards
    reach = math.ceil(length / 2) + 1
    kernel: Kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    for down in (0, 1):
        for right in (0, 1):
            weight = np.abs(1 - right - (x - left)) * np.abs(1 - down - (y - top))
            np.add.at(kernel, (top + down + reach, left + right + reach), weight)
    used = np.argwhere(kernel > 0)
    margin = int(np.minimum(used, 2 * reach - used).min(axis=0).min())
    kernel = kernel[margin : 2 * reach + 1 - margin, margin : 2 * reach + 1 - margin]
    kernel /= kernel.sum()
    return kernel


def spread(image: Tensor, kernel: Kernel) -> Tensor:
    """Filter each plane ``(..., H, W)`` with a small symmetric kernel; borders are repeated.

    Sums of shifted copies: no light is lost or made negative beside a lamp, as an FFT in single
    precision would do, and most taps of these kernels are zero.
    """
    rows, columns = kernel.shape[0] // 2, kernel.shape[1] // 2
    taps = [(int(y), int(x), float(kernel[y, x])) for y, x in np.argwhere(kernel > 0)]
    height, width = image.shape[-2:]
    padded = pad(image, rows, columns, "replicate")
    planes = padded.reshape(-1, *padded.shape[-2:])
    out = image.new_empty(planes.shape[0], height, width)
    for plane, target in zip(planes, out, strict=True):
        for piece in row_slices(height, width, least=8 * rows):
            first, last = piece.start, piece.stop
            (y, x, weight), *others = taps
            total = plane[first + y : last + y, x : x + width] * weight
            for y, x, weight in others:
                total.add_(plane[first + y : last + y, x : x + width], alpha=weight)
            target[piece] = total
    return out.reshape(image.shape)
