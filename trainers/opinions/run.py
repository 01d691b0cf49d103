"""A whole run: from photographs with opinions to weights with their card."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from datasets.streams import stream
from hdrmetrics.errors import ImageReadError, OptionError, PixelValueError
from hdrmetrics.learned.liked.network import OpinionNetwork
from hdrmetrics.learned.tensorfile import round_weights
from hdrmetrics.text.textfile import write_text
from trainers.learning.average import WeightAverage
from trainers.opinions.copies import divide, groups_of, thumbnails
from trainers.opinions.finish import check_splits, write_results
from trainers.opinions.judging import agreement, predict
from trainers.opinions.learner import Learner
from trainers.opinions.material import Material
from trainers.opinions.opinions import Opinions
from trainers.opinions.recipe import Recipe
from trainers.opinions.start import build, standardise
from trainers.running.checkpoint import load_checkpoint, save_checkpoint
from trainers.running.environment import environment
from trainers.running.interruption import StopRequest
from trainers.running.logs import RunLog
from trainers.running.processes import Processes
from trainers.running.schedule import learning_rate

CHECKPOINT, RUN, GROUPS = "checkpoint.pt", "run.json", "groups.npy"
_LOG_EVERY, _CHECKPOINT_SECONDS, _VALIDATIONS = 25, 120.0, 2  # validations an epoch


@dataclass(frozen=True)
class RunOptions:
    """What a run is told beside its recipe.

    Parameters
    ----------
    out
        Folder of the run.
    seed
        Of all its draws.
    resume
        Go on with the run in the folder.
    limit
        Photographs to train on at most.
    quiet
        No lines of progress.
    """

    out: Path
    seed: int = 0
    resume: bool = False
    limit: int | None = None
    quiet: bool = False


def run(opinions: Opinions, recipe: Recipe, options: RunOptions) -> Path | None:
    """Train a network of opinions; returns the path of its weights, ``None`` if it was stopped.

    A stopped or killed run that is resumed ends in the same weights as one that ran through.

    Raises
    ------
    OptionError
        If the folder holds a run and ``resume`` is not set, or another one and it is; if there are
        too few photographs to train on, for the validation or for the test.
    ImageReadError
        If the checkpoint or a photograph cannot be read.
    PixelValueError
        If training diverges.
    """
    opinions = without_copies(opinions, recipe, options)
    check_splits(opinions)
    train = _limited(opinions.of("train"), options)
    material = Material(train, recipe, options.seed)
    _begin(opinions, recipe, options, len(train))
    network = build(recipe, options.seed)
    if not recipe.start.endswith(".safetensors"):
        standardise(network, material)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with StopRequest() as stop:
        seconds = _train(network, material, opinions.of("validation"), options, stop)
    if seconds is None:
        return None
    round_weights(network)
    training: dict[str, Any] = {
        "recipe": recipe.to_dict(),
        "steps": material.steps,
        "photographs": len(train),
        "seconds": round(seconds, 1),
        "machine": environment(Processes("cpu")),
    }
    return write_results(
        network, opinions, recipe, options.out, options.seed, training, quiet=options.quiet
    )


def without_copies(opinions: Opinions, recipe: Recipe, options: RunOptions) -> Opinions:
    """Return opinions whose splits share nothing; a set with a validation of its own keeps it."""
    path = options.out / GROUPS
    if path.exists() and options.resume:
        groups = np.load(path, allow_pickle=False)
    else:
        options.out.mkdir(parents=True, exist_ok=True)  # before minutes of looking
        groups = groups_of(thumbnails(opinions.paths))
        np.save(path, groups)
    if len(groups) != len(opinions):
        raise ImageReadError(f"{path} is of other photographs: give another folder")
    # What the set itself calls one group stays one.
    _, first, own = np.unique(opinions.group, return_index=True, return_inverse=True)
    names = np.array([path.name for path in opinions.paths])
    joint = names[groups[first[own]]]
    if np.any(opinions.split == "validation"):
        return replace(opinions, group=joint)
    return replace(opinions, group=joint, split=divide(opinions.split, joint, recipe.validation))


def _limited(train: Opinions, options: RunOptions) -> Opinions:
    if options.limit is None or options.limit >= len(train):
        return train
    chosen = stream(0, "limit").permutation(len(train))[: options.limit]
    return train.select(np.sort(chosen))


def _begin(opinions: Opinions, recipe: Recipe, options: RunOptions, count: int) -> None:
    told = {
        "opinions": opinions.name,
        "photographs": len(opinions),
        "trained_on": count,
        "recipe": recipe.to_dict(),
        "seed": options.seed,
    }
    path = options.out / RUN
    if path.exists():
        if not options.resume:
            raise OptionError(f"{options.out} holds a run: go on by --resume, or another folder")
        if json.loads(path.read_text(encoding="utf-8")) != told:
            raise OptionError(f"{options.out} holds a run that was told otherwise: another folder")
    write_text(path, json.dumps(told, indent=2) + "\n")


def _train(
    network: OpinionNetwork,
    material: Material,
    held: Opinions,
    options: RunOptions,
    stop: StopRequest,
) -> float | None:
    """Take the steps of a run; returns the seconds of training, ``None`` if it was stopped."""
    learner = Learner(network, material.recipe)
    average = WeightAverage(network, material.recipe.average)
    path = options.out / CHECKPOINT
    done, before, steps = 0, 0.0, material.steps
    if options.resume and path.exists():
        done, before = _restore(path, learner, average)
    log = RunLog(options.out, steps, start=done, quiet=options.quiet)
    began = saved = time.perf_counter()
    due = max(1, material.per_epoch // _VALIDATIONS)
    sums: dict[str, list[float]] = {}
    try:
        for step in material.ahead(done, steps):
            part = learning_rate(done, steps, peak=1.0)
            found = learner.step(step, part)
            if not np.isfinite(found["loss"]):
                raise PixelValueError(f"the loss of step {done} is {found['loss']}: it diverged")
            average.update()
            done += 1
            for name, value in found.items():
                sums.setdefault(name, []).append(value)
            seconds = before + time.perf_counter() - began
            log.progress(done, found["loss"])
            if done % _LOG_EVERY == 0 or done == steps:
                means = {name: float(np.mean(values)) for name, values in sums.items()}
                log.training(done, _row(means, seconds, part * material.recipe.head_rate))
                sums = {}
            if done % due == 0 or done == steps:
                with average.applied():
                    said = agreement(predict(network, held.paths), held)
                row = {key: said[key] for key in ("plcc", "srocc", "mae")}
                named = {"head": "nima", "set": held.name, "items": len(held)}
                log.validation(done, seconds, [named | row])
            if stop.asked or done == steps or time.perf_counter() - saved >= _CHECKPOINT_SECONDS:
                save_checkpoint(path, _state(learner, average, done, seconds))
                saved = time.perf_counter()
            if stop.asked and done < steps:
                return None
    finally:
        log.close()
    network.load_state_dict(average.state())
    return before + time.perf_counter() - began


def _row(means: dict[str, float], seconds: float, rate: float) -> dict[str, Any]:
    norm = means.pop("norm")
    loss = means.pop("loss")
    terms = " ".join(f"{name}={value:.4f}" for name, value in means.items())
    return {
        "seconds": seconds,
        "learning_rate": rate,
        "loss": loss,
        "gradient_norm": norm,
        "terms": terms,
    }


def _state(learner: Learner, average: WeightAverage, done: int, seconds: float) -> dict[str, Any]:
    return {
        "network": learner.network.state_dict(),
        "optimiser": learner.optimiser.state_dict(),
        "average": average.state(),
        "updates": average.updates,
        "done": done,
        "seconds": seconds,
        "random": torch.get_rng_state(),
    }


def _restore(path: Path, learner: Learner, average: WeightAverage) -> tuple[int, float]:
    state = load_checkpoint(path, device=torch.device("cpu"))
    try:
        learner.network.load_state_dict(state["network"])
        learner.optimiser.load_state_dict(state["optimiser"])
        average.restore(state["average"], state["updates"])
        torch.set_rng_state(state["random"])
        return int(state["done"]), float(state["seconds"])
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ImageReadError(f"{path} is of another run: {error}") from error
