"""The commands of ``python -m datasets``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datasets.command import exit_status, parser_of
from datasets.delta import add_command as add_delta
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from datasets.scenes.scene import Scene

_MADE = ("procedural", "screens")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 1 if something failed, 2 for a wrong call."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    return exit_status(
        lambda: command(options),
        installs="what generated sets need",
        stopped=f"stopped; the same command {options.goes_on}",
    )


def _parser() -> argparse.ArgumentParser:
    parser, add = parser_of("datasets", "Generated distortion sets: build, look, check, pack.")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> _Command:
        return _Command(add(name, run, text))

    _making_commands(command)
    _looking_commands(command)
    add_delta(add)
    return parser


def _making_commands(command: _Adder) -> None:
    """Add what makes tables, and stores of their crops."""
    build = command("build", _build, "make and label the items of a recipe")
    build.sub.add_argument("recipe", help="a TOML file, or one of ours by name, as hdr-c")
    build.scenes()
    build.sub.add_argument("--out", type=Path, required=True, help="folder of the set")
    build.workers()
    build.sub.add_argument("--shard", default="1/1", metavar="i/n", help="make this part only")
    build.sub.add_argument(
        "--retry", action="store_true", help="run frames again that had failures"
    )

    merge = command("merge", _merge, "join the tables of all shards")
    merge.sub.add_argument("tables", nargs="+", type=Path)
    merge.sub.add_argument("--out", type=Path, required=True, help="the whole table")

    pack = command("pack", _pack, "store crops: small enough to carry, or plain as a cache")
    pack.table()
    pack.scenes()
    pack.sub.add_argument("--out", type=Path, required=True, help="folder of the store")
    pack.sub.add_argument("--max-mb", type=float, help="largest size on disk, 10⁶ bytes")
    pack.sub.add_argument("--content", choices=("tests", "pairs", "references"), default="tests")
    pack.sub.add_argument("--split", choices=("train", "validation", "test"))
    pack.sub.add_argument(
        "--plain", action="store_true", help="not squeezed: larger, read in place (a cache)"
    )
    pack.workers()

    export = command("csv", _csv, "write a table as CSV")
    export.table()
    export.sub.add_argument("--out", type=Path, required=True)


def _looking_commands(command: _Adder) -> None:
    """Add what looks at a table and at its items."""
    stats = command("stats", _stats, "tell what a table holds, and draw its histograms")
    stats.table()
    stats.sub.add_argument("--out", type=Path, help="folder for the text, the figures and examples")
    stats.scenes(required=False)

    show = command("show", _show, "draw a contact sheet of examples over the quality range")
    show.table()
    show.scenes()
    show.sub.add_argument("--out", type=Path, required=True, help="a PNG file")
    show.sub.add_argument("--distortion", help="of one distortion only")
    show.sample(24)

    verify = command("verify", _verify, "make a sample again and compare it with the table")
    verify.table()
    verify.scenes()
    verify.sample(40)


class _Command:
    """A command's parser with the arguments that several share."""

    def __init__(self, sub: argparse.ArgumentParser) -> None:
        self.sub = sub
        sub.set_defaults(goes_on="goes on from here")

    def table(self) -> None:
        self.sub.add_argument("table", type=Path, help="a .parquet file of labels")

    def scenes(self, *, required: bool = True) -> None:
        self.sub.add_argument(
            "--scenes",
            action="append",
            required=required,
            metavar="DIR",
            help="folder of scenes (may be given several times); biq2021:DIR for the clean "
            "photographs of a copy of BIQ2021; or N made ones: procedural:N for surfaces in light "
            "and shadow, screens:N for drawn screens and rendered graphics",
        )

    def sample(self, count: int) -> None:
        self.sub.add_argument("--count", type=int, default=count)
        self.sub.add_argument("--seed", type=int, default=0)

    def workers(self) -> None:
        self.sub.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: cores)"
        )


_Adder = Callable[[str, Callable[[argparse.Namespace], int], str], _Command]


def find_sources(sources: Sequence[str]) -> list[Scene]:
    """Return the scenes of folders, ``biq2021:DIR``, ``procedural:N`` and ``screens:N``, in order.

    Raises
    ------
    OptionError
        If two scenes have the same name, or N is no number.
    HdrMetricsError
        If a folder cannot be searched.
    """
    from datasets.scenes.biq2021 import biq2021_scenes
    from datasets.scenes.procedural import procedural_scenes
    from datasets.scenes.scene_files import find_scenes
    from datasets.scenes.screens import screen_scenes

    found: list[Scene] = []
    for source in sources:
        made, colon, number = source.partition(":")
        if colon and made in _MADE:
            if not number.isdecimal() or not int(number):
                raise OptionError(f"{made}:N takes a number of scenes, not {number!r}")
            if made == "screens":
                found += screen_scenes(int(number))
                continue
            found += procedural_scenes(int(number), kind="hdr")
            found += procedural_scenes(int(number), kind="sdr")
        elif colon and made == "biq2021":
            found += biq2021_scenes(Path(number))
        else:
            found += find_scenes(Path(source))
    names = [scene.name for scene in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise OptionError(f"two scenes are called {twice}: rename one, names identify scenes")
    return found


def _build(options: argparse.Namespace) -> int:
    from datasets.build import build, holds_a_crop, parse_shard
    from datasets.recipe import find_recipe, read_recipe
    from datasets.unit import STAGES

    recipe = read_recipe(find_recipe(options.recipe))
    shard = parse_shard(options.shard)
    scenes = find_sources(options.scenes)
    small = [scene.name for scene in scenes if not holds_a_crop(recipe, scene)]
    if small:
        print(f"too small for a crop, left out: {', '.join(small)}", file=sys.stderr)
    result = build(
        recipe,
        scenes,
        options.out,
        workers=options.workers,
        shard=shard,
        retry=options.retry,
    )
    spent = result.seconds
    if result.made:
        per = {stage: 1000 * spent.get(stage, 0.0) / result.made for stage in STAGES}
        print(
            f"{result.made} items in {spent['elapsed']:.0f} s; per item and core: "
            + ", ".join(f"{stage} {value:.1f} ms" for stage, value in per.items())
        )
    for failure in result.failures[:10]:
        print(f"failed: {failure['item']}: {failure['reason']}", file=sys.stderr)
    if len(result.failures) > 10:
        print(f"… and {len(result.failures) - 10} more, in failures.csv", file=sys.stderr)
    if result.table is None:
        print("error: nothing could be labelled", file=sys.stderr)
        return 1
    print(f"{result.table}: {result.items} items, {len(result.failures)} failures")
    return 0


def _merge(options: argparse.Namespace) -> int:
    from datasets.merge import merge

    print(f"{options.out}: {merge(options.tables, options.out)} items")
    return 0


def _stats(options: argparse.Namespace) -> int:
    from datasets.reporting.report import write_report
    from datasets.reporting.statistics import describe, format_statistics
    from datasets.table import read_table

    table = read_table(options.table)
    text = format_statistics(describe(table.frame, table.metadata))
    print(text)
    if options.out is not None:
        scenes = find_sources(options.scenes) if options.scenes else []
        for path in write_report(table, text, options.out, scenes):
            print(f"wrote {path}")
    return 0


def _show(options: argparse.Namespace) -> int:
    from datasets.reporting.contact_sheet import save_sheet
    from datasets.reporting.examples import choose_examples, sheet_entries
    from datasets.table import read_table

    table = read_table(options.table)
    rows = choose_examples(
        table.frame, options.count, distortion=options.distortion, seed=options.seed
    )
    entries = sheet_entries(table, find_sources(options.scenes), rows)
    save_sheet(options.out, entries, title=f"{table.metadata['name']}: best to worst")
    print(f"wrote {options.out}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from datasets.table import read_table
    from datasets.verify import format_verification, verify

    table = read_table(options.table)
    checked = verify(table, find_sources(options.scenes), count=options.count, seed=options.seed)
    print(format_verification(checked))
    return 0 if all(one.good for one in checked) else 1


def _pack(options: argparse.Namespace) -> int:
    from datasets.build import write_failures
    from datasets.feeding.pack import pack
    from datasets.table import read_table

    result = pack(
        read_table(options.table),
        find_sources(options.scenes),
        options.out,
        content=options.content,
        max_mb=options.max_mb,
        squeezed=not options.plain,
        split=options.split,
        workers=options.workers,
    )
    write_failures(options.out / "failures.csv", result.failures)
    print(
        f"{options.out}: {result.items} of {result.of} items, {result.crops} crops, "
        f"{result.n_bytes / 1e6:.1f} MB, {len(result.failures)} failures"
    )
    return 0 if result.items else 1


def _csv(options: argparse.Namespace) -> int:
    from datasets.table import read_table, write_csv

    table = read_table(options.table)
    write_csv(table, options.out)
    print(f"{options.out}: {len(table.frame)} items")
    return 0
