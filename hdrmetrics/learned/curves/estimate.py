"""Curves of a picture of any size, drawn from a small copy of it."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.learned.curves.net import CurveNet


def small_copy(image: Tensor, seen: int) -> Tensor:
    """Return pictures made smaller by averaging codes over area, to ``seen``² pixels or so.

    All of a picture's shapes are seen at one scale, and 12 megapixels cost no more than one.

    Parameters
    ----------
    image
        ``(N, 3, H, W)``; one of no more pixels is returned as it is.
    seen
        Root of the number of pixels.

    Examples
    --------
    >>> import torch
    >>> small_copy(torch.rand(1, 3, 300, 400), 64).shape
    torch.Size([1, 3, 55, 74])
    """
    height, width = image.shape[-2:]
    scale = seen / math.sqrt(height * width)
    if scale >= 1:
        return image
    size = (max(1, round(scale * height)), max(1, round(scale * width)))
    return F.interpolate(image, size, mode="area")


def estimate(net: CurveNet, image: Tensor, seen: int) -> Tensor:
    """Return the maps of pictures, of the size of :func:`small_copy`.

    Parameters
    ----------
    net
        That draws the curves.
    image
        ``(N, 3, H, W)``, display-encoded in [0, 1].
    seen
        See :func:`small_copy`.
    """
    found: Tensor = net(small_copy(image, seen))
    return found
