"""Edge-preserving smoothing: the bilateral filter, exact and on a grid."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.numerics.recording import is_recording

_STRIP = 1 << 15  # pixels at a time in the exact filter: its five temporaries stay in the cache
_PAD = 3  # cells around the grid, as wide as the blur and the interpolation reach


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


def bilateral_grid(
    image: Tensor, sigma_space: float, sigma_range: float, low: float, high: float
) -> Tensor:
    """Smooth one plane as :func:`bilateral_exact` does, approximately and much faster.

    Pixels are summed into cells of ``sigma_space`` × ``sigma_space`` × ``sigma_range``, the cells
    blurred, and the result read back by trilinear interpolation.

    Parameters
    ----------
    image
        ``(1, 1, H, W)`` with values in [low, high].
    sigma_space, sigma_range
        Pixels, and the unit of the image.
    low, high
        What the grid spans.

    References
    ----------
    S. Paris and F. Durand, "A fast approximation of the bilateral filter using a signal processing
    approach", ECCV 2006.
    """
    height, width = image.shape[-2:]
    size = (
        math.floor((high - low) / sigma_range) + 1 + 2 * _PAD,
        math.floor((height - 1) / sigma_space) + 1 + 2 * _PAD,
        math.floor((width - 1) / sigma_space) + 1 + 2 * _PAD,
    )
    plane = image[0, 0]
    depth = (plane - low) / sigma_range + _PAD
    rows = torch.arange(height, dtype=image.dtype, device=image.device) / sigma_space + _PAD
    columns = torch.arange(width, dtype=image.dtype, device=image.device) / sigma_space + _PAD

    with torch.no_grad():
        across = (rows + 0.5).long()[:, None] * size[2] + (columns + 0.5).long()
        cell = ((depth + 0.5).int() * (size[1] * size[2]) + across.int()).view(-1).long()
        counts = torch.bincount(cell, minlength=math.prod(size)).to(image)
    if is_recording(image):
        sums = torch.zeros_like(counts).index_add(0, cell, plane.reshape(-1))
    else:
        sums = torch.bincount(cell, plane.reshape(-1), minlength=math.prod(size)).to(image)
    grid = _blur_cells(torch.stack([sums, counts]).view(2, *size))
    smooth = grid[0] / torch.where(grid[1] > 0, grid[1], 1.0)

    def unit(position: Tensor, cells: int) -> Tensor:
        return position * (2 / (cells - 1)) - 1

    where = torch.stack(
        [
            unit(columns, size[2])[None, :].expand(height, width),
            unit(rows, size[1])[:, None].expand(height, width),
            unit(depth, size[0]),
        ],
        dim=-1,
    )
    read = F.grid_sample(smooth[None, None], where[None, None], align_corners=True)
    return read.view(1, 1, height, width)


def _blur_cells(grid: Tensor) -> Tensor:
    """Return ``(2, D, H, W)`` under e^−½, 1, e^−½ along each of the last three axes."""
    side = math.exp(-0.5)
    for dim in (1, 2, 3):
        length = grid.shape[dim] - 1
        step = grid.clone()
        step.narrow(dim, 1, length).add_(grid.narrow(dim, 0, length), alpha=side)
        step.narrow(dim, 0, length).add_(grid.narrow(dim, 1, length), alpha=side)
        grid = step
    return grid
