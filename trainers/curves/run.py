"""A whole run of learning to draw curves: pictures, a lesson, and the better weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.scenes.scene import Split
from datasets.streams import digest
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.curves.net import CurveNet, fresh_net
from hdrmetrics.learned.curves.weights import load_curves
from trainers.curves.batches import Batches, Held
from trainers.curves.learner import Learner, by_stops, psnr
from trainers.curves.material import Material, make_material
from trainers.curves.recipe import TERMS, Recipe
from trainers.running.lesson import Lesson, Pace
from trainers.running.run import check_wanted, take


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is asked for.

    Parameters
    ----------
    out
        Folder of the run.
    photographs, scenes, opinions
        Folders; see :func:`~trainers.curves.material.make_material`.
    material
        Folder of the pictures made of them, which runs may share; without it one in ``out``.
    steps, budget
        How long: steps, or seconds; one of them.
    seed
        Of weights, pictures and their order.
    start_from
        Weights to begin with, in place of drawn ones.
    resume
        Go on with the run in ``out``.
    quiet
        No lines of progress.
    """

    out: Path
    photographs: Path | None
    scenes: Path | None
    opinions: Path | None
    material: Path | None = None
    steps: int | None = None
    budget: float | None = None
    seed: int = 0
    start_from: Path | None = None
    resume: bool = False
    quiet: bool = False


def run(wanted: Wanted, recipe: Recipe) -> CurveNet | None:
    """Train a network; returns it with the better weights, ``None`` if it was stopped before.

    The folder then holds what :func:`~trainers.running.run.take` writes and the pictures,
    ``material``. No loss compares with a well exposed picture.
    Only the choice between the last weights and their average does: by the mean PSNR on pictures
    held out, which ``run.json`` tells.

    Raises
    ------
    OptionError
        If the folder holds a run and ``resume`` is not set, or another one and it is; if neither
        or both of a budget and steps are given.
    ImageReadError
        If pictures or the checkpoint cannot be read.
    PixelValueError
        If training diverges.
    """
    check_wanted(wanted)
    begun, start = _start(wanted, recipe)
    told = {"recipe": recipe.digest, "seed": wanted.seed, "start_from": start}
    found = make_material(
        wanted.material or wanted.out / "material",
        wanted.photographs, wanted.scenes, wanted.opinions, 0, quiet=wanted.quiet,
    )  # fmt: skip
    batches = Batches(found["train"], recipe, wanted.seed)
    held = Batches(found["validation"], recipe, 0).held()
    lesson = CurveLesson(begun, recipe, wanted.seed, batches, held)
    if not take(wanted, lesson, told, _sources(found)):
        return None
    return lesson.learner.net.eval()


class CurveLesson(Lesson[Learner]):
    """Batches of badly exposed pictures, and some held out whose good exposure is known.

    Parameters
    ----------
    begun
        The network as it is at first.
    recipe, seed
        Say how.
    batches
        What it learns from.
    held
        Pictures that weights are chosen by.
    """

    pace = Pace(noted=50, judged=500, kept=120.0, warming=3, tried=12)
    diverged = 1e3
    terms = ("loss", *TERMS)
    looks = ("before", "last", "average")

    def __init__(
        self, begun: CurveNet, recipe: Recipe, seed: int, batches: Batches, held: Held
    ) -> None:
        super().__init__(
            lambda: Learner(copy.deepcopy(begun), recipe, seed),
            recipe.rate,
            (recipe.precision, recipe.layout),
        )
        self.recipe, self.batches, self.held = recipe, batches, held

    def step(self, step: int, steps: int, rate: float) -> Mapping[str, float]:
        """Take a step, and return the losses."""
        return self.learner.step(*self.batches(step), step, rate)

    def look(self) -> Mapping[str, float]:
        """Return the mean PSNR in dB before, by the weights and by their average."""
        return {who: _mean(rows) for who, rows in self._by_stops().items()}

    def choose(self) -> dict[str, Any]:
        """Keep the weights whose mean PSNR is better."""
        found = self._by_stops()
        told = {
            who: {f"{stops:+g}": round(value, 3) for stops, value in rows.items()}
            for who, rows in found.items()
        }
        better = _mean(found["average"]) >= _mean(found["last"])
        return {"validation_psnr": told, "weights": self.take_average(better)}

    def _by_stops(self) -> dict[str, dict[float, float]]:
        """Return the mean PSNR in dB by exposure: before, by the weights and by their average."""
        before = by_stops(psnr(self.held.pictures, self.held.originals), self.held)
        last = self.learner.judge(self.held)
        with self.learner.average.applied():
            average = self.learner.judge(self.held)
        return {"before": before, "last": last, "average": average}


def _mean(values: dict[float, float]) -> float:
    return sum(values.values()) / len(values)


def _start(wanted: Wanted, recipe: Recipe) -> tuple[CurveNet, str]:
    """Return the network that the first step is taken with, and the SHA-256 of its file if any."""
    if wanted.start_from is None:
        seed = digest(wanted.seed, "weights") >> 1
        return fresh_net(recipe.kind, seed, recipe.deviation), ""
    net, card = load_curves(wanted.start_from)
    if net.kind != recipe.kind:
        raise OptionError(f"{wanted.start_from} holds the network {net.kind}")
    return net.requires_grad_(True), card.sha256


def _sources(material: dict[Split, Material]) -> dict[str, Any]:
    return {
        split: {
            "photographs": len(own.codes),
            "windows of scenes": len(own.light),
            "refused": len(own.said["refused"]),
        }
        for split, own in material.items()
    }
