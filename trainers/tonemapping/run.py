"""A whole run of learning to tone-map: frames, a lesson, the better of two weights."""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.scenes.scene import Split
from datasets.scenes.scene_files import FileScene, find_scenes
from datasets.streams import digest
from hdrmetrics.learned.tonemapping.net import ToneNet, fresh_net
from trainers.running.lesson import Lesson, Pace
from trainers.running.plan import mode_name
from trainers.running.run import check_wanted, take
from trainers.tonemapping.frames import Frames, make_frames
from trainers.tonemapping.learner import Learner, Views
from trainers.tonemapping.recipe import Recipe

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


def run(wanted: Wanted, recipe: Recipe) -> ToneNet | None:
    """Train a network; returns it with the better weights, ``None`` if it was stopped before.

    The folder then holds what :func:`~trainers.running.run.take` writes and, unless they are
    elsewhere, frames in ``train`` and ``validation``. The better weights are the last ones or their
    average, by true TMQI of pictures held out, which is never learnt from.

    Raises
    ------
    OptionError
        If the folder holds a run and ``resume`` is not set, or another one and it is; if neither
        or both of a budget and steps are given; if there are no scenes.
    ImageReadError
        If scenes, frames or the checkpoint cannot be read.
    PixelValueError
        If training diverges.
    """
    check_wanted(wanted)
    train, held = (_frames(wanted, split) for split in ("train", "validation"))
    begun = fresh_net(recipe.size, digest(wanted.seed, "weights") >> 1)
    lesson = ToneLesson(begun, recipe, Views(train, recipe, wanted.seed), held)
    told = {"recipe": recipe.digest, "seed": wanted.seed}
    if not take(wanted, lesson, told, _sources(train, held)):
        return None
    return lesson.learner.net.eval()


class ToneLesson(Lesson[Learner]):
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

    def __init__(self, begun: ToneNet, recipe: Recipe, views: Views, held: Frames) -> None:
        super().__init__(lambda: Learner(copy.deepcopy(begun), recipe), recipe.rate)
        self.recipe, self.views, self.held = recipe, views, held

    def step(self, step: int, steps: int, rate: float) -> Mapping[str, float]:
        """Take a step, by large views towards the end."""
        large = step >= (1 - self.recipe.large) * steps
        return {"loss": self.learner.step(self.views(step, large=large), rate)}

    def look(self) -> Mapping[str, float]:
        """Return what the average of the weights makes of the pictures held out."""
        with self.learner.average.applied():
            return self.learner.judge(self.held)

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
        found = {"last": self.learner.judge(self.held), "average": self.look()}
        better = found["average"]["tmqi"] > found["last"]["tmqi"]
        return {"validation": found, "weights": self.take_average(better)}


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
