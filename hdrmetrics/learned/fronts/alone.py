"""The front end of networks without a reference: descriptors of cells, and seams of blocks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.learned.fronts.descriptors import (
    CHROMA_NAMES,
    NAMES,
    describe,
    describe_chroma,
    in_strips,
)
from hdrmetrics.learned.fronts.front import CellFront
from hdrmetrics.learned.fronts.pixels import code_and_chroma, kinds
from hdrmetrics.learned.fronts.seams import NAMES as SEAM_NAMES
from hdrmetrics.learned.fronts.seams import describe_seams, in_order


class CellsAlone(CellFront):
    """The test picture's descriptors; its seams are pooled beside them, and no stage sees them."""

    name = "cells"
    inputs = "none"
    channels = len(NAMES + CHROMA_NAMES)
    beside = len(SEAM_NAMES)

    def see_cells(self, test: Tensor, reference: Tensor | None, domain: Domain) -> Tensor:
        """Return descriptors and seams."""
        kind = kinds(domain)[0]

        def work(parts: list[Tensor]) -> Tensor:
            code, chroma = code_and_chroma(parts[0], kind)
            return torch.cat([describe(code), describe_chroma(chroma), describe_seams(code)], 1)

        return in_strips(work, [test])

    def pool_beside(self, moments: Sequence[Tensor], found: Tensor) -> Tensor:
        """Return the statistics of the seams in order of size, since blocks may begin anywhere."""
        return in_order(found)
