"""A coarse grid of exposures over a picture's place and brightness, and the picture toned by it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.errors import ShapeError
from hdrmetrics.photometry.color import luminance
from hdrmetrics.picture.pixels import check_light
from hdrmetrics.tonemap.color import scale_pixels
from hdrmetrics.tonemap.statistics import TINY, log_mean

SPAN = 5.0
"""A grid's first cells lie so many nepers below the picture's centre, its last ones above."""


def tone_by_grid(image: Tensor, grid: Tensor, *, centre: Tensor | None = None) -> Tensor:
    """Tone-map pictures with exposures that vary over place and brightness.

    L_d = e·L / (e·L + 1), where log(e · centre) is read from the grid at the pixel's place and at
    its log luminance, by trilinear interpolation. Edges of light are edges of exposure, and the
    grid is what an optimiser moves or a network predicts; :func:`total_variation` keeps it smooth.
    A constant grid is ``reinhard_free``. Colours keep their ratios.

    Parameters
    ----------
    image
        ``(N, C, H, W)``, C = 1 or 3, linear BT.709 in cd/m² or relative to it, not negative.
    grid
        ``(N, D, R, K)``, or with N = 1 for all: log exposures in nepers of D levels of brightness,
        dark to bright, R rows and K columns, corners on the corners of the picture.
    centre
        ``(N, 1, 1, 1)``, a luminance, where the middle of the D levels lies; the log mean of the
        luminance if ``None``.

    Returns
    -------
    Tensor
        ``(N, C, H, W)``, display-referred, before clipping; see
        :func:`~hdrmetrics.tonemap.to_display`. Differentiable in the image and the grid.

    Raises
    ------
    ShapeError
        For a grid or a picture of another shape.
    PixelValueError
        For light that is NaN, infinite or negative.

    References
    ----------
    J. Chen, S. Paris and F. Durand, "Real-time edge-aware image processing with the bilateral
    grid", ACM TOG 26(3), 2007; M. Gharbi et al., "Deep bilateral learning for real-time image
    enhancement", ACM TOG 36(4), 2017.

    Examples
    --------
    >>> import math, torch
    >>> from hdrmetrics.tonemap import create_operator
    >>> light = torch.rand(1, 3, 20, 30) * 100
    >>> grid = torch.full((1, 8, 4, 6), math.log(0.18))
    >>> torch.allclose(tone_by_grid(light, grid), create_operator("reinhard_free")(light))
    True
    """
    batch = check_light(image)
    light = luminance(batch)
    if grid.ndim != 4 or grid.shape[0] not in (1, batch.shape[0]) or 0 in grid.shape:
        raise ShapeError(
            f"a grid for {batch.shape[0]} images is (N, levels, rows, columns), not "
            f"{tuple(grid.shape)}"
        )
    middle = log_mean(light) if centre is None else centre
    mapped = map_by_grid(light, grid.to(light), torch.log(middle))
    return mapped if batch.shape[1] == 1 else scale_pixels(batch, light, mapped)


def map_by_grid(light: Tensor, grid: Tensor, centre: Tensor) -> Tensor:
    """Return display-referred luminance ``(N, 1, H, W)``, see :func:`tone_by_grid`.

    Parameters
    ----------
    light
        Luminance, ``(N, 1, H, W)``.
    grid
        ``(N, D, R, K)`` or ``(1, D, R, K)``, nepers.
    centre
        The *logarithm* of the centre's luminance, ``(N, 1, 1, 1)``.
    """
    guide = torch.log(light.clamp(min=TINY)) - centre
    scaled = light * torch.exp(slice_grid(grid, guide) - centre)
    return scaled / (1 + scaled)


def slice_grid(grid: Tensor, guide: Tensor) -> Tensor:
    """Return a grid ``(N, D, R, K)`` read at each pixel of a guide ``(N, 1, H, W)``.

    Parameters
    ----------
    grid
        Values of any unit; N may be 1.
    guide
        Nepers around the centre; beyond :data:`SPAN` the last level counts.

    Examples
    --------
    >>> levels = torch.tensor([0.0, 1.0]).view(1, 2, 1, 1)
    >>> slice_grid(levels, torch.tensor([-9.0, 0.0, 2.5]).view(1, 1, 1, 3)).flatten().tolist()
    [0.0, 0.5, 0.75]
    """
    count, _, height, width = guide.shape

    def line(steps: int) -> Tensor:
        if steps == 1:
            return guide.new_zeros(1)
        return torch.linspace(-1.0, 1.0, steps, dtype=guide.dtype, device=guide.device)

    depth = (guide[:, 0] / SPAN).clamp(-1.0, 1.0)
    columns = line(width)[None, None, :].expand(count, height, width)
    rows = line(height)[None, :, None].expand(count, height, width)
    where = torch.stack([columns, rows, depth], dim=-1)[:, None]
    cells = grid[:, None].expand(count, -1, -1, -1, -1)
    return F.grid_sample(cells, where, padding_mode="border", align_corners=True)[:, :, 0]


def total_variation(grid: Tensor) -> Tensor:
    """Return the mean square of the differences of neighbouring cells, ``(N,)``.

    Parameters
    ----------
    grid
        ``(N, D, R, K)``; an axis of one cell has no neighbours.

    Examples
    --------
    >>> import torch
    >>> total_variation(torch.tensor([0.0, 1.0, 3.0]).view(1, 1, 1, 3)).item()
    2.5
    """
    steps = [torch.diff(grid, dim=axis).square() for axis in (1, 2, 3) if grid.shape[axis] > 1]
    found = [one.flatten(1).mean(dim=1) for one in steps]
    return torch.stack(found).sum(dim=0) if found else grid.new_zeros(grid.shape[0])
