"""One step of learning opinions: views in, losses out, weights moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hdrmetrics.learned.liked.distribution import earth_movers_distance, mean_score
from hdrmetrics.learned.liked.network import OpinionNetwork
from trainers.opinions.recipe import Recipe

_FROZEN = 3  # the stem and the levels of up to 24 channels: half of the time, few of the weights
_TINY = 1e-6


@dataclass(frozen=True)
class Step:
    """What a step sees.

    Parameters
    ----------
    views
        ``(N + K, 3, side, side)`` in [0, 1]: of photographs, then of spoilt ones.
    targets
        ``(N, 10)``.
    spoilt
        ``(K,)``: which of the photographs those are of.
    """

    views: Tensor
    targets: Tensor
    spoilt: NDArray[np.int64]


class Learner:
    """The network with its optimiser.

    Parameters
    ----------
    network
        To be trained.
    recipe
        Says how.
    """

    def __init__(self, network: OpinionNetwork, recipe: Recipe) -> None:
        self.network, self.recipe = network, recipe
        trunk = trained(network.trunk, recipe.learn)
        for parameter in network.trunk.parameters():
            parameter.requires_grad_(False)
        for parameter in trunk:
            parameter.requires_grad_(True)
        head = [*network.hidden.parameters(), *network.scores.parameters()]
        groups = [{"params": head, "lr": recipe.head_rate, "peak": recipe.head_rate}]
        if trunk:
            groups.append({"params": trunk, "lr": recipe.trunk_rate, "peak": recipe.trunk_rate})
        self.optimiser = torch.optim.AdamW(groups, weight_decay=recipe.decay)
        self._all = [*head, *trunk]

    def step(self, step: Step, part: float) -> dict[str, float]:
        """Take a step at a part of the peak learning rates; returns the losses."""
        for group in self.optimiser.param_groups:
            group["lr"] = part * group["peak"]
        self.network.train()
        found = self.network(step.views)
        count = len(step.targets)
        distance = earth_movers_distance(found[:count], step.targets).mean()
        means, wanted = mean_score(found), mean_score(step.targets)
        apart = 1 - correlation(means[:count], wanted)
        loss = distance + self.recipe.correlation * apart
        said = {"emd": float(distance.detach()), "apart": float(apart.detach())}
        if len(step.spoilt):
            of = torch.from_numpy(step.spoilt)
            short = (self.recipe.margin - (means[of] - means[count:])).clamp(min=0.0).mean()
            loss = loss + self.recipe.ranking * short
            said["short"] = float(short.detach())
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._all, 1.0)
        self.optimiser.step()
        return {"loss": float(loss.detach()), "norm": float(norm), **said}


def correlation(x: Tensor, y: Tensor) -> Tensor:
    """Return Pearson's correlation of two ``(N,)``; 0, with no slope, where one never varies."""
    x, y = x - x.mean(), y - y.mean()
    energy = (x.square().sum() * y.square().sum()).clamp(min=_TINY**2)  # its root has a slope
    return (x * y).sum() / (energy.sqrt() + _TINY)


def trained(trunk: nn.Module, learn: str) -> list[nn.Parameter]:
    """Return the weights of a trunk that are trained; see :attr:`Recipe.learn`."""
    if learn == "none":
        return []
    if learn == "all":
        return list(trunk.parameters())
    levels = [level for _, level in trunk.named_children()]
    if len(levels) == 2 and isinstance(levels[1], nn.ModuleList):
        levels = [levels[0], *levels[1]]
    return [p for level in levels[_FROZEN:] for p in level.parameters()]
