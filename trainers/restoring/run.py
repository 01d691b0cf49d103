"""A whole run of learning to restore: packs, steps, checkpoints, and the better of two weights."""

from __future__ import annotations

import copy
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from datasets.scenes.scene import Split
from datasets.streams import digest
from hdrmetrics.errors import ImageReadError, OptionError, PixelValueError
from hdrmetrics.learned.restoring.net import RestorationNet, fresh_net
from hdrmetrics.learned.restoring.weights import load_restoration
from hdrmetrics.text.textfile import json_text, write_text
from trainers.learning.schedule import learning_rate
from trainers.restoring.learner import Batches, Learner
from trainers.restoring.recipe import Recipe
from trainers.restoring.references import references
from trainers.restoring.windows import Windows, make_windows
from trainers.running.checkpoint import load_checkpoint, save_checkpoint
from trainers.running.environment import environment
from trainers.running.interruption import StopRequest
from trainers.running.logs import CsvLog, clock
from trainers.running.plan import Plan, mode_name, steps_in
from trainers.running.processes import Processes

Held = tuple[Tensor, Tensor]
"""Degraded and clean patches that weights are chosen by."""

CHECKPOINT, PLAN, RUN = "checkpoint.pt", "plan.json", "run.json"

_TRIED, _WARMING = 30, 5  # steps timed for a plan, and taken before
_NOTED = 100  # steps between rows of the log
_JUDGED = 3_000  # steps between looks at the patches held out
_KEPT = 240.0  # seconds between checkpoints


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

    The folder then holds ``run.json``, ``plan.json``, ``log.csv``, ``validation.csv``,
    ``checkpoint.pt`` and windows of the photographs, ``train`` and ``validation``. The better
    weights are the last ones or their average, by the mean PSNR on patches held out, which
    ``run.json`` tells.

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
    if (wanted.steps is None) == (wanted.budget is None):
        raise OptionError("say how long to train: --steps or --budget")
    out, checkpoint = wanted.out, wanted.out / CHECKPOINT
    begun, start = _start(wanted, recipe)
    told = {"recipe": recipe.digest, "seed": wanted.seed, "start_from": start}
    if checkpoint.exists() and not wanted.resume:
        raise OptionError(f"{out} holds a run: go on with --resume, or name another folder")
    out.mkdir(parents=True, exist_ok=True)
    found = _windows(wanted)
    learner = Learner(copy.deepcopy(begun), recipe)
    batches = Batches(found["train"], recipe, wanted.seed)
    held = Batches(found["validation"], recipe, wanted.seed).held()
    done = 0
    if checkpoint.exists():
        plan, state = Plan.load(out / PLAN), load_checkpoint(checkpoint, device=torch.device("cpu"))
        if state.get("told") != told:
            raise OptionError(f"{out} holds a run of another recipe or seed")
        learner.restore(state)
        done = int(state["step"])
    else:
        plan = _plan(wanted, recipe, learner, batches)
        plan.save(out / PLAN)
        learner = Learner(begun, recipe)
    if not _steps(out, wanted, recipe, learner, batches, held, plan, done, told):
        return None
    return _finish(out, learner, held, plan, {**told, "sources": _sources(found)})


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


def _plan(wanted: Wanted, recipe: Recipe, learner: Learner, batches: Batches) -> Plan:
    """Return how many steps the run takes: those asked for, or as many as fit into its time."""
    if wanted.steps is not None:
        return Plan(wanted.steps, recipe.precision, recipe.layout, 0.0, 0.0, {})
    assert wanted.budget is not None
    for step in range(_WARMING + _TRIED):
        if step == _WARMING:
            began = time.perf_counter()
        learner.step(*batches(step), 0.0)
    each = (time.perf_counter() - began) / _TRIED
    steps = steps_in(wanted.budget, each)
    measured = {mode_name(recipe.precision, recipe.layout): each}
    return Plan(steps, recipe.precision, recipe.layout, each, wanted.budget, measured)


def _steps(
    out: Path,
    wanted: Wanted,
    recipe: Recipe,
    learner: Learner,
    batches: Batches,
    held: Held,
    plan: Plan,
    done: int,
    told: dict[str, Any],
) -> bool:
    """Take the steps that are left; returns whether all are done."""
    log = CsvLog(out / "log.csv", ("step", "seconds", "learning_rate", "loss"), keep=done)
    judged = CsvLog(
        out / "validation.csv", ("step", "before", "last", "average"), keep=done
    )  # mean PSNR, dB
    began = kept = time.monotonic()
    first, losses = done, []

    def save() -> None:
        save_checkpoint(out / CHECKPOINT, {**learner.state(), "step": done, "told": told})

    with StopRequest() as stop:
        while done < plan.steps:
            rate = learning_rate(done, plan.steps, peak=recipe.rate)
            losses.append(learner.step(*batches(done), rate))
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
                judged.add({"step": done, **judge_both(learner, held)})
            if stop.asked or time.monotonic() - kept > _KEPT:
                save()
                kept = time.monotonic()
            if stop.asked:
                return False
    save()
    return True


def judge_both(learner: Learner, held: Held) -> dict[str, float]:
    """Return the mean PSNR in dB of patches as they are, by the weights and by their average."""
    before, last = learner.judge(*held)
    with learner.average.applied():
        _, average = learner.judge(*held)
    return {"before": before, "last": last, "average": average}


def _sources(windows: dict[str, Windows]) -> dict[str, Any]:
    return {
        split: {"photographs": len(own), "refused": len(own.said["refused"])}
        for split, own in windows.items()
    }


def _finish(
    out: Path, learner: Learner, held: Held, plan: Plan, told: dict[str, Any]
) -> RestorationNet:
    found = judge_both(learner, held)
    average = found["average"] >= found["last"]
    if average:
        learner.net.load_state_dict(learner.average.state())
    said = {
        **told,
        "steps": plan.steps,
        "validation_psnr": found,
        "weights": "average" if average else "last",
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
    import json

    try:
        found: dict[str, Any] = json.loads((out / RUN).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ImageReadError(f"{out}: is no finished run ({error})") from error
    return found
