"""A ranking as the command shows and writes it."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli.output import (
    cell,
    conditions,
    emit,
    interval,
    interval_cell,
    report_problems,
    summary_records,
)
from hdrmetrics.cli.ranking_page import write_ranking
from hdrmetrics.cli.tables import Column, Grid, format_facts, terminal_width
from hdrmetrics.collection.tables import csv_text, write_parquet
from hdrmetrics.jobs.row import Row
from hdrmetrics.text.documents import document
from hdrmetrics.text.formatting import heading
from hdrmetrics.text.textfile import json_text

if TYPE_CHECKING:
    from hdrmetrics.collection.plan import Plan
    from hdrmetrics.collection.ranking import Place, Ranking
    from hdrmetrics.collection.record import Record
    from hdrmetrics.metric import MetricInfo

_ERRORS = 20  # that are printed; of a large collection the tables tell the rest


@dataclass(frozen=True, slots=True)
class Shown:
    """A ranking, and how much of it to show.

    Parameters
    ----------
    ranking
        The pictures in order.
    total
        How many there are; more than there are places when the job was interrupted.
    top
        How many of the best and of the worst the terminal shows.
    plan
        What was wanted of every picture.
    preview
        Returns the preview of a record, where there is one.
    """

    ranking: Ranking
    total: int
    top: int
    plan: Plan
    preview: Callable[[Record], bytes | None]

    @property
    def partial(self) -> bool:
        """Whether pictures are missing because the job was interrupted."""
        return len(self.ranking.places) < self.total


def report(shown: Shown, arguments: argparse.Namespace) -> int:
    """Write a ranking wherever it is wanted and return the exit code."""
    from hdrmetrics.cli import documents

    ranking = shown.ranking
    rows = [_row(place) for place in ranking.places]
    infos = ranking.metrics
    facts = [*uncertainty(rows, infos[0]), *conditions(rows, infos)]
    grid = ranking_grid(shown)
    if arguments.json is not None:
        emit(json_text(document("rank", **_contents(shown, rows))), arguments.json)
    if arguments.csv is not None:
        tabs = Path(arguments.csv).suffix.lower() in (".tsv", ".tab")
        emit(csv_text(ranking, "\t" if tabs else ","), arguments.csv)
    if arguments.parquet is not None:
        write_parquet(ranking, arguments.parquet)
    if arguments.latex is not None:
        emit(documents.latex_table([grid], facts), arguments.latex)
    if arguments.markdown is not None:
        emit(documents.markdown_table([grid], facts), arguments.markdown)
    write_ranking(ranking, shown.plan, facts, shown.preview, arguments)
    if "-" not in (arguments.json, arguments.csv, arguments.latex, arguments.markdown):
        width = terminal_width()
        print(grid.text(width))
        if shown.partial:
            done = len(ranking.places)
            print(f"\npartial: {done} of {shown.total} files, the others were not scored")
        if facts and not arguments.quiet:
            print(f"\n{format_facts(facts, width)}")
    sys.stdout.flush()  # before what goes to stderr
    return report_problems(rows, quiet=arguments.quiet, most=_ERRORS)


def _row(place: Place) -> Row:
    record = place.record
    return Row(record.path, None, record.scores, record.errors)


def _contents(shown: Shown, rows: Sequence[Row]) -> dict[str, Any]:
    ranking = shown.ranking
    records = [
        {
            "place": place.number,
            **row.to_dict(),
            "tied": place.tied,
            "disagreement": place.disagreement,
            "group": place.group,
            "keeper": place.keeper,
            "why": place.why,
            "size": [place.record.width, place.record.height] if place.record.width else None,
            "sha256": place.record.digest,
        }
        for place, row in zip(ranking.places, rows, strict=True)
    ]
    return {
        "metrics": [info.name for info in ranking.metrics],
        "rows": records,
        "summary": summary_records({"": rows}, ranking.metrics),
        **({"partial": {"done": len(rows), "of": shown.total}} if shown.partial else {}),
    }


def ranking_grid(shown: Shown) -> Grid:
    """Return the best and the worst pictures with their places, and intervals if there are any.

    Intervals are those of the first metric, which decides. A place that several share is marked
    by ``=``, one that the interval of a neighbour reaches by ``~``; in the last column stands where
    the axes disagree.
    """
    places, infos, top = shown.ranking.places, shown.ranking.metrics, shown.top
    scored = sum(place.number is not None for place in places)
    sharing = Counter(place.number for place in places)
    marked = any(place.disagreement for place in places)
    bursts = any(place.group is not None for place in places)
    ranged = any(interval(_row(place), infos[0]) for place in places)
    columns = [Column("place", right=True), Column("file", shrinks="start")]
    columns += [Column(heading(one), right=True) for one in infos]
    columns += [Column("interval", right=True)] if ranged else []
    columns += [Column("the axes say")] if marked else []
    columns += [Column("burst", shrinks="end")] if bursts else []

    def line(place: Place) -> list[str]:
        row = _row(place)
        sign = "=" if sharing[place.number] > 1 else "~" if place.tied else ""
        number = "–" if place.number is None else f"{sign}{place.number}"
        cells = [number, place.record.name, *(cell(row, one) for one in infos)]
        cells += [interval_cell(row, infos[0])] if ranged else []
        cells += [place.disagreement] if marked else []
        return cells + ([_burst(place)] if bursts else [])

    def gap(text: str) -> list[str]:
        return ["", f"… {text} …", *[""] * (len(columns) - 2)]

    best, failed = places[:scored], places[scored:]
    lines = [line(place) for place in best[:top]]
    if scored > 2 * top:
        lines.append(gap(f"{scored - 2 * top} in between"))
    lines += [line(place) for place in best[max(top, scored - top) :]]
    lines += [line(place) for place in failed[:top]]
    if len(failed) > top:
        lines.append(gap(f"{len(failed) - top} more that failed"))
    return Grid(columns, lines)


def _burst(place: Place) -> str:
    if place.group is None:
        return ""
    return f"{place.group} {'best' if place.keeper else ''}: {place.why}".replace(" :", ":")


def uncertainty(rows: Sequence[Row], info: MetricInfo) -> list[tuple[str, str]]:
    """Return how many places are uncertain, where the metric gives intervals."""
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
