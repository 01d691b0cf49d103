"""The command ``rank``: the best and the worst pictures of a folder."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.jobs.defaults import FAITHFUL, LIKED

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
        description="Order pictures by a no-reference metric and show the best and the worst. "
        "Photographs are shown with how people like them and with how faithful they are; where "
        "one is far from the other, that is marked.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="FOLDER", help="folder, file or 'pattern'")
    parser.add_argument(
        "--top", type=shared.count, default=_TOP, metavar="N",
        help=f"how many of the best and of the worst to show (default: {_TOP})",
    )  # fmt: skip
    shared.add_metrics(
        parser, [f"{LIKED} and {FAITHFUL} of photographs, otherwise {FAITHFUL}"],
        ", the first decides the order",
    )  # fmt: skip
    shared.add_conditions(parser, reference=False)
    shared.add_running(parser)
    shared.add_outputs(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Rank the files."""
    from hdrmetrics.catalogue.metrics import metric_info
    from hdrmetrics.cli.findings import find_sets, say_what_is_left_out, score_and_report
    from hdrmetrics.jobs.defaults import ranked_by
    from hdrmetrics.jobs.ranking import check_rankable, in_order

    sets = find_sets(arguments.files, None, recursive=arguments.recursive)
    names = shared.chosen_metrics(arguments.metric, ranked_by([case.test for case in sets[""]]))
    infos = [metric_info(name) for name in names]
    for one in infos:
        check_rankable(one)
    info = infos[0]
    settings = shared.settings(arguments, names)
    say_what_is_left_out(arguments, arguments.files)

    def finish(found: Findings) -> Findings:
        rows = in_order(found.rows, info)
        facts = [*uncertainty(rows, info), *found.facts]
        grid = ranking_grid(rows, infos, arguments.top)
        return dataclasses.replace(found, sets={"": rows}, facts=facts, grid=grid)

    return score_and_report(sets, names, settings, arguments, finish=finish)


def ranking_grid(rows: Sequence[Row], infos: Sequence[MetricInfo], top: int) -> Grid:
    """Return the best and the worst pictures with their places, and intervals if there are any.

    Intervals are those of the first metric, which decides; in the last column stands where the
    axes disagree.
    """
    from hdrmetrics.cli.output import axes_column, cell, interval, interval_cell, short_names
    from hdrmetrics.cli.tables import Column, Grid
    from hdrmetrics.text.formatting import heading

    columns = [Column("place", right=True), Column("file", shrinks="start")]
    columns += [Column(heading(one), right=True) for one in infos]
    info = infos[0]
    names = short_names([row.test for row in rows])
    lines = [
        [
            str(index + 1) if info.name in row.scores else "–",
            name,
            *(cell(row, one) for one in infos),
        ]
        for index, (name, row) in enumerate(zip(names, rows, strict=True))
    ]
    if any(interval(row, info) for row in rows):
        columns.append(Column("interval", right=True))
        for line, row in zip(lines, rows, strict=True):
            line.append(interval_cell(row, info))
    column, marks = axes_column(rows)
    if column is not None:
        columns.append(column)
        for line, mark in zip(lines, marks, strict=True):
            line.append(mark)
    scored = sum(info.name in row.scores for row in rows)
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
