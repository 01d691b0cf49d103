"""The command that trains networks of tone mapping."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from datasets.command import Adder, find_named
from hdrmetrics.errors import OptionError

STOPPED = 143
"""Exit status of a run that was asked to stop and can be resumed."""


def add_command(command: Adder) -> None:
    """Add ``tonemap-net``."""
    sub = command("tonemap-net", _run, "train a network that predicts how a picture is tone-mapped")
    sub.add_argument(
        "--recipe", default="tonemap-net",
        help="a TOML file, or one of ours by name: tonemap-net (default) or tonemap-grid",
    )  # fmt: skip
    sub.add_argument("--scenes", type=Path, help="a folder of HDR scenes")
    sub.add_argument("--photographs", type=Path, help="a folder of photographs, to be made HDR")
    sub.add_argument("--frames", type=Path, help="frames that another run made (default: in --out)")
    sub.add_argument("--out", type=Path, required=True, help="folder of the run")
    sub.add_argument("--budget", help="time for the steps of the run: 25m, 1h")
    sub.add_argument("--steps", type=int, help="steps of the run, instead of a time")
    sub.add_argument("--threads", type=int, help="of torch (default: its own choice)")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--resume", action="store_true", help="go on with the run in --out")
    sub.add_argument("--quiet", action="store_true", help="no lines of progress")


def _run(options: argparse.Namespace) -> int:
    import torch

    from hdrmetrics.learned.tonemapping.weights import save_tone_net
    from trainers.running.plan import parse_duration
    from trainers.tonemapping.card import card_of
    from trainers.tonemapping.recipe import RECIPES, read_recipe
    from trainers.tonemapping.run import Wanted, run

    if options.steps is not None and options.steps < 1:
        raise OptionError(f"--steps is at least 1, not {options.steps}")
    recipe = read_recipe(find_named(options.recipe, RECIPES, "recipe"))
    if options.threads is not None:
        torch.set_num_threads(max(1, options.threads))
    told = {one.name: getattr(options, one.name) for one in fields(Wanted)}
    told["budget"] = None if options.budget is None else parse_duration(options.budget)
    wanted = Wanted(**told)
    net = run(wanted, recipe)
    if net is None:
        print("stopped; the same command with --resume goes on from here", file=sys.stderr)
        return STOPPED
    path = options.out / "weights.safetensors"
    save_tone_net(path, net, card_of(wanted, recipe))
    print(f"{path}")
    return 0
