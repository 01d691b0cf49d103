"""The (cross) bilateral filter, approximated on a coarse grid over space and brightness."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError

_MARGIN = 3  # cells around the grid, so that the blur and the interpolation stay inside it


def bilateral_filter(
    image: Tensor, spatial: float, tonal: float, *, guide: Tensor | None = None
) -> Tensor:
    """Smooth an image without crossing the edges of a guide.

    Pixels are summed into cells of one standard deviation in each direction, the cells blurred by
    a Gaussian of three taps, and read back by trilinear interpolation. The work hardly depends on
    the size of the filter.

    Parameters
    ----------
    image
        ``(N, 1, H, W)``, any unit.
    spatial
        Standard deviation over space, in pixels, positive.
    tonal
        Standard deviation over the guide's values, positive.
    guide
        ``(N, 1, H, W)`` in [0, 1]; the image itself if ``None``.

    Returns
    -------
    Tensor
        ``(N, 1, H, W)``. Gradients reach the image; those through the guide's cell are dropped.

    Raises
    ------
    ShapeError
        If image and guide differ in shape or are not ``(N, 1, H, W)``.
    OptionError
        If a standard deviation is not positive.

    References
    ----------
    S. Paris and F. Durand, "A fast approximation of the bilateral filter using a signal processing
    approach", ECCV 2006; J. Chen, S. Paris and F. Durand, "Real-time edge-aware image processing
    with the bilateral grid", ACM TOG 26(3), 2007.
    """
    edges = image if guide is None else guide
    if image.ndim != 4 or image.shape[1] != 1 or edges.shape != image.shape:
        raise ShapeError(
            f"the bilateral grid takes (N, 1, H, W) images with a guide of the same shape, not "
            f"{tuple(image.shape)}, {tuple(edges.shape)}"
        )
    if not (spatial > 0 and tonal > 0 and math.isfinite(spatial + tonal)):
        raise OptionError(f"a bilateral filter has positive sigmas, not {spatial}, {tonal}")
    n, _, height, width = image.shape
    size = [
        math.floor(extent) + 1 + 2 * _MARGIN
        for extent in (1 / tonal, (height - 1) / spatial, (width - 1) / spatial)
    ]
    rows, columns = (
        torch.arange(length, device=image.device, dtype=image.dtype) / spatial + _MARGIN
        for length in (height, width)
    )
    levels = edges[:, 0].detach().clamp(0.0, 1.0) / tonal + _MARGIN

    cells = (
        (torch.arange(n, device=image.device)[:, None, None] * size[0] + _round(levels)) * size[1]
        + _round(rows)[:, None]
    ) * size[2] + _round(columns)
    sums = _gather(image, cells, n, size)
    counts = _gather(torch.ones_like(image), cells, n, size)
    averages = sums / counts.clamp(min=torch.finfo(image.dtype).tiny)

    # grid_sample wants (x, y, z) in [-1, 1] over the centres of the cells.
    place = torch.stack(
        [
            columns.expand(n, height, width) / (size[2] - 1),
            rows[:, None].expand(n, height, width) / (size[1] - 1),
            levels / (size[0] - 1),
        ],
        dim=-1,
    )
    return F.grid_sample(averages, place[:, None] * 2 - 1, align_corners=True)[:, :, 0]


def _round(x: Tensor) -> Tensor:
    return torch.floor(x + 0.5).long()  # halves go up; torch.round would send them to even cells


def _gather(image: Tensor, cells: Tensor, n: int, size: list[int]) -> Tensor:
    """Sum pixels into their cells and blur: ``(N, 1, levels, rows, columns)``."""
    grid = image.new_zeros(n * size[0] * size[1] * size[2])
    grid = grid.index_add(0, cells.reshape(-1), image.reshape(-1)).view(n, 1, *size)
    for dim in (2, 3, 4):
        grid = _blur(grid, dim)
    return grid


def _blur(grid: Tensor, dim: int) -> Tensor:
    # Cells beyond the border are empty. A Gaussian of one cell, cut after one cell as in the
    # reference implementation: sums and counts share the lost weight.
    side = math.exp(-0.5)
    length = grid.shape[dim]
    edge = grid.new_zeros([1 if d == dim else s for d, s in enumerate(grid.shape)])
    before = torch.cat([edge, grid.narrow(dim, 0, length - 1)], dim)
    after = torch.cat([grid.narrow(dim, 1, length - 1), edge], dim)
    return grid + side * (before + after)
