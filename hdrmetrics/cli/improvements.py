"""What became of photographs that were to be improved: in a journal, a table, CSV and JSON."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hdrmetrics.cli.journal import Form
from hdrmetrics.cli.output import emit, report_problems, short_names
from hdrmetrics.cli.tables import Column, Grid, format_facts, terminal_width
from hdrmetrics.improve.gains import IMPROVABILITY, gain_metrics
from hdrmetrics.improve.guard import NO_GUARD
from hdrmetrics.improve.job import Plan
from hdrmetrics.improve.row import Improvement
from hdrmetrics.jobs.batch import Row
from hdrmetrics.jobs.kept import scores_of, scores_record
from hdrmetrics.result import Score
from hdrmetrics.text.csvline import csv_line
from hdrmetrics.text.documents import document
from hdrmetrics.text.textfile import json_text

WORDS = {
    "alert": "would gain", "recommended": "recommended", "enhanced": "enhanced",
    "kept": "original kept", "skipped": "there already", "fine": "nothing to gain",
    "failed": "failed",
}  # fmt: skip
"""What people read of each status, in the order of what is to be done."""

_MEANING = (
    "the probability that enhancement would be a moderate improvement or more; what reaches its "
    "threshold triggers"
)
_PATENTS = (
    "the methods are described in WO2024076611A1 and US11356623B2: check before commercial use"
)
_PLAIN = ("status", "verdict", "output")


def _record(row: Any) -> dict[str, Any]:
    one = cast(Improvement, row)
    return {
        "test": one.test,
        "scores": scores_record(one.scores),
        "after": scores_record(one.after),
        "errors": one.errors,
        "triggers": list(one.triggers),
        "requested": one.requested,
        "previews": one.previews,
        "thumbnails": one.thumbnails,
        **{name: getattr(one, name) for name in _PLAIN},
    }


def _row(record: Mapping[str, Any]) -> Row:
    return Improvement(
        record["test"],
        None,
        scores_of(record["scores"]),
        dict(record["errors"]),
        after=scores_of(record["after"]),
        triggers=tuple(record["triggers"]),
        requested=record["requested"],
        previews=dict(record["previews"]),
        thumbnails=dict(record["thumbnails"]),
        **{name: record[name] for name in _PLAIN},
    )


FORM = Form(_record, _row, frozenset({"enhancement", "thumbnail"}))
"""How a journal keeps these rows."""


@dataclass(frozen=True)
class Improvements:
    """What a run found.

    Parameters
    ----------
    rows
        In the order of the files.
    names
        What each file is called.
    plan
        What was to be done.
    total
        Files of the job; more than there are rows when it was interrupted.
    enhancer
        Its name.
    """

    rows: Sequence[Improvement]
    names: Mapping[str, str]
    plan: Plan
    total: int
    enhancer: str | None

    @property
    def ordered(self) -> list[Improvement]:
        """The rows, what would gain most first; what is not known comes last."""
        return sorted(
            self.rows,
            key=lambda row: (row.improvability is None, -(row.improvability or 0.0), row.test),
        )

    @property
    def thresholds(self) -> dict[str, float]:
        """The threshold of every degradation."""
        return {name: self.plan.thresholds.of(name) for name in gain_metrics()}

    @property
    def counts(self) -> dict[str, int]:
        """How many photographs there are of each status."""
        found = Counter(str(row.status) for row in self.rows)
        return {status: found[status] for status in WORDS if found[status]}

    def facts(self) -> list[tuple[str, str]]:
        """Return what must be known to read a table of these rows."""
        facts = [("improvability", _MEANING)]
        found = [score.conditions for row in self.rows for score in row.scores.values()]
        whose = dict.fromkeys(str(one["enhancer"]) for one in found if "enhancer" in one)
        if whose:  # another enhancer may bring others
            facts.append(("gains", f"those that {', '.join(whose)} brings"))
        limits: dict[float, list[str]] = {}
        for name, value in self.thresholds.items():
            limits.setdefault(value, []).append(name)
        texts = [f"{value:g} for {', '.join(names)}" for value, names in limits.items()]
        facts.append(("thresholds", "; ".join(texts)))
        if self.plan.mode != "alert":
            facts.append(("enhancer", str(self.enhancer)))
            facts.append(("guard", _judged(self.plan.guard)))
        facts.append(("patents", _PATENTS))
        return facts


def _judged(guard: str) -> str:
    """Return what a guard does, in words."""
    if guard == NO_GUARD:
        return guard
    if guard == IMPROVABILITY:
        return f"{guard}: what would gain more than before is not taken"
    return f"{guard} and {IMPROVABILITY}: whatever is worse by one of them is not taken"


def tell(found: Improvements, arguments: argparse.Namespace) -> int:
    """Write what was found wherever it is wanted, and return the exit code.

    Parameters
    ----------
    found
        The rows.
    arguments
        With ``quiet`` and the targets of tables.
    """
    if arguments.report is not None:
        from hdrmetrics.report.improvements import improvements_page
        from hdrmetrics.report.rendering import write_page

        page = improvements_page(
            found.ordered, names=found.names, words=WORDS, thresholds=found.thresholds,
            facts=found.facts(), target=arguments.report, total=found.total,
        )  # fmt: skip
        # While rows are kept for a run that goes on, their thumbnails are, too.
        write_page(arguments.report, page, tidy=False)
    if arguments.json is not None:
        emit(json_text(_document(found)), arguments.json)
    if arguments.csv is not None:
        tabs = Path(arguments.csv).suffix.lower() in (".tsv", ".tab")
        emit(csv_text(found, "\t" if tabs else ","), arguments.csv)
    if "-" not in (arguments.json, arguments.csv) and not arguments.quiet:
        _print(found, arguments.report)
    sys.stdout.flush()  # before what goes to stderr
    return report_problems(found.rows, quiet=arguments.quiet)


def _document(found: Improvements) -> dict[str, Any]:
    plan = found.plan
    partial = {"done": len(found.rows), "of": found.total}
    return document(
        "improve",
        mode=plan.mode,
        enhancer=found.enhancer,
        guard=None if plan.mode == "alert" else plan.guard,
        thresholds=found.thresholds,
        rows=[row.to_dict() for row in found.ordered],
        summary=found.counts,
        **({"partial": partial} if len(found.rows) < found.total else {}),
    )


def csv_text(found: Improvements, delimiter: str = ",") -> str:
    """Return CSV: a row for each photograph, which ``--only`` takes as a list, too."""
    gains, guard = gain_metrics(), found.plan.metrics()[1]
    records = [_flat(row, gains, guard) for row in found.ordered]
    lines = [csv_line(one, delimiter) for one in (*records[:1], *(r.values() for r in records))]
    return "".join(lines)


def _flat(row: Improvement, gains: Mapping[str, str], guard: str | None) -> dict[str, Any]:
    """Return a row of CSV; what is not known is empty."""

    def value(scores: Mapping[str, Score], metric: str) -> float | str:
        return scores[metric].value if metric in scores else ""

    record: dict[str, Any] = {"input": row.test, "status": row.status}
    record |= {name: value(row.scores, metric) for name, metric in gains.items()}
    record["triggers"] = " ".join(row.triggers)
    record["requested"] = "yes" if row.requested else "no"
    if guard is not None:
        record[f"{guard} before"] = value(row.scores, guard)
        record[f"{guard} after"] = value(row.after, guard)
        record[f"{IMPROVABILITY} after"] = value(row.after, IMPROVABILITY)
    errors = [text if what == "file" else f"{what}: {text}" for what, text in row.errors.items()]
    return record | {
        "verdict": row.verdict,
        "output": row.output or "",
        "errors": "; ".join(errors),
        "warnings": "; ".join(row.warnings),
    }


def _print(found: Improvements, page: str | None) -> None:
    width = terminal_width()
    shown = [row for row in found.ordered if row.status != "fine"]
    parts = []
    if shown:
        parts.append(_grid(found, shown).text(width))
    if len(found.rows) < found.total:
        parts.append(f"partial: {len(found.rows)} of {found.total} photographs")
    counts = ", ".join(f"{count} {WORDS[status]}" for status, count in found.counts.items())
    facts = [(f"{len(found.rows)} in all", counts), *found.facts()]
    if page is not None:
        facts.append(("page", page))
    parts.append(format_facts(facts, width))
    print("\n\n".join(parts))


def _grid(found: Improvements, rows: Sequence[Improvement]) -> Grid:
    columns = [Column("photograph", shrinks="start"), Column("improvability", right=True)]
    columns += [Column("because of", shrinks="end"), Column("", shrinks="")]
    says = any(row.verdict for row in rows)
    if says:
        columns.append(Column("guard" if found.plan.mode != "alert" else "", shrinks="end"))
    names = short_names([row.test for row in rows])
    lines = []
    for name, row in zip(names, rows, strict=True):
        gains = row.gains
        why = ", ".join(f"{one} {gains[one]:.2f}" for one in row.triggers)
        value = "–" if row.improvability is None else f"{row.improvability:.2f}"
        line = [name, value, why or ("asked for" if row.requested else ""), WORDS[row.status]]
        lines.append([*line, row.verdict] if says else line)
    return Grid(columns, lines)
