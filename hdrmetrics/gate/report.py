"""The gate's findings in the formats that CI systems read: JUnit XML, Markdown and JSON."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hdrmetrics import __version__
from hdrmetrics.errors import ImageWriteError
from hdrmetrics.gate.result import Check, GateReport
from hdrmetrics.text.formatting import heading, signed_text, with_unit
from hdrmetrics.text.textfile import json_text, write_text

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORD = {"pass": "pass", "fail": "FAIL", "error": "ERROR"}


def to_junit(report: GateReport) -> str:
    """Return JUnit XML: a test case for each picture (name) and metric (class name)."""
    whole = 1 if report.problem else 0
    counts = {
        "tests": str(len(report.checks) + whole),
        "failures": str(report.count("fail")),
        "errors": str(report.count("error") + whole),
        "skipped": "0",
    }
    root = ET.Element("testsuites", {"name": "hdrmetrics", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": "image quality", **counts})
    properties = ET.SubElement(suite, "properties")
    about = {"hdrmetrics": __version__, "baseline": report.baseline or ""}
    about |= {f"threshold.{name}": words for name, words in report.thresholds.items()}
    for metric, conditions in report.conditions.items():
        about |= {f"{metric}.{key}": str(value) for key, value in conditions.items()}
    for name, value in about.items():
        ET.SubElement(properties, "property", {"name": name, "value": _xml(value)})
    if report.problem:
        case = ET.SubElement(suite, "testcase", {"classname": "hdrmetrics", "name": "evaluate"})
        about = {"message": _xml(report.problem), "type": "problem"}
        ET.SubElement(case, "error", about).text = _xml(report.verdict)
    for check in report.checks:
        names = {"classname": _xml(check.info.name), "name": _xml(check.file)}
        case = ET.SubElement(suite, "testcase", names)
        if check.status != "pass":
            tag = "failure" if check.status == "fail" else "error"
            found = ET.SubElement(case, tag, {"message": _xml(check.message), "type": "quality"})
            found.text = _xml(_details(check))
        elif check.value is not None:
            ET.SubElement(case, "system-out").text = _xml(_details(check))
    if report.notices:
        ET.SubElement(suite, "system-out").text = _xml("\n".join(report.notices))
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _xml(text: str) -> str:
    return _NOT_XML.sub("?", text)


def _details(check: Check) -> str:
    lines = [f"{check.info.name} of {check.file}: {_with_unit(check, check.value)}"]
    if check.baseline is not None:
        lines.append(f"baseline: {_with_unit(check, check.baseline)}")
    sign = "at least" if check.info.higher_is_better else "at most"
    lines += [f"{sign} {_with_unit(check, one.value)} ({one.reason})" for one in check.limits]
    lines += [f"warning: {warning}" for warning in check.warnings]
    return "\n".join([check.message, *lines] if check.message else lines)


def _with_unit(check: Check, value: float | None) -> str:
    return with_unit(check.text(value), "" if value is None else check.info.unit)


def limit_text(check: Check) -> str:
    """Return the tightest bound of a check with its sign, or a dash."""
    limit = check.limit
    if limit is None:
        return "–"
    return f"{'≥' if check.info.higher_is_better else '≤'} {check.text(limit.value)}"


def change_text(check: Check) -> str:
    """Return the change since the baseline with its sign, or a dash."""
    return "–" if check.change is None else signed_text(check.change, check.info)


def to_markdown(report: GateReport, *, most: int = 50) -> str:
    """Return a summary: verdict, thresholds, a table with the worst first, conditions.

    Parameters
    ----------
    report
        Of the gate.
    most
        Rows of the table; what does not fit is counted.
    """
    icon = {"pass": "✅", "fail": "❌", "error": "⚠️"}[report.status]
    lines = [f"## {icon} {_cell(report.verdict[0].upper() + report.verdict[1:])}", ""]
    for metric, words in report.thresholds.items():
        lines.append(f"- `{metric}`: {words}")
    if report.baseline is not None:
        state = "written" if report.updated else "compared with"
        lines.append(f"- baseline `{_cell(report.baseline)}` {state}")
    if report.problem:
        return "\n".join([*lines, f"hdrmetrics {__version__}", ""])
    lines += ["", "| picture | metric | value | baseline | change | limit | verdict |"]
    lines.append("|---|---|--:|--:|--:|--:|---|")
    for check in report.checks[:most]:
        cells = [
            f"`{_cell(check.file)}`", heading(check.info), check.text(check.value),
            check.text(check.baseline), change_text(check), limit_text(check), _WORD[check.status],
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    if len(report.checks) > most:
        lines += ["", f"… and {len(report.checks) - most} more, all at least as good."]
    problems = [check for check in report.checks if check.message][:most]
    if problems:
        lines += ["", "### What is wrong", ""]
        lines += [f"- `{_cell(c.file)}`, {c.info.name}: {_cell(c.message)}" for c in problems]
    if report.notices:
        lines += ["", "### Notices", "", *(f"- {_cell(notice)}" for notice in report.notices)]
    lines += ["", f"<details><summary>Conditions (hdrmetrics {__version__})</summary>", ""]
    lines += [f"- `{m}`: {_cell(_listed(c))}" for m, c in report.conditions.items()]
    return "\n".join([*lines, "", "</details>", ""])


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("`", "'")


def _listed(conditions: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in conditions.items()) or "none in common"


def to_json(report: GateReport) -> str:
    """Return the report as one JSON document."""
    return json_text(report.to_dict())


def write_report(
    report: GateReport,
    *,
    junit: str | Path | None = None,
    markdown: str | Path | None = None,
    json: str | Path | None = None,
) -> None:
    """Write the report in the formats for which a path is given.

    Raises
    ------
    ImageWriteError
        If a file cannot be written; the others are.
    """
    failures = []
    for path, write in ((junit, to_junit), (markdown, to_markdown), (json, to_json)):
        if path is not None:
            try:
                write_text(path, write(report))
            except ImageWriteError as error:
                failures.append(error)
    if failures:
        raise failures[0]
