"""Places in a frame that damage is kept to: one part of it, growing around the same spot."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from datasets.streams import stream
from hdrmetrics.errors import OptionError

Shape = Literal["strip", "rectangle", "ellipse", "tiles"]

_ASPECTS = (0.4, 2.5)  # of rectangles and ellipses, width over height
_TILES = (16, 32, 64)  # sides in pixels
_SOFT = 0.15  # part of an ellipse's radius over which it fades


def region(size: tuple[int, int], *, area: float, shape: str, seed: int) -> Tensor:
    """Return where a place of a frame is, ``(h, w)`` in [0, 1].

    With the same seed and shape a larger area holds the smaller one.

    Parameters
    ----------
    size
        Height and width of the frame.
    area
        Part of it, in [0, 1]; at least a pixel, or a tile, is inside.
    shape
        ``strip``: from one side on; ``rectangle``; ``ellipse``, with a soft edge; ``tiles``:
        squares of 16, 32 or 64 px, anywhere.
    seed
        Of place and proportions.

    Raises
    ------
    OptionError
        For another shape, or an area that cannot be.
    """
    if shape not in get_args(Shape):
        raise OptionError(f"a place is one of {', '.join(get_args(Shape))}; not {shape!r}")
    if not 0 <= area <= 1:
        raise OptionError(f"an area is a part of the frame, in [0, 1], not {area}")
    rng = stream(seed, "place", shape)
    height, width = size
    if shape == "strip":
        return _strip(height, width, area, int(rng.integers(4)))
    if shape == "tiles":
        return _tiles(height, width, area, rng)
    aspect = float(np.exp(rng.uniform(*np.log(_ASPECTS))))
    centre = rng.uniform(0.15, 0.85, size=2)
    distance = _distance(height, width, centre, aspect, round_=shape == "ellipse")
    # The number of pixels decides, so that a place next to a border is as large as another.
    limit = distance.flatten().kthvalue(max(1, round(area * height * width))).values
    if shape == "rectangle":
        return (distance <= limit).float()
    soft = limit * _SOFT
    return ((limit + soft / 2 - distance) / soft.clamp(min=1e-6)).clamp(0, 1)


def _strip(height: int, width: int, area: float, side: int) -> Tensor:
    inside = torch.zeros(height, width)
    if side < 2:
        count = max(1, round(area * height))
        inside[:count] = 1
    else:
        count = max(1, round(area * width))
        inside[:, :count] = 1
    return inside.flip((0, 1)) if side % 2 else inside


def _tiles(height: int, width: int, area: float, rng: np.random.Generator) -> Tensor:
    side = int(_TILES[int(rng.integers(len(_TILES)))])
    rows, columns = -(-height // side), -(-width // side)
    order = rng.permutation(rows * columns)
    chosen = torch.zeros(rows * columns)
    chosen[torch.from_numpy(order[: max(1, round(area * rows * columns))].copy())] = 1
    grown = chosen.view(rows, columns).repeat_interleave(side, 0).repeat_interleave(side, 1)
    return grown[:height, :width].contiguous()


def _distance(
    height: int, width: int, centre: np.ndarray, aspect: float, *, round_: bool
) -> Tensor:
    """Return how far pixels are from the centre, in heights of the shape."""
    down = (torch.arange(height) + 0.5 - float(centre[0]) * height)[:, None]
    across = (torch.arange(width) + 0.5 - float(centre[1]) * width)[None] / aspect
    return (
        (down.square() + across.square()).sqrt()
        if round_
        else torch.maximum(down.abs(), across.abs())
    )
