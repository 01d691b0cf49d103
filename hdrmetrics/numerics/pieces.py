"""Large tensors worked through piece by piece, so that what a formula makes stays in the cache.

Whether that pays, and how large a piece is, stands here once; the files of the formulas keep the
formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from hdrmetrics.numerics.recording import is_recording

CACHE = 1 << 18
"""Pixels of a piece: its temporaries stay in the L2 cache, and their memory is used again."""

_CHUNK = 1 << 17
"""Elements at a time where nothing is filtered: half a megabyte of float32."""


def pieces_pay(*tensors: Tensor) -> bool:
    """Return whether tensors may be worked through in pieces: on a CPU, with nothing recorded.

    What records operations, autograd above all, wants to see them on whole tensors; on a GPU pieces
    cost time.
    """
    return not is_recording(*tensors) and tensors[0].device.type == "cpu"


def row_slices(height: int, width: int, pixels: int = CACHE, least: int = 1) -> Iterator[slice]:
    """Yield slices of rows that hold so many pixels each, at least ``least`` rows."""
    rows = max(least, pixels // max(width, 1))
    for first in range(0, height, rows):
        yield slice(first, min(first + rows, height))


def mean_in_strips(
    formula: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor, overlap: int
) -> Tensor:
    """Return the mean over pixels of a formula of two pictures, of each plane ``(N, C)``.

    No map is ever held: strips of rows go through all steps in the cache, and their sums remain.

    Parameters
    ----------
    formula
        Takes strips ``(h, w)`` of both, and returns values ``(h - overlap, w - overlap)``.
    a, b
        ``(N, C, H, W)``; without gradients, on a CPU.
    overlap
        Rows and columns that the formula's windows take away.
    """
    height, width = a.shape[-2] - overlap, a.shape[-1] - overlap
    means = []
    for x, y in zip(a.flatten(0, 1), b.expand_as(a).flatten(0, 1), strict=True):
        total = 0.0
        for rows in row_slices(height, width, least=4 * overlap):
            own = slice(rows.start, rows.stop + overlap)
            total += float(formula(x[own], y[own]).sum())
        means.append(total / (height * width))
    return a.new_tensor(means).view(a.shape[:2])


def pointwise(function: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    """Return ``function(image)`` for a function that works on each element alone.

    On a CPU without gradients a large image is worked through in chunks: every temporary then
    stays in the cache, which is about three times faster than passes over whole images. With
    gradients, or on a GPU, the function is called once.
    """
    if not _worthwhile(image):
        return function(image)
    source = image.detach().contiguous().view(-1)
    out = torch.empty_like(source)
    for start in range(0, source.numel(), _CHUNK):
        out[start : start + _CHUNK] = function(source[start : start + _CHUNK])
    return out.view(image.shape)


def sum_of_squared_differences(
    a: Tensor, b: Tensor, function: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """Return the sum of (f(a) - f(b))² over each of two tensors of one shape, a scalar.

    Without gradients on a CPU neither f(a) nor a difference is ever held: at image sizes the first
    touch of fresh memory costs as much as the arithmetic. Chunks are added up in double precision.

    Parameters
    ----------
    a, b
        The same shape.
    function
        Works on each element alone; the identity when not given.
    """
    encode = function or (lambda x: x)
    if not (_worthwhile(a) and _worthwhile(b)):
        return (encode(a) - encode(b)).square().sum()
    x, y = (image.detach().contiguous().view(-1) for image in (a, b))
    total = 0.0
    for start in range(0, x.numel(), _CHUNK):
        piece = slice(start, start + _CHUNK)
        difference = encode(x[piece]) - encode(y[piece])
        total += float(torch.dot(difference, difference))
    return a.new_tensor(total)


def _worthwhile(image: Tensor) -> bool:
    return image.numel() > _CHUNK and pieces_pay(image)
