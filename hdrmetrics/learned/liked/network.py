"""The network of opinions: a trunk, what its levels say of the whole picture, ten scores."""

from __future__ import annotations

from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hdrmetrics.learned.layers import Linear
from hdrmetrics.learned.liked.distribution import SCORES
from hdrmetrics.learned.whole_image import laid_out

_SURE = 0.1  # points of ten: opinions of thirty people are not surer
_FLOOR = 1e-4  # under the variance, so that the slope of its root stays finite


class Trunk(Protocol):
    """What a network of opinions stands on."""

    name: str
    channels: tuple[int, ...]
    least: int

    def maps(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps ``(N, C, h, w)`` of each level, of pictures in [0, 1]."""


class Standard(nn.Module):
    """Statistics less their centre, over their scale, both of the training photographs."""

    centre: Tensor
    scale: Tensor

    def __init__(self, count: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(count))
        self.register_buffer("scale", torch.ones(count))

    def forward(self, x: Tensor) -> Tensor:
        """Return the standardised statistics."""
        return (x - self.centre) / self.scale


class OpinionNetwork(nn.Module):
    """What people would say of photographs: ``(N, 3, H, W)`` in [0, 1] to ``(N, 10)``.

    Means and deviations of all levels of the trunk over the whole picture, standardised, go through
    one hidden layer. Early levels see noise and blur, late ones what the picture is of; so size and
    shape of the picture are free.

    Parameters
    ----------
    trunk
        See :class:`Trunk`.
    hidden
        Width of the hidden layer.
    dropout
        Of the statistics, in training.

    References
    ----------
    H. Talebi, P. Milanfar, "NIMA", 2018; V. Hosu et al., "Effective aesthetics prediction with
    multi-level spatially pooled features", CVPR 2019.
    """

    def __init__(self, trunk: nn.Module, hidden: int = 256, dropout: float = 0.25) -> None:
        super().__init__()
        self.trunk = trunk
        self.count = 2 * sum(cast(Trunk, trunk).channels)
        self.standard = Standard(self.count)
        self.dropout = dropout
        self.hidden = Linear(self.count, hidden)
        self.scores = Linear(hidden, SCORES)
        self.doubt = Linear(hidden, 1)
        nn.init.zeros_(self.doubt.weight)
        nn.init.zeros_(self.doubt.bias)
        self.digest = ""

    @property
    def backbone(self) -> str:
        """Name of the trunk."""
        return cast(Trunk, self.trunk).name

    @property
    def least(self) -> int:
        """Pixels a side that it can look at."""
        return cast(Trunk, self.trunk).least

    def describe(self, pictures: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the statistics of the trunk's levels, ``(N, F)``; a mask weights places."""
        levels = cast(Trunk, self.trunk).maps(laid_out(pictures))
        return torch.cat([pooled(maps, mask) for maps in levels], dim=1)

    def judge(self, statistics: Tensor) -> Tensor:
        """Return the distributions over ten scores that statistics ``(…, F)`` speak for."""
        x = F.dropout(self.standard(statistics), self.dropout, self.training)
        found: Tensor = self.scores(F.relu(self.hidden(x)))
        return found.softmax(dim=-1)

    def foresee(self, statistics: Tensor) -> Tensor:
        """Return how far off the mean is expected to be, in points of ten, ``(…,)``.

        Of some photographs the network knows that it cannot tell what people say of them.
        """
        found: Tensor = self.doubt(self.believe(statistics))
        return found[..., 0].clamp(min=_SURE)

    def believe(self, statistics: Tensor) -> Tensor:
        """Return the hidden layer ``(…, H)``, without dropout."""
        return F.relu(self.hidden(self.standard(statistics)))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the distributions over ten scores, ``(N, 10)``."""
        return self.judge(self.describe(pictures))


def pooled(maps: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return means and standard deviations of maps ``(N, C, h, w)``, ``(N, 2·C)``.

    Parameters
    ----------
    maps
        Of a level.
    mask
        Weights of the picture's places, ``(N, 1, H, W)``, not all zero.
    """
    return joined(*moments(maps, mask))


def moments(maps: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return means and mean squares of maps ``(N, C, h, w)``, ``(N, C)`` each; mask as there."""
    flat = maps.flatten(2)
    if mask is None:
        return flat.mean(dim=2), flat.square().mean(dim=2)
    share = F.adaptive_avg_pool2d(mask, (maps.shape[-2], maps.shape[-1])).flatten(2)
    share = share / share.sum(dim=2, keepdim=True)
    return (share * flat).sum(dim=2), (share * flat.square()).sum(dim=2)


def joined(mean: Tensor, energy: Tensor) -> Tensor:
    """Return means beside deviations √(variance + 10⁻⁴) − 0.01, along the axis of the channels."""
    variance = (energy - mean.square()).clamp(min=0.0)
    return torch.cat([mean, (variance + _FLOOR).sqrt() - _FLOOR**0.5], dim=1)
