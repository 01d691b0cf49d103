"""What every front end says: how pixels become channels, and channels what heads see."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.learned.fronts.cells import CELL, MARGIN
from hdrmetrics.learned.layers import CellStage
from hdrmetrics.learned.statistics import POWERS, statistics

Inputs = Literal["none", "reference"]
"""``none``: the test picture alone; ``reference``: the reference too."""


class Front(ABC):
    """The fixed part of a network, which nothing is learnt in: one class for each.

    Pictures are ``(N, 1, H, W)`` or ``(N, 3, H, W)``, float32 or float64: light in cd/m² (negative
    counts as 0) or display codes in [0, 1], as their domain says.
    """

    name: ClassVar[str]
    """In the descriptions of networks."""
    inputs: ClassVar[Inputs]
    channels: ClassVar[int]
    """That the first stage sees."""
    beside: ClassVar[int] = 0
    """Channels after those, which are pooled only."""
    powers: ClassVar[tuple[int, ...]]
    """Whose means over a window :meth:`pool` is told."""
    per_channel: ClassVar[int]
    """Numbers that heads see of a channel."""

    @abstractmethod
    def see(self, test: Tensor, reference: Tensor | None, domain: Domain) -> Tensor:
        """Return the channels of pictures that are one window each, ``(N, C, h, w)``."""

    @abstractmethod
    def stage(self, before: int, channels: int, blocks: int) -> nn.Module:
        """Return a stage of so many channels, with residual blocks, on ``before`` channels."""

    @abstractmethod
    def pooled(self, stages: int) -> tuple[int, ...]:
        """Return the levels that heads see: 0 is the front end's, 1 the first stage's."""

    @abstractmethod
    def pool(self, moments: Sequence[Tensor], level: int) -> Tensor:
        """Return what heads see of a level, from the means ``(…, C)`` of its channels' powers."""

    @abstractmethod
    def minimum_length(self, stages: int) -> int:
        """Return the shortest side in pixels that leaves something to pool."""


class CellFront(Front):
    """A front end that describes cells of 16 px by themselves, so that stages see a cell each.

    Nothing is padded: a window of a large picture, and the same pixels as a picture of their own,
    have the same channels. So pictures can be worked through at once, and every place judged.
    """

    powers = POWERS
    per_channel = len(POWERS)

    @abstractmethod
    def see_cells(self, test: Tensor, reference: Tensor | None, domain: Domain) -> Tensor:
        """Return the channels that do not depend on where a window ends."""

    @abstractmethod
    def pool_beside(self, moments: Sequence[Tensor], found: Tensor) -> Tensor:
        """Return what heads see of the channels beside, ``(…, 3, C)``, from their statistics."""

    def see(self, test: Tensor, reference: Tensor | None, domain: Domain) -> Tensor:
        """Return all channels of pictures that are one window each."""
        return self.see_cells(test, reference, domain)

    def stage(self, before: int, channels: int, blocks: int) -> nn.Module:
        """Return layers that look at each cell by itself."""
        return CellStage(before, channels, blocks)

    def pooled(self, stages: int) -> tuple[int, ...]:
        """Return all levels."""
        return tuple(range(stages + 1))

    def pool(self, moments: Sequence[Tensor], level: int) -> Tensor:
        """Return the :func:`~hdrmetrics.learned.statistics.statistics`, of those beside others."""
        found = statistics(moments)
        if level != 0:
            return found
        own = self.beside
        parts = found.reshape(*found.shape[:-1], -1, moments[0].shape[-1])
        beside = self.pool_beside([moment[..., -own:] for moment in moments], parts[..., -own:])
        return torch.cat([parts[..., :-own], beside], dim=-1).flatten(-2)

    def minimum_length(self, stages: int) -> int:
        """Return the side of one cell with what it sees around it."""
        return CELL + 2 * MARGIN
