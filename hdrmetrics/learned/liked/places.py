"""What a network of opinions sees around each place of a picture."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.learned.liked.network import OpinionNetwork, Trunk, joined

CELL = 16
"""Side in pixels of a place."""

_REACH = 3  # cells to each side: as large a part of a view as training has seen


def neighbourhoods(network: OpinionNetwork, view: Tensor) -> Tensor:
    """Return the statistics of the 7 × 7 cells around each 16 × 16 pixels, ``(N, F, h, w)``.

    At the borders a neighbourhood is what of it lies inside the picture.
    """
    size = (-(-view.shape[-2] // CELL), -(-view.shape[-1] // CELL))
    found = []
    for maps in cast(Trunk, network.trunk).maps(view):
        mean = _around(F.adaptive_avg_pool2d(maps, size))
        energy = _around(F.adaptive_avg_pool2d(maps.square(), size))
        found.append(joined(mean, energy))
    return torch.cat(found, dim=1)


def _around(cells: Tensor) -> Tensor:
    return F.avg_pool2d(cells, 2 * _REACH + 1, 1, _REACH, count_include_pad=False)
