"""A net in the manner of HDRNet: a grid of affine colour transforms, sliced by a learnt guide."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SMALL, _CELLS, _DEPTH = 64, 8, 8
"""Pixels a side that the coefficients are predicted from; the grid's cells a side and in depth."""

_KNOTS = 8


class Guide(nn.Module):
    """From colours to the depth of the grid at which each pixel is read, in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(3, 3, 1)
        self.knots = nn.Parameter(torch.linspace(0, 1, _KNOTS + 1)[:-1].repeat(3, 1))
        self.slopes = nn.Parameter(torch.cat((torch.ones(3, 1), torch.zeros(3, _KNOTS - 1)), 1))
        self.merge = nn.Conv2d(3, 1, 1)
        with torch.no_grad():
            self.mix.weight.copy_(torch.eye(3)[..., None, None])
            self.merge.weight.fill_(1 / 3)
            for layer in (self.mix, self.merge):
                cast(Tensor, layer.bias).zero_()

    def forward(self, image: Tensor) -> Tensor:
        """Return ``(N, 1, H, W)``: curves of straight pieces over mixed channels, and their sum."""
        mixed = self.mix(image)
        bent = torch.zeros_like(mixed)
        for index in range(_KNOTS):
            knot, slope = (one[:, index, None, None] for one in (self.knots, self.slopes))
            bent = bent + slope * F.relu(mixed - knot)
        return cast(Tensor, self.merge(bent)).clamp(0, 1)


class HDRNet(nn.Module):
    """Coefficients from a small copy of the picture, applied to the whole one.

    Pictures ``(N, 3, H, W)`` of any size in [0, 1] and out. A branch of convolutions says what is
    where, another one with a pooled vector what the whole is like; together they fill a grid of
    8 × 8 × 8 cells with affine transforms of colour (3 × 4), which every pixel reads at its place
    and at the depth that the guide gives it. Beginning as the identity.

    References
    ----------
    M. Gharbi, J. Chen, J. T. Barron, S. W. Hasinoff and F. Durand, "Deep bilateral learning for
    real-time image enhancement", ACM TOG 36(4), 2017.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        wide = 2 * width
        self.see = nn.Sequential(
            nn.Conv2d(3, width, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(width, wide, 3, 2, 1), nn.ReLU(),
            nn.Conv2d(wide, wide, 3, 2, 1), nn.ReLU(),
        )  # fmt: skip
        self.local = nn.Sequential(
            nn.Conv2d(wide, wide, 3, 1, 1), nn.ReLU(), nn.Conv2d(wide, wide, 3, 1, 1)
        )
        self.overall = nn.Sequential(
            nn.Conv2d(wide, wide, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(wide, wide), nn.ReLU(), nn.Linear(wide, wide),
        )  # fmt: skip
        self.fill = nn.Conv2d(wide, 12 * _DEPTH, 1)
        self.guide = Guide()
        with torch.no_grad():
            self.fill.weight.mul_(0.1)
            identity = torch.eye(3, 4).reshape(12, 1).expand(12, _DEPTH)
            cast(Tensor, self.fill.bias).copy_(identity.reshape(-1))

    def forward(self, image: Tensor) -> Tensor:
        """Return the pictures, each colour transformed."""
        small = F.interpolate(
            image, (_SMALL, _SMALL), mode="bilinear", antialias=True, align_corners=False
        )
        seen = self.see(small)
        both = F.relu(self.local(seen) + self.overall(seen)[..., None, None])
        grid = self.fill(both).view(-1, 12, _DEPTH, _CELLS, _CELLS)
        height, width = image.shape[-2:]
        # Cells are areas: a pixel's place is that of its middle, and the border cell holds beyond.
        rows = (torch.arange(height, device=image.device) + 0.5) * (2 / height) - 1
        columns = (torch.arange(width, device=image.device) + 0.5) * (2 / width) - 1
        depth = 2 * self.guide(image)[:, 0] - 1
        place = torch.stack(
            (columns.expand_as(depth), rows[:, None].expand_as(depth), depth), dim=-1
        )
        own = F.grid_sample(grid, place[:, None], padding_mode="border", align_corners=False)
        matrix = own[:, :, 0].view(-1, 3, 4, height, width)
        colour = (matrix[:, :, :3] * image[:, None]).sum(2) + matrix[:, :, 3]
        shown: Tensor = colour if self.training else colour.clamp(0, 1)
        return shown


def hdrnet() -> HDRNet:
    """Return the net as the command makes it, before it is given its weights."""
    return HDRNet()
