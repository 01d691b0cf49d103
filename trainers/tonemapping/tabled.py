"""Learning an exposure from tables: no picture is toned in a step, so that thousands are cheap."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from datasets.streams import stream
from hdrmetrics.learned.tonemapping.net import START, ToneNet
from trainers.tonemapping.learner import _LARGEST_GRADIENT, _TOLERANCE, Learner
from trainers.tonemapping.recipe import Recipe
from trainers.tonemapping.tables import Tables

_NOISE = 0.02  # nepers of each cell of a thumbnail


class TabledViews:
    """Views of each step, which follow from seed and step alone.

    Parameters
    ----------
    tables
        To draw from.
    recipe
        Says how many.
    seed
        Of all draws.
    """

    def __init__(self, tables: Tables, recipe: Recipe, seed: int) -> None:
        self.tables, self.recipe, self.seed = tables, recipe, seed

    def __call__(self, step: int, *, large: bool) -> tuple[Tensor, np.random.Generator]:
        """Return numbers of views, and the draws that are left for them."""
        draw = stream(self.seed, "tabled", step)
        which = draw.integers(len(self.tables.names), size=self.recipe.batch)
        return torch.from_numpy(which), draw


class TabledLearner(Learner):
    """A network that learns where the loss of each view is least.

    Parameters
    ----------
    net
        Of the form ``curve``.
    recipe
        Says how.
    tables
        Of the views.
    """

    def __init__(self, net: ToneNet, recipe: Recipe, tables: Tables) -> None:
        super().__init__(net, recipe)
        self.tables = tables

    def step(self, views: tuple[Tensor, np.random.Generator], rate: float) -> float:  # type: ignore[override]
        """Take a step at a learning rate; returns the loss of quality alone."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        which, draw = views
        small = self.tables.small[which][:, None]
        if draw.random() < 0.5:
            small = small.flip(-1)
        noise = torch.from_numpy(draw.standard_normal(small.shape, dtype=np.float32))
        exposure, gamma = self.net.of_thumbnails(small + _NOISE * noise)
        moved = (exposure - START).flatten()
        quality = self.tables.loss(which, moved).mean()
        assert gamma is not None
        faded = (gamma - 1).flatten().square()  # no table knows it: it is to stay
        loss = quality + (self.recipe.near * moved.square() + faded).mean()
        if self.recipe.steady:
            pair = self.tables.pair[which]
            one, other = (self.net.of_thumbnails(pair[:, k : k + 1])[0].flatten() for k in (0, 1))
            centres = self.tables.centres[which]
            apart = (one - centres[:, 0]) - (other - centres[:, 1])
            loss = loss + self.recipe.steady * (apart / _TOLERANCE).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), _LARGEST_GRADIENT)
        self.optimiser.step()
        self.average.update()
        return float(quality.detach())
