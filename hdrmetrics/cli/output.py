"""What became of the files: as a table, as CSV and as JSON."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import messages
from hdrmetrics.cli.tables import Column, Grid, format_facts, terminal_width
from hdrmetrics.jobs.axes import standing
from hdrmetrics.jobs.frames import flat_records
from hdrmetrics.jobs.pairing import listed
from hdrmetrics.jobs.summary import summary_of
from hdrmetrics.text.csvline import csv_line
from hdrmetrics.text.documents import document
from hdrmetrics.text.formatting import heading, value_text
from hdrmetrics.text.textfile import json_text, readable, write_text

if TYPE_CHECKING:
    from hdrmetrics.jobs.batch import Row
    from hdrmetrics.metric import MetricInfo
    from hdrmetrics.result import Score

FAILED = "failed"
_NAMED = 3  # further files named with an error
_EXPLAINED = 3  # files whose faults' places are named under the table
_QUIET_CONDITIONS = ("calibration", "size", "dtype", "region", "mask", "version", "encoding")


def emit(text: str, target: str) -> None:
    """Write text to a file, or to stdout for ``-``."""
    if target == "-":
        sys.stdout.write(readable(text))
    else:
        write_text(target, text)


@dataclass
class Findings:
    """What a job found, for every form of output.

    Parameters
    ----------
    sets
        Rows by method; by ``""`` where there is one set only.
    infos
        The metrics.
    keys
        By method, what each row's picture is called in all of them.
    total
        Files of the job; more than there are rows when it was interrupted.
    extra
        Further members of the JSON document.
    facts
        Further lines under the table.
    grid
        The table, where it is another one than a line for each file.
    """

    sets: Mapping[str, Sequence[Row]]
    infos: Sequence[MetricInfo]
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    total: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)
    facts: Sequence[tuple[str, str]] = ()
    grid: Grid | None = None

    @property
    def rows(self) -> list[Row]:
        """All rows."""
        return [row for rows in self.sets.values() for row in rows]

    @property
    def several(self) -> bool:
        """Whether methods are compared."""
        return "" not in self.sets

    @property
    def partial(self) -> bool:
        """Whether rows are missing because the job was interrupted."""
        return len(self.rows) < self.total


def report(found: Findings, arguments: argparse.Namespace) -> int:
    """Write the rows wherever they are wanted and return the exit code.

    Parameters
    ----------
    found
        Rows of :func:`hdrmetrics.score_files`.
    arguments
        With ``command``, ``quiet`` and the targets of tables.
    """
    from hdrmetrics.cli import documents, methods

    infos, rows = found.infos, found.rows
    facts = list(found.facts)
    grids = [found.grid or score_grid(rows, infos)]
    deltas: methods.Deltas = {}
    if found.several:
        values = methods.values_by_picture(found.sets, found.keys, [info.name for info in infos])
        deltas = methods.method_differences(values, infos)
        if found.grid is None:
            grids = methods.method_grids(found.sets, deltas, infos)
        facts += methods.method_facts(values, deltas, infos)
    facts += places(rows, infos)
    facts += conditions(rows, infos)
    if arguments.json is not None:
        contents = {
            "metrics": [info.name for info in infos],
            "rows": [
                ({"method": method} if found.several else {}) | row.to_dict()
                for method, many in found.sets.items()
                for row in many
            ],
            "summary": summary_records(found.sets, found.infos),
            **({"differences": methods.difference_records(deltas)} if found.several else {}),
            **({"partial": {"done": len(rows), "of": found.total}} if found.partial else {}),
            **found.extra,
        }
        emit(json_text(document(arguments.command, **contents)), arguments.json)
    if arguments.csv is not None:
        tabs = Path(arguments.csv).suffix.lower() in (".tsv", ".tab")
        emit(csv_text(found, "\t" if tabs else ","), arguments.csv)
    if arguments.latex is not None:
        emit(documents.latex_table(grids, facts), arguments.latex)
    if arguments.markdown is not None:
        emit(documents.markdown_table(grids, facts), arguments.markdown)
    if "-" not in (arguments.json, arguments.csv, arguments.latex, arguments.markdown):
        width = terminal_width()
        print("\n\n".join(grid.text(width) for grid in grids))
        if found.partial:
            print(f"\npartial: {len(rows)} of {found.total} files, the others were not scored")
        if facts and not arguments.quiet:
            print(f"\n{format_facts(facts, width)}")
    sys.stdout.flush()  # before what goes to stderr
    return report_problems(rows, quiet=arguments.quiet)


def report_problems(rows: Sequence[Row], *, quiet: bool, most: int | None = None) -> int:
    """Print errors and warnings, those that differ in numbers only once; return the exit code.

    Parameters
    ----------
    rows
        With what happened to them.
    quiet
        Whether errors alone are printed.
    most
        How many of these at most; the rest is counted.
    """
    names = short_names([row.test for row in rows])
    for line in [] if quiet else grouped_warnings(rows):
        messages.warning(line)
    # Messages of readers name the file, those of metrics the metric; one reference may fail for
    # many tests.
    found: dict[str, list[str]] = {}
    for name, row in zip(names, rows, strict=True):
        same: dict[str, list[str]] = {}
        for what, message in row.errors.items():
            same.setdefault(message, []).append(what)
        for message, where in same.items():
            whole = where == ["file"]
            named = whole and any(path in message for path in (row.test, row.reference) if path)
            told = whole or message.startswith(f"{where[0]} ")
            text = message if told else f"{', '.join(where)}: {message}"
            found.setdefault(text, []).append("" if named else name)
    for text, files in list(found.items())[:most]:
        others = listed(files[1:], most=_NAMED) if files[0] else ""
        first = f"{files[0]}: {text}" if files[0] else text
        messages.error(f"{first} (likewise {others})" if others else first)
    if most is not None and len(found) > most:
        messages.error(f"and {len(found) - most} errors more, which the tables tell")
    return 0 if all(row.ok for row in rows) else 2


def grouped_warnings(rows: Sequence[Row]) -> list[str]:
    """Return the warnings of all scores, those that differ in numbers only once."""
    names = short_names([row.test for row in rows])
    return messages.grouped(
        (name, warning)
        for name, row in zip(names, rows, strict=True)
        for score in row.scores.values()
        for warning in score.warnings
    )


def cell(row: Row, info: MetricInfo) -> str:
    """Return a row's value of a metric for people."""
    score = row.scores.get(info.name)
    return FAILED if score is None else value_text(score.value, info)


def score_table(rows: Sequence[Row], infos: Sequence[MetricInfo], width: int | None) -> str:
    """Return a table with a line for each file, and their mean and worst values."""
    return score_grid(rows, infos).text(width)


def interval(row: Row, info: MetricInfo) -> tuple[float, float] | None:
    """Return the ends of a score's interval, ``None`` where it has none."""
    score = row.scores.get(info.name)
    if score is None or score.low is None or score.high is None:
        return None
    return score.low, score.high


def interval_cell(row: Row, info: MetricInfo) -> str:
    """Return a row's interval of a metric for people; empty where there is none."""
    return " to ".join(value_text(end, info) for end in interval(row, info) or ())


def score_grid(rows: Sequence[Row], infos: Sequence[MetricInfo]) -> Grid:
    """Return a line for each file; mean and worst values, and what the mean leaves out.

    What is wrong, and the intervals of metrics that give them, stand at the end.
    """
    explained = [info for info in infos if any(_explanation(row, info) for row in rows)]
    columns = [Column("file", shrinks="start"), *(Column(heading(i), right=True) for i in infos)]
    columns += [Column(_wrong(info, len(explained)), shrinks="end") for info in explained]
    names = short_names([row.test for row in rows])
    ranged = [info for info in infos if any(interval(row, info) for row in rows)]
    for info in ranged:
        title = "interval" if len(ranged) == 1 else f"interval of {info.name}"
        columns.append(Column(title, right=True))
    lines = [
        [
            name,
            *(cell(row, info) for info in infos),
            *(_explanation(row, info).get("text", "") for info in explained),
            *(interval_cell(row, info) for info in ranged),
        ]
        for name, row in zip(names, rows, strict=True)
    ]
    column, marks = axes_column(rows)
    if column is not None:
        columns.append(column)
        for line, mark in zip(lines, marks, strict=True):
            line.append(mark)
    if len(rows) < 2:
        return Grid(columns, lines)
    empty = [""] * (len(explained) + len(ranged) + (column is not None))
    sums = [summary_of(rows, info) for info in infos]
    footer = [
        ["mean", *(value_text(s.mean, i) for s, i in zip(sums, infos, strict=True)), *empty],
        ["covers", *(f"{one.n} of {one.of}" for one in sums), *empty],
        ["worst", *(value_text(s.worst, i) for s, i in zip(sums, infos, strict=True)), *empty],
    ]
    if not all(one.covers_all for one in sums):
        alike = all(i.reference and i.higher_is_better for i in infos)
        for label, counts in (
            ("identical (inf)" if alike else "infinite", [one.infinite for one in sums]),
            ("not a number", [one.not_numbers for one in sums]),
            (FAILED, [one.failed for one in sums]),
        ):
            if any(counts):
                footer.append([label, *(str(count) if count else "–" for count in counts), *empty])
    return Grid(columns, lines, footer)


def axes_column(rows: Sequence[Row]) -> tuple[Column | None, list[str]]:
    """Return a column that marks photographs on whose two axes the scores disagree, if any do."""
    found = [standing(row.scores) for row in rows]
    marks = ["" if one is None else one.text for one in found]
    return (Column("the axes say") if any(marks) else None), marks


def _explanation(row: Row, info: MetricInfo) -> Mapping[str, Any]:
    score = row.scores.get(info.name)
    return {} if score is None or score.explanation is None else score.explanation


def _wrong(info: MetricInfo, explained: int) -> str:
    return "what is wrong" if explained == 1 else f"what is wrong ({info.name})"


def places(rows: Sequence[Row], infos: Sequence[MetricInfo]) -> list[tuple[str, str]]:
    """Return where something is wrong, for the terminal: of a few pictures only."""
    from hdrmetrics.explanation import place_text

    if len(rows) > _EXPLAINED:
        return []
    names = short_names([row.test for row in rows])
    found = []
    for name, row in zip(names, rows, strict=True):
        for info in infos:
            texts = [place_text(one) for one in _explanation(row, info).get("places", ())]
            if texts:
                whose = info.name if len(rows) == 1 else f"{name}, {info.name}"
                found.append((f"where ({whose})", "; ".join(texts)))
    return found


def summary_records(
    sets: Mapping[str, Sequence[Row]], infos: Sequence[MetricInfo]
) -> list[dict[str, Any]]:
    """Return mean and worst values for JSON, by method where there are several."""
    records: list[dict[str, Any]] = []
    for method, rows in sets.items():
        for info in infos:
            one = summary_of(rows, info)
            worst = None if one.worst is None or not math.isfinite(one.worst) else one.worst
            head: dict[str, Any] = {"method": method} if "" not in sets else {}
            records.append(
                head
                | {
                    "metric": info.name, "n": one.n, "of": one.of, "mean": one.mean,
                    "worst": worst, "infinite": one.infinite,
                    "not_a_number": one.not_numbers, "failed": one.failed,
                }
            )  # fmt: skip
    return records


def short_names(paths: Sequence[str]) -> list[str]:
    """Return the paths without the folder that all of them are in."""
    if len(paths) < 2:
        return [Path(path).name or path for path in paths]
    folders = [os.path.dirname(os.path.abspath(path)) for path in paths]
    try:
        root = os.path.commonpath(folders)
    except ValueError:  # other drives
        return list(paths)
    if root == os.path.dirname(root):  # nothing but the root in common
        return list(paths)
    return [Path(os.path.abspath(path)).relative_to(root).as_posix() for path in paths]


def csv_text(found: Findings, delimiter: str = ",") -> str:
    """Return CSV: a row for each file (of each method), as :func:`flat_records` has it."""
    rows = found.sets if found.several else found.rows
    records = flat_records(rows, [info.name for info in found.infos])
    lines = [csv_line(one, delimiter) for one in (*records[:1], *(r.values() for r in records))]
    return "".join(lines)


def conditions(rows: Sequence[Row], infos: Sequence[MetricInfo]) -> list[tuple[str, str]]:
    """Return what all values depend on alike, in words for the terminal."""
    facts = []
    references = list(dict.fromkeys(row.reference for row in rows if row.reference))
    if len(references) == 1:
        facts.append(("reference", references[0]))
    scores = [score for row in rows for score in row.scores.values()]
    light = list(dict.fromkeys(_light(score) for score in scores))
    facts += [("light", text) for text in light[:3] if text]
    parts = list(dict.fromkeys(_part(score) for score in scores))
    facts += [("part", text) for text in parts[:1] if text]
    for info in infos:
        found = [row.scores[info.name].conditions for row in rows if info.name in row.scores]
        if found:
            facts.append((info.name, _options(found)))
    return facts


def _light(score: Score) -> str:
    calibration = score.conditions.get("calibration", {})
    text = str(calibration.get("rule") or calibration.get("kind", ""))
    display = calibration.get("display")
    return f"{text}; display {display['name']}, {display['title']}" if display else text


def _part(score: Score) -> str:
    region, mask = score.conditions.get("region"), score.conditions.get("mask")
    texts = []
    if region is not None:
        texts.append(f"{region[2]}×{region[3]} pixels at x = {region[0]}, y = {region[1]}")
    if mask is not None:
        texts.append(f"a mask of {mask:.1%}")
    return ", ".join(texts)


def _options(found: Sequence[Mapping[str, Any]]) -> str:
    same = {
        key: value
        for key, value in found[0].items()
        # None is an option that is not used.
        if key not in _QUIET_CONDITIONS
        and value is not None
        and all(other.get(key) == value for other in found)
    }
    parts = [f"version {found[0].get('version', '?')}"]
    if "encoding" in found[0]:
        parts.append(str(found[0]["encoding"]))
    if found[0].get("dtype") != "float32":
        parts.append(str(found[0].get("dtype")))
    parts += [_condition(key, value) for key, value in same.items()]
    return ", ".join([*parts, *_of_some(found)])


def _of_some(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what some scores depend on alike and the others not at all, with their number."""
    for key in dict.fromkeys(key for one in found for key in one):
        own = [one[key] for one in found if one.get(key) is not None]
        some = 0 < len(own) < len(found) and all(value == own[0] for value in own)
        if some and key not in _QUIET_CONDITIONS:
            yield f"{_condition(key, own[0])} ({len(own)} of {len(found)})"


def _condition(key: str, value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    text = text.lower() if isinstance(value, bool) else text
    return f"{key.replace('_', ' ')} {text}"
