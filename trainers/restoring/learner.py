"""One step of learning to restore: patches in, a loss out, weights moved."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datasets.streams import stream
from hdrmetrics.learned.restoring.net import RestorationNet
from trainers.learning.average import WeightAverage
from trainers.restoring.degrade import degrade, draw_steps
from trainers.restoring.recipe import Recipe
from trainers.restoring.references import window
from trainers.restoring.windows import Windows
from trainers.running.lesson import ResumableLearner

_EPSILON = 1e-3  # a quarter of a step of eight bits: below it the loss is a square
_LARGEST_GRADIENT = 2.0
_ROOM = 16  # pixels around a patch that are degraded with it
_GRID, _ALIGNED = 8, 0.5  # of JPEG
_FAINT = 0.1  # of a band's usual deviation: less is no detail


def charbonnier(difference: Tensor) -> Tensor:
    """Return the mean of √(d² + ε²) of each picture, ``(N,)``: what cannot be known is forgiven.

    References
    ----------
    P. Charbonnier et al., "Two deterministic half-quadratic regularization algorithms for computed
    imaging", ICIP 1994.
    """
    return (difference.square() + _EPSILON**2).sqrt().flatten(1).mean(dim=1)


def loss_of(restored: Tensor, clean: Tensor, gradient: float, floor: float) -> Tensor:
    """Return the mean logarithm of the distance of pictures and of their neighbours' differences.

    The logarithm makes it the part that is gained which counts, as PSNR does: without it pictures
    ruined beyond help would decide, and harm to clean ones would hardly be seen.

    Parameters
    ----------
    restored, clean
        ``(N, 3, H, W)``.
    gradient
        Weight of the differences of neighbours.
    floor
        What is added to distances. From drawn weights on it has to be large (0.05): clean patches
        would forbid to learn anything.
    """
    d = restored - clean
    edges = charbonnier(d[..., 1:, :] - d[..., :-1, :]) + charbonnier(d[..., 1:] - d[..., :-1])
    return (charbonnier(d) + gradient * edges + floor).log().mean()


def detail(bands: Tensor) -> Tensor:
    """Return the mean size of each band around each cell of 8×8 pixels, ``(N, 12, H/8, W/8)``."""
    return F.avg_pool2d(bands.abs(), 12, 4, 4, count_include_pad=False)


def surplus(degraded: Tensor, clean: Tensor) -> Tensor:
    """Return by how many nepers a degraded picture has more detail than it should have.

    Blur is below zero, noise above, and where nothing happened it is zero. What is to be known of
    a picture to restore it is in these numbers, or near.

    Parameters
    ----------
    degraded, clean
        Bands ``(N, 12, H/2, W/2)`` of the network.
    """
    return ((detail(degraded) + _FAINT) / (detail(clean) + _FAINT)).log()


class Batches:
    """Patches of each step, which follow from seed and step alone.

    Parameters
    ----------
    windows
        Clean ones.
    recipe
        Says what befalls them.
    seed
        Of all draws.
    """

    def __init__(self, windows: Windows, recipe: Recipe, seed: int) -> None:
        self.windows, self.recipe, self.seed = windows, recipe, seed

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return degraded and clean patches of a step ``(N, 3, part, part)`` in [0, 1]."""
        draw = stream(self.seed, "step", step)
        return self._patches([draw] * self.recipe.batch)

    def held(self) -> tuple[Tensor, Tensor]:
        """Return patches that are always the same, each from draws of its own."""
        return self._patches([stream(self.seed, "held", i) for i in range(self.recipe.held)])

    def _patches(self, draws: Sequence[np.random.Generator]) -> tuple[Tensor, Tensor]:
        degraded, clean = zip(*(self._patch(draw) for draw in draws), strict=True)
        return torch.cat(degraded), torch.cat(clean)

    def _patch(self, draw: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return a degraded and a clean patch ``(1, 3, part, part)``."""
        part = self.recipe.part
        whole = self.windows.window(int(draw.integers(len(self.windows))))
        whole = turned(window(whole, part + 2 * _ROOM, draw), int(draw.integers(8)))
        steps = draw_steps(self.recipe, draw)
        spoilt = degrade(whole, steps, int(draw.integers(2**31))).float() / 255
        # Half of the patches keep the grid of the file, as a photograph does that nobody cut.
        top, left = (int(v) for v in draw.integers(0, 2 * _ROOM + 1, 2))
        if draw.random() < _ALIGNED:
            top, left = top // _GRID * _GRID, left // _GRID * _GRID
        own = (..., slice(top, top + part), slice(left, left + part))
        return spoilt[own], whole[own]


def turned(image: Tensor, turn: int) -> Tensor:
    """Return a square in one of its eight positions; 0 is as it was."""
    image = image.transpose(-1, -2) if turn & 4 else image
    image = image.flip(-1) if turn & 1 else image
    return image.flip(-2) if turn & 2 else image


class Learner(ResumableLearner):
    """A network with its optimiser and the average of its weights.

    Parameters
    ----------
    net
        To be trained.
    recipe
        Says how.
    """

    def __init__(self, net: RestorationNet, recipe: Recipe) -> None:
        self.recipe = recipe
        last = recipe.layout == "channels_last"
        self.format = torch.channels_last if last else torch.contiguous_format
        self.net: RestorationNet = net.to(memory_format=self.format)  # type: ignore[call-overload]
        self.average = WeightAverage(self.net, recipe.average)
        # Says what the deepest level knows; of use while learning only.
        self.insight = nn.Conv2d(recipe.size.widths[2], 12, 1)
        nn.init.zeros_(self.insight.weight)
        nn.init.zeros_(self.insight.bias)  # type: ignore[arg-type]
        self._all = [*self.net.parameters(), *self.insight.parameters()]
        self.optimiser = torch.optim.AdamW(
            self._all, lr=recipe.rate, weight_decay=recipe.decay, betas=(0.9, 0.99)
        )

    def step(self, degraded: Tensor, clean: Tensor, rate: float) -> float:
        """Take a step at a learning rate; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.net.train()
        degraded = degraded.contiguous(memory_format=self.format)
        with self._precision():
            levels = self.net.look(degraded)
            restored, told = self.net.add(degraded, *levels), self.insight(levels[2])
        loss = loss_of(restored.float(), clean, self.recipe.gradient, self.recipe.floor)
        if self.recipe.insight:
            with torch.no_grad():
                wanted = surplus(self.net.split(degraded), self.net.split(clean))
            wrong = (told.float() - wanted).abs().mean()
            loss = loss + self.recipe.insight * wrong
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._all, _LARGEST_GRADIENT)
        self.optimiser.step()
        self.average.update()
        return float(loss.detach())

    def _precision(self) -> AbstractContextManager[object]:
        if self.recipe.precision == "float32":
            return nullcontext()
        return torch.autocast("cpu", dtype=torch.bfloat16)

    @torch.no_grad()
    def judge(self, degraded: Tensor, clean: Tensor) -> tuple[float, float]:
        """Return the mean PSNR in dB of patches before and after, in single precision.

        Patches that were left clean count with at most 60 dB.
        """
        self.net.eval()
        after = [
            psnr(self.net(a.contiguous(memory_format=self.format)).clamp(0, 1), b)
            for a, b in zip(
                torch.split(degraded, self.recipe.batch),
                torch.split(clean, self.recipe.batch),
                strict=True,
            )
        ]
        return float(psnr(degraded, clean).mean()), float(torch.cat(after).mean())

    def state(self) -> dict[str, Any]:
        """Return all that changes in a step."""
        return {**super().state(), "insight": self.insight.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state` returned."""
        super().restore(state)
        self.insight.load_state_dict(state["insight"])


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Return the PSNR of each pair, at most 60 dB, ``(N,)``."""
    error = (a - b).square().flatten(1).mean(dim=1).clamp(min=1e-6)
    return -10 * error.log10()
