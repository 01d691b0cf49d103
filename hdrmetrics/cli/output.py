"""What became of the files: as a table, as CSV and as JSON."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics import __version__
from hdrmetrics.cli import messages
from hdrmetrics.cli.tables import Column, format_facts, format_table, terminal_width
from hdrmetrics.errors import OptionError
from hdrmetrics.formatting import arrow, format_value
from hdrmetrics.textfile import write_text

if TYPE_CHECKING:
    from hdrmetrics.batch import Row
    from hdrmetrics.metric import MetricInfo
    from hdrmetrics.result import Score

FAILED = "failed"
_QUIET_CONDITIONS = ("calibration", "size", "dtype", "region", "mask", "version", "encoding")


def emit(text: str, target: str) -> None:
    """Write text to a file, or to stdout for ``-``."""
    if target == "-":
        sys.stdout.write(text)
    else:
        write_text(target, text)


def json_text(document: Any) -> str:
    """Return a JSON document."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def check_outputs(arguments: argparse.Namespace) -> None:
    """Refuse two documents on one stream."""
    if arguments.json == "-" and arguments.csv == "-":
        raise OptionError("--json and --csv cannot both go to stdout: name a file for one")


def report(
    rows: Sequence[Row],
    infos: Sequence[MetricInfo],
    arguments: argparse.Namespace,
    *,
    extra: Mapping[str, Any] | None = None,
    facts: Sequence[tuple[str, str]] = (),
    table: str | None = None,
) -> int:
    """Write the rows wherever they are wanted and return the exit code.

    Parameters
    ----------
    rows
        Of :func:`hdrmetrics.score_files`.
    infos
        The metrics.
    arguments
        With ``command``, ``json``, ``csv`` and ``quiet``.
    extra
        Further members of the JSON document.
    facts
        Further lines under the table.
    table
        The table, where it is another one than a line for each file.
    """
    if arguments.json is not None:
        document = {
            "hdrmetrics": __version__,
            "command": arguments.command,
            "metrics": [info.name for info in infos],
            "rows": [row.to_dict() for row in rows],
            **(extra or {}),
        }
        emit(json_text(document), arguments.json)
    if arguments.csv is not None:
        emit(csv_text(rows, infos), arguments.csv)
    if "-" not in (arguments.json, arguments.csv):
        width = terminal_width()
        print(table or score_table(rows, infos, width))
        facts = [*facts, *conditions(rows, infos)]
        if facts and not arguments.quiet:
            print(f"\n{format_facts(facts, width)}")
    sys.stdout.flush()  # before what goes to stderr
    return report_problems(rows, quiet=arguments.quiet)


def report_problems(rows: Sequence[Row], *, quiet: bool) -> int:
    """Print errors, and warnings that differ in more than numbers once; return the exit code."""
    names = short_names([row.test for row in rows])
    for line in [] if quiet else grouped_warnings(rows):
        messages.warning(line)
    for name, row in zip(names, rows, strict=True):
        same: dict[str, list[str]] = {}
        for what, message in row.errors.items():
            same.setdefault(message, []).append(what)
        for message, where in same.items():
            # The reader's messages begin with the file.
            whole = where == ["file"]
            messages.error(message if whole else f"{name}: {', '.join(where)}: {message}")
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


def heading(info: MetricInfo) -> str:
    """Return a column's title: the metric, its unit and its direction."""
    unit = f" [{info.unit}]" if info.unit else ""
    return f"{info.name}{unit} {arrow(info.higher_is_better)}"


def cell(row: Row, info: MetricInfo) -> str:
    """Return a row's value of a metric for people."""
    score = row.scores.get(info.name)
    return FAILED if score is None else format_value(score.value, info.unit, info.range)


def score_table(rows: Sequence[Row], infos: Sequence[MetricInfo], width: int | None) -> str:
    """Return a table with a line for each file, and their mean and worst values."""
    columns = [Column("file", shrinks="start"), *(Column(heading(i), right=True) for i in infos)]
    names = short_names([row.test for row in rows])
    lines = [
        [name, *(cell(row, info) for info in infos)] for name, row in zip(names, rows, strict=True)
    ]
    footer = []
    if len(rows) > 1:
        means, worst = ["mean"], ["worst"]
        for info in infos:
            values = [r.scores[info.name].value for r in rows if info.name in r.scores]
            bad = (min if info.higher_is_better else max)(values, default=None)
            mean = sum(values) / len(values) if values else None
            for line, value in ((means, mean), (worst, bad)):
                line.append("" if value is None else format_value(value, info.unit, info.range))
        footer = [means, worst]
    return format_table(columns, lines, width=width, footer=footer)


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


def csv_text(rows: Sequence[Row], infos: Sequence[MetricInfo]) -> str:
    """Return CSV: a row for each file with its values, errors and warnings."""
    names = [info.name for info in infos]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["test", "reference", *names, "errors", "warnings"])
    for row in rows:
        values = [row.scores[n].value if n in row.scores else "" for n in names]
        found = dict.fromkeys(w for score in row.scores.values() for w in score.warnings)
        errors = [e if what == "file" else f"{what}: {e}" for what, e in row.errors.items()]
        writer.writerow(
            [row.test, row.reference or "", *values, "; ".join(errors), "; ".join(found)]
        )
    return text.getvalue()


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
    for key, value in same.items():
        text = f"{value:g}" if isinstance(value, float) else str(value)
        text = text.lower() if isinstance(value, bool) else text
        parts.append(f"{key.replace('_', ' ')} {text}")
    return ", ".join(parts)
