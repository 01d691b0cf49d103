"""Blocks that did not arrive, concealed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.distort.distortion import DISTORTIONS, Case, Distortion, DistortionInfo
from hdrmetrics.distort.pixels import from_code, own_code, to_code
from hdrmetrics.distort.scale import Scale

_FRACTION: dict[str, Scale] = {
    "neighbours": Scale(0.002, 0.6, 1.2),
    "grey": Scale(0.001, 0.14),
    "shifted": Scale(0.002, 0.7, 1.2),
}


@DISTORTIONS.add
class BlockLoss(Distortion):
    """Square blocks on a grid lost and concealed, in code values (HDR: PU21; SDR: its own).

    Concealment by ``neighbours`` interpolates between the pixels around the block, the nearer
    side weighing more; ``grey`` is the mean code of the picture's channels; ``shifted`` shows the
    picture ``shift`` pixels away, as a wrong motion vector does. The amount is the ``fraction``
    of the grid's blocks that are lost, rounded to whole blocks, at least one; the blocks of a
    lower strength are among those of a higher one. Other pixels are not touched.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.distort import distort
    >>> image = torch.linspace(1, 500, 3 * 24 * 24).view(1, 3, 24, 24)
    >>> spoiled = distort(image, "block_loss", strength=0.7, domain="hdr")
    >>> bool((spoiled - image).abs().mean() > 0)
    True
    """

    info = DistortionInfo(
        name="block_loss",
        title="Lost blocks, concealed",
        parameters=(
            Parameter(
                "block", None, (2, 128), "px",
                "side of a block",
                kind="integer", search=(8, 32),
                automatic="8, 16 or 32",
            ),
            Parameter(
                "concealment", None, None, "",
                "what is shown instead",
                kind="choice", choices=tuple(_FRACTION),
                automatic="any of the three",
            ),
            Parameter(
                "shift", None, (1.0, 128.0), "px",
                "distance of the copy, for shifted blocks",
                search=(4.0, 24.0),
                automatic="log-uniform in 4 to 24",
            ),
            Parameter(
                "angle", None, (0.0, 360.0), "°",
                "direction of the copy, counter-clockwise, for shifted blocks",
                automatic="uniform in 0 to 360",
            ),
        ),
        random=True,
        extent="a block, or the shift; grey: the mean of the whole picture",
        citation="Wang and Zhu, Error control and concealment for video communication: a review, "
        "Proceedings of the IEEE 86(5), 1998",
    )  # fmt: skip
    logarithmic = ("shift",)

    def draw(self, parameter: Parameter, random: np.random.Generator) -> float | int | str:
        """Return a value of a setting; the side of a block is a power of two."""
        if parameter.name == "block":
            return int(random.choice((8, 16, 32)))
        return super().draw(parameter, random)

    def scale(
        self, strength: float, domain: PixelDomain, settings: Mapping[str, Any]
    ) -> dict[str, float]:
        """Return the ``fraction`` of blocks that are lost."""
        return {"fraction": _FRACTION[settings["concealment"]](strength)}

    def apply(self, image: Tensor, case: Case) -> Tensor:
        """Return the image with blocks replaced."""
        code = own_code(case.domain)
        values = to_code(image, code)
        concealment = case.settings["concealment"]
        if concealment == "neighbours":
            substitute = _interpolated(values, case.settings["block"])
        elif concealment == "grey":
            substitute = values.mean().expand_as(values)
        else:
            substitute = _shifted(values, case.settings["shift"], case.settings["angle"])
        lost = self._lost(image, case)
        return torch.where(lost, from_code(substitute, code), image)

    def _lost(self, image: Tensor, case: Case) -> Tensor:
        """Return which pixels are lost, ``(H, W)``."""
        block = case.settings["block"]
        height, width = image.shape[-2:]
        rows, columns = math.ceil(height / block), math.ceil(width / block)
        count = max(1, round(case.amount["fraction"] * rows * columns))
        order = torch.from_numpy(case.random().permutation(rows * columns))
        grid = torch.zeros(rows * columns, dtype=torch.bool)
        grid[order[:count]] = True
        wide = grid.view(rows, columns).repeat_interleave(block, 0).repeat_interleave(block, 1)
        return wide[:height, :width].to(image.device)


def _interpolated(values: Tensor, block: int) -> Tensor:
    """Return every block interpolated from the four lines of pixels around it."""
    rows = _surroundings(values.shape[-2], block, values)
    columns = _surroundings(values.shape[-1], block, values)
    total, weights = torch.zeros_like(values), torch.zeros_like(values[:1, :1])
    for axis, sides in ((-2, rows), (-1, columns)):
        for place, weight in sides:
            weight = weight[:, None] if axis == -2 else weight
            total += weight * values.index_select(axis, place)
            weights += weight
    # A block that is the whole picture has no surroundings: it is shown as its mean.
    return torch.where(weights > 0, total / weights.clamp(min=1e-6), values.mean())


def _surroundings(length: int, block: int, like: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return, for each side of an axis, the pixel that adjoins each pixel's block with a weight.

    The weight falls with the distance, and is zero where the side lies outside the picture.
    """
    places = torch.arange(length, device=like.device)
    start = places // block * block
    sides = []
    for beyond in (start - 1, start + block):
        inside = (beyond >= 0) & (beyond < length)
        weight = inside.to(like) / (places - beyond).abs().to(like)
        sides.append((beyond.clamp(0, length - 1), weight))
    return sides


def _shifted(values: Tensor, shift: float, angle: float) -> Tensor:
    """Return the picture as seen some whole pixels away, borders repeated."""
    x = round(shift * math.cos(math.radians(angle)))
    y = -round(shift * math.sin(math.radians(angle)))
    for axis, offset in ((-2, y), (-1, x)):
        length = values.shape[axis]
        places = (torch.arange(length, device=values.device) + offset).clamp(0, length - 1)
        values = values.index_select(axis, places)
    return values
