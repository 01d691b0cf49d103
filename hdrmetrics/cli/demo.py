"""The command ``demo``: what the package does, shown on a picture that ships with it."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli.overwriting import add_overwrite, refuse_overwriting
from hdrmetrics.defaults import WITH_REFERENCE, WITHOUT_REFERENCE

if TYPE_CHECKING:
    from hdrmetrics.batch import Row
    from hdrmetrics.scoring import ScoreMap


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


def run(arguments: argparse.Namespace) -> int:
    """Give the tour."""
    from hdrmetrics.batch import score_files
    from hdrmetrics.catalogue import metric_info
    from hdrmetrics.cli.demo_images import spoiled
    from hdrmetrics.cli.output import (
        conditions,
        grouped_warnings,
        report_problems,
        score_table,
    )
    from hdrmetrics.cli.tables import format_facts, terminal_width
    from hdrmetrics.errors import ImageWriteError
    from hdrmetrics.falsecolor import write_map
    from hdrmetrics.io import read_image, write_image
    from hdrmetrics.samples import sample_images

    width = terminal_width()
    samples = sample_images()
    name, source = next(iter(samples.items()))
    original = read_image(source)
    changed = spoiled(original)
    try:
        folder = Path(arguments.out or tempfile.mkdtemp(prefix="hdrmetrics-demo-"))
        maps = folder / "maps"  # a folder of their own: they are no pictures to score
        reference = folder / f"{name}.exr"
        versions = {kind: folder / f"{name}-{kind}.exr" for kind in changed}
        drawn = {path: maps / f"{path.stem}.png" for path in versions.values()}
        refuse_overwriting([reference, *drawn, *drawn.values()], arguments.overwrite)
        maps.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageWriteError(f"cannot make the folder {arguments.out!r}: {error}") from error

    _say("1. Pictures by themselves", width)
    _say(
        f"{len(samples)} real HDR photographs come with hdrmetrics. Two metrics judge each without "
        "knowing what it should look like. norvdpnet has learned what opinion score HDR-VDP-2 "
        "would expect: 100 is best, and above 90 all is well. PIQE looks for blocks and noise: 0 "
        "is best, 100 worst.",
        width,
    )
    alone = score_files([(path, None) for path in samples.values()], WITHOUT_REFERENCE)
    infos = [metric_info(metric) for metric in WITHOUT_REFERENCE]
    print(score_table(alone, infos, width))
    for line in grouped_warnings(alone):
        _say(f"What looks odd is pointed out: {line}", width)

    _say("\n2. Pictures against their reference", width)
    write_image(reference, original, depth="float")
    facts = []
    for kind, (words, image) in changed.items():
        write_image(versions[kind], image, depth="float")
        facts.append((versions[kind].name, words))
    _say(f"{name} was spoiled in three ways:", width)
    print(format_facts(facts, width))

    def draw(index: int, found: ScoreMap) -> None:
        if found.score.metric == WITH_REFERENCE[-1]:
            write_map(list(drawn.values())[index], found)

    pairs = [(path, reference) for path in versions.values()]
    compared = score_files(pairs, WITH_REFERENCE, on_map=draw)
    infos = [metric_info(metric) for metric in WITH_REFERENCE]
    print()
    print(score_table(compared, infos, width))
    print()
    print(format_facts(conditions(compared, infos)[1:], width))
    _say(
        "\nHow to read this: ↑ means higher is better. PSNR is the mean error in decibels: above "
        "about 40 dB differences are hard to see, below 30 dB they are plain. SSIM compares local "
        "structure: 1 is identical. Both work on PU21 values, which are even steps for the eye "
        "from 0.005 to 10000 cd/m². That needs absolute light, which HDR files do not carry: the "
        "line “light” says what was assumed. Say it yourself with --peak, --scale or --display.",
        width,
    )
    worst = _worst(compared)
    if worst is not None:
        _say(f"By SSIM, {Path(worst.test).name} is the worst of the three.", width)

    _say("\n3. Where the differences are", width)
    _say(f"Maps of local SSIM, bright where the pictures differ, are in {maps}:", width)
    for path in drawn.values():
        print(f"  {path.name}")

    _say("\n4. The same with your own files", width)
    shown = shlex.quote(f"{folder.as_posix()}/")  # patterns have to stay outside the quotes
    for line in (
        f"hdrmetrics compare {shown}{name}-noise.exr {shown}{name}.exr --map diff.png",
        f"hdrmetrics rank {shown} --metric {WITHOUT_REFERENCE[0]}",
        f"hdrmetrics evaluate {shown}{name}-*.exr -r {shown}{name}.exr --fail-below pu21-psnr=38",
        "hdrmetrics metrics",
    ):
        print(f"  {line}")
    sys.stdout.flush()
    return max(report_problems(rows, quiet=True) for rows in (alone, compared))


def _worst(rows: list[Row]) -> Row | None:
    metric = WITH_REFERENCE[-1]
    scored = [row for row in rows if metric in row.scores]
    return min(scored, key=lambda row: row.scores[metric].value, default=None)


def _say(text: str, width: int | None) -> None:
    """Print a paragraph; a line break at its start leaves a blank line."""
    if text.startswith("\n"):
        print()
    print(textwrap.fill(text.strip(), min(width or 100, 100)))
