"""The command ``rank``: the best and the worst pictures of a folder."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.defaults import WITHOUT_REFERENCE

if TYPE_CHECKING:
    from hdrmetrics.cli.output import Findings
    from hdrmetrics.cli.tables import Grid
    from hdrmetrics.jobs.batch import Row
    from hdrmetrics.metric import MetricInfo

_TOP = 10


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rank",
        help="order pictures by quality",
        usage="hdrmetrics rank [options] FOLDER [FOLDER ...]",
        description="Order pictures by a no-reference metric and show the best and the worst.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="FOLDER", help="folder, file or 'pattern'")
    parser.add_argument(
        "--top", type=shared.count, default=_TOP, metavar="N",
        help=f"how many of the best and of the worst to show (default: {_TOP})",
    )  # fmt: skip
    shared.add_metrics(parser, WITHOUT_REFERENCE[:1])
    shared.add_conditions(parser, reference=False)
    shared.add_running(parser)
    shared.add_outputs(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Rank the files."""
    from hdrmetrics.catalogue.metrics import metric_info
    from hdrmetrics.cli.findings import find_sets, say_what_is_left_out, score_and_report
    from hdrmetrics.jobs.ranking import check_rankable, in_order

    names = shared.chosen_metrics(arguments.metric, WITHOUT_REFERENCE[:1])
    if len(names) > 1:
        raise OptionError(f"rank orders by one metric, not by {', '.join(names)}")
    info = metric_info(names[0])
    check_rankable(info)
    sets = find_sets(arguments.files, None, recursive=arguments.recursive)
    settings = shared.settings(arguments, names)
    say_what_is_left_out(arguments, arguments.files)

    def finish(found: Findings) -> Findings:
        rows = in_order(found.rows, info)
        facts = [*uncertainty(rows, info), *found.facts]
        grid = ranking_grid(rows, info, arguments.top)
        return dataclasses.replace(found, sets={"": rows}, facts=facts, grid=grid)

    return score_and_report(sets, names, settings, arguments, finish=finish)


def ranking_grid(rows: Sequence[Row], info: MetricInfo, top: int) -> Grid:
    """Return the best and the worst pictures with their places, and intervals if there are any."""
    from hdrmetrics.cli.output import cell, interval, interval_cell, short_names
    from hdrmetrics.cli.tables import Column, Grid
    from hdrmetrics.text.formatting import heading

    columns = [Column("place", right=True), Column("file", shrinks="start")]
    columns.append(Column(heading(info), right=True))
    names = short_names([row.test for row in rows])
    lines = [
        [str(index + 1) if row.ok else "–", name, cell(row, info)]
        for index, (name, row) in enumerate(zip(names, rows, strict=True))
    ]
    if any(interval(row, info) for row in rows):
        columns.append(Column("interval", right=True))
        for line, row in zip(lines, rows, strict=True):
            line.append(interval_cell(row, info))
    scored = sum(row.ok for row in rows)
    if scored > 2 * top:
        skipped = ["", f"… {scored - 2 * top} in between …", *[""] * (len(columns) - 2)]
        lines = [*lines[:top], skipped, *lines[scored - top :]]
    return Grid(columns, lines)


def uncertainty(rows: Sequence[Row], info: MetricInfo) -> list[tuple[str, str]]:
    """Return how many places are uncertain, where the metric gives intervals."""
    from hdrmetrics.cli.output import interval

    ranged = [ends for row in rows if (ends := interval(row, info)) is not None]
    if len(ranged) < 2:
        return []
    best = ranged[0]
    overlap = sum(low <= best[1] and best[0] <= high for low, high in ranged[1:])
    close = sum(a[0] <= b[1] and b[0] <= a[1] for a, b in itertools.pairwise(ranged))
    text = (
        f"{close} of {len(ranged) - 1} neighbours have intervals that overlap, so their order is "
        f"not certain; so do the intervals of the first and {overlap} others"
    )
    return [("places", text)]
