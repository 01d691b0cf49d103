"""The papers' networks, trained on our data as yardsticks: convolutions that learn it all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.learned.architecture import Architecture, Stage
from hdrmetrics.learned.fronts import register_front
from hdrmetrics.learned.fronts.front import Front
from hdrmetrics.learned.fronts.pixels import Kind, kinds
from hdrmetrics.learned.layers import CellStage
from hdrmetrics.photometry.color import luminance


class PooledStage(CellStage):
    """Convolutions of 3 × 3 that see zeros beyond the border, then a max-pool that halves."""

    def __init__(self, before: int, channels: int, blocks: int) -> None:
        super().__init__(before, channels, blocks, kernel=3)

    def forward(self, x: Tensor) -> Tensor:
        """Return the stage's maps."""
        return F.max_pool2d(super().forward(x), 2)


class LogPixels(Front):
    """The pixels of one picture, or of both side by side: log10(1 + L) of light, codes as such."""

    powers = (1,)
    per_channel = 1

    def see(self, test: Tensor, reference: Tensor | None, domain: Domain) -> Tensor:
        """Return the codes of luminance."""
        pictures = [test] if reference is None else [test, reference]
        codes = zip(pictures, kinds(domain), strict=False)
        return torch.cat([_code(picture, kind) for picture, kind in codes], dim=1)

    def stage(self, before: int, channels: int, blocks: int) -> nn.Module:
        """Return convolutions with a max-pool."""
        return PooledStage(before, channels, blocks)

    def pooled(self, stages: int) -> tuple[int, ...]:
        """Return the last level."""
        return (stages,)

    def pool(self, moments: Sequence[Tensor], level: int) -> Tensor:
        """Return the means."""
        return moments[0]

    def minimum_length(self, stages: int) -> int:
        """Return the side that leaves a pixel after the last max-pool."""
        return 1 << stages


class PixelsAlone(LogPixels):
    """The pixels of the test picture."""

    name = "log-pixels"
    inputs = "none"
    channels = 1


class PixelsCompared(LogPixels):
    """The pixels of test and reference."""

    name = "compared-log-pixels"
    inputs = "reference"
    channels = 2


def _code(image: Tensor, kind: Kind) -> Tensor:
    if kind == "code":
        return luminance(image)
    return torch.log10(1.0 + luminance(image.clamp(min=0.0)))


register_front(PixelsAlone())
register_front(PixelsCompared())

PAPER_NOR = Architecture(
    name="paper-nor",
    front=PixelsAlone.name,
    stages=tuple(Stage(channels, 1) for channels in (32, 64, 128, 256, 512)),
    heads=("hdr-c",),
    hidden=256,
)
"""NoR-VDPNet++: the yardstick, 4.84 million parameters."""

PAPER_DIQM = replace(PAPER_NOR, name="paper-diqm", front=PixelsCompared.name)
"""DIQM with the stages of NoR-VDPNet++: the yardstick of two pictures."""
