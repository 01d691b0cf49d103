"""A whole run of learning to draw curves: pictures, steps, checkpoints, and the better weights."""

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
from datasets.streams import digest
from hdrmetrics.errors import ImageReadError, OptionError, PixelValueError
from hdrmetrics.learned.curves.net import CurveNet, fresh_net
from hdrmetrics.learned.curves.weights import load_curves
from hdrmetrics.text.textfile import json_text, write_text
from trainers.curves.batches import Batches, Held
from trainers.curves.learner import Learner, by_stops, psnr
from trainers.curves.material import Material, make_material
from trainers.curves.recipe import TERMS, Recipe
from trainers.learning.schedule import learning_rate
from trainers.running.checkpoint import load_checkpoint, save_checkpoint
from trainers.running.environment import environment
from trainers.running.interruption import StopRequest
from trainers.running.logs import CsvLog, clock
from trainers.running.plan import Plan, mode_name, steps_in
from trainers.running.processes import Processes

CHECKPOINT, PLAN, RUN = "checkpoint.pt", "plan.json", "run.json"

_TRIED, _WARMING = 12, 3  # steps timed for a plan, and taken before
_NOTED = 50  # steps between rows of the log
_JUDGED = 500  # steps between looks at the pictures held out
_KEPT = 120.0  # seconds between checkpoints


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

    The folder then holds ``run.json``, ``plan.json``, ``log.csv``, ``validation.csv``,
    ``checkpoint.pt`` and the pictures, ``material``. No loss compares with a well exposed picture.
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
    if (wanted.steps is None) == (wanted.budget is None):
        raise OptionError("say how long to train: --steps or --budget")
    out, checkpoint = wanted.out, wanted.out / CHECKPOINT
    begun, start = _start(wanted, recipe)
    told = {"recipe": recipe.digest, "seed": wanted.seed, "start_from": start}
    if checkpoint.exists() and not wanted.resume:
        raise OptionError(f"{out} holds a run: go on with --resume, or name another folder")
    out.mkdir(parents=True, exist_ok=True)
    found = make_material(
        wanted.material or out / "material",
        wanted.photographs, wanted.scenes, wanted.opinions, 0, quiet=wanted.quiet,
    )  # fmt: skip
    learner = Learner(copy.deepcopy(begun), recipe, wanted.seed)
    batches = Batches(found["train"], recipe, wanted.seed)
    held = Batches(found["validation"], recipe, 0).held()
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
        learner = Learner(begun, recipe, wanted.seed)
    if not _steps(wanted, recipe, learner, batches, held, plan, done, told):
        return None
    return _finish(out, learner, held, plan, {**told, "sources": _sources(found)})


def _start(wanted: Wanted, recipe: Recipe) -> tuple[CurveNet, str]:
    """Return the network that the first step is taken with, and the SHA-256 of its file if any."""
    if wanted.start_from is None:
        seed = digest(wanted.seed, "weights") >> 1
        return fresh_net(recipe.kind, seed, recipe.deviation), ""
    net, card = load_curves(wanted.start_from)
    if net.kind != recipe.kind:
        raise OptionError(f"{wanted.start_from} holds the network {net.kind}")
    return net.requires_grad_(True), card.sha256


def _plan(wanted: Wanted, recipe: Recipe, learner: Learner, batches: Batches) -> Plan:
    """Return how many steps the run takes: those asked for, or as many as fit into its time."""
    if wanted.steps is not None:
        return Plan(wanted.steps, recipe.precision, recipe.layout, 0.0, 0.0, {})
    assert wanted.budget is not None
    for step in range(_WARMING + _TRIED):
        if step == _WARMING:
            began = time.perf_counter()
        learner.step(*batches(step), step, 0.0)
    each = (time.perf_counter() - began) / _TRIED
    measured = {mode_name(recipe.precision, recipe.layout): each}
    steps = steps_in(wanted.budget, each)
    return Plan(steps, recipe.precision, recipe.layout, each, wanted.budget, measured)


def _steps(
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
    out = wanted.out
    log = CsvLog(out / "log.csv", ("step", "seconds", "learning_rate", "loss", *TERMS), keep=done)
    judged = CsvLog(out / "validation.csv", ("step", "before", "last", "average"), keep=done)
    began = kept = time.monotonic()
    first, losses = done, list[dict[str, float]]()

    def save() -> None:
        save_checkpoint(out / CHECKPOINT, {**learner.state(), "step": done, "told": told})

    with StopRequest() as stop:
        while done < plan.steps:
            rate = learning_rate(done, plan.steps, peak=recipe.rate)
            losses.append(learner.step(*batches(done), done, rate))
            done += 1
            if not losses[-1]["loss"] < 1e3:  # NaN too
                raise PixelValueError(
                    f"the loss became {losses[-1]['loss']} at step {done}: take a lower rate"
                )
            if done % _NOTED == 0 or done == plan.steps:
                seconds = time.monotonic() - began
                means = {k: sum(one[k] for one in losses) / len(losses) for k in losses[0]}
                log.add({"step": done, "seconds": seconds, "learning_rate": rate, **means})
                if not wanted.quiet:
                    left = seconds / (done - first) * (plan.steps - done)
                    said = ", ".join(f"{k} {v:.4f}" for k, v in means.items())
                    line = f"step {done}/{plan.steps}, {clock(left)} left, {said}"
                    print(line, file=sys.stderr, flush=True)
                losses = []
            if done % _JUDGED == 0 and done < plan.steps:
                looked = judge_both(learner, held)
                judged.add({"step": done, **{k: _mean(v) for k, v in looked.items()}})
            asked = stop.asked
            if asked or time.monotonic() - kept > _KEPT:
                save()
                kept = time.monotonic()
            if asked:
                return False
    save()
    return True


def judge_both(learner: Learner, held: Held) -> dict[str, dict[float, float]]:
    """Return the mean PSNR in dB by exposure: before, by the weights and by their average."""
    before = by_stops(psnr(held.pictures, held.originals), held)
    last = learner.judge(held)
    with learner.average.applied():
        average = learner.judge(held)
    return {"before": before, "last": last, "average": average}


def _mean(values: dict[float, float]) -> float:
    return sum(values.values()) / len(values)


def _sources(material: dict[Split, Material]) -> dict[str, Any]:
    return {
        split: {
            "photographs": len(own.codes),
            "windows of scenes": len(own.light),
            "refused": len(own.said["refused"]),
        }
        for split, own in material.items()
    }


def _finish(out: Path, learner: Learner, held: Held, plan: Plan, told: dict[str, Any]) -> CurveNet:
    found = judge_both(learner, held)
    average = _mean(found["average"]) >= _mean(found["last"])
    if average:
        learner.net.load_state_dict(learner.average.state())
    said = {
        **told,
        "steps": plan.steps,
        "validation_psnr": {
            who: {f"{stops:+g}": round(value, 3) for stops, value in rows.items()}
            for who, rows in found.items()
        },
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
    try:
        found: dict[str, Any] = json.loads((out / RUN).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ImageReadError(f"{out}: is no finished run ({error})") from error
    return found
