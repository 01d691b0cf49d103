"""The command ``demo``: what the package does, shown on a picture that ships with it."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hdrmetrics.cli.overwriting import add_overwrite, refuse_overwriting
from hdrmetrics.jobs.defaults import WITH_REFERENCE, WITHOUT_REFERENCE

if TYPE_CHECKING:
    from hdrmetrics.jobs.batch import Row
    from hdrmetrics.jobs.scoring import ScoreMap
    from hdrmetrics.picture.image import Image


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo",
        help="a first tour: score, compare and map the pictures that come along",
        description="Score the pictures that come along, spoil one in three ways, compare the "
        "versions and draw where they differ; say what was done and what the numbers mean.",
        allow_abbrev=False,
    )
    parser.add_argument("--out", metavar="DIR", help="folder for the files (default: a new one)")
    add_overwrite(parser)
    parser.set_defaults(run=run)


class _Files(NamedTuple):
    """What the tour writes: the reference, the spoiled versions by kind, their maps in that order.

    Maps have a folder of their own: they are no pictures to score.
    """

    folder: Path
    reference: Path
    versions: dict[str, Path]
    maps: list[Path]


def run(arguments: argparse.Namespace) -> int:
    """Give the tour."""
    from hdrmetrics.cli.demo_images import spoiled
    from hdrmetrics.cli.output import report_problems
    from hdrmetrics.cli.tables import terminal_width
    from hdrmetrics.io import read_image
    from hdrmetrics.samples import sample_images

    width = terminal_width()
    name, source = next(iter(sample_images().items()))
    original = read_image(source)
    changed = spoiled(original)
    files = _plan(arguments, name, changed)
    alone = _by_themselves(width)
    compared = _against_reference(files, original, changed, width)
    _say("\n3. Where the differences are", width)
    _say(f"Maps of local SSIM, bright where the pictures differ, are in {files.folder / 'maps'}:",
         width)  # fmt: skip
    for path in files.maps:
        print(f"  {path.name}")
    _with_your_own(files.folder, name, width)
    sys.stdout.flush()
    return max(report_problems(rows, quiet=True) for rows in (alone, compared))


def _plan(arguments: argparse.Namespace, name: str, kinds: Iterable[str]) -> _Files:
    """Return where files go, after making the folders."""
    from hdrmetrics.cli.destinations import make_folder

    folder = Path(arguments.out or tempfile.mkdtemp(prefix="hdrmetrics-demo-"))
    versions = {kind: folder / f"{name}-{kind}.exr" for kind in kinds}
    maps = [folder / "maps" / f"{path.stem}.png" for path in versions.values()]
    files = _Files(folder, folder / f"{name}.exr", versions, maps)
    refuse_overwriting([files.reference, *versions.values(), *maps], arguments.overwrite)
    make_folder(folder / "maps")
    return files


def _by_themselves(width: int | None) -> list[Row]:
    from hdrmetrics.catalogue.metrics import metric_info
    from hdrmetrics.cli.output import grouped_warnings, score_table
    from hdrmetrics.jobs.batch import score_files
    from hdrmetrics.samples import sample_images

    samples = sample_images()
    _say("1. Pictures by themselves", width)
    _say(
        f"{len(samples)} real HDR photographs come with hdrmetrics. Two metrics judge each without "
        "knowing what it should look like. norvdpnet has learned what opinion score HDR-VDP-2 "
        "would expect: 100 is best, and above 90 all is well. PIQE looks for blocks and noise: 0 "
        "is best, 100 worst.",
        width,
    )
    rows = score_files([(path, None) for path in samples.values()], WITHOUT_REFERENCE)
    print(score_table(rows, [metric_info(metric) for metric in WITHOUT_REFERENCE], width))
    for line in grouped_warnings(rows):
        _say(f"What looks odd is pointed out: {line}", width)
    return rows


def _against_reference(
    files: _Files, original: Image, changed: Mapping[str, tuple[str, Image]], width: int | None
) -> list[Row]:
    from hdrmetrics.catalogue.metrics import metric_info
    from hdrmetrics.cli.output import conditions, score_table
    from hdrmetrics.cli.tables import format_facts
    from hdrmetrics.io import write_image
    from hdrmetrics.jobs.batch import score_files
    from hdrmetrics.maps.falsecolor import write_map

    _say("\n2. Pictures against their reference", width)
    write_image(files.reference, original, depth="float")
    facts = []
    for kind, (words, image) in changed.items():
        write_image(files.versions[kind], image, depth="float")
        facts.append((files.versions[kind].name, words))
    _say(f"{files.reference.stem} was spoiled in three ways:", width)
    print(format_facts(facts, width))

    def draw(index: int, found: ScoreMap) -> None:
        if found.score.metric == WITH_REFERENCE[-1]:
            write_map(files.maps[index], found)

    pairs = [(path, files.reference) for path in files.versions.values()]
    rows = score_files(pairs, WITH_REFERENCE, on_map=draw)
    infos = [metric_info(metric) for metric in WITH_REFERENCE]
    print()
    print(score_table(rows, infos, width))
    print()
    print(format_facts(conditions(rows, infos)[1:], width))
    _say(
        "\nHow to read this: ↑ means higher is better. PSNR is the mean error in decibels: above "
        "about 40 dB differences are hard to see, below 30 dB they are plain. SSIM compares local "
        "structure: 1 is identical. Both work on PU21 values, which are even steps for the eye "
        "from 0.005 to 10000 cd/m². That needs absolute light, which HDR files do not carry: the "
        "line “light” says what was assumed. Say it yourself with --peak, --scale or --display.",
        width,
    )
    worst = _worst(rows)
    if worst is not None:
        _say(f"By SSIM, {Path(worst.test).name} is the worst of the three.", width)
    return rows


def _with_your_own(folder: Path, name: str, width: int | None) -> None:
    _say("\n4. The same with your own files", width)
    shown = shlex.quote(f"{folder.as_posix()}/")  # patterns have to stay outside the quotes
    for line in (
        f"hdrmetrics compare {shown}{name}-noise.exr {shown}{name}.exr --map diff.png",
        f"hdrmetrics rank {shown} --metric {WITHOUT_REFERENCE[0]}",
        f"hdrmetrics evaluate {shown}{name}-*.exr -r {shown}{name}.exr --fail-below pu21-psnr=38",
        "hdrmetrics metrics",
    ):
        print(f"  {line}")


def _worst(rows: list[Row]) -> Row | None:
    metric = WITH_REFERENCE[-1]
    scored = [row for row in rows if metric in row.scores]
    return min(scored, key=lambda row: row.scores[metric].value, default=None)


def _say(text: str, width: int | None) -> None:
    """Print a paragraph; a line break at its start leaves a blank line."""
    if text.startswith("\n"):
        print()
    print(textwrap.fill(text.strip(), min(width or 100, 100)))
