"""One step of learning an exposure: pictures of a table in, weights moved."""

from __future__ import annotations

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor, nn

from datasets.streams import stream
from hdrmetrics.learned.tonemapping.exposure_net import ExposureNet
from hdrmetrics.learned.tonemapping.rendered import Rendered
from hdrmetrics.metrics.tmqi.naturalness import Naturalness
from hdrmetrics.metrics.tmqi.quality import NATURALNESS_POWER, quality_of_terms
from trainers.learning.average import WeightAverage
from trainers.running.lesson import ResumableLearner
from trainers.tonemapping.recipe import ExposureRecipe
from trainers.tonemapping.table import STOPS, Table

_LARGEST_GRADIENT = 1.0
_SHARP = 100.0  # of the soft maximum that losses are taken at
_NEAR = 0.05  # of quality: exposures count as they are near the best
_ALL = 0.02  # and a little anyway
_LEVEL = 0.1  # weight of quality itself, beside its differences between exposures
_MEAN_UNIT = 50.0  # code values
_STEP = 0.05  # stops


class ExposureLearner(ResumableLearner):
    """A network with its optimiser and the average of its weights.

    Parameters
    ----------
    net
        To be trained; where its numbers lie is taken from the table.
    recipe
        Says how.
    table
        That is learnt from.
    seed
        Of all draws.
    """

    def __init__(self, net: ExposureNet, recipe: ExposureRecipe, table: Table, seed: int) -> None:
        self.net, self.recipe, self.table, self.seed = net, recipe, table, seed
        numbers = table.numbers.flatten(0, 1)
        net.centre.copy_(numbers.mean(dim=0))
        net.scale.copy_(numbers.std(dim=0) + 1e-3)
        self.curves = Curves(table.quality)
        self.average = WeightAverage(net, recipe.average)
        self.optimiser = torch.optim.AdamW(
            net.parameters(), lr=recipe.rate, weight_decay=recipe.decay
        )

    def step(self, step: int, rate: float) -> float:
        """Take a step at a learning rate; returns what the exposures said lose on average."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        draw = stream(self.seed, "batch", step)
        index = torch.from_numpy(draw.integers(len(self.table.quality), size=self.recipe.batch))
        part = Table(*(one[index] for one in self.table))
        structure, natural = self.net.parts(Rendered(*part[:3]))
        quality = quality_of_terms(structure, natural.value(NATURALNESS_POWER))
        weight = _weights(part.quality)
        lost = self.curves.lost(index, soft_peak(quality)).mean()
        loss = (
            self.recipe.likeness * _unlike(quality, part.quality, weight)
            + self.recipe.loss * lost
            + self.recipe.codes * _miscoded(natural, part, weight)
        )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), _LARGEST_GRADIENT)
        self.optimiser.step()
        self.average.update()
        return float(lost.detach())


class Curves:
    """Quality between the exposures of a table, by cubic splines.

    Parameters
    ----------
    quality
        ``(N, K)`` at :data:`~trainers.tonemapping.table.STOPS`.
    """

    def __init__(self, quality: Tensor) -> None:
        stops = np.arange(STOPS[0], STOPS[-1] + _STEP / 2, _STEP)
        fine = CubicSpline(STOPS, quality.double().numpy(), axis=1)(stops)
        self.fine = torch.from_numpy(fine).float()
        self.best = self.fine.amax(dim=1)

    def at(self, index: Tensor, stops: Tensor) -> Tensor:
        """Return the quality of pictures ``(n,)`` at stops ``(n,)``, with its slope."""
        place = ((stops - STOPS[0]) / _STEP).clamp(0, self.fine.shape[1] - 1.001)
        below = place.detach().floor().long()
        part, own = place - below, self.fine[index]
        one, other = (own.gather(1, (below + k)[:, None])[:, 0] for k in (0, 1))
        found: Tensor = one + part * (other - one)
        return found

    def lost(self, index: Tensor, stops: Tensor) -> Tensor:
        """Return what stops lose against the best ones."""
        return self.best[index] - self.at(index, stops)


def soft_peak(quality: Tensor) -> Tensor:
    """Return the stops ``(N,)`` around which qualities ``(N, K)`` are best, with a slope."""
    weight = torch.softmax(_SHARP * quality, dim=1)
    found: Tensor = (weight * quality.new_tensor(STOPS)).sum(dim=1)
    return found


def _weights(quality: Tensor) -> Tensor:
    best = quality.amax(dim=1, keepdim=True)
    weight = torch.softmax((quality - best) / _NEAR, dim=1) + _ALL
    return weight / weight.sum(dim=1, keepdim=True)


def _unlike(quality: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """Return the mean square of what the course of quality over exposures is missed by."""
    error = quality - wanted
    course = error - (weight * error).sum(dim=1, keepdim=True)
    return (weight * (course.square() + _LEVEL * error.square())).sum(dim=1).mean()


def _miscoded(natural: Naturalness, part: Table, weight: Tensor) -> Tensor:
    """Return the mean square of what mean and contrast of the codes are missed by."""
    ratio = torch.log((natural.contrast + 1e-3) / (part.true_contrast + 1e-3))
    mean = (natural.mean - part.true_mean) / _MEAN_UNIT
    return (weight * (ratio.square() + mean.square())).sum(dim=1).mean()
