"""Pictures that the tests of distortions share."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.photometry.transfer import srgb_encode


def scene(
    height: int = 72, width: int = 96, channels: int = 3, domain: PixelDomain = "hdr"
) -> Tensor:
    """Return a sky that darkens smoothly, textured ground with colours, and a lamp."""
    y = torch.linspace(0, 1, height, dtype=torch.float64)[:, None]
    x = torch.linspace(0, 1, width, dtype=torch.float64)[None, :]
    random = torch.Generator().manual_seed(5)
    texture = torch.rand(height, width, generator=random, dtype=torch.float64)
    sky = 300 * torch.exp(-3 * y) * (1 + 0.3 * x)
    ground = 20 * torch.exp(1.5 * (texture - 0.5)) * (1 + torch.sin(14 * math.pi * x) ** 2)
    light = torch.where(y < 0.6, sky, ground)
    light = light + 2000 * torch.exp(-((x - 0.7) ** 2 + (y - 0.4) ** 2) / 0.004)
    tint = torch.stack((1 + 0.4 * x + 0 * y, 1 + 0 * x + 0 * y, 1.3 - 0.6 * y + 0 * x))
    image = (light * tint)[None].float()
    if channels == 1:
        image = image[:, 1:2]
    return image if domain == "hdr" else srgb_encode(image / 1200)


def flat(value: float, height: int = 64, width: int = 96, channels: int = 3) -> Tensor:
    """Return a picture of one value."""
    return torch.full((1, channels, height, width), value)


def impulse(height: int = 101, width: int = 101) -> Tensor:
    """Return one lit pixel amid the dark, in double precision."""
    image = torch.zeros(1, 1, height, width, dtype=torch.float64)
    image[..., height // 2, width // 2] = 1000.0
    return image


def moments(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean position (x, y) and its covariance of one plane taken as a density."""
    plane = image[0, 0].double() / image.double().sum()
    height, width = plane.shape
    x = torch.arange(width, dtype=torch.float64).expand(height, width)
    y = torch.arange(height, dtype=torch.float64)[:, None].expand(height, width)
    places = torch.stack((x.flatten(), y.flatten()))
    mean = places @ plane.flatten()
    centred = places - mean[:, None]
    return mean, (centred * plane.flatten()) @ centred.T
