"""A whole run of learning to restore: packs, a lesson, and the better of two weights."""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from datasets.scenes.scene import Split
from datasets.streams import digest
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.restoring.net import RestorationNet, fresh_net
from hdrmetrics.learned.restoring.weights import load_restoration
from trainers.restoring.learner import Batches, Learner
from trainers.restoring.recipe import Recipe
from trainers.restoring.references import references
from trainers.restoring.windows import Windows, make_windows
from trainers.running.lesson import Lesson, Pace
from trainers.running.run import check_wanted, take

Held = tuple[Tensor, Tensor]
"""Degraded and clean patches that weights are chosen by."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is asked for.

    Parameters
    ----------
    out
        Folder of the run.
    photographs, opinions
        Folders with clean references; see :func:`~trainers.restoring.references.references`.
    steps, budget
        How long: steps, or seconds; one of them.
    seed
        Of weights, patches and their order.
    start_from
        Weights to begin with, in place of drawn ones.
    resume
        Go on with the run in ``out``.
    quiet
        No lines of progress.
    """

    out: Path
    photographs: Path | None
    opinions: Path | None
    steps: int | None = None
    budget: float | None = None
    seed: int = 0
    start_from: Path | None = None
    resume: bool = False
    quiet: bool = False


def run(wanted: Wanted, recipe: Recipe) -> RestorationNet | None:
    """Train a network; returns it with the better weights, ``None`` if it was stopped before.

    The folder then holds what :func:`~trainers.running.run.take` writes and windows of the
    photographs, ``train`` and ``validation``. The better weights are the last ones or their
    average, by the mean PSNR on patches held out, which ``run.json`` tells.

    Raises
    ------
    OptionError
        If the folder holds a run and ``resume`` is not set, or another one and it is; if neither
        or both of a budget and steps are given.
    ImageReadError
        If photographs, windows or the checkpoint cannot be read.
    PixelValueError
        If training diverges.
    """
    check_wanted(wanted)
    begun, start = _start(wanted, recipe)
    told = {"recipe": recipe.digest, "seed": wanted.seed, "start_from": start}
    found = _windows(wanted)
    batches = Batches(found["train"], recipe, wanted.seed)
    held = Batches(found["validation"], recipe, wanted.seed).held()
    lesson = RestorationLesson(begun, recipe, batches, held)
    if not take(wanted, lesson, told, _sources(found)):
        return None
    return lesson.learner.net.eval()


class RestorationLesson(Lesson[Learner]):
    """Batches of degraded patches, and some that are held out.

    Parameters
    ----------
    begun
        The network as it is at first.
    recipe
        Says how.
    batches
        What it learns from.
    held
        What weights are chosen by.
    """

    pace = Pace(noted=100, judged=3_000, kept=240.0, warming=5, tried=30)
    looks = ("before", "last", "average")

    def __init__(self, begun: RestorationNet, recipe: Recipe, batches: Batches, held: Held) -> None:
        super().__init__(
            lambda: Learner(copy.deepcopy(begun), recipe),
            recipe.rate,
            (recipe.precision, recipe.layout),
        )
        self.recipe, self.batches, self.held = recipe, batches, held

    def step(self, step: int, steps: int, rate: float) -> Mapping[str, float]:
        """Take a step, and return the loss."""
        return {"loss": self.learner.step(*self.batches(step), rate)}

    def look(self) -> Mapping[str, float]:
        """Return the mean PSNR in dB of patches as they are, by the weights and their average."""
        before, last = self.learner.judge(*self.held)
        with self.learner.average.applied():
            _, average = self.learner.judge(*self.held)
        return {"before": before, "last": last, "average": average}

    def choose(self) -> dict[str, Any]:
        """Keep the weights whose mean PSNR is better."""
        found = self.look()
        better = found["average"] >= found["last"]
        return {"validation_psnr": found, "weights": self.take_average(better)}


def _start(wanted: Wanted, recipe: Recipe) -> tuple[RestorationNet, str]:
    """Return the network that the first step is taken with, and the SHA-256 of its file if any."""
    if wanted.start_from is None:
        return fresh_net(recipe.size, digest(wanted.seed, "weights") >> 1), ""
    net, card = load_restoration(wanted.start_from)
    if net.size != recipe.size:
        raise OptionError(f"{wanted.start_from} holds a network of {net.size}")
    return net.requires_grad_(True), card.sha256


def _windows(wanted: Wanted) -> dict[str, Windows]:
    found: dict[str, Windows] = {}
    splits: tuple[Split, ...] = ("train", "validation")
    for split in splits:
        sources = references(split, wanted.photographs, wanted.opinions)
        if not wanted.quiet:
            print(f"{split}: {len(sources)} photographs", file=sys.stderr, flush=True)
        found[split] = make_windows(wanted.out / split, sources, wanted.seed, quiet=wanted.quiet)
    return found


def _sources(windows: dict[str, Windows]) -> dict[str, Any]:
    return {
        split: {"photographs": len(own), "refused": len(own.said["refused"])}
        for split, own in windows.items()
    }
