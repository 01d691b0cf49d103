"""A net in the manner of Afifi et al.: exposure corrected from coarse to fine over a pyramid."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LEVELS = 3
MULTIPLE = 2**_LEVELS
"""Of pixels, that a picture's sides have to be."""


def _block(inside: int, width: int, outside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, width, 3, 1, 1, padding_mode="replicate"), nn.LeakyReLU(0.1),
        nn.Conv2d(width, width, 3, 1, 1, padding_mode="replicate"), nn.LeakyReLU(0.1),
        nn.Conv2d(width, outside, 3, 1, 1, padding_mode="replicate"),
    )  # fmt: skip


def _halved(image: Tensor) -> Tensor:
    return F.avg_pool2d(image, 2)


def _doubled(image: Tensor) -> Tensor:
    return F.interpolate(image, scale_factor=2.0, mode="bilinear", align_corners=False)


class PyramidNet(nn.Module):
    """The coarsest level of a Laplacian pyramid made right, then detail added level by level.

    Pictures ``(N, 3, H, W)`` with sides of multiples of 8 in [0, 1] and out. At the coarsest level
    (an eighth) convolutions that also see the mean, the spread, the darkest and the brightest of
    the whole level (a histogram in four numbers a channel) give each pixel a gain and an offset;
    each finer level sees its own detail, its picture and the coarser result, and scales the detail.

    References
    ----------
    M. Afifi, K. G. Derpanis, B. Ommer and M. S. Brown, "Learning multi-scale photo exposure
    correction", CVPR 2021.
    """

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.overall = nn.Sequential(nn.Linear(12, width), nn.LeakyReLU(0.1), nn.Linear(width, 8))
        self.coarse = _block(3 + 8, width, 6)
        self.finer = nn.ModuleList(_block(9, width // 2, 6) for _ in range(_LEVELS))
        with torch.no_grad():
            for block in (self.coarse, *self.finer):
                assert isinstance(block, nn.Sequential)
                last = block[-1]
                assert isinstance(last, nn.Conv2d)
                last.weight.mul_(0.1)
                assert last.bias is not None
                last.bias.zero_()

    def forward(self, image: Tensor) -> Tensor:
        """Return the pictures well exposed."""
        pictures = [image]
        for _ in range(_LEVELS):
            pictures.append(_halved(pictures[-1]))
        least = pictures[-1]
        gain, offset = self.coarse(torch.cat((least, self._whole(least)), 1)).chunk(2, 1)
        found = least * torch.exp(gain) + offset
        for block, picture, coarser in zip(
            self.finer, pictures[-2::-1], pictures[:0:-1], strict=True
        ):
            detail = picture - _doubled(coarser)
            grown = _doubled(found)
            gain, offset = block(torch.cat((detail, picture, grown), 1)).chunk(2, 1)
            # At first detail grows as the picture does, which the coarser level says.
            found = grown + detail * torch.exp(gain) + offset
        corrected: Tensor = found if self.training else found.clamp(0, 1)
        return corrected

    def _whole(self, least: Tensor) -> Tensor:
        flat = least.flatten(2)
        numbers = torch.cat(
            (flat.mean(2), flat.std(2, correction=0), flat.amin(2), flat.amax(2)), 1
        )
        told: Tensor = self.overall(numbers)
        return told[..., None, None].expand(-1, -1, *least.shape[-2:])


def pyramid() -> PyramidNet:
    """Return the net as the command makes it, before it is given its weights."""
    return PyramidNet()
