"""The (cross) bilateral filter of light in [0, 1]."""

from __future__ import annotations

import math

from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.numerics.bilateral_grid import bilateral_grid


def bilateral_filter(
    image: Tensor, spatial: float, tonal: float, *, guide: Tensor | None = None
) -> Tensor:
    """Smooth an image without crossing the edges of a guide, on a bilateral grid.

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
    """
    edges = image if guide is None else guide
    if image.ndim != 4 or image.shape[1] != 1 or edges.shape != image.shape:
        raise ShapeError(
            f"the bilateral grid takes (N, 1, H, W) images with a guide of the same shape, not "
            f"{tuple(image.shape)}, {tuple(edges.shape)}"
        )
    if not (spatial > 0 and tonal > 0 and math.isfinite(spatial + tonal)):
        raise OptionError(f"a bilateral filter has positive sigmas, not {spatial}, {tonal}")
    light = edges.detach().clamp(0.0, 1.0)
    return bilateral_grid(image, spatial, tonal, 0.0, 1.0, guide=light)
