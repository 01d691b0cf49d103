"""The steerable pyramid of Simoncelli and Freeman with four orientations per octave."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.numerics.recording import constants

ORIENTATIONS = 4
MINIMUM_SIZE = 15
"""Smallest side that the high-pass filter fits into."""

_LOWPASS_TAPS = 17


class SteerablePyramid(NamedTuple):
    """An image taken apart into spatial frequencies and orientations.

    Parameters
    ----------
    high
        What lies above the pyramid's band-pass filters, ``(N, 1, H, W)``.
    oriented
        One tensor ``(N, 4, h, w)`` per octave, finest first; the sides halve, rounded up.
    low
        What is left below the last octave, ``(N, 1, h, w)``.
    """

    high: Tensor
    oriented: tuple[Tensor, ...]
    low: Tensor


def pyramid_height(height: int, width: int) -> int:
    """Return how many octaves fit: halvings (rounded down) for which both sides stay ≥ 17."""
    octaves = 0
    while min(height, width) >= _LOWPASS_TAPS:
        height, width, octaves = height // 2, width // 2, octaves + 1
    return octaves


def build_pyramid(image: Tensor, octaves: int | None = None) -> SteerablePyramid:
    """Take images apart with the filters ``sp3``.

    Borders mirror about the edge sample; each octave keeps samples 0, 2, 4, … of the one before.

    Parameters
    ----------
    image
        ``(N, 1, H, W)``, float32 or float64, at least 15 pixels high and wide.
    octaves
        Number of octaves; as many as fit if ``None``.

    Raises
    ------
    ShapeError
        For other shapes or smaller images.
    OptionError
        If there are more octaves than fit.

    References
    ----------
    E. P. Simoncelli and W. T. Freeman, "The steerable pyramid: a flexible architecture for
    multi-scale derivative computation", ICIP 1995.
    """
    if image.ndim != 4 or image.shape[1] != 1 or min(image.shape[-2:]) < MINIMUM_SIZE:
        raise ShapeError(
            f"a steerable pyramid takes (N, 1, H, W) of at least {MINIMUM_SIZE}×{MINIMUM_SIZE} "
            f"pixels, not {tuple(image.shape)}"
        )
    fitting = pyramid_height(image.shape[-2], image.shape[-1])
    if octaves is None:
        octaves = fitting
    elif not 0 <= octaves <= fitting:
        raise OptionError(
            f"{octaves} octaves do not fit into {image.shape[-1]}×{image.shape[-2]} pixels; "
            f"at most {fitting} do"
        )
    high, low = split_top(image)
    oriented = []
    for _ in range(octaves):
        bands, low = split_octave(low)
        oriented.append(bands)
    return SteerablePyramid(high, tuple(oriented), low)


def split_top(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the high-pass band of images ``(N, 1, H, W)``, and what the octaves are made of."""
    kernels = _analysis_kernels(image.dtype, image.device)
    return _apply(image, kernels.high), _apply(image, kernels.low_first)


def split_octave(low: Tensor) -> tuple[Tensor, Tensor]:
    """Return the oriented bands ``(N, 4, h, w)`` of an octave, and what the next is made of."""
    kernels = _analysis_kernels(low.dtype, low.device)
    return _apply(low, kernels.oriented), _apply(low, kernels.low)


def reconstruct(pyramid: SteerablePyramid) -> Tensor:
    """Return the image ``(N, 1, H, W)`` that the bands add up to.

    The filters are not an exact inverse: rebuilding an unchanged pyramid gives the image back at
    a signal-to-noise ratio of about 15 dB only.

    References
    ----------
    Simoncelli and Freeman 1995, as in :func:`build_pyramid`.
    """
    kernels = _synthesis_kernels(pyramid.low.dtype, pyramid.low.device)
    image = pyramid.low
    for bands in reversed(pyramid.oriented):
        spread = _spread(image, bands.shape[-2:])
        image = _apply(spread, kernels.low) + _apply(bands, kernels.oriented)
    return _apply(image, kernels.low_first) + _apply(pyramid.high, kernels.high)


# A convolution from one channel to one is slow everywhere, on a CPU by a factor of ten: libraries
# vectorise over output channels. So a block of neighbouring output pixels is computed as that
# many channels, with the filter shifted inside a slightly larger kernel, and unpacked afterwards.
_LANES = 16


class _Kernel(NamedTuple):
    weights: Tensor  # (filters·block², planes, reach, reach)
    block: int  # output pixels per side that one application gives
    taps: int  # of the filter
    stride: int  # of the output pixels


def _kernel(filters: Tensor, stride: int = 1) -> _Kernel:
    """Pack filters ``(filters, planes, taps, taps)``."""
    count, planes, taps, _ = filters.shape
    block = math.isqrt(_LANES // count)
    reach = taps + (block - 1) * stride
    weights = filters.new_zeros(count, block, block, planes, reach, reach)
    for row in range(block):
        for column in range(block):
            rows = slice(row * stride, row * stride + taps)
            columns = slice(column * stride, column * stride + taps)
            weights[:, row, column, :, rows, columns] = filters
    return _Kernel(weights.flatten(0, 2), block, taps, stride)


class _Kernels(NamedTuple):
    high: _Kernel
    low_first: _Kernel
    low: _Kernel
    oriented: _Kernel


def _read_filters(dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
    data = json.loads(files("hdrmetrics").joinpath("data/steerable_sp3.json").read_text("utf-8"))
    return {
        name: torch.tensor(data[name], dtype=dtype, device=device).reshape(
            -1, 1, len(data[name][0]), len(data[name][0])
        )
        for name in _Kernels._fields
    }


@constants(16)
def _analysis_kernels(dtype: torch.dtype, device: torch.device) -> _Kernels:
    filters = _read_filters(dtype, device)
    return _Kernels(
        **{name: _kernel(taps, 2 if name == "low" else 1) for name, taps in filters.items()}
    )


@constants(16)
def _synthesis_kernels(dtype: torch.dtype, device: torch.device) -> _Kernels:
    filters = _read_filters(dtype, device)
    return _Kernels(
        **{name: _kernel(taps.flip(-2, -1).transpose(0, 1)) for name, taps in filters.items()}
    )


def _apply(planes: Tensor, kernel: _Kernel) -> Tensor:
    """Correlate mirrored planes with each filter, keeping every stride-th sample."""
    block, stride, margin = kernel.block, kernel.stride, kernel.taps // 2
    size = [-(-side // stride) for side in planes.shape[-2:]]
    bottom, right = (
        (-(-kept // block) * block - 1) * stride + kernel.taps - margin - side
        for kept, side in zip(size, planes.shape[-2:], strict=True)
    )
    mirrored = F.pad(planes, (margin, right, margin, bottom), mode="reflect")
    packed = F.conv2d(mirrored, kernel.weights, stride=block * stride)
    return F.pixel_shuffle(packed, block)[..., : size[0], : size[1]].contiguous()


def _spread(image: Tensor, size: Sequence[int]) -> Tensor:
    """Put samples at 0, 2, 4, … of a plane of ``size``, zeros between."""
    spread = image.new_zeros((*image.shape[:2], *size))
    spread[..., ::2, ::2] = image
    return spread
