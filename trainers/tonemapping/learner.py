"""One step of learning a grid: pictures of light in, toned and judged, weights moved."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from datasets.streams import stream
from hdrmetrics import create_metric
from hdrmetrics.learned.tonemapping.grid_net import GridNet
from hdrmetrics.learned.tonemapping.tone import START, Tone
from hdrmetrics.learned.tonemapping.toning import toned
from hdrmetrics.tonemap import to_display
from hdrmetrics.tonemap.exposure_grid import total_variation
from trainers.learning.average import WeightAverage
from trainers.running.lesson import ResumableLearner
from trainers.tonemapping.frames import Frames
from trainers.tonemapping.judging import distance
from trainers.tonemapping.recipe import GridRecipe
from trainers.tonemapping.views import moved, view

_LARGEST_GRADIENT = 1.0


class Views:
    """Pictures of each step, which follow from seed and step alone.

    Parameters
    ----------
    frames
        To draw from.
    recipe
        Says how.
    seed
        Of all draws.
    """

    def __init__(self, frames: Frames, recipe: GridRecipe, seed: int) -> None:
        self.frames, self.recipe, self.seed = frames, recipe, seed

    def __call__(self, step: int, *, large: bool) -> list[tuple[Tensor, np.random.Generator]]:
        """Return the views of a step, each with the draws that are left for it."""
        found = []
        for place in range(self.recipe.batch):
            draw = stream(self.seed, "view", step, place)
            wanted = "hdr" if draw.random() < self.recipe.scenes else "sdr"
            names = self.frames.names[wanted] or [n for k in self.frames.names.values() for n in k]
            frame = self.frames.frame(names[int(draw.integers(len(names)))])
            pixels = self.recipe.pixels * (4 if large else 1)
            light = view(frame, pixels, self.recipe.contrast, self.recipe.colour, draw)
            found.append((light, draw))
        return found


def departure(tone: Tone) -> Tensor:
    """Return the mean square of the distance from the key 0.18, ``(N,)``."""
    return (tone.exposure - START).square().flatten(1).mean(dim=1)


class Learner(ResumableLearner):
    """A network with its optimiser and the average of its weights.

    Parameters
    ----------
    net
        To be trained.
    recipe
        Says how.
    """

    def __init__(self, net: GridNet, recipe: GridRecipe) -> None:
        self.net, self.recipe = net, recipe
        self.average = WeightAverage(net, recipe.average)
        self.loss = create_metric(recipe.metric).as_loss()
        self.optimiser = torch.optim.AdamW(
            net.parameters(), lr=recipe.rate, weight_decay=recipe.decay, betas=(0.9, 0.99)
        )

    def step(self, views: list[tuple[Tensor, np.random.Generator]], rate: float) -> float:
        """Take a step at a learning rate; returns the loss of quality alone."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        total = 0.0
        for light, draw in views:  # one by one: they differ in size
            tone = self.net(light)
            quality = self.loss(to_display(toned(light, tone)))
            loss = quality + self.recipe.near * departure(tone).sum()
            if self.recipe.smooth:
                loss = loss + self.recipe.smooth * total_variation(tone.exposure).sum()
            if self.recipe.steady:
                one, other = (self.net(part) for part in moved(light, draw))
                loss = loss + self.recipe.steady * distance(one, other).sum()
            (loss / len(views)).backward()
            total += float(quality.detach()) / len(views)
        nn.utils.clip_grad_norm_(self.net.parameters(), _LARGEST_GRADIENT)
        self.optimiser.step()
        self.average.update()
        return total
