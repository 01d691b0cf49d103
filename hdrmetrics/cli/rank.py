"""The command ``rank``: the best and the worst pictures of a folder."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.defaults import WITHOUT_REFERENCE
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from hdrmetrics.batch import Row
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
    shared.add_json(parser)
    shared.add_csv(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Rank the files."""
    from hdrmetrics.catalogue import metric_info
    from hdrmetrics.cli.output import check_outputs, report
    from hdrmetrics.cli.progress import Progress
    from hdrmetrics.cli.tables import terminal_width
    from hdrmetrics.pairing import find_files
    from hdrmetrics.ranking import rank

    check_outputs(arguments)
    names = shared.chosen_metrics(arguments.metric, WITHOUT_REFERENCE[:1])
    if len(names) > 1:
        raise OptionError(f"rank orders by one metric, not by {', '.join(names)}")
    info = metric_info(names[0])
    settings = shared.settings(arguments, names)
    files = [one.path for one in find_files(arguments.files, recursive=arguments.recursive)]
    with Progress(len(files), quiet=arguments.quiet) as step:
        settings["on_row"] = step
        rows = rank(files, info.name, **settings)
    table = ranking_table(rows, info, arguments.top, terminal_width())
    return report(rows, [info], arguments, table=table)


def ranking_table(rows: Sequence[Row], info: MetricInfo, top: int, width: int | None) -> str:
    """Return the best and the worst pictures with their places."""
    from hdrmetrics.cli.output import cell, heading, short_names
    from hdrmetrics.cli.tables import Column, format_table

    columns = [Column("place", right=True), Column("file", shrinks="start")]
    columns.append(Column(heading(info), right=True))
    names = short_names([row.test for row in rows])
    lines = [
        [str(index + 1) if row.ok else "–", name, cell(row, info)]
        for index, (name, row) in enumerate(zip(names, rows, strict=True))
    ]
    scored = sum(row.ok for row in rows)
    if scored > 2 * top:
        skipped = ["", f"… {scored - 2 * top} in between …", ""]
        lines = [*lines[:top], skipped, *lines[scored - top :]]
    return format_table(columns, lines, width=width)
