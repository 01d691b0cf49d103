"""The page of the command ``rank``, with maps and enhanced pictures of the first places."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, TypeVar

from hdrmetrics.cli import arguments as shared
from hdrmetrics.cli.pages import add_report, check_report
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hdrmetrics.collection.plan import Plan
    from hdrmetrics.collection.ranking import Ranking
    from hdrmetrics.collection.record import Record

T = TypeVar("T")

PREVIEW = 480
"""Longest side of the pictures of a page, in pixels."""

_ENHANCER = "restore"


def add_page(parser: argparse.ArgumentParser) -> None:
    """Add the options of the page."""
    group = parser.add_argument_group("page")
    add_report(group)
    group.add_argument(
        "--maps", type=shared.count, default=0, metavar="N",
        help="draw maps of quality of the first N pictures; the page loads them when asked",
    )  # fmt: skip
    group.add_argument(
        "--enhance", type=shared.count, default=0, metavar="N",
        help=f"show the first N photographs beside what the enhancer {_ENHANCER} makes of them "
        "(with --by improvability those that have most to gain)",
    )  # fmt: skip


def check_page(arguments: argparse.Namespace) -> None:
    """Refuse, before any work, a page that could not be written, and what only a page shows.

    Raises
    ------
    OptionError
        If the page is not called like one, or there is none to show maps on.
    MissingPackageError
        If what makes pages is not installed.
    """
    check_report(arguments.report)
    if arguments.report is None and (arguments.maps or arguments.enhance):
        raise OptionError("--maps and --enhance are shown on a page: name one by --report")


def write_ranking(
    ranking: Ranking,
    plan: Plan,
    facts: Sequence[tuple[str, str]],
    preview: Callable[[Record], bytes | None],
    arguments: argparse.Namespace,
) -> None:
    """Write the page of a ranking where one is asked for; ``preview`` finds a record's picture.

    Raises
    ------
    ImageWriteError
        If it, or a picture beside it, cannot be written.
    """
    if arguments.report is None:
        return
    from hdrmetrics.report.rankings import ranking_page
    from hdrmetrics.report.rendering import write_page

    paths = {
        place.record.name: place.record.path
        for place in ranking.places
        if place.number is not None
    }  # fmt: skip
    figures = _maps(dict(list(paths.items())[: arguments.maps]), plan, arguments)
    after = _enhanced(dict(list(paths.items())[: arguments.enhance]), arguments)
    page = ranking_page(
        ranking, arguments.report, preview=preview, enhanced=after, figures=figures, facts=facts
    )
    write_page(arguments.report, page)


def _maps(
    paths: dict[str, str], plan: Plan, arguments: argparse.Namespace
) -> dict[str, dict[str, bytes]]:
    if not paths:
        return {}
    from hdrmetrics.collection.drawn import maps_of
    from hdrmetrics.jobs.scoring import build_metric

    display = plan.viewing.get("display")
    metrics = [
        build_metric(name, display, dict(plan.options.get(name, {}))) for name in plan.metrics
    ]
    return _drawn(paths, lambda path: maps_of(path, metrics, plan), " maps", arguments)


def _enhanced(paths: dict[str, str], arguments: argparse.Namespace) -> dict[str, bytes]:
    if not paths:
        return {}
    from hdrmetrics.collection.drawn import enhanced_preview
    from hdrmetrics.enhance import create_enhancer

    enhancer = create_enhancer(_ENHANCER)
    return _drawn(
        paths, lambda path: enhanced_preview(path, enhancer, PREVIEW), " photographs", arguments
    )


def _drawn(
    paths: dict[str, str], draw: Callable[[str], T], unit: str, arguments: argparse.Namespace
) -> dict[str, T]:
    """Return what is drawn of files by their names; what fails is a warning."""
    from hdrmetrics.cli import messages
    from hdrmetrics.cli.progress import Progress
    from hdrmetrics.errors import HdrMetricsError
    from hdrmetrics.jobs.batch import message_of

    found: dict[str, T] = {}
    with Progress(len(paths), quiet=arguments.quiet, unit=unit) as step:
        for name, path in paths.items():
            try:
                found[name] = draw(path)
            except (HdrMetricsError, RuntimeError, MemoryError) as error:
                if not arguments.quiet:
                    messages.warning(f"{name}: {message_of(error)}")
            step(name)
    return found
