"""The command ``evaluate``: the quality gate for CI."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.cli.pages import add_report, check_report
from hdrmetrics.cli.targets import add_resume
from hdrmetrics.errors import MissingPackageError, OptionError
from hdrmetrics.jobs.defaults import WITH_REFERENCE, WITHOUT_REFERENCE
from hdrmetrics.jobs.page_files import ENDINGS

if TYPE_CHECKING:
    from hdrmetrics.gate.result import GateReport
    from hdrmetrics.jobs.batch import Row

_SHOWN = 20
_REPORTS = ("junit", "markdown", "json", "report")


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate",
        help="quality gate: fail when quality falls",
        usage="hdrmetrics evaluate [options] TEST [TEST ...]",
        description="Judge pictures by limits or by a baseline. Exit code 0: passed; 1: quality "
        "fell; 2: wrong usage, files that could not be scored or are missing, or a baseline made "
        "under other conditions. The reports are written in every case.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="TEST", help="file, folder or 'pattern'")
    parser.add_argument(
        "-r", "--reference", nargs="+", metavar="REFERENCE", help="one for all, or one of each name"
    )
    shared.add_metrics(
        parser, WITH_REFERENCE,
        f", without a reference {', '.join(WITHOUT_REFERENCE)}; or those of limits and baseline",
    )  # fmt: skip
    gate = parser.add_argument_group("gate")
    for option, word in (("--fail-below", "least"), ("--fail-above", "largest")):
        gate.add_argument(
            option, type=shared.limit, action="append", default=[], metavar="METRIC=VALUE",
            help=f"the {word} value that passes",
        )  # fmt: skip
    gate.add_argument(
        "--baseline", metavar="FILE.json", help="compare with the values in this file"
    )
    gate.add_argument(
        "--max-drop", type=drop, action="append", default=[], metavar="[METRIC=]VALUE",
        help="how much worse than the baseline a value may be, in the metric's unit (default: 0)",
    )  # fmt: skip
    gate.add_argument(
        "--update-baseline", action="store_true", help="write the baseline instead of comparing"
    )
    reports = parser.add_argument_group("reports")
    reports.add_argument("--junit", metavar="FILE.xml", help="write JUnit XML")
    reports.add_argument("--markdown", metavar="FILE.md", help="write a summary (- for stdout)")
    shared.add_json(reports)
    add_report(reports)
    add_resume(reports)
    shared.add_conditions(parser)
    shared.add_running(parser)
    parser.set_defaults(run=run)


def drop(text: str) -> tuple[str, float]:
    """Read ``METRIC=NUMBER`` or ``NUMBER``, whose metric is empty."""
    return shared.limit(text) if "=" in text else ("", shared.number(text))


def max_drop(given: Sequence[tuple[str, float]]) -> float | dict[str, float] | None:
    """Return what ``--max-drop`` says: nothing, one number, or numbers by metric."""
    if not given:
        return None
    common = [value for name, value in given if not name]
    if not common:
        return dict(given)
    if len(given) > 1:
        raise OptionError("give --max-drop one number for all metrics, or each its own")
    return common[0]


def run(arguments: argparse.Namespace) -> int:
    """Judge the files; whatever happens, the reports that were asked for are written."""
    try:
        return _judge(arguments)
    except Exception as error:
        _report_failure(arguments, error)
        raise


def _judge(arguments: argparse.Namespace) -> int:
    from hdrmetrics.cli.findings import correction_warning, without_correction
    from hdrmetrics.cli.job import Job
    from hdrmetrics.cli.leftout import say_what_is_left_out
    from hdrmetrics.cli.output import score_table
    from hdrmetrics.cli.tables import terminal_width
    from hdrmetrics.cli.targets import check_targets
    from hdrmetrics.gate.evaluation import prepare_gate
    from hdrmetrics.jobs.pairing import find_cases, scorable

    names = shared.chosen_metrics(arguments.metric, ())
    drops = max_drop(arguments.max_drop)
    check_targets(arguments, _inputs(arguments))
    check_report(arguments.report)
    settings = shared.settings(arguments, _metrics(arguments, names, drops))
    cases = find_cases(arguments.files, arguments.reference, recursive=arguments.recursive)
    check_targets(arguments, [*_inputs(arguments), *(case.test for case in cases)])
    pairs, problems = scorable(cases)
    gate = prepare_gate(
        pairs,
        problems=problems,
        paired=arguments.reference is not None,
        metrics=names,
        fail_below=dict(arguments.fail_below),
        fail_above=dict(arguments.fail_above),
        baseline=arguments.baseline,
        max_drop=drops,
        update_baseline=arguments.update_baseline,
    )
    say_what_is_left_out(arguments, [*arguments.files, *(arguments.reference or ())])
    exempt = [correction_warning(name) for name in without_correction(arguments, list(gate.infos))]

    def finish(done: dict[int, Row]) -> int:
        if len(done) < len(gate.cases):  # interrupted: no verdict, and the baseline stays
            rows = [done[index] for index in sorted(done)]
            print(score_table(rows, list(gate.infos.values()), terminal_width()))
            print(f"\npartial: {len(rows)} of {len(gate.cases)} files, without a verdict")
            return 2
        found = gate.judge([done[index] for index in range(len(done))])
        found = dataclasses.replace(found, notices=(*found.notices, *exempt))
        targets = {f"--{k}": v for k in _REPORTS if (v := getattr(arguments, k)) is not None}
        _write(found, targets, arguments, {name: done[i] for i, name in enumerate(gate.cases)})
        if "-" not in (arguments.json, arguments.markdown, arguments.junit):
            _print(found)
        sys.stdout.flush()
        _problems(found, quiet=arguments.quiet)
        return found.exit_code

    job = Job(arguments, list(gate.infos), settings)
    return job.run(list(gate.cases.values()), finish)


def _inputs(arguments: argparse.Namespace) -> list[str]:
    """Return the files that are named and must not become reports."""
    named = [*arguments.files, *(arguments.reference or ()), arguments.baseline]
    return [name for name in named if name is not None]


def _write(
    found: GateReport,
    targets: Mapping[str, str],
    arguments: argparse.Namespace,
    rows: Mapping[str, Row],
) -> None:
    from hdrmetrics.cli.output import emit
    from hdrmetrics.gate.report import to_json, to_junit, to_markdown, write_report

    forms = {"--json": to_json, "--markdown": to_markdown, "--junit": to_junit}
    files = {option: target for option, target in targets.items() if target != "-"}
    if (page := files.pop("--report", None)) is not None:
        _write_page(found, rows, page, arguments)
    write_report(
        found,
        junit=files.get("--junit"),
        json=files.get("--json"),
        markdown=files.get("--markdown"),
    )
    for option, target in targets.items():
        if target == "-":
            emit(forms[option](found), target)


def _write_page(
    found: GateReport, rows: Mapping[str, Row], target: str, arguments: argparse.Namespace
) -> None:
    from hdrmetrics.cli.progress import Progress
    from hdrmetrics.report.rendering import write_page
    from hdrmetrics.report.verdicts import verdict_page

    isolate = getattr(arguments, "isolate", None)
    with Progress(len(rows), quiet=getattr(arguments, "quiet", False)) as step:
        page = verdict_page(found, rows, target, isolate=isolate, on_row=step)
    write_page(target, page)


def report_misunderstood(argv: Sequence[str], message: str) -> None:
    """Write the reports that a command asks for whose words cannot be understood otherwise.

    A report of an earlier run that is left there would be taken for this one's.
    """
    words = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for name in (*_REPORTS, "baseline"):
        words.add_argument(f"--{name}", nargs="?")
    words.add_argument("-r", "--reference", nargs="+")
    try:
        arguments, others = words.parse_known_args(argv[1:])
    except (argparse.ArgumentError, SystemExit):
        return
    arguments.files = [word for word in others if not word.startswith("-")]
    _report_failure(arguments, OptionError(message))


def _report_failure(arguments: argparse.Namespace, error: Exception) -> None:
    """Write reports that say why nothing was judged: often all that a CI system shows."""
    from hdrmetrics.cli.targets import writable_targets
    from hdrmetrics.gate.result import GateReport

    problem = " ".join(str(error).split()) or type(error).__name__
    found = GateReport((), (), {}, {}, arguments.baseline, False, problem=problem)
    targets = writable_targets(arguments, _inputs(arguments))
    if Path(targets.get("--report", "x.html")).suffix.lower() not in ENDINGS:
        del targets["--report"]
    with contextlib.suppress(OSError, MissingPackageError):  # the first error is the one to tell
        _write(found, targets, arguments, {})


def _metrics(
    arguments: argparse.Namespace, names: Sequence[str], drops: float | dict[str, float] | None
) -> list[str]:
    """Return the metrics that options may be for."""
    from hdrmetrics.gate.baseline import read_baseline

    limits = [name for name, _ in (*arguments.fail_below, *arguments.fail_above)]
    found = [*names, *limits, *(drops if isinstance(drops, dict) else {})]
    if not names and arguments.baseline is not None and Path(arguments.baseline).exists():
        found += [name for entry in read_baseline(arguments.baseline).values() for name in entry]
    default = WITHOUT_REFERENCE if arguments.reference is None else WITH_REFERENCE
    return list(dict.fromkeys(found)) or list(default)


def _print(found: GateReport) -> None:
    from hdrmetrics.cli.tables import Column, format_facts, format_table, terminal_width
    from hdrmetrics.gate.report import change_text, limit_text
    from hdrmetrics.text.formatting import heading

    width = terminal_width()
    columns = [Column("file", shrinks="start"), Column("metric")]
    columns += [Column(name, right=True) for name in ("value", "baseline", "change", "limit")]
    columns.append(Column(""))
    rows = [
        [
            check.file, heading(check.info), check.text(check.value), check.text(check.baseline),
            change_text(check), limit_text(check), check.status if check.status == "pass"
            else check.status.upper(),
        ]
        for check in found.checks[:_SHOWN]
    ]  # fmt: skip
    if found.baseline is None:
        columns = columns[:3] + columns[5:]
        rows = [row[:3] + row[5:] for row in rows]
    print(format_table(columns, rows, width=width))
    if len(found.checks) > _SHOWN:
        print(f"… and {len(found.checks) - _SHOWN} more, all at least as good")
    facts = list(found.thresholds.items())
    if facts:
        print(f"\n{format_facts(facts, width)}")
    print(f"\n{found.verdict}")


def _problems(found: GateReport, *, quiet: bool) -> None:
    from hdrmetrics.cli import messages

    if not quiet:
        for line in messages.grouped((c.file, w) for c in found.checks for w in c.warnings):
            messages.warning(line)
    for notice in found.notices:
        messages.say(notice)
    # What failed stands in the table; what could not be judged needs its reason.
    for line in messages.grouped((c.file, c.message) for c in found.checks if c.status == "error"):
        messages.error(line)
