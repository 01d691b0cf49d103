"""A run from its plan to its last step: log, checkpoints, stops, and going on after them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from hdrmetrics.errors import ImageReadError, OptionError, PixelValueError
from hdrmetrics.text.textfile import json_text, write_text
from trainers.running.checkpoint import load_checkpoint, save_checkpoint
from trainers.running.environment import environment
from trainers.running.interruption import StopRequest
from trainers.running.lesson import Lesson
from trainers.running.logs import CsvLog, clock
from trainers.running.plan import Plan, steps_in
from trainers.running.processes import Processes
from trainers.running.schedule import learning_rate

CHECKPOINT, PLAN, RUN = "checkpoint.pt", "plan.json", "run.json"


class Wanted(Protocol):
    """What every run is asked for: a folder, steps or seconds, and whether to go on or to speak."""

    @property
    def out(self) -> Path:
        """Folder of the run."""

    @property
    def steps(self) -> int | None:
        """How many, or ``None`` where there is a budget."""

    @property
    def budget(self) -> float | None:
        """Seconds, or ``None`` where there are steps."""

    @property
    def resume(self) -> bool:
        """Go on with the run in the folder."""

    @property
    def quiet(self) -> bool:
        """No lines of progress."""


def check_wanted(wanted: Wanted) -> None:
    """Refuse a run that cannot be, before any work.

    Raises
    ------
    OptionError
        If neither or both of a budget and steps are given, or the folder holds a run and
        ``resume`` is not set.
    """
    if (wanted.steps is None) == (wanted.budget is None):
        raise OptionError("say how long to train: --steps or --budget")
    if (wanted.out / CHECKPOINT).exists() and not wanted.resume:
        raise OptionError(f"{wanted.out} holds a run: go on with --resume, or name another folder")


def take(
    wanted: Wanted, lesson: Lesson[Any], told: dict[str, Any], sources: Mapping[str, Any]
) -> bool:
    """Take the steps of a run, or those that are left; returns whether it was finished.

    The folder then holds ``run.json``, ``plan.json``, ``log.csv``, ``validation.csv`` and
    ``checkpoint.pt``. A run that was stopped or killed and goes on ends in the same weights as one
    that ran through.

    Parameters
    ----------
    wanted
        See :class:`Wanted`.
    lesson
        What is learnt; its learner ends with the weights that it chose.
    told
        What the run was told: one that goes on was told the same.
    sources
        What it learns from, which ``run.json`` tells.

    Raises
    ------
    OptionError
        If the folder holds a run that was told otherwise.
    ImageReadError
        If its plan or checkpoint cannot be read.
    PixelValueError
        If training diverges.
    """
    out, checkpoint, done = wanted.out, wanted.out / CHECKPOINT, 0
    out.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        plan, state = Plan.load(out / PLAN), load_checkpoint(checkpoint, device=torch.device("cpu"))
        if state.get("told") != told:
            raise OptionError(f"{out} holds a run of another recipe or seed")
        lesson.learner.restore(state)
        done = int(state["step"])
    else:
        plan = _plan(wanted, lesson)
        plan.save(out / PLAN)
    if not _steps(wanted, lesson, plan, done, told):
        return False
    said = {**told, "sources": sources, "steps": plan.steps, **lesson.choose()}
    said["environment"] = environment(Processes("cpu"))
    write_text(out / RUN, json_text(said))
    return True


def _plan(wanted: Wanted, lesson: Lesson[Any]) -> Plan:
    """Return how many steps the run takes: those asked for, or as many as fit into its time."""
    if wanted.steps is not None:
        return Plan(wanted.steps, *lesson.mode, 0.0, 0.0, {})
    assert wanted.budget is not None
    each, measured = lesson.seconds()
    lesson.begin()
    return Plan(steps_in(wanted.budget, each), *lesson.mode, each, wanted.budget, measured)


def _steps(
    wanted: Wanted, lesson: Lesson[Any], plan: Plan, done: int, told: dict[str, Any]
) -> bool:
    """Take the steps that are left; returns whether all are done."""
    out, pace = wanted.out, lesson.pace
    columns = ("step", "seconds", "learning_rate", *lesson.terms)
    log = CsvLog(out / "log.csv", columns, keep=done)
    looked = CsvLog(out / "validation.csv", ("step", *lesson.looks), keep=done)
    began = kept = time.monotonic()
    first, said = done, list[Mapping[str, float]]()

    def save() -> None:
        save_checkpoint(out / CHECKPOINT, {**lesson.learner.state(), "step": done, "told": told})

    with StopRequest() as stop:
        while done < plan.steps:
            rate = learning_rate(done, plan.steps, peak=lesson.peak)
            said.append(lesson.step(done, plan.steps, rate))
            done += 1
            if not said[-1]["loss"] < lesson.diverged:  # NaN too
                raise PixelValueError(
                    f"the loss became {said[-1]['loss']} at step {done}: take a lower rate"
                )
            if done % pace.noted == 0 or done == plan.steps:
                seconds = time.monotonic() - began
                means = {k: sum(one[k] for one in said) / len(said) for k in said[0]}
                log.add({"step": done, "seconds": seconds, "learning_rate": rate, **means})
                if not wanted.quiet:
                    left = seconds / (done - first) * (plan.steps - done)
                    text = ", ".join(f"{k} {v:.5f}" for k, v in means.items())
                    line = f"step {done}/{plan.steps}, {clock(left)} left, {text}"
                    print(line, file=sys.stderr, flush=True)
                said = []
            if done % pace.judged == 0 and done < plan.steps:
                looked.add({"step": done, **lesson.look()})
            asked = stop.asked
            if asked or time.monotonic() - kept > pace.kept:
                save()
                kept = time.monotonic()
            if asked:
                return False
    save()
    return True


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
