"""Edge-preserving smoothing: the exact bilateral filter."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_STRIP = 1 << 15  # pixels at a time in the exact filter: its five temporaries stay in the cache


def bilateral_exact(image: Tensor, sigma_space: float, sigma_range: float) -> Tensor:
    """Smooth each plane by a Gaussian of distance times a Gaussian of difference.

    The time grows with the square of ``sigma_space``: minutes for a megapixel at 20 pixels.

    Parameters
    ----------
    image
        ``(N, C, H, W)``, float32 or float64; borders are repeated.
    sigma_space
        Pixels; the window reaches 2.5 of them.
    sigma_range
        In the unit of the image.

    References
    ----------
    C. Tomasi and R. Manduchi, "Bilateral filtering for gray and color images", ICCV 1998.
    """
    window = max(math.floor(sigma_space * 5 + 0.5), 1)
    reach = max(math.floor(window / 2 + 0.5), 1)
    padded = F.pad(image, (reach, reach, reach, reach), mode="replicate")
    height, width = image.shape[-2:]
    rows = max(1, _STRIP // width)
    parts = []
    for first in range(0, height, rows):
        last = min(first + rows, height)
        centre = image[..., first:last, :]
        total, weights = torch.zeros_like(centre), torch.zeros_like(centre)
        for dy in range(2 * reach + 1):
            for dx in range(2 * reach + 1):
                distance = (dy - reach) ** 2 + (dx - reach) ** 2
                other = padded[..., first + dy : last + dy, dx : dx + width]
                exponent = (other - centre).square() * (-0.5 / sigma_range**2)
                weight = torch.exp(exponent - 0.5 * distance / sigma_space**2)
                total = total + other * weight
                weights = weights + weight
        parts.append(total / weights)
    return torch.cat(parts, dim=-2)
