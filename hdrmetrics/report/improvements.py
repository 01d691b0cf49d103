"""The page of ``improve``: what would gain most first, with before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hdrmetrics.errors import ImageReadError
from hdrmetrics.improve.row import Improvement
from hdrmetrics.improve.trigger import OVERALL
from hdrmetrics.report.page import Cell, Column, Page, PageRow, Picture, State, Tone
from hdrmetrics.report.pictures import EMBEDDED_UP_TO, picture

_TONES: dict[str, Tone] = {
    "alert": "warning", "recommended": "good", "enhanced": "good", "kept": "warning",
    "failed": "bad",
}  # fmt: skip
_MEANING = "probability that enhancement would be a moderate improvement or more"


def improvements_page(
    rows: Sequence[Improvement],
    *,
    names: Mapping[str, str],
    words: Mapping[str, str],
    thresholds: Mapping[str, float],
    facts: Sequence[tuple[str, str]],
    target: str,
    total: int,
) -> Page:
    """Return the page of some rows.

    Parameters
    ----------
    rows
        Of :func:`hdrmetrics.improve.job.improve_files`; their thumbnails are embedded if they are
        few.
    names
        What each file is called.
    words
        What people read of each status, in the order of the filters.
    thresholds
        By degradation, in the order of the columns.
    facts
        What the values depend on.
    target
        Where the page will be.
    total
        Photographs of the job.
    """
    embed = embeds(rows)
    states = tuple(State(key, text, _TONES.get(key, "plain")) for key, text in words.items())
    columns = [Column("status", "status", "state", states=states)]
    for name, mark in thresholds.items():
        label = "improvability" if name == OVERALL else name.replace("-", " ")
        columns.append(Column(name, label, "share", _MEANING, mark=mark))
    columns.append(Column("request", "reason", "tags", "bars beyond their mark are the others"))
    columns.append(Column("expected", "expected", "text"))
    columns.append(Column("verdict", "guard", "text", "what the enhanced picture scores"))
    columns.append(Column("output", "written to", "text"))
    gaining = sum(row.status not in ("fine", "failed") for row in rows)
    asked = " or were asked for" if any(row.requested for row in rows) else ""
    partly = f" (of {total}, the run was interrupted)" if len(rows) < total else ""
    return Page(
        title="Photographs that would gain by enhancement",
        summary=f"{gaining} of {len(rows)} photographs{partly} would gain{asked}.",
        columns=columns,
        rows=[_page_row(row, names.get(row.test, row.test), target, embed) for row in rows],
        sort=OVERALL if OVERALL in thresholds else next(iter(thresholds), ""),
        facts=facts,
    )


def embeds(rows: Sequence[Improvement]) -> bool:
    """Return whether a page of these rows holds their pictures itself."""
    return sum(bool(row.thumbnails) for row in rows) <= EMBEDDED_UP_TO


def _page_row(row: Improvement, name: str, target: str, embed: bool) -> PageRow:
    cells: dict[str, Cell] = {"status": row.status, **row.gains}
    cells["request"] = ["asked for"] if row.requested else None
    cells["expected"] = row.expected or None
    cells["verdict"] = row.verdict or None
    cells["output"] = row.output
    pictures: list[Picture] = []
    notes = [text if what == "file" else f"{what}: {text}" for what, text in row.errors.items()]
    for which, path in row.thumbnails.items():
        try:
            pictures.append(picture(which, path, target, embed=embed))
        except ImageReadError as error:
            notes.append(str(error))
    return PageRow(name, cells, pictures, [*notes, *row.warnings])
