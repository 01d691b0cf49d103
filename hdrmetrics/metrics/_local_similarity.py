"""What VSI and FSIM have in common: a map of local similarities averaged with weights."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.metrics.code_metric import CodeMetric
from hdrmetrics.numerics.recording import visible
from hdrmetrics.picture.pixels import as_batch, check_mask

MINIMUM_SIZE = 3
"""The Scharr gradient needs three pixels in each direction."""


class LocalSimilarity(NamedTuple):
    """A comparison before pooling, on the grid that the metric works on.

    Parameters
    ----------
    similarity
        ``(N, 1, h, w)``, 1 where the images agree.
    weight
        ``(N, 1, h, w)``, ≥ 0, what each place counts in the average.
    """

    similarity: Tensor
    weight: Tensor


def as_rgb(image: Tensor, role: str) -> Tensor:
    """Return the image as a float batch ``(N, 3, H, W)``; one channel becomes three equal ones.

    Raises
    ------
    ShapeError
        For other shapes or types, and for images under :data:`MINIMUM_SIZE` pixels.
    """
    batch = as_batch(image, role)
    height, width = batch.shape[-2:]
    if min(height, width) < MINIMUM_SIZE:
        raise ShapeError(
            f"VSI and FSIM need at least {MINIMUM_SIZE}×{MINIMUM_SIZE} pixels; the {role} image "
            f"is {width}×{height} (width × height)"
        )
    return batch.expand(-1, 3, -1, -1)


def decimation(height: int, width: int) -> int:
    """Return the factor that brings the shorter side of an image near 256 pixels, at least 1."""
    # MATLAB rounds halves up, Python to even.
    return max(1, math.floor(min(height, width) / 256 + 0.5))


def decimate(image: Tensor, factor: int) -> Tensor:
    """Return the means of ``factor``-sided squares, one every ``factor`` pixels.

    The squares are centred on pixels 0, ``factor``, 2·``factor``, …; what sticks out of the image
    counts as zero (``conv2(…, 'same')`` in MATLAB), which darkens the first row and column.

    Parameters
    ----------
    image
        ``(N, C, H, W)``.
    factor
        Side of the squares and distance between them.

    Returns
    -------
    Tensor
        ``(N, C, ⌈H/factor⌉, ⌈W/factor⌉)``.
    """
    if factor == 1:
        return image
    before = (factor - 1) // 2
    height, width = image.shape[-2:]
    rows, columns = -(-height // factor), -(-width // factor)
    below = rows * factor - before - height
    right = columns * factor - before - width
    # Negative padding drops the last pixels, on which no square lies.
    padded = F.pad(image, (before, right, before, below))
    return F.avg_pool2d(padded, factor)


def gradient_magnitude(image: Tensor) -> Tensor:
    """Return the Scharr gradient's length ``(N, 1, h, w)``, the image continued by zeros."""
    smooth, slope = image.new_tensor([3.0, 10.0, 3.0]) / 16, image.new_tensor([1.0, 0.0, -1.0])
    kernels = torch.stack([torch.outer(smooth, slope), torch.outer(slope, smooth)])[:, None]
    return length(F.conv2d(image, kernels, padding=1))


def length(vectors: Tensor) -> Tensor:
    """Return the Euclidean length along axis 1, kept; its gradient at zero is zero, not NaN."""
    return safe_sqrt(vectors.square().sum(dim=1, keepdim=True))


def safe_sqrt(x: Tensor) -> Tensor:
    """Return √x for x ≥ 0 with a zero gradient at zero instead of an infinite one."""
    zero = x == 0
    return torch.where(zero, 1, x).sqrt().masked_fill(zero, 0)


def ratio(test: Tensor, reference: Tensor, constant: float) -> Tensor:
    """Return (2·t·r + c) / (t² + r² + c): 1 where both agree."""
    # 2tr = t² + r² − (t − r)² keeps identical images at exactly one.
    return 1 - (test - reference).square() / (test.square() + reference.square() + constant)


def real_power(x: Tensor, exponent: float) -> Tensor:
    """Return the real part of the complex power x**exponent, also for negative x."""
    nonzero = x != 0
    size = torch.where(nonzero, x.abs(), 1) ** exponent * nonzero
    return torch.where(x < 0, size * math.cos(math.pi * exponent), size)


def pool(local: LocalSimilarity, mask: Tensor | None, shape: tuple[int, int]) -> Tensor:
    """Return the weighted mean of a similarity map, ``(N,)``.

    Where all weights of an image are zero (nothing salient, no structure), every place counts
    alike.

    Parameters
    ----------
    local
        Map and weights.
    mask
        Weights in [0, 1] of the image's pixels, ``(N, 1, H, W)`` or broadcastable to it; brought
        to the map's grid by the decimation of the images.
    shape
        Height and width of the images.

    Raises
    ------
    ShapeError, OptionError
        For a mask that does not fit, leaves [0, 1], or selects no pixel that counts.
    """
    similarity, weight = local
    if mask is None:
        fallback = torch.ones_like(weight)
    else:
        n = similarity.shape[0]
        template = similarity.new_empty(()).expand(n, 1, *shape)
        pixels = check_mask(mask, template)
        assert pixels is not None
        factor = decimation(*shape)
        full = decimate(torch.ones_like(pixels[:1]), factor)
        fallback = decimate(pixels, factor) / full
        seen = visible(fallback)
        if seen is not None and not bool((seen.flatten(-3).sum(dim=-1) > 0).all()):
            raise OptionError(
                f"the mask selects only pixels at the lower or right border that a decimation by "
                f"{factor} leaves out; select more"
            )
        weight = weight * fallback
    total = weight.sum(dim=(1, 2, 3), keepdim=True)
    weight = torch.where(total > 0, weight, fallback)
    return (similarity * weight).sum(dim=(1, 2, 3)) / weight.sum(dim=(1, 2, 3))


class SimilarityMetric(CodeMetric):
    """Base of metrics that pool a map of similarities by weights, on the decimated grid."""

    eight_bit = True

    def local(self, test: Tensor, kept: Any) -> LocalSimilarity:
        """Return the map and its weights; ``kept`` is what :meth:`code_features` returned."""
        raise NotImplementedError

    def code_compare(self, test: Tensor, kept: Any, mask: Tensor | None) -> Tensor:
        """Return the weighted mean of the map."""
        return pool(self.local(test, kept), mask, (test.shape[-2], test.shape[-1]))

    def code_map(self, test: Tensor, kept: Any) -> Tensor:
        """Return the local similarity, on the decimated grid."""
        return self.local(test, kept).similarity
