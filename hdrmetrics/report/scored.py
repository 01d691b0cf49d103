"""The page of scored files: a row for each, the picture beside its reference."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from hdrmetrics.collection.previews import OPERATOR
from hdrmetrics.errors import HdrMetricsError
from hdrmetrics.jobs.axes import standing
from hdrmetrics.jobs.batch import Row, message_of
from hdrmetrics.metric import MetricInfo
from hdrmetrics.report.page import Cell, Column, Mark, Page, PageRow, Picture
from hdrmetrics.report.pictures import EMBEDDED_UP_TO, stored
from hdrmetrics.report.rankings import DISAGREE
from hdrmetrics.report.scores import error_notes, metric_columns, score_cells
from hdrmetrics.report.thumbnails import thumbnail


def scored_page(
    rows: Sequence[Row],
    infos: Sequence[MetricInfo],
    target: str | os.PathLike[str],
    *,
    names: Sequence[str],
    title: str,
    summary: str = "",
    facts: Sequence[tuple[str, str]] = (),
    columns: Sequence[Column] = (),
    cells: Sequence[Mapping[str, Cell]] = (),
    notes: Sequence[Sequence[str]] = (),
    sort: tuple[str, bool] | None = None,
    isolate: bool | None = None,
    on_row: Callable[[object], None] = lambda row: None,
) -> Page:
    """Return the page of rows of :func:`hdrmetrics.score_files`.

    Parameters
    ----------
    rows
        Their files are read once more, to be shown: those with a reference are compared with it
        by a slider. One that cannot be shown is a note of its row; one without a file has no
        picture.
    infos
        The metrics.
    target
        Where the page will be; beside it lie the pictures of many.
    names
        What each row is called.
    title, summary, facts
        As for :class:`~hdrmetrics.report.page.Page`.
    columns
        Further ones, which come first.
    cells
        Of these, by row; none for none.
    notes
        Further sentences, by row; none for none.
    sort
        By what the page is in order at first, and whether the highest comes first. Default: by the
        first metric, the worst first.
    isolate
        As for :func:`hdrmetrics.read_image`.
    on_row
        Called with each row whose pictures are made.

    Raises
    ------
    ImageWriteError
        If a picture beside the page cannot be written.
    """
    embed = len(rows) <= EMBEDDED_UP_TO
    own = cells or [{}] * len(rows)
    more = notes or [()] * len(rows)

    @lru_cache(maxsize=2)  # many tests against one reference are common
    def small(path: str) -> bytes:
        return thumbnail(path, isolate=isolate)

    def pictures(row: Row, said: list[str]) -> list[Picture]:
        found = {"test": row.test} if row.reference is None else {
            "reference": row.reference, "test": row.test
        }  # fmt: skip
        made = []
        for label, path in found.items():
            try:
                made.append(stored(label, small(path), target, embed=embed))
            except (HdrMetricsError, RuntimeError, MemoryError) as error:
                said.append(f"not shown: {message_of(error)}")
        return made

    shown = []
    for name, row, further, told in zip(names, rows, own, more, strict=True):
        said = [*error_notes(row.errors), *told]
        made = [] if "file" in row.errors or not row.test else pictures(row, said)
        given = {**score_cells(row.scores, row.errors, _marks(row)), **further}
        there = {key: value for key, value in given.items() if value is not None}
        shown.append(PageRow(name, there, made, said))
        on_row(row)
    if sort is None:
        sort = (infos[0].name, not infos[0].higher_is_better) if infos else ("", False)
    drawn = f"reduced; light is tone-mapped by {OPERATOR} to be shown, each picture by itself"
    return Page(
        title=title,
        summary=summary,
        columns=[*columns, *metric_columns(infos, [row.scores for row in rows])],
        rows=shown,
        sort=sort[0],
        descending=sort[1],
        facts=[*facts, ("pictures", drawn)],
        unit=("picture", "pictures"),
    )


def _marks(row: Row) -> list[Mark]:
    found = standing(row.scores)
    text = "" if found is None else found.text
    return [Mark(DISAGREE, text, "warning")] if text else []
