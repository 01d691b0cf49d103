"""The (cross) bilateral filter, approximated on a coarse grid over space and brightness."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.numerics.recording import is_recording

_PAD = 3  # cells around the grid, as wide as the blur and the interpolation reach


def bilateral_grid(
    image: Tensor,
    sigma_space: float,
    sigma_range: float,
    low: float,
    high: float,
    *,
    guide: Tensor | None = None,
) -> Tensor:
    """Smooth an image without crossing the edges of a guide.

    Pixels are summed into cells of ``sigma_space`` × ``sigma_space`` × ``sigma_range``, the cells
    blurred by a Gaussian of three taps, and the result read back by trilinear interpolation. The
    work hardly depends on the size of the filter.

    Parameters
    ----------
    image
        ``(N, 1, H, W)``, any unit.
    sigma_space, sigma_range
        Pixels, and the unit of the guide.
    low, high
        What the grid spans: the values of the guide lie in [low, high].
    guide
        ``(N, 1, H, W)``; the image itself if ``None``.

    Returns
    -------
    Tensor
        ``(N, 1, H, W)``.

    References
    ----------
    S. Paris and F. Durand, "A fast approximation of the bilateral filter using a signal processing
    approach", ECCV 2006; J. Chen, S. Paris and F. Durand, "Real-time edge-aware image processing
    with the bilateral grid", ACM TOG 26(3), 2007.
    """
    count, _, height, width = image.shape
    size = (
        math.floor((high - low) / sigma_range) + 1 + 2 * _PAD,
        math.floor((height - 1) / sigma_space) + 1 + 2 * _PAD,
        math.floor((width - 1) / sigma_space) + 1 + 2 * _PAD,
    )
    depth = ((image if guide is None else guide)[:, 0] - low) / sigma_range + _PAD
    rows = torch.arange(height, dtype=image.dtype, device=image.device) / sigma_space + _PAD
    columns = torch.arange(width, dtype=image.dtype, device=image.device) / sigma_space + _PAD

    cells = math.prod(size)
    with torch.no_grad():
        across = (rows + 0.5).long()[:, None] * size[2] + (columns + 0.5).long()
        cell = ((depth + 0.5).int() * (size[1] * size[2]) + across.int()).long()
        cell = (cell + torch.arange(count, device=image.device)[:, None, None] * cells).view(-1)
        counts = torch.bincount(cell, minlength=count * cells).to(image)
    if is_recording(image):
        sums = torch.zeros_like(counts).index_add(0, cell, image.reshape(-1))
    else:
        sums = torch.bincount(cell, image.reshape(-1), minlength=count * cells).to(image)
    grid = _blur_cells(torch.stack([sums, counts]).view(2, count, *size))
    smooth = grid[0] / torch.where(grid[1] > 0, grid[1], 1.0)

    def unit(position: Tensor, cells: int) -> Tensor:
        return position * (2 / (cells - 1)) - 1

    where = torch.stack(
        [
            unit(columns, size[2])[None, None, :].expand(count, height, width),
            unit(rows, size[1])[None, :, None].expand(count, height, width),
            unit(depth, size[0]),
        ],
        dim=-1,
    )
    return F.grid_sample(smooth[:, None], where[:, None], align_corners=True)[:, :, 0]


def _blur_cells(grid: Tensor) -> Tensor:
    """Return ``(2, N, D, H, W)`` under e^−½, 1, e^−½ along each of the last three axes.

    A Gaussian of one cell, cut after one cell as in the reference implementation: sums and counts
    share the lost weight. Cells beyond the border are empty.
    """
    side = math.exp(-0.5)
    for dim in (2, 3, 4):
        length = grid.shape[dim] - 1
        step = grid.clone()
        step.narrow(dim, 1, length).add_(grid.narrow(dim, 0, length), alpha=side)
        step.narrow(dim, 0, length).add_(grid.narrow(dim, 1, length), alpha=side)
        grid = step
    return grid
