"""The option ``--report`` of commands that score, and the page it asks for."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.page_files import ENDINGS

if TYPE_CHECKING:
    from hdrmetrics.cli.output import Findings


def add_report(parser: argparse._ActionsContainer) -> None:
    """Add ``--report``."""
    parser.add_argument(
        "--report", metavar="PAGE.html",
        help="write a page with the pictures and their scores; the pictures of many lie in a "
        "folder beside it (needs the extra report)",
    )  # fmt: skip


def check_report(target: str | None) -> None:
    """Refuse, before any work, a page that could not be written; ``None`` is none.

    Raises
    ------
    OptionError
        If it is not called like one.
    MissingPackageError
        If what makes pages is not installed.
    """
    if target is None:
        return
    from hdrmetrics.report.rendering import check_pages

    if Path(target).suffix.lower() not in ENDINGS:
        raise OptionError(f"--report is a page, as page.html; not {target!r}")
    check_pages()


def write_findings(found: Findings, arguments: argparse.Namespace) -> Findings:
    """Write the page of some rows where one is asked for, and return the findings that name it.

    Raises
    ------
    ImageWriteError
        If it cannot be written.
    """
    if arguments.report is None:
        return found
    from hdrmetrics.cli.output import conditions, short_names
    from hdrmetrics.cli.progress import Progress
    from hdrmetrics.report.page import Column, State
    from hdrmetrics.report.rendering import write_page
    from hdrmetrics.report.scored import scored_page

    rows = found.rows
    columns, names = [], short_names([row.test for row in rows])
    cells: list[dict[str, str]] = []
    if found.several:
        states = tuple(State(method, method) for method in found.sets)
        columns = [Column("method", "method", "state", states=states)]
        cells = [{"method": method} for method, many in found.sets.items() for _ in many]
        names = [key for keys in found.keys.values() for key in keys]
    partly = f" (of {found.total}, the run was interrupted)" if found.partial else ""
    count = f"{len(rows)} {'picture' if len(rows) == 1 else 'pictures'}{partly}"
    with Progress(len(rows), quiet=arguments.quiet) as step:
        page = scored_page(
            rows, found.infos, arguments.report, names=names,
            title="Pictures and their references" if rows and rows[0].reference else "Pictures",
            summary=f"{count} by {', '.join(info.name for info in found.infos)}.",
            facts=[*found.facts, *conditions(rows, found.infos)],
            columns=columns, cells=cells, isolate=arguments.isolate, on_row=step,
        )  # fmt: skip
    write_page(arguments.report, page)
    return dataclasses.replace(found, facts=[*found.facts, ("page", arguments.report)])
