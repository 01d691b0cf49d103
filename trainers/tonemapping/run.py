"""A whole run of learning to tone-map: frames, steps, checkpoints, the better of two weights."""

from __future__ import annotations

import copy
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from datasets.scenes.scene import Split
from datasets.scenes.scene_files import FileScene, find_scenes
from datasets.streams import digest
from hdrmetrics.errors import ImageReadError, OptionError, PixelValueError
from hdrmetrics.learned.tonemapping.net import ToneNet, fresh_net
from hdrmetrics.text.textfile import json_text, write_text
from trainers.learning.schedule import learning_rate
from trainers.running.checkpoint import load_checkpoint, save_checkpoint
from trainers.running.environment import environment
from trainers.running.interruption import StopRequest
from trainers.running.logs import CsvLog, clock
from trainers.running.plan import Plan, mode_name, steps_in
from trainers.running.processes import Processes
from trainers.tonemapping.frames import Frames, make_frames
from trainers.tonemapping.learner import Learner, Views
from trainers.tonemapping.recipe import Recipe

CHECKPOINT, PLAN, RUN = "checkpoint.pt", "plan.json", "run.json"

_TRIED, _WARMING = 6, 1  # steps timed for a plan, and taken before
_NOTED = 20  # steps between rows of the log
_JUDGED = 500  # steps between looks at the pictures held out
_KEPT = 120.0  # seconds between checkpoints
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

    The folder then holds ``run.json``, ``plan.json``, ``log.csv``, ``validation.csv``,
    ``checkpoint.pt`` and, unless they are elsewhere, frames in ``train`` and ``validation``. The
    better weights are the last ones or their average, by true TMQI of pictures held out, which is
    never learnt from.

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
    if (wanted.steps is None) == (wanted.budget is None):
        raise OptionError("say how long to train: --steps or --budget")
    out, checkpoint = wanted.out, wanted.out / CHECKPOINT
    told = {"recipe": recipe.digest, "seed": wanted.seed}
    if checkpoint.exists() and not wanted.resume:
        raise OptionError(f"{out} holds a run: go on with --resume, or name another folder")
    out.mkdir(parents=True, exist_ok=True)
    train, held = (_frames(wanted, split) for split in ("train", "validation"))
    begun = fresh_net(recipe.size, digest(wanted.seed, "weights") >> 1)
    learner, views = Learner(copy.deepcopy(begun), recipe), Views(train, recipe, wanted.seed)
    done = 0
    if checkpoint.exists():
        plan, state = Plan.load(out / PLAN), load_checkpoint(checkpoint, device=torch.device("cpu"))
        if state.get("told") != told:
            raise OptionError(f"{out} holds a run of another recipe or seed")
        learner.restore(state)
        done = int(state["step"])
    else:
        plan = _plan(wanted, recipe, learner, views)
        plan.save(out / PLAN)
        learner = Learner(begun, recipe)
    if not _steps(wanted, recipe, learner, views, held, plan, done, told):
        return None
    return _finish(out, learner, held, plan, {**told, "sources": _sources(train, held)})


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


def _plan(wanted: Wanted, recipe: Recipe, learner: Learner, views: Views) -> Plan:
    """Return how many steps the run takes: those asked for, or as many as fit into its time."""
    if wanted.steps is not None:
        return Plan(wanted.steps, "float32", "contiguous", 0.0, 0.0, {})
    assert wanted.budget is not None
    each = []
    for large in (False, True):
        for step in range(_WARMING + _TRIED):
            if step == _WARMING:
                began = time.perf_counter()
            learner.step(views(step, large=large), 0.0)
        each.append((time.perf_counter() - began) / _TRIED)
    mean = (1 - recipe.large) * each[0] + recipe.large * each[1]
    steps = steps_in(wanted.budget, mean)
    measured = {mode_name("float32", "contiguous"): each[0], "large": each[1]}
    return Plan(steps, "float32", "contiguous", mean, wanted.budget, measured)


def _steps(
    wanted: Wanted,
    recipe: Recipe,
    learner: Learner,
    views: Views,
    held: Frames,
    plan: Plan,
    done: int,
    told: dict[str, Any],
) -> bool:
    """Take the steps that are left; returns whether all are done."""
    out = wanted.out
    log = CsvLog(out / "log.csv", ("step", "seconds", "learning_rate", "loss"), keep=done)
    judged = CsvLog(out / "validation.csv", ("step", "learned", "tmqi", "moved"), keep=done)
    began = kept = time.monotonic()
    first, losses = done, []

    def save() -> None:
        save_checkpoint(out / CHECKPOINT, {**learner.state(), "step": done, "told": told})

    with StopRequest() as stop:
        while done < plan.steps:
            rate = learning_rate(done, plan.steps, peak=recipe.rate)
            large = done >= (1 - recipe.large) * plan.steps
            losses.append(learner.step(views(done, large=large), rate))
            done += 1
            if not losses[-1] < 10:  # NaN too
                raise PixelValueError(
                    f"the loss became {losses[-1]} at step {done}: take a lower rate"
                )
            if done % _NOTED == 0 or done == plan.steps:
                seconds, mean = time.monotonic() - began, sum(losses) / len(losses)
                log.add({"step": done, "seconds": seconds, "learning_rate": rate, "loss": mean})
                if not wanted.quiet:
                    left = seconds / (done - first) * (plan.steps - done)
                    line = f"step {done}/{plan.steps}, {clock(left)} left, loss {mean:.5f}"
                    print(line, file=sys.stderr, flush=True)
                losses = []
            if done % _JUDGED == 0 and done < plan.steps:
                with learner.average.applied():
                    judged.add({"step": done, **learner.judge(held)})
            if stop.asked or time.monotonic() - kept > _KEPT:
                save()
                kept = time.monotonic()
            if stop.asked:
                return False
    save()
    return True


def _sources(train: Frames, held: Frames) -> dict[str, Any]:
    return {
        split: {
            "scenes": len(own.names["hdr"]),
            "photographs": len(own.names["sdr"]),
            "refused": len(own.said["refused"]),
        }
        for split, own in (("train", train), ("validation", held))
    }


def _finish(out: Path, learner: Learner, held: Frames, plan: Plan, told: dict[str, Any]) -> ToneNet:
    found = {"last": learner.judge(held)}
    with learner.average.applied():
        found["average"] = learner.judge(held)
    better = max(found, key=lambda which: found[which]["tmqi"])
    if better == "average":
        learner.net.load_state_dict(learner.average.state())
    said = {
        **told,
        "steps": plan.steps,
        "validation": found,
        "weights": better,
        "environment": environment(Processes("cpu")),
    }
    write_text(out / RUN, json_text(said))
    return learner.net.eval()


def read_run(out: Path) -> dict[str, Any]:
    """Return what a finished run says of itself.

    Raises
    ------
    ImageReadError
        If it is not finished.
    """
    try:
        found: dict[str, Any] = json.loads((out / RUN).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ImageReadError(f"{out}: is no finished run ({error})") from error
    return found
