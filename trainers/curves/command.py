"""The command ``python -m trainers curves``: photographs and scenes in, a curve network out."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from datasets.command import Adder, find_named
from hdrmetrics.errors import OptionError

_STOPPED = 143


def add_command(command: Adder) -> None:
    """Add the command to those of the trainers."""
    sub = command("curves", _train, "train a network that draws the curves of bad exposures")
    sub.add_argument("--recipe", default="curve", help="a TOML file, or curve or curve-light")
    sub.add_argument("--photographs", type=Path, help="folder of photographs")
    sub.add_argument("--scenes", type=Path, help="folder of HDR scenes")
    sub.add_argument("--biq2021", dest="opinions", type=Path, help="a copy of BIQ2021")
    sub.add_argument("--out", type=Path, required=True, help="folder of the run")
    sub.add_argument("--material", type=Path, help="folder of small pictures, for several runs")
    sub.add_argument("--budget", help="time for the steps of the run: 10m, 1h30m")
    sub.add_argument("--steps", type=int, help="steps of the run, instead of a time")
    sub.add_argument("--threads", type=int, help="of the arithmetic (default: torch's choice)")
    sub.add_argument("--start-from", type=Path, help="weights to begin with")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--resume", action="store_true", help="go on with the run in --out")
    sub.add_argument("--quiet", action="store_true", help="no lines of progress")


def _train(options: argparse.Namespace) -> int:
    import torch

    from hdrmetrics.learned.curves.weights import save_curves
    from trainers.curves.card import card_of
    from trainers.curves.recipe import RECIPES, read_recipe
    from trainers.curves.run import Wanted, run
    from trainers.running.plan import parse_duration

    for name in ("steps", "threads"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise OptionError(f"--{name} is at least 1, not {getattr(options, name)}")
    recipe = read_recipe(find_named(options.recipe, RECIPES, "recipe"))
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    told = {one.name: getattr(options, one.name) for one in fields(Wanted)}
    told["budget"] = None if options.budget is None else parse_duration(options.budget)
    wanted = Wanted(**told)
    net = run(wanted, recipe)
    if net is None:
        print("stopped; the same command with --resume goes on from here", file=sys.stderr)
        return _STOPPED
    path = options.out / "weights.safetensors"
    save_curves(path, net, card_of(wanted, recipe))
    print(f"{path}")
    return 0
