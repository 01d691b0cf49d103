"""The front end of networks without a reference: descriptors of cells, and seams of blocks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.learned.fronts import seams
from hdrmetrics.learned.fronts.descriptors import (
    CHROMA_NAMES,
    NAMES,
    describe,
    describe_chroma,
    described,
    described_chroma,
)
from hdrmetrics.learned.fronts.front import CellFront
from hdrmetrics.learned.fronts.pixels import code_and_chroma, kinds
from hdrmetrics.learned.fronts.quick import measure
from hdrmetrics.learned.fronts.seams import NAMES as SEAM_NAMES
from hdrmetrics.learned.fronts.seams import describe_seams, in_order
from hdrmetrics.numerics.pieces import pieces_pay


class CellsAlone(CellFront):
    """The test picture's descriptors; its seams are pooled beside them, and no stage sees them."""

    name = "cells"
    inputs = "none"
    channels = len(NAMES + CHROMA_NAMES)
    beside = len(SEAM_NAMES)

    def see_cells(self, test: Tensor, reference: Tensor | None, domain: Domain) -> Tensor:
        """Return descriptors and seams."""
        kind = kinds(domain)[0]
        if pieces_pay(test):
            found = measure(test, kind)
            own = described(found.detail), described_chroma(found.chroma)
            return torch.cat([*own, seams.described(found.seams, found.steps)], dim=1)
        code, chroma = code_and_chroma(test, kind)
        return torch.cat([describe(code), describe_chroma(chroma), describe_seams(code)], dim=1)

    def pool_beside(self, moments: Sequence[Tensor], found: Tensor) -> Tensor:
        """Return the statistics of the seams in order of size, since blocks may begin anywhere."""
        return in_order(found)
