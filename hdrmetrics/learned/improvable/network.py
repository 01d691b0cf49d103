"""The network of gains: the trunk that learnt opinions, and one fully connected layer."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from hdrmetrics.learned.improvable.crops import crops_of
from hdrmetrics.learned.layers import Linear
from hdrmetrics.learned.liked.network import Standard, Trunk, joined, moments


class GainLayer(nn.Module):
    """What statistics of a trunk say of gains: standardised, then one linear layer.

    Parameters
    ----------
    statistics, outputs
        Of the layer.
    """

    def __init__(self, statistics: int, outputs: int) -> None:
        super().__init__()
        self.standard = Standard(statistics)
        self.last = Linear(statistics, outputs)

    def forward(self, statistics: Tensor) -> Tensor:
        """Return the outputs ``(N, K)`` of statistics ``(N, F)``."""
        found: Tensor = self.last(self.standard(statistics))
        return found


def describe(trunk: nn.Module, pictures: Tensor, side: int, along: int) -> Tensor:
    """Return the statistics of pictures ``(N, F)``, from parts of them at full size.

    Means and deviations are those of all parts together.

    Parameters
    ----------
    trunk
        Of a network of opinions.
    pictures
        ``(N, 3, H, W)`` in [0, 1].
    side, along
        See :func:`~hdrmetrics.learned.improvable.crops.crops_of`.
    """
    rows = []
    for index in range(len(pictures)):
        parts = crops_of(pictures[index : index + 1], side, along)
        levels = []
        for maps in cast(Trunk, trunk).maps(parts):
            mean, energy = moments(maps)
            levels.append(joined(mean.mean(0, keepdim=True), energy.mean(0, keepdim=True)))
        rows.append(torch.cat(levels, dim=1))
    return torch.cat(rows)
