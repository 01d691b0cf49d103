"""The command ``python -m datasets delta``: pairs with their gains, of one's own photographs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datasets.command import Adder
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from hdrmetrics.improve.delta_set import DeltaRow

_ENHANCER, _METRIC = "restore", "nima"  # as hdrmetrics.improve, without loading it
_TOLD = 10


def add_command(command: Adder) -> None:
    """Add the command to those of the datasets."""
    sub = command(
        "delta", _delta, "enhance photographs, and say how much better each became: pairs to label"
    )
    sub.add_argument(
        "photographs", nargs="+", metavar="PHOTOS", help="folder, file or 'pattern'; only read"
    )
    sub.add_argument("--out", type=Path, required=True, metavar="SET", help="folder of the set")
    sub.add_argument(
        "--enhancer", default=_ENHANCER, metavar="NAME",
        help="one of ours, or a command in quotes that reads a PNG file and writes one, as "
        f"'tool {{input}} {{output}}' (default: {_ENHANCER})",
    )  # fmt: skip
    sub.add_argument(
        "--metric", dest="metrics", action="append", metavar="M",
        help="by which gains are told; several times for several, a column delta-M each "
        f"(default: {_METRIC})",
    )  # fmt: skip
    sub.add_argument(
        "--reference", metavar="DIR",
        help="folder of the pristine originals, of the same names, for metrics that need one",
    )  # fmt: skip
    sub.add_argument(
        "--resume", action="store_true",
        help="go on with the set that is there: what is done stays, photographs that failed are "
        "tried again and new ones added",
    )  # fmt: skip
    sub.set_defaults(goes_on="with --resume goes on from here")


def _delta(options: argparse.Namespace) -> int:
    from hdrmetrics.cli.progress import Progress
    from hdrmetrics.improve.delta_set import make_delta_set
    from hdrmetrics.improve.pair_writer import JOURNAL
    from hdrmetrics.jobs.pairing import described, find_files, unlisted_files

    if not options.resume and (options.out / JOURNAL).exists():
        raise OptionError(
            f"{str(options.out)!r} holds a set already: --resume goes on with it, or take another "
            "folder"
        )
    total = len(find_files(options.photographs))
    if lacking := unlisted_files(options.photographs):
        print(described(lacking), file=sys.stderr)
    rows: list[DeltaRow] = []
    try:
        with Progress(total, quiet=False) as step:

            def done(row: DeltaRow) -> None:
                rows.append(row)
                step(row)

            table = make_delta_set(
                options.photographs,
                options.out,
                options.enhancer,
                options.metrics or (_METRIC,),
                options.reference,
                on_row=done,
            )
    finally:
        _tell([f"{row.photograph}: {note}" for row in rows for note in row.notes], "note")
        failed = [f"{row.photograph}: {row.error}" for row in rows if row.error]
        _tell(failed, "failed")
    good = [row for row in rows if not row.error]
    print(f"{table}: {len(good)} pairs, {len(failed)} failures")
    for metric in good[0].gains if good else ():
        gains = [row.gains[metric] for row in good]
        better = sum(gain > 0 for gain in gains) / len(gains)
        print(f"{metric}: {sum(gains) / len(gains):+.4g} on average, {better:.0%} became better")
    return 1 if failed else 0


def _tell(lines: Sequence[str], what: str) -> None:
    """Print the first of some lines, and how many more there are."""
    for line in lines[:_TOLD]:
        print(f"{what}: {line}", file=sys.stderr)
    if len(lines) > _TOLD:
        print(f"… and {len(lines) - _TOLD} more", file=sys.stderr)
