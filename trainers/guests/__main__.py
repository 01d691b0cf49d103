"""Trains the guests: ``python -m trainers.guests --scenes DIR --photographs DIR --out DIR``."""

from __future__ import annotations

import argparse
from pathlib import Path

from datasets.command import exit_status
from hdrmetrics.errors import OptionError

_STOPPED = 143


def main(arguments: list[str] | None = None) -> int:
    """Train one guest or both; returns the exit status: 0, 2 for a wrong call, 143 if stopped."""
    parser = argparse.ArgumentParser(prog="python -m trainers.guests", description=__doc__)
    parser.add_argument("--net", choices=("hdrnet", "pyramid"), help="which one (default: both)")
    parser.add_argument("--scenes", type=Path, help="folder of HDR scenes")
    parser.add_argument("--photographs", type=Path, help="folder of photographs")
    parser.add_argument("--most", type=int, default=300, help="photographs (default: 300)")
    parser.add_argument("--steps", type=int, default=3000, help="of learning (default: 3000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights")
    options = parser.parse_args(arguments)
    return exit_status(
        lambda: _train(options),
        installs="what reads scenes",
        stopped="stopped; the same command goes on from here",
    )


def _train(options: argparse.Namespace) -> int:
    from trainers.guests.learning import NETS, learn
    from trainers.guests.material import Material

    if options.scenes is None and options.photographs is None:
        raise OptionError("name --scenes, --photographs, or both: there is nothing to learn from")
    if options.steps < 1:
        raise OptionError("--steps is at least 1")
    folders = (options.scenes, options.photographs)
    train = Material(*folders, "train", options.most)
    held = Material(*folders, "validation", options.most)
    for name in NETS if options.net is None else [options.net]:
        net = learn(
            name, options.out, train, held,
            steps=options.steps, seed=options.seed, quiet=options.quiet,
        )  # fmt: skip
        if net is None:
            return _STOPPED
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
