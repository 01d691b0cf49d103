"""The page of ``--optimize``: before and after, how each search went, and what was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hdrmetrics.errors import ImageReadError
from hdrmetrics.report.page import Cell, Column, Page, PageRow, Picture, State
from hdrmetrics.report.pictures import EMBEDDED_UP_TO, picture

STATES = (
    State("tuned", "tuned", "good"),
    State("kept", "default kept", "warning"),
    State("there", "there already", "plain"),
    State("failed", "failed", "bad"),
)
"""What can become of a picture that was to be tuned."""

_LABELS = {"before": "default", "after": "tuned"}


@dataclass(frozen=True, slots=True)
class TunedRow:
    """One picture that was to be tuned.

    Parameters
    ----------
    name
        What it is called.
    status
        A key of :data:`STATES`.
    record
        Of :meth:`hdrmetrics.optimize.Optimized.to_dict`; empty where there is none.
    thumbnails
        JPEG files by ``before``, ``after`` and ``trace``.
    output
        Where the picture was written.
    notes
        Errors and warnings.
    """

    name: str
    status: str
    record: Mapping[str, Any] = field(default_factory=dict)
    thumbnails: Mapping[str, Path] = field(default_factory=dict)
    output: str = ""
    notes: Sequence[str] = ()


def tunings_page(
    rows: Sequence[TunedRow], *, goal: str, facts: Sequence[tuple[str, str]], target: str
) -> Page:
    """Return the page of some rows.

    Parameters
    ----------
    rows
        See :class:`TunedRow`; their thumbnails are embedded if they are few.
    goal
        What was optimised, in words.
    facts
        What the values depend on.
    target
        Where the page will be.
    """
    embed = embeds(rows)
    metrics = list(dict.fromkeys(name for row in rows for name in row.record.get("after", ())))
    columns = [Column("status", "status", "state", states=STATES)]
    for name in metrics:
        columns.append(Column(f"before {name}", f"{name}, default", digits=3))
        columns.append(Column(f"after {name}", f"{name}, tuned", digits=3))
        columns.append(Column(f"gain {name}", "change", digits=3))
    columns.append(Column("judge", "judge", "text", "a metric that was not optimised"))
    columns.append(Column("operator", "operator", "text"))
    columns.append(Column("settings", "settings", "text"))
    columns.append(Column("reason", "kept because", "text"))
    columns.append(Column("tried", "pictures tried", digits=0))
    columns.append(Column("seconds", "seconds", digits=1))
    columns.append(Column("output", "written to", "text"))
    count = sum(row.status == "tuned" for row in rows)
    rest = "" if count == len(rows) else "; the others are as the default makes them, or failed"
    return Page(
        title=f"Tuned by {goal}",
        summary=f"{count} of {len(rows)} pictures were tuned{rest}.",
        columns=columns,
        rows=[_page_row(row, metrics, target, embed) for row in rows],
        sort=f"gain {metrics[0]}" if metrics else "",
        facts=facts,
        unit=("picture", "pictures"),
    )


def embeds(rows: Sequence[TunedRow]) -> bool:
    """Return whether a page of these rows holds their pictures itself."""
    return sum(bool(row.thumbnails) for row in rows) <= EMBEDDED_UP_TO


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return settings as ``--set`` takes them.

    Examples
    --------
    >>> settings_text({"key": 0.25, "white": 12.0})
    'key=0.25 white=12'
    """
    return " ".join(
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in settings.items()
    )


def judge_text(verdict: Mapping[str, Any]) -> str:
    """Return what a judge said, in a phrase, and those beside it.

    Examples
    --------
    >>> judge_text({"metric": "fsitm", "before": 0.8, "after": 0.79, "worse": False})
    'fsitm 0.8 → 0.79'
    """
    word = ", refused" if verdict["worse"] else ""
    own = f"{verdict['metric']} {verdict['before']:.4g} → {verdict['after']:.4g}{word}"
    return "; ".join([own, *(judge_text(one) for one in verdict.get("beside", ()))])


def _page_row(row: TunedRow, metrics: Sequence[str], target: str, embed: bool) -> PageRow:
    record = row.record
    cells: dict[str, Cell] = {"status": row.status, "output": row.output or None}
    for name in metrics:
        before, after = (record.get(key, {}).get(name) for key in ("before", "after"))
        cells[f"before {name}"], cells[f"after {name}"] = before, after
        if before is not None and after is not None and record["tuned"]:
            cells[f"gain {name}"] = after - before
    if record:
        verdict = record.get("judge")
        cells["judge"] = judge_text(verdict) if verdict else None
        cells["operator"] = record["name"]
        cells["settings"] = settings_text(record["settings"])
        cells["reason"] = record["reason"] or None
        cells["tried"], cells["seconds"] = float(record["evaluations"]), record["seconds"]
    pictures: list[Picture] = []
    figures: list[Picture] = []
    notes = list(row.notes)
    for which, path in row.thumbnails.items():
        try:
            found = picture(_LABELS.get(which, "how the search went"), path, target, embed=embed)
        except ImageReadError as error:
            notes.append(str(error))
            continue
        (pictures if which in _LABELS else figures).append(found)
    return PageRow(row.name, cells, pictures, notes, figures)
