"""The command ``python -m trainers nima``: opinions in, weights out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from datasets.command import Adder, find_named
from hdrmetrics.errors import OptionError

_STOPPED = 143
_RECIPES = Path(__file__).with_name("recipes")
_RECIPE = "nima"


def add_command(command: Adder) -> None:
    """Add the command to those of the trainers."""
    sub = command("nima", _train, "train the predictor of opinions on photographs")
    sub.add_argument("set", help="ava, biq2021, csv, kadid10k, koniq10k, spaq or tid2013")
    sub.add_argument(
        "--data", type=Path, required=True, help="folder of a copy of the set; for csv its file"
    )
    sub.add_argument("--out", type=Path, required=True, help="folder of the run")
    sub.add_argument(
        "--scale", type=float, nargs=2, metavar=("WORST", "BEST"), help="of a csv file's means"
    )
    sub.add_argument(
        "--config", default=_RECIPE, help=f"a TOML file, or one of ours (default: {_RECIPE})"
    )
    sub.add_argument("--backbone", help="instead of the recipe's: timm:NAME for any of timm's")
    sub.add_argument(
        "--start", help="instead of the recipe's: imagenet, random, or a .safetensors file"
    )
    sub.add_argument("--limit", type=int, help="photographs to train on at most")
    sub.add_argument("--threads", type=int, help="of the arithmetic (default: all cores)")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--resume", action="store_true", help="go on with the run in --out")
    sub.add_argument("--quiet", action="store_true", help="no lines of progress")


def _train(options: argparse.Namespace) -> int:
    from dataclasses import replace

    import torch

    from trainers.opinions.recipe import read_recipe
    from trainers.opinions.run import RunOptions, run
    from trainers.opinions.sources import load_opinions

    for name in ("limit", "threads"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise OptionError(f"--{name} is at least 1, not {getattr(options, name)}")
    recipe = read_recipe(find_named(options.config, _RECIPES, "recipe"))
    changed = {
        name: getattr(options, name)
        for name in ("backbone", "start")
        if getattr(options, name) is not None
    }
    recipe = replace(recipe, **changed)
    scale = None if options.scale is None else (options.scale[0], options.scale[1])
    opinions = load_opinions(options.set, options.data, scale=scale)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    told = RunOptions(options.out, options.seed, options.resume, options.limit, options.quiet)
    path = run(opinions, recipe, told)
    if path is None:
        print("stopped; the same command with --resume goes on from here", file=sys.stderr)
        return _STOPPED
    print(f"{path}")
    return 0
