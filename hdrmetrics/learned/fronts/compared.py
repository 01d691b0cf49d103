"""The front end of networks with a reference: both pictures, how they differ, and how visibly."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.learned.fronts.descriptors import (
    CHROMA_NAMES,
    NAMES,
    PAIR_NAMES,
    describe,
    describe_chroma,
    describe_pair,
    described,
    described_chroma,
    in_strips,
)
from hdrmetrics.learned.fronts.front import CellFront
from hdrmetrics.learned.fronts.pixels import (
    Kind,
    code_and_chroma,
    full,
    kinds,
    picture_code,
    picture_light,
)
from hdrmetrics.learned.fronts.quick import measure
from hdrmetrics.learned.fronts.visible import NAMES as VISIBLE_NAMES
from hdrmetrics.learned.fronts.visible import describe_visible, logarithms
from hdrmetrics.numerics.pieces import pieces_pay


class CellsCompared(CellFront):
    """Descriptors of both pictures and of how they differ in each cell; visible differences beside.

    Those go up to the border of a window, so that each window's are made by themselves.
    """

    name = "compared-cells"
    inputs = "reference"
    channels = 2 * len(NAMES + CHROMA_NAMES) + len(PAIR_NAMES)
    beside = len(VISIBLE_NAMES)

    def see(self, test: Tensor, reference: Tensor | None, domain: Domain) -> Tensor:
        """Return all channels of pictures that are one window each."""
        assert reference is not None
        lights = self.lights(test, reference, domain)
        cells = self.see_cells(test, reference, domain)
        return torch.cat([cells, describe_visible(*lights)], dim=1)

    def see_cells(self, test: Tensor, reference: Tensor | None, domain: Domain) -> Tensor:
        """Return the descriptors of the test, of the reference, and of the pair."""
        assert reference is not None
        of_both = kinds(domain)

        def pair(parts: list[Tensor]) -> Tensor:
            codes = zip(parts, of_both, strict=True)
            return describe_pair(*(picture_code(part, kind) for part, kind in codes))

        pictures = [test, reference]
        own = [_described(one, kind) for one, kind in zip(pictures, of_both, strict=True)]
        return torch.cat([*own, in_strips(pair, pictures)], dim=1)

    def lights(self, test: Tensor, reference: Tensor, domain: Domain) -> tuple[Tensor, Tensor]:
        """Return the luminance of two pictures, ``(N, 1, H, W)`` each, in cd/m²."""
        of_test, of_reference = kinds(domain)
        with torch.autocast(test.device.type, enabled=False):
            return (
                picture_light(full(test), of_test),
                picture_light(full(reference), of_reference),
            )

    def pool_beside(self, moments: Sequence[Tensor], found: Tensor) -> Tensor:
        """Return the logarithms of the means of the visible differences' powers."""
        return logarithms(moments, self.powers)


def _described(image: Tensor, kind: Kind) -> Tensor:
    if pieces_pay(image):
        found = measure(image, kind, seams=False)
        return torch.cat([described(found.detail), described_chroma(found.chroma)], dim=1)
    code, chroma = code_and_chroma(image, kind)
    return torch.cat([describe(code), describe_chroma(chroma)], dim=1)
