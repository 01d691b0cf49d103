"""A whole run of learning to tone-map: frames, a lesson, the better of two weights."""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from datasets.scenes.scene import Split
from datasets.scenes.scene_files import FileScene, find_scenes
from datasets.streams import digest
from hdrmetrics.learned.tonemapping.exposure_net import ExposureNet, fresh_exposure_net
from hdrmetrics.learned.tonemapping.grid_net import GridNet, fresh_grid_net
from hdrmetrics.learned.tonemapping.rendered import Rendered
from hdrmetrics.learned.tonemapping.sizes import Network
from trainers.running.lesson import Lesson, Pace
from trainers.running.plan import mode_name
from trainers.running.run import check_wanted, take
from trainers.tonemapping.exposure_learner import Curves, ExposureLearner, soft_peak
from trainers.tonemapping.frames import Frames, make_frames
from trainers.tonemapping.judging import judged
from trainers.tonemapping.learner import Learner, Views
from trainers.tonemapping.recipe import ExposureRecipe, GridRecipe, Recipe
from trainers.tonemapping.table import Table, make_table

_HELD = {"hdr": 12, "sdr": 20}  # pictures held out


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is asked for.

    Parameters
    ----------
    out
        Folder of the run.
    scenes, photographs
        Folders with HDR scenes, and with photographs that are made HDR; one may be left out.
    steps, budget
        How long: steps, or seconds; one of them.
    frames
        Folder with frames that another run of the same scenes made; else they are made in ``out``.
    seed
        Of weights, views and their order.
    resume
        Go on with the run in ``out``.
    quiet
        No lines of progress.
    """

    out: Path
    scenes: Path | None
    photographs: Path | None
    steps: int | None = None
    budget: float | None = None
    frames: Path | None = None
    seed: int = 0
    resume: bool = False
    quiet: bool = False


def run(wanted: Wanted, recipe: Recipe) -> Network | None:
    """Train a network; returns it with the better weights, ``None`` if it was stopped before.

    The folder then holds what :func:`~trainers.running.run.take` writes and, unless they are
    elsewhere, frames in ``train`` and ``validation``; for a network of one exposure, tables too.
    The better weights are the last ones or their average, by true TMQI of pictures held out, which
    is never learnt from.

    Raises
    ------
    OptionError
        If the folder holds a run and ``resume`` is not set, or another one and it is; if neither
        or both of a budget and steps are given; if there are no scenes.
    ImageReadError
        If scenes, frames, tables or the checkpoint cannot be read.
    ImageWriteError
        If frames, tables or what :func:`~trainers.running.run.take` writes cannot be written.
    PixelValueError
        If training diverges.
    """
    check_wanted(wanted)
    train, held = (_frames(wanted, split) for split in ("train", "validation"))
    seed = digest(wanted.seed, "weights") >> 1
    lesson: GridLesson | ExposureLesson
    if isinstance(recipe, GridRecipe):
        views = Views(train, recipe, wanted.seed)
        lesson = GridLesson(fresh_grid_net(recipe.size, seed), recipe, views, held)
    else:
        tables = [
            make_table(wanted.out / f"table-{name}", own, recipe.metric, quiet=wanted.quiet)
            for name, own in (("train", train), ("validation", held))
        ]
        begun = fresh_exposure_net(recipe.size, seed)
        lesson = ExposureLesson(begun, recipe, (tables[0], tables[1]), held, wanted.seed)
    told = {"recipe": recipe.digest, "seed": wanted.seed}
    if not take(wanted, lesson, told, _sources(train, held)):
        return None
    net: Network = lesson.learner.net.eval()
    return net


class ExposureLesson(Lesson[ExposureLearner]):
    """Tables of training pictures and of those that are held out.

    Parameters
    ----------
    begun
        The network as it is at first.
    recipe
        Says how.
    tables
        What it learns from, and of the pictures held out.
    held
        Pictures that weights are chosen by.
    seed
        Of all draws.
    """

    pace = Pace(noted=100, judged=500, kept=60.0, warming=2, tried=20)
    looks = ("lost",)

    def __init__(
        self, begun: ExposureNet, recipe: ExposureRecipe, tables: tuple[Table, Table],
        held: Frames, seed: int,
    ) -> None:  # fmt: skip
        table, self.unseen = tables
        super().__init__(
            lambda: ExposureLearner(copy.deepcopy(begun), recipe, table, seed), recipe.rate
        )
        self.recipe, self.held = recipe, held

    def step(self, step: int, steps: int, rate: float) -> Mapping[str, float]:
        """Take a step."""
        return {"loss": self.learner.step(step, rate)}

    @torch.no_grad()
    def look(self) -> Mapping[str, float]:
        """Return what the average of the weights loses on the pictures held out."""
        with self.learner.average.applied():
            quality = self.learner.net.quality(Rendered(*self.unseen[:3]))
        every = torch.arange(len(quality))
        return {"lost": float(Curves(self.unseen.quality).lost(every, soft_peak(quality)).mean())}

    def choose(self) -> dict[str, Any]:
        """Keep the weights whose true TMQI is better."""
        return _better(self, self.recipe.metric, self.held)


class GridLesson(Lesson[Learner]):
    """Views of training frames, and whole pictures that are held out.

    Parameters
    ----------
    begun
        The network as it is at first.
    recipe
        Says how.
    views
        What it learns from.
    held
        Pictures that weights are chosen by.
    """

    pace = Pace(noted=20, judged=500, kept=120.0, warming=1, tried=6)
    looks = ("learned", "tmqi", "moved")

    def __init__(self, begun: GridNet, recipe: GridRecipe, views: Views, held: Frames) -> None:
        super().__init__(lambda: Learner(copy.deepcopy(begun), recipe), recipe.rate)
        self.recipe, self.views, self.held = recipe, views, held

    def step(self, step: int, steps: int, rate: float) -> Mapping[str, float]:
        """Take a step, by large views towards the end."""
        large = step >= (1 - self.recipe.large) * steps
        return {"loss": self.learner.step(self.views(step, large=large), rate)}

    def look(self) -> Mapping[str, float]:
        """Return what the average of the weights makes of the pictures held out."""
        with self.learner.average.applied():
            return judged(self.learner.net, self.recipe.metric, self.held)

    def seconds(self) -> tuple[float, dict[str, float]]:
        """Return the mean seconds of small and large views, and those of each."""
        small, large = (
            self.timed(lambda step, of=of: self.learner.step(self.views(step, large=of), 0.0))  # type: ignore[misc]
            for of in (False, True)
        )
        mean = (1 - self.recipe.large) * small + self.recipe.large * large
        return mean, {mode_name(*self.mode): small, "large": large}

    def choose(self) -> dict[str, Any]:
        """Keep the weights whose true TMQI is better."""
        return _better(self, self.recipe.metric, self.held)


def _better(lesson: GridLesson | ExposureLesson, metric: str, held: Frames) -> dict[str, Any]:
    """Give a network the better weights of two, by true TMQI; returns what is to be told."""
    learner = lesson.learner
    found = {"last": judged(learner.net, metric, held)}
    with learner.average.applied():
        found["average"] = judged(learner.net, metric, held)
    better = found["average"]["tmqi"] > found["last"]["tmqi"]
    return {"validation": found, "weights": lesson.take_average(better)}


def _frames(wanted: Wanted, split: Split) -> Frames:
    scenes = []
    for folder, kind in ((wanted.scenes, "hdr"), (wanted.photographs, "sdr")):
        if folder is None:
            continue
        own = [one for one in find_scenes(folder, kinds=(kind,)) if one.split == split]  # type: ignore[arg-type]
        scenes += own if split == "train" else _spread(own, _HELD[kind])
    if not wanted.quiet:
        print(f"{split}: {len(scenes)} scenes", file=sys.stderr, flush=True)
    return make_frames((wanted.frames or wanted.out) / split, scenes, quiet=wanted.quiet)


def _spread(scenes: list[FileScene], most: int) -> list[FileScene]:
    """Return at most so many scenes, drawn by their names."""
    return sorted(scenes, key=lambda one: digest("held", one.name))[:most]


def _sources(train: Frames, held: Frames) -> dict[str, Any]:
    return {
        split: {
            "scenes": len(own.names["hdr"]),
            "photographs": len(own.names["sdr"]),
            "refused": len(own.said["refused"]),
        }
        for split, own in (("train", train), ("validation", held))
    }
