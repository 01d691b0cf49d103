"""The training loop that all predictors share."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from datasets.statistics.weighted import mean_absolute_error, once, plcc, srocc
from hdrmetrics.errors import ImageReadError
from trainers.learning.learner import Learner, StepResult
from trainers.learning.material import SetMaterial
from trainers.running.checkpoint import load_checkpoint, save_checkpoint
from trainers.running.interruption import StopRequest
from trainers.running.logs import RunLog

CHECKPOINT = "checkpoint.pt"


@dataclass(slots=True)
class Progress:
    """How far a run is.

    Parameters
    ----------
    done
        Steps.
    seconds
        Spent in training, over all starts of the run.
    """

    done: int = 0
    seconds: float = 0.0


class _Means:
    """Means since the last row of the log, which a checkpoint carries along."""

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        kept = state or {}
        self.count = int(kept.get("count", 0))
        self.sums = {str(name): float(value) for name, value in kept.get("sums", {}).items()}

    def add(self, result: StepResult) -> None:
        self.count += 1
        new = {"loss": result.loss, "gradient_norm": result.gradient_norm, **result.terms}
        for name, value in new.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def take(self) -> dict[str, float]:
        means = {name: value / max(1, self.count) for name, value in self.sums.items()}
        self.count, self.sums = 0, {}
        return means

    def state(self) -> dict[str, Any]:
        return {"count": self.count, "sums": dict(self.sums)}


def train(
    learner: Learner, steps: int, folder: Path, *, resume: bool, stop: StopRequest, quiet: bool
) -> tuple[Progress, bool]:
    """Take all steps of a run that were not taken yet.

    On one process a run that was stopped, or killed, and resumed ends in the same bits as one that
    ran through (on a CPU; a GPU's sums have no fixed order).

    Parameters
    ----------
    learner
        Fresh; a checkpoint in the folder is put into it.
    steps
        Of the whole run.
    folder
        Of the run, the same for all its processes.
    resume
        Whether to look for a checkpoint.
    stop
        Asked after every step.
    quiet
        No lines of progress.

    Returns
    -------
    Progress, bool
        How far the run is, and whether it was stopped early.

    Raises
    ------
    ImageReadError
        If the checkpoint is damaged or of another run.
    PixelValueError
        If the loss is no longer finite.
    """
    processes, run = learner.processes, learner.config.run
    path = folder / CHECKPOINT
    known = resume and path.exists()
    progress, means = _restore(learner, path, steps) if known else (Progress(), _Means())
    log = RunLog(folder, steps, start=progress.done, active=processes.first, quiet=quiet)
    before = progress.seconds
    began = saved = time.perf_counter()
    stopped = False
    try:
        while progress.done < steps and not stopped:
            result = learner.step(progress.done, steps, stop=stop.asked)
            progress.done += 1
            progress.seconds = before + time.perf_counter() - began
            stopped, last = result.stop, progress.done == steps
            means.add(result)
            log.progress(progress.done, result.loss)
            _log(log, learner, progress, means, steps)
            if stopped or last or time.perf_counter() - saved >= run.checkpoint_seconds:
                if processes.first:
                    save_checkpoint(path, _state(learner, progress, means))
                saved = time.perf_counter()
    finally:
        log.close()
    processes.wait()
    return progress, stopped and progress.done < steps


def _log(log: RunLog, learner: Learner, progress: Progress, means: _Means, steps: int) -> None:
    """Write the rows that are due after a step."""
    run, done = learner.config.run, progress.done
    if done % run.log_every == 0 or done == steps:
        log.training(done, _log_row(means.take(), progress.seconds, learner))
    if done in {math.ceil(k * steps / run.validations) for k in range(1, run.validations + 1)}:
        log.validation(done, progress.seconds, validate(learner))


@torch.no_grad()
def validate(learner: Learner) -> list[dict[str, Any]]:
    """Return the agreement of the averaged weights with the validation labels, by head and set."""
    rows: list[dict[str, Any]] = []
    learner.judged.eval()
    with learner.average.applied():
        for one in learner.material:
            found = _validation_predictions(learner, one)
            n = len(one.validation)
            for head in one.heads:
                target = head.target(one.validation).astype(np.float64)
                own = found[:, learner.column(head.name)].double().cpu().numpy()
                rows.append(
                    {
                        "head": head.name,
                        "set": one.name,
                        "items": n,
                        "plcc": once(plcc(own, target), n),
                        "srocc": once(srocc(own, target), n),
                        "mae": once(mean_absolute_error(own, target), n),
                    }
                )
    return rows


def _validation_predictions(learner: Learner, one: SetMaterial) -> Tensor:
    processes = learner.processes
    n = len(one.validation)
    each = -(-n // processes.world)
    # Equal parts for all processes; the last one repeats items where there are none left.
    own = np.minimum(np.arange(processes.rank * each, (processes.rank + 1) * each), n - 1)
    size = learner.config.optimiser.batch
    parts = []
    for at in range(0, each, size):
        test, reference = one.load(one.validation, own[at : at + size])
        parts.append(learner.outputs(one, test, reference)[0])
    part = torch.cat(parts)
    return processes.gather(part)[:n]


def _log_row(means: dict[str, float], seconds: float, learner: Learner) -> dict[str, Any]:
    terms = {k: v for k, v in means.items() if k not in ("loss", "gradient_norm")}
    return {
        "seconds": seconds,
        "learning_rate": float(learner.optimiser.param_groups[0]["lr"]),
        "loss": means["loss"],
        "gradient_norm": means["gradient_norm"],
        "terms": " ".join(f"{name}={value:.5g}" for name, value in sorted(terms.items())),
    }


def _state(learner: Learner, progress: Progress, means: _Means) -> dict[str, Any]:
    return {
        **learner.state(),
        "done": progress.done,
        "seconds": progress.seconds,
        "means": means.state(),
        # Every draw follows from the seed and the step, so these are for people who look inside.
        "seed": learner.seed,
        "positions": {one.name: progress.done * one.count for one in learner.material},
    }


def _restore(learner: Learner, path: Path, steps: int) -> tuple[Progress, _Means]:
    state = load_checkpoint(path, device=learner.processes.device)
    try:
        done, seed, positions = int(state["done"]), int(state["seed"]), dict(state["positions"])
        expected = {one.name: done * one.count for one in learner.material}
        if seed != learner.seed or positions != expected or not 0 < done <= steps:
            raise ImageReadError(f"{path} is of another run: its seed, sets or steps differ")
        progress, means = Progress(done, float(state["seconds"])), _Means(state["means"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, ImageReadError):
            raise
        raise ImageReadError(f"{path} is no checkpoint of a run: {error!r}") from error
    learner.restore(state)
    return progress, means
