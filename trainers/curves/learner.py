"""One step of learning to draw curves: pictures in, five losses out, weights moved."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datasets.streams import digest
from hdrmetrics.learned.curves.curve import ITERATIONS, bend
from hdrmetrics.learned.curves.estimate import estimate, small_copy
from hdrmetrics.learned.curves.judged import JudgedLoss
from hdrmetrics.learned.curves.losses import (
    colour_constancy,
    exposure,
    illumination_smoothness,
    spatial_consistency,
)
from hdrmetrics.learned.curves.net import CurveNet
from trainers.curves.batches import Held
from trainers.curves.recipe import TERMS, Recipe
from trainers.learning.average import WeightAverage
from trainers.running.lesson import ResumableLearner

_LARGEST_GRADIENT = 0.5


def enhanced(net: CurveNet, image: Tensor, seen: int) -> tuple[Tensor, Tensor]:
    """Return pictures bent by maps of their small copies, and these maps; with gradients."""
    maps = estimate(net, image, seen).to(image.dtype)
    return bend(image, widened(maps, image)), maps


def widened(maps: Tensor, image: Tensor) -> Tensor:
    """Return maps of the size of pictures."""
    return F.interpolate(maps, image.shape[-2:], mode="bilinear", align_corners=False)


class Learner(ResumableLearner):
    """A network with its losses, its optimiser and the average of its weights.

    Parameters
    ----------
    net
        To be trained.
    recipe
        Says how.
    seed
        Of the views that metrics are shown.

    Raises
    ------
    UnknownNameError, OptionError
        If the recipe names judges that are no losses.
    """

    def __init__(self, net: CurveNet, recipe: Recipe, seed: int) -> None:
        self.recipe, self.seed = recipe, seed
        last = recipe.layout == "channels_last"
        self.format = torch.channels_last if last else torch.contiguous_format
        self.net: CurveNet = net.to(memory_format=self.format)  # type: ignore[call-overload]
        self.average = WeightAverage(self.net, recipe.average)
        self.judges = [JudgedLoss(name) for name in recipe.judges] if recipe.judged else []
        self.optimiser = torch.optim.Adam(
            self.net.parameters(), lr=recipe.rate, weight_decay=recipe.decay
        )

    def step(self, pictures: Tensor, means: Tensor, step: int, rate: float) -> dict[str, float]:
        """Take a step at a learning rate; returns the losses by name, ``loss`` their sum.

        ``pictures`` and ``means`` are those of :class:`~trainers.curves.batches.Batches`.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.net.train()
        seen = small_copy(pictures, self.recipe.seen)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.precision == "bfloat16"):
            maps = self.net(seen.contiguous(memory_format=self.format))
        found = self._losses(pictures, maps.float(), means, step)
        total = torch.stack([getattr(self.recipe, k) * v for k, v in found.items()]).sum()
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), _LARGEST_GRADIENT)
        self.optimiser.step()
        self.average.update()
        return {k: float(v.detach()) for k, v in found.items()} | {"loss": float(total.detach())}

    def _losses(
        self, pictures: Tensor, maps: Tensor, means: Tensor, step: int
    ) -> dict[str, Tensor]:
        """Return the losses that have a weight: of smaller copies, but metrics are shown all."""
        own, found = self.recipe, dict[str, Tensor]()
        before = small_copy(pictures, own.looked)
        after = bend(before, widened(maps, before))
        if own.spatial:
            found["spatial"] = spatial_consistency(
                after, before, region=own.neighbours, form=own.form
            )
        if own.exposure:
            wanted = means if own.metered else own.target
            found["exposure"] = exposure(after, target=wanted, region=own.region, form=own.form)
        if own.colour:
            found["colour"] = colour_constancy(after, form=own.form)
        if own.smoothness:
            count = ITERATIONS if self.net.kind == "full" else 1
            found["smoothness"] = illumination_smoothness(maps, iterations=count, form=own.form)
        if self.judges:
            draw = torch.Generator().manual_seed(digest(self.seed, "view", step) >> 1)
            count = max(1, round(own.judged_part * len(pictures)))
            some = bend(pictures[:count], widened(maps[:count], pictures))
            found["judged"] = torch.stack([one(some, draw) for one in self.judges]).mean()
        assert set(found) <= set(TERMS)
        return found

    @torch.no_grad()
    def judge(self, held: Held) -> dict[float, float]:
        """Return the mean PSNR in dB after enhancement by exposure, in single precision."""
        self.net.eval()
        parts = [
            enhanced(self.net, one.contiguous(memory_format=self.format), self.recipe.seen)[0]
            for one in torch.split(held.pictures, self.recipe.batch)
        ]
        values = psnr(torch.cat(parts), held.originals)
        return by_stops(values, held)


def by_stops(values: Tensor, held: Held) -> dict[float, float]:
    """Return the means of values ``(N,)`` at each exposure."""
    kept = np.array(held.stops)
    rows = values.double().numpy()
    return {float(one): float(rows[kept == one].mean()) for one in sorted(set(held.stops))}


def psnr(test: Tensor, reference: Tensor) -> Tensor:
    """Return the PSNR of each picture in dB, at most 60, ``(N,)``."""
    error = (test - reference).square().flatten(1).mean(dim=1)
    return -10 * error.clamp(min=1e-6).log10()
