"""A whole run: from sets and a configuration to weights with their card."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from datasets.streams import digest
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.learned.architecture import Architecture
from hdrmetrics.learned.network import QualityNetwork, build_network
from hdrmetrics.learned.tensorfile import card_path
from hdrmetrics.learned.weights import load_weights, read_card
from hdrmetrics.text.textfile import write_text
from trainers.config import Config
from trainers.feeding.labels import find_labels
from trainers.finish import write_results
from trainers.learning.learner import Learner, with_kept_statistics
from trainers.learning.loop import CHECKPOINT, Progress, train
from trainers.learning.material import SetMaterial, collect
from trainers.learning.measure import make_plan
from trainers.options import RunOptions
from trainers.running.environment import environment
from trainers.running.interruption import StopRequest
from trainers.running.plan import Plan
from trainers.running.processes import Processes

PLAN, RUN, CONFIG, ENVIRONMENT = "plan.json", "run.json", "config.toml", "environment.json"


def run(options: RunOptions, config: Config, processes: Processes) -> Path | None:
    """Train a network; returns the path of its weights, ``None`` if it was stopped before.

    The folder then holds ``config.toml``, ``run.json`` (what was asked for), ``environment.json``,
    ``plan.json``, ``log.csv``, ``validation.csv``, ``checkpoint.pt``, ``predictions-SET.npz`` and
    ``weights.safetensors`` with its card.

    Raises
    ------
    OptionError
        If the folder holds a run and ``resume`` is not set, or another one and it is; if neither
        a budget nor steps are given; for options that cannot be.
    ImageReadError
        If tables, stores, weights or the checkpoint cannot be read.
    PixelValueError
        If training diverges.
    """
    architecture, heads = _architecture(options, config)
    told = _told(options, config, architecture, heads, processes)
    material = collect(
        options.sets,
        options.tables,
        options.stores,
        config,
        processes,
        heads=heads,
        reference=options.predictor == "diqm",
        seed=options.seed,
        scenes_fraction=options.scenes_fraction,
        crops_fraction=options.crops_fraction,
        prepared=options.prepared,
        architecture=architecture,
    )

    make = _Maker(options, config, processes, architecture, material)
    # What is measured needs no beginning, and a checkpoint brings its own.
    fresh = not (options.resume and (options.out / CHECKPOINT).exists())
    with StopRequest() as stop:
        known = _known_plan(options, processes)
        plan = known or _new_plan(options, config, make)
        learner = make(plan.precision, plan.layout, begin=fresh)
        if known is None:
            # Only now, so that a run that cannot begin leaves nothing behind.
            _write_down(options, config, told, plan, processes)
        progress, stopped = train(
            learner,
            plan.steps,
            options.out,
            resume=options.resume,
            stop=stop,
            quiet=options.quiet,
        )
    if stopped:
        return None
    return _finish(options, config, learner, material, plan, progress)


class _Maker:
    """Makes learners of a run: to measure with, and the one that is trained."""

    def __init__(
        self,
        options: RunOptions,
        config: Config,
        processes: Processes,
        architecture: Architecture,
        material: list[SetMaterial],
    ) -> None:
        self.options, self.config, self.processes = options, config, processes
        self.architecture, self.material = architecture, material
        self.kept = config.optimiser.trunk == "kept"
        self._made: list[SetMaterial] | None = None  # with statistics of a kept trunk
        if self.kept and options.start_from is None:
            raise OptionError('[optimiser] trunk = "kept" needs weights to keep: give --start-from')

    def __call__(self, precision: str, layout: str, *, begin: bool = False) -> Learner:
        seed, start = self.options.seed, self.options.start_from
        network = build_network(self.architecture, seed=digest(seed, "weights") % 2**63)
        taken = [] if start is None else take_weights(network, start)
        if self.kept and not {f"stages.{n}" for n in network.stages.state_dict()} <= set(taken):
            raise OptionError(f"{start} has not all stages that are to be kept")
        learner = Learner(
            network.to(self.processes.device),
            self._made or self.material,
            self.config,
            self.processes,
            seed=seed,
            precision=precision,
            layout=layout,
        )
        if self.kept and self._made is None:
            self._made = learner.material = with_kept_statistics(learner, self.material)
        if begin:
            heads = self.architecture.heads
            learner.begin(taken=[h for h in heads if f"heads.{h}.0.weight" in taken])
        return learner


def take_weights(network: QualityNetwork, path: Path) -> list[str]:
    """Copy weights of a file into a network where name and shape agree; returns their names.

    Raises
    ------
    OptionError
        If none does.
    HdrMetricsError
        If the file cannot be read.
    """
    found = load_weights(path)[0].state_dict()
    own = network.state_dict()
    shared = {n: v for n, v in found.items() if n in own and own[n].shape == v.shape}
    if not shared:
        raise OptionError(f"{path} holds no weight of the network {network.architecture.name}")
    with torch.no_grad():
        for name, value in shared.items():
            own[name].copy_(value)
    return list(shared)


def _architecture(
    options: RunOptions, config: Config
) -> tuple[Architecture, dict[str, tuple[str, ...]]]:
    found = config.described()
    wanted = "reference" if options.predictor == "diqm" else "none"
    if found.inputs != wanted:
        raise OptionError(
            f"{options.predictor} needs an architecture with inputs {wanted!r}; {found.name} has "
            f"{found.inputs!r}"
        )
    if not options.sets or len(set(options.sets)) < len(options.sets):
        raise OptionError(f"sets are one or more different names, not {list(options.sets)}")
    heads = config.heads_for(options.sets)
    return found.with_heads(*heads), heads


def _told(
    options: RunOptions,
    config: Config,
    architecture: Architecture,
    heads: dict[str, tuple[str, ...]],
    processes: Processes,
) -> str:
    """Return everything that decides the run, as JSON, after a look at what is in the folder."""
    start = options.start_from
    told: dict[str, Any] = {
        "predictor": options.predictor,
        "sets": list(options.sets),
        "labels": {name: _labels_in(options.tables, name) for name in options.sets},
        "seed": options.seed,
        "scenes_fraction": options.scenes_fraction,
        "crops_fraction": options.crops_fraction,
        # Reading the weights makes sure that their card has the hash of what is in the file.
        "start_from": read_card(card_path(start)).sha256 if start else None,
        "prepared": options.prepared is not None,
        "processes": processes.world,
        "heads": {head: list(sets) for head, sets in heads.items()},
        "architecture": architecture.to_dict(),
        "config": config.text,
    }
    path = options.out / RUN
    if path.exists():
        if not options.resume:
            raise OptionError(
                f"{options.out} holds a run: give --resume to go on with it, or another folder"
            )
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
            differing = sorted(key for key in told if before[key] != told[key])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ImageReadError(f"{path}: cannot be read as a run's ({error!r})") from error
        if differing == ["labels"]:
            raise OptionError(
                f"{options.out} holds a run on other labels than those in {options.tables}: give "
                "the tables that it had, or another folder"
            )
        if differing:
            raise OptionError(
                f"{options.out} holds a run with another {', '.join(differing)}: give the same, "
                "or another folder"
            )
    processes.wait()  # until all have looked, before the first one writes
    return json.dumps(told, indent=2) + "\n"


def _labels_in(tables: Path, name: str) -> dict[str, Any]:
    found = find_labels(tables, name)
    return {"recipe_sha256": found.metadata["recipe_sha256"], "items": len(found)}


def _known_plan(options: RunOptions, processes: Processes) -> Plan | None:
    """Return the plan of the run that goes on, if there is one."""
    path = options.out / PLAN
    known = options.resume and path.exists()
    processes.wait()  # until all have looked, before the first one writes
    if not known:
        return None
    plan = Plan.load(path)
    if options.steps not in (None, plan.steps):
        raise OptionError(
            f"the run in {options.out} has {plan.steps} steps, not {options.steps}: leave --steps "
            "out, or begin another run"
        )
    return plan


def _new_plan(options: RunOptions, config: Config, make: Callable[[str, str], Learner]) -> Plan:
    if (options.budget is None) == (options.steps is None):
        raise OptionError("a run needs a budget of time (90m) or a number of steps, one of them")
    return make_plan(make, config.run, budget=options.budget, steps=options.steps)


def _write_down(
    options: RunOptions, config: Config, told: str, plan: Plan, processes: Processes
) -> None:
    """Write what was asked for, and what was decided, into the folder of a new run."""
    out = options.out
    if processes.first:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / CONFIG, config.text)
        write_text(out / ENVIRONMENT, json.dumps(environment(processes), indent=2) + "\n")
        write_text(out / RUN, told)
        plan.save(out / PLAN)
    processes.wait()


def _finish(
    options: RunOptions,
    config: Config,
    learner: Learner,
    material: list[SetMaterial],
    plan: Plan,
    progress: Progress,
) -> Path | None:
    processes = learner.processes
    processes.wait()  # nobody leaves while another still reads from it
    processes.close()  # the others have nothing left to do
    if not processes.first:
        return None
    if find_spec("safetensors") is None:
        raise OptionError(
            f"trained, and kept in {options.out / CHECKPOINT}; weights need the package "
            "safetensors: install it, or take the folder where it is installed, and give the same "
            "command with --resume"
        )
    told = (options.out / RUN).read_text(encoding="utf-8")
    return write_results(
        learner.exported(),
        material,
        options,
        config,
        device=processes.device,
        recipe=f"{told}{plan.steps} steps\n",
        training={
            "predictor": options.predictor,
            "steps": plan.steps,
            "seconds": round(progress.seconds, 1),
            "batch": sum(one.count for one in material),
            "plan": asdict(plan),
            "scenes_fraction": options.scenes_fraction,
            "crops_fraction": options.crops_fraction,
            "start_from": options.start_from.name if options.start_from else None,
            "config": config.text,
            "machine": environment(processes),
        },
    )
