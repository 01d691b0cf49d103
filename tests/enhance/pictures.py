"""Pictures that the tests of enhancers share."""

from __future__ import annotations

import torch
from torch import Tensor

from hdrmetrics.codecs import create_codec


def photograph(height: int = 48, width: int = 64, seed: int = 0) -> Tensor:
    """Return ``(1, 3, H, W)`` in [0, 1] with shading, edges and a little noise, as JPEG left it."""
    draw = torch.Generator().manual_seed(seed)
    y = torch.linspace(0, 1, height)[:, None]
    x = torch.linspace(0, 1, width)
    shade = 0.25 + 0.4 * x + 0.2 * torch.sin(9 * y * x)
    shade = torch.where((x - 0.5).square() + (y - 0.5).square() < 0.06, 0.9 - 0.4 * shade, shade)
    image = torch.stack([shade, 0.8 * shade, 0.9 - 0.6 * shade])[None]
    image = (image + 0.03 * torch.randn(image.shape, generator=draw)).clamp(0, 1)
    return create_codec("jpeg", quality=60)(image).image
