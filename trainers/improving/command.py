"""The command ``python -m trainers improvability``: clean photographs in, the layer out."""

from __future__ import annotations

import argparse
from pathlib import Path

from datasets.command import Adder, find_named
from hdrmetrics.errors import OptionError

_RECIPES = Path(__file__).with_name("recipes")


def add_command(command: Adder) -> None:
    """Add the commands to those of the trainers."""
    sub = command("improvability", _train, "learn how much enhancement improves photographs")
    sub.add_argument("--photographs", type=Path, help="folder of clean photographs")
    sub.add_argument("--biq2021", type=Path, help="a copy of BIQ2021, for its clean photographs")
    sub.add_argument("--out", type=Path, required=True, help="folder of the run; it may go on")
    sub.add_argument("--opinions", type=Path, help="weights of nima (default: the package's)")
    _restoration(sub, "weights of the network that enhances, and by which the layer sees")
    sub.add_argument("--config", default="improvability", help="a TOML file, or one of ours")
    sub.add_argument("--stage", choices=("pairs", "all"), default="all", help="where to stop")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--threads", type=int, default=1, help="of the arithmetic (default: 1)")
    sub.add_argument("--quiet", action="store_true", help="no lines of progress")

    tuning = command("tune", _tune, "tune the last layer of improvability on people's labels")
    tuning.add_argument("pairs", type=Path, help="folder of pairs with labels.csv")
    tuning.add_argument("--labels", type=Path, help="another file of labels")
    tuning.add_argument("--weights", type=Path, help="the layer (default: the package's)")
    _restoration(tuning, "weights of the network by which the layer sees")
    tuning.add_argument("--pull", type=float, default=0.01, help="towards what it is (default .01)")
    tuning.add_argument("--seed", type=int, default=0, help="of the division 80/20")
    tuning.add_argument("--out", type=Path, required=True, help="a .safetensors file")


def _restoration(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument("--restoration", type=Path, help=f"{what} (default: the package's)")


def _train(options: argparse.Namespace) -> int:
    import torch

    from hdrmetrics.learned.liked.nima import load_nima
    from hdrmetrics.learned.restoring.weights import SHIPPED
    from trainers.improving.features import gains_of
    from trainers.improving.material import make_pairs
    from trainers.improving.recipe import read_recipe
    from trainers.improving.run import OPINIONS, learn, write_recipe

    if options.photographs is None and options.biq2021 is None:
        raise OptionError("give --photographs or --biq2021, or both: clean photographs to degrade")
    recipe = read_recipe(find_named(options.config, _RECIPES, "recipe"))
    torch.set_num_threads(max(1, options.threads))
    own = options.restoration or SHIPPED
    write_recipe(recipe, own, options.out, options.seed)
    folder = options.out / "pairs"
    if not (folder / "pairs.csv").exists():
        make_pairs(
            folder, recipe, options.photographs, options.biq2021, options.seed,
            restoration=own, quiet=options.quiet,
        )  # fmt: skip
    if options.stage == "pairs":
        print(folder)
        return 0
    metric = load_nima(options.opinions or OPINIONS)
    gains = gains_of(folder, own, metric, recipe, options.out / "seen.npz", quiet=options.quiet)
    print(learn(gains, own, metric, recipe, options.out, options.seed))
    return 0


def _tune(options: argparse.Namespace) -> int:
    from hdrmetrics.learned.improvable.catalogue import WEIGHTS
    from hdrmetrics.learned.restoring.weights import SHIPPED
    from trainers.improving.tuning import tune_on_labels

    found = tune_on_labels(
        options.pairs,
        options.labels or options.pairs / "labels.csv",
        options.weights or WEIGHTS / "improvability.safetensors",
        options.restoration or SHIPPED,
        options.out,
        pull=options.pull,
        seed=options.seed,
    )
    for line in found:
        print(line)
    return 0
