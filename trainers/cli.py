"""The commands of ``python -m trainers``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.command import Adder, exit_status, parser_of
from hdrmetrics.errors import OptionError
from trainers.curves.command import add_command as add_curves
from trainers.improving.command import add_command as add_improving
from trainers.opinions.command import add_command
from trainers.tonemapping.command import add_command as add_tonemapping

if TYPE_CHECKING:
    from trainers.feeding.labels import Labels

STOPPED = 143
"""Exit status of a run that was asked to stop and can be resumed."""

_PREDICTORS = {
    "norvdpnet": "train the predictor that sees no reference",
    "diqm": "train the predictor that sees test and reference",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 2 for a wrong call, 143 if stopped."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    return exit_status(
        lambda: command(options),
        installs="what label tables need (exported labels need nothing)",
        stopped="stopped; a run goes on from here with --resume",
    )


def _parser() -> argparse.ArgumentParser:
    parser, command = parser_of("trainers", "Train and judge the learned predictors.")
    for name, text in _PREDICTORS.items():
        sub = command(name, _train, text)
        sub.set_defaults(predictor=name)
        _add_training(sub)
    add_command(command)
    add_improving(command)
    add_curves(command)
    _prepare_commands(command)
    _weights_commands(command)
    _judging_commands(command)
    _restoring_command(command)
    add_tonemapping(command)
    return parser


def _prepare_commands(command: Adder) -> None:
    """Add what brings labels and pixels into the form that training takes."""
    export = command("export", _export, "write the labels of a table so that NumPy can read them")
    export.add_argument("table", type=Path, help="a .parquet file of labels")
    export.add_argument("--out", type=Path, required=True, help="an .npz file")

    preparing = command("prepare", _prepare, "make what a front end of descriptors sees, once")
    preparing.add_argument("--config", required=True, help="a TOML file, or one of ours by name")
    _add_data(preparing)
    _add_splits(preparing, "all")
    preparing.add_argument(
        "--crops-fraction", type=float, default=1.0, help="part of the training crops"
    )
    preparing.add_argument("--workers", type=int, default=1, help="processes")
    preparing.add_argument("--out", type=Path, required=True, help="folder; one in it per set")


def _weights_commands(command: Adder) -> None:
    """Add what makes more of trained weights, or of what comes with them."""
    joining = command("join", _join, "put heads of several weights files into one")
    joining.add_argument(
        "parts",
        nargs="+",
        metavar="WEIGHTS=HEAD,HEAD",
        help="files of the same stages, with the heads to take of each",
    )
    joining.add_argument("--out", type=Path, required=True, help="a .safetensors file")

    naming = command("faults", _faults, "teach trained weights to name what is wrong")
    _add_weights(naming)
    _add_sets(naming, "name of a set that HDR-VDP-2 labelled; several times for several")
    naming.add_argument("--tables", type=Path, required=True, help="folder of the labels")
    naming.add_argument(
        "--store", dest="stores", metavar="STORE", type=Path,
        help="folder of the crops: references are taken as untouched",
    )  # fmt: skip
    naming.add_argument(
        "--prepared", type=Path, help="folder of `prepare`; without it crops are described again"
    )
    naming.add_argument(
        "--most", type=int, help="at most so many items of each split of a set (default: all)"
    )
    naming.add_argument("--epochs", type=int, default=30, help="passes over the windows")
    naming.add_argument("--seed", type=int, default=0)
    naming.add_argument("--quiet", action="store_true", help="no progress")
    naming.add_argument(
        "--out", type=Path, required=True, help="the .safetensors file to write; may be the same"
    )

    doubting = command(
        "intervals", _intervals, "fit intervals that follow the picture, into the card of weights"
    )
    _add_weights(doubting, heads=True)
    _add_data(doubting)
    doubting.add_argument("--most", type=int, default=400, help="crops, and frames, of each set")

    guarding = command("guards", _guards, "fit what learned scores warn of, into the package")
    guarding.add_argument("--scenes", type=Path, required=True, help="folder with scenes")
    guarding.add_argument("--most", type=int, default=200, help="training scenes of each kind")


def _judging_commands(command: Adder) -> None:
    """Add what predicts, and what says how good predictions are."""
    predicting = command("predict", _predict, "write predictions of trained weights")
    _add_weights(predicting, heads=True)
    predicting.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    baseline = command("baseline", _baseline, "write predictions of a statistic without learning")
    baseline.add_argument("name", help="piqe, laplacian-energy or gradient-kurtosis")
    for sub in (predicting, baseline):
        _add_data(sub)
        _add_splits(sub, "validation and test")
        sub.add_argument("--batch", type=int, default=32, help="items at a time")
        sub.add_argument("--out", type=Path, required=True, help="folder for predictions-NAME.npz")

    judge = command("evaluate", _evaluate, "compare predictions, with bootstrap intervals")
    judge.add_argument(
        "predictions",
        nargs="+",
        metavar="NAME=PLACE[:HEAD]",
        help="a file of predictions or a run's folder; the first is compared with the others",
    )
    judge.add_argument("--out", type=Path, required=True, help="folder for the tables")
    judge.add_argument("--split", default="test", choices=("validation", "test"))
    judge.add_argument("--resamples", type=int, default=1000, help="of the bootstrap")
    judge.add_argument("--seed", type=int, default=0, help="of the bootstrap")


def _restoring_command(command: Adder) -> None:
    """Add what trains the network that restores photographs."""
    restoring = command("restore", _restore, "train the network that restores photographs")
    restoring.add_argument(
        "--recipe", default="restore", help="a TOML file, or one of ours by name (default: restore)"
    )
    restoring.add_argument("--photographs", type=Path, help="a folder of pictures of high quality")
    restoring.add_argument("--biq2021", dest="opinions", type=Path, help="a copy of BIQ2021")
    restoring.add_argument("--out", type=Path, required=True, help="folder of the run")
    restoring.add_argument("--budget", help="time for the steps of the run: 90m, 2h30m")
    restoring.add_argument("--steps", type=int, help="steps of the run, instead of a time")
    restoring.add_argument("--threads", type=int, help="of torch (default: its own choice)")
    restoring.add_argument("--start-from", type=Path, help="weights to begin with")
    restoring.add_argument("--seed", type=int, default=0)
    restoring.add_argument("--resume", action="store_true", help="go on with the run in --out")
    restoring.add_argument("--quiet", action="store_true", help="no lines of progress")


def _add_weights(sub: argparse.ArgumentParser, *, heads: bool = False) -> None:
    sub.add_argument("weights", type=Path, help="a .safetensors file with its card")
    if heads:
        sub.add_argument("--head", action="append", help="of the weights (default: all)")


def _add_sets(sub: argparse.ArgumentParser, text: str) -> None:
    sub.add_argument(
        "--set", action="append", required=True, dest="sets", metavar="NAME", help=text
    )


def _add_splits(sub: argparse.ArgumentParser, default: str) -> None:
    sub.add_argument(
        "--split", action="append", choices=("train", "validation", "test"),
        help=f"which items (default: {default})",
    )  # fmt: skip


def _add_data(sub: argparse.ArgumentParser) -> None:
    _add_sets(sub, "name of a set, as hdr-c; several times for several")
    sub.add_argument(
        "--tables", type=Path, required=True, help="folder with NAME.parquet or NAME.npz"
    )
    sub.add_argument(
        "--store", dest="stores", metavar="STORE", type=Path, required=True,
        help="a pack, or a folder with one called NAME",
    )  # fmt: skip


def _add_training(sub: argparse.ArgumentParser) -> None:
    _add_data(sub)
    sub.add_argument("--out", type=Path, required=True, help="folder of the run")
    sub.add_argument(
        "--config", help="a TOML file, or the name of one of ours (default: the predictor's)"
    )
    sub.add_argument("--budget", help="time for the run: 90m, 2h30m")
    sub.add_argument("--steps", type=int, help="steps of the run, instead of a time")
    sub.add_argument("--device", default="auto", help="auto, cpu, cuda (default: auto)")
    sub.add_argument(
        "--threads", type=int, help="of each process (default: 1 under torchrun on a CPU)"
    )
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--resume", action="store_true", help="go on with the run in --out")
    sub.add_argument(
        "--scenes-fraction", type=float, default=1.0, help="part of the scenes to train on"
    )
    sub.add_argument(
        "--crops-fraction", type=float, default=1.0, help="part of the crops of these scenes"
    )
    sub.add_argument("--start-from", type=Path, help="weights to begin with")
    sub.add_argument(
        "--prepared", type=Path, help="folder of `prepare`: train on channels instead of pixels"
    )
    sub.add_argument("--quiet", action="store_true", help="no lines of progress")


def _train(options: argparse.Namespace) -> int:
    import torch

    from trainers.config import find_config, read_config
    from trainers.options import RunOptions
    from trainers.run import run
    from trainers.running.plan import parse_duration
    from trainers.running.processes import Processes

    if options.steps is not None and options.steps < 1:
        raise OptionError(f"--steps is at least 1, not {options.steps}")
    config = read_config(find_config(options.config or options.predictor))
    told = _named(options, *(one.name for one in fields(RunOptions)))
    told["sets"] = tuple(options.sets)
    told["budget"] = None if options.budget is None else parse_duration(options.budget)
    settings = RunOptions(**told)
    processes = Processes(options.device)
    try:
        if options.threads is not None or (processes.world > 1 and processes.device.type == "cpu"):
            torch.set_num_threads(max(1, options.threads or 1))
        path = run(settings, config, processes)
    finally:
        processes.close()
    if not processes.first:
        return 0
    if path is None:
        print("stopped; the same command with --resume goes on from here", file=sys.stderr)
        return STOPPED
    print(f"{path}")
    return 0


def _restore(options: argparse.Namespace) -> int:
    import torch

    from datasets.command import find_named
    from trainers.restoring.card import card_of
    from trainers.restoring.recipe import RECIPES, read_recipe
    from trainers.restoring.run import Wanted, run
    from trainers.running.plan import parse_duration

    if options.steps is not None and options.steps < 1:
        raise OptionError(f"--steps is at least 1, not {options.steps}")
    recipe = read_recipe(find_named(options.recipe, RECIPES, "recipe"))
    if options.threads is not None:
        torch.set_num_threads(max(1, options.threads))
    told = _named(options, *(one.name for one in fields(Wanted)))
    told["budget"] = None if options.budget is None else parse_duration(options.budget)
    wanted = Wanted(**told)
    net = run(wanted, recipe)
    if net is None:
        print("stopped; the same command with --resume goes on from here", file=sys.stderr)
        return STOPPED
    from hdrmetrics.learned.restoring.weights import save_restoration

    path = options.out / "weights.safetensors"
    save_restoration(path, net, card_of(wanted, recipe))
    print(f"{path}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from datasets.table import read_table
    from trainers.feeding.labels import labels_of, save_labels

    if options.out.suffix != ".npz":
        raise OptionError(f"labels are exported to an .npz file, not to {options.out.name}")
    labels = labels_of(read_table(options.table))
    save_labels(options.out, labels)
    print(f"{options.out}: {len(labels)} items of {labels.name}")
    return 0


def _join(options: argparse.Namespace) -> int:
    from trainers.join import join

    parts = []
    for text in options.parts:
        path, _, heads = str(text).rpartition("=")
        if not path or not heads:
            raise OptionError(f"weights are given as FILE=HEAD,HEAD, not {text!r}")
        parts.append((Path(path), tuple(heads.split(","))))
    card = join(parts, options.out)
    print(f"{options.out}: {', '.join(card.heads)}")
    return 0


def _prepare(options: argparse.Namespace) -> int:
    from trainers.config import find_config, read_config
    from trainers.feeding.crops import find_store, present
    from trainers.feeding.labels import find_labels
    from trainers.feeding.prepared import prepare

    architecture = read_config(find_config(options.config)).described()
    for name in options.sets:
        labels = find_labels(options.tables, name)
        if options.split:
            labels = labels.select(np.isin(labels["split"], options.split))
        if options.crops_fraction < 1:
            thin = labels.split("train").thinned(crops=options.crops_fraction)["test_name"]
            kept = (labels["split"] != "train") | np.isin(labels["test_name"], thin)
            labels = labels.select(kept)
        store = find_store(options.stores, name)
        labels = present(labels, store, reference=architecture.inputs == "reference")
        count = prepare(
            labels, options.stores, options.out / name, architecture, workers=options.workers
        )
        print(f"{options.out / name}: {count} items")
    return 0


def _faults(options: argparse.Namespace) -> int:
    import json

    from trainers.faults.run import name_faults

    if options.epochs < 1 or (options.most is not None and options.most < 1):
        raise OptionError("--epochs and --most are at least 1")
    told = ("tables", "stores", "prepared", "most", "epochs", "seed", "quiet")
    card = name_faults(options.weights, options.out, options.sets, **_named(options, *told))
    assert card.faults is not None
    print(json.dumps(card.faults.to_dict(), indent=1, ensure_ascii=False))
    print(f"{options.out}")
    return 0


def _predict(options: argparse.Namespace) -> int:
    from hdrmetrics.learned.weights import load_weights
    from trainers.feeding.heads import heads_of
    from trainers.judging.predictions import predict_set
    from trainers.running.processes import Processes

    device = Processes(options.device).device
    network, card = load_weights(options.weights)
    network = network.to(device)
    unknown = sorted(set(options.head or ()) - set(card.heads))
    if unknown:
        raise OptionError(
            f"the weights have no head {', '.join(unknown)}; they have {', '.join(card.heads)}"
        )
    heads = [one for one in heads_of(card) if not options.head or one.name in options.head]
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.sets:
        own_heads = [head for head in heads if options.head or name in head.sets]
        if not own_heads:
            raise OptionError(f"no head was trained on {name}: say which to use, by --head")
        found = predict_set(
            network,
            name,
            own_heads,
            splits=_splits(options),
            device=device,
            **_named(options, "tables", "stores", "batch"),
        )
        _save_predictions(options, name, found)
    return 0


def _baseline(options: argparse.Namespace) -> int:
    from trainers.judging.baselines import predict_baseline

    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.sets:
        found = predict_baseline(
            options.name,
            name,
            splits=_splits(options),
            **_named(options, "tables", "stores", "batch"),
        )
        _save_predictions(options, name, found)
    return 0


def _intervals(options: argparse.Namespace) -> int:
    from hdrmetrics.learned.predictor import LearnedMetric
    from hdrmetrics.learned.weights import load_weights, save_weights
    from trainers.doubting.intervals import with_heads, with_intervals
    from trainers.doubting.observe import taught_alike
    from trainers.feeding.labels import find_labels

    network, card = load_weights(options.weights)
    labels = [find_labels(options.tables, name) for name in options.sets]
    done = []
    for name in options.head or card.heads:
        metric = LearnedMetric(network, card, name)
        if not options.head and not any(taught_alike(metric, one) for one in labels):
            print(f"{name}: none of the sets is of its teacher and domain; left as it is")
            continue
        own = with_intervals(metric, options.sets, **_named(options, "tables", "stores", "most"))
        done.append((name, own))
        print(f"{name}: intervals from {', '.join(options.sets)}")
    save_weights(options.weights, network, with_heads(card, done))
    print(f"{options.weights}")
    return 0


def _guards(options: argparse.Namespace) -> int:
    from datasets.scenes.scene_files import find_scenes
    from datasets.streams import fraction
    from hdrmetrics.learned.guard import FILE
    from hdrmetrics.text.jsontext import readable
    from hdrmetrics.text.textfile import write_text
    from trainers.doubting.guards import fit_guards, look_at

    scenes = []
    for kind in ("hdr", "sdr"):
        own = [one for one in find_scenes(options.scenes, kinds=(kind,)) if one.split != "test"]
        own.sort(key=lambda one: (one.split == "train", fraction("guard", one.name)))
        scenes += own[: options.most + sum(one.split == "validation" for one in own)]
    found = fit_guards(list(look_at(scenes)))
    data = {kind: guard.to_dict() for kind, guard in found.items()}
    write_text(FILE, readable(data))
    print(f"{FILE}")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from trainers.judging.evaluation import evaluate, find_predictions, markdown, write_results

    found = dict(find_predictions(text) for text in options.predictions)
    if len(found) < len(options.predictions):
        raise OptionError("two predictors have the same name")
    results = evaluate(found, split=options.split, resamples=options.resamples, seed=options.seed)
    note = f"Split {options.split}, {options.resamples} resamples, seed {options.seed}."
    for path in write_results(results, options.out, note=note):
        print(f"wrote {path}", file=sys.stderr)
    print(markdown(results, note=note))
    return 0


def _splits(options: argparse.Namespace) -> tuple[str, ...]:
    return tuple(options.split or ("validation", "test"))


def _named(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return some of the options as arguments."""
    return {name: getattr(options, name) for name in names}


def _save_predictions(options: argparse.Namespace, name: str, found: Labels) -> None:
    from trainers.feeding.labels import save_labels

    path = options.out / f"predictions-{name}.npz"
    save_labels(path, found)
    print(f"{path}: {len(found)} items")
