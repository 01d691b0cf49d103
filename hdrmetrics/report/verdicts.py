"""The page of the quality gate: what failed first, with what it was and what it must be."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping

from hdrmetrics.gate.result import GateReport
from hdrmetrics.jobs.batch import Row
from hdrmetrics.report.page import Cell, Column, Page, State
from hdrmetrics.report.scored import scored_page

_STATES = (
    State("error", "not judged", "bad"), State("fail", "failed", "warning"),
    State("pass", "passed", "good"),
)  # fmt: skip
_ORDER = [state.key for state in _STATES]


def verdict_page(
    found: GateReport,
    rows: Mapping[str, Row],
    target: str | os.PathLike[str],
    *,
    isolate: bool | None = None,
    on_row: Callable[[object], None] = lambda row: None,
) -> Page:
    """Return the page of a verdict.

    Parameters
    ----------
    found
        The verdict; one that says only why nothing was judged makes a page without rows.
    rows
        The scored pictures by their names in it.
    target, isolate, on_row
        As for :func:`~hdrmetrics.report.scored.scored_page`.

    Raises
    ------
    ImageWriteError
        If a picture beside the page cannot be written.
    """
    infos = list({check.info.name: check.info for check in found.checks}.values())
    columns = [Column("status", "status", "state", states=_STATES)]
    if found.baseline is not None and not found.updated:
        for info in infos:
            columns.append(Column(f"{info.name} was", f"{info.name}, baseline", digits=3))
            columns.append(Column(f"{info.name} change", f"{info.name}, change", digits=3))
    keys = {column.key for column in columns}
    names = list(dict.fromkeys(check.file for check in found.checks))  # the worst come first
    cells: dict[str, dict[str, Cell]] = {name: {"status": "pass"} for name in names}
    notes: dict[str, list[str]] = {name: [] for name in names}
    for check in found.checks:
        own, name = cells[check.file], check.info.name
        own["status"] = min(str(own["status"]), check.status, key=_ORDER.index)
        if f"{name} was" in keys:
            own |= {f"{name} was": check.baseline, f"{name} change": check.change}
        said = check.message if check.status == "error" else f"{name}: {check.message}"
        if check.message and said not in notes[check.file]:
            notes[check.file].append(said)
    shown = [_without_errors(rows.get(name)) for name in names]
    limits = [(f"limits of {name}", text) for name, text in found.thresholds.items()]
    baseline = [("baseline", found.baseline)] if found.baseline is not None else []
    return scored_page(
        shown,
        infos,
        target,
        names=names,
        title="Quality gate",
        summary=f"{found.verdict[:1].upper()}{found.verdict[1:]}.",
        facts=[*limits, *baseline, *(("note", text) for text in found.notices)],
        columns=columns,
        cells=list(cells.values()),
        notes=list(notes.values()),
        isolate=isolate,
        on_row=on_row,
        sort=("status", True),
    )


def _without_errors(row: Row | None) -> Row:
    """Return a row whose errors are told by its checks; without a file where it cannot be read."""
    if row is None or "file" in row.errors:
        return Row("", None)
    return dataclasses.replace(row, errors={})
