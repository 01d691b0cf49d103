"""What enhancers and nets gained: scores before and after, in one table with a row for each."""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hdrmetrics.catalogue.metrics import metric_info
from hdrmetrics.cli import arguments as shared
from hdrmetrics.cli import messages
from hdrmetrics.cli.destinations import split_output
from hdrmetrics.cli.findings import score_and_report
from hdrmetrics.cli.methods import difference_text, values_by_picture
from hdrmetrics.cli.tables import Column, Grid
from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.pairing import Case, Found, look_for, match_files
from hdrmetrics.jobs.summary import Difference, paired_difference
from hdrmetrics.text.formatting import heading, value_text

if TYPE_CHECKING:
    from hdrmetrics.cli.making import Made
    from hdrmetrics.cli.output import Findings
    from hdrmetrics.metric import MetricInfo

INPUT = "input"
"""What the pictures as they were are called among the methods."""

_ONLY = ("csv", "latex", "markdown", "resume")
_PLAIN = ("peak", "scale", "display", "mask", "region")  # conditions that the command has not


def is_judged(arguments: argparse.Namespace) -> bool:
    """Return whether pictures are to be scored.

    Raises
    ------
    OptionError
        If tables of scores are asked for without any.
    """
    if arguments.metric or arguments.reference or arguments.report is not None:
        return True
    for name in (*_ONLY, "option"):
        if getattr(arguments, name):
            raise OptionError(
                f"--{name} is of scores: name a --metric, a --reference or a --report"
            )
    return False


def check_judging(arguments: argparse.Namespace, *, light: bool) -> list[str]:
    """Return the metrics, after refusing what could not be scored once hours have passed.

    Parameters
    ----------
    arguments
        Of the command.
    light
        Whether HDR pictures are written.

    Raises
    ------
    OptionError, UnknownNameError
        If a metric or an option is unknown, or a metric needs a reference that is not given.
    ImageReadError
        If there are no references where they should be.
    """
    usual = (("pu21-psnr", "pu21-ssim"), ("norvdpnet",)) if light else (("psnr", "ssim"), ("nima",))
    metrics = shared.chosen_metrics(arguments.metric, usual[0 if arguments.reference else 1])
    for name in metrics:
        if metric_info(name).reference and not arguments.reference:
            raise OptionError(f"{name} compares with what should be: name it by --reference")
    shared.settings(_conditions(arguments), metrics)
    if arguments.reference:
        _references(arguments)
    return metrics


def judge(
    made: Sequence[Made],
    metrics: Sequence[str],
    facts: Sequence[tuple[str, str]],
    arguments: argparse.Namespace,
) -> int:
    """Score what was made beside what it was made of, and tell it wherever it is wanted.

    Parameters
    ----------
    made
        All pictures, in the order of the files.
    metrics
        Of :func:`check_judging`.
    facts
        Further lines under the table.
    arguments
        Of the command.

    Returns
    -------
    int
        0, or 2 where a picture could not be made or scored.
    """
    sets = _sets(made, arguments)
    if not arguments.quiet:
        for line in messages.grouped((str(o.source), text) for o in made for text in o.warnings):
            messages.warning(line)

    def finish(found: Findings) -> Findings:
        grid, summary = models_grid(found)
        if arguments.report is not None:
            from hdrmetrics.report.enhancements import write_enhancements

            write_enhancements(
                arguments.report, found.sets, found.keys, found.infos,
                facts=[*((f"mean of {name}", text) for name, text in summary.items()), *facts],
            )  # fmt: skip
        done = sum(one.state == "written" for one in made)
        count = f"{done} of {len(made)}"
        if skipped := sum(one.state == "skipped" for one in made):
            count += f"; {skipped} there already"
        extra = {**found.extra, "pictures": [one.to_dict() for one in made]}
        told = [("written", count), *facts, *found.facts]
        if arguments.report is not None:
            told.append(("page", arguments.report))
        return dataclasses.replace(found, grid=grid, facts=told, extra=extra)

    plain = _conditions(arguments)
    return score_and_report(
        sets, metrics, shared.settings(plain, metrics), arguments, finish=finish
    )  # fmt: skip


def models_grid(found: Findings) -> tuple[Grid, dict[str, str]]:
    """Return a row for each method: means with their intervals, and what it is above the input.

    Returns
    -------
    Grid
        For all tables.
    dict
        By method, its means in a sentence.
    """
    values = values_by_picture(found.sets, found.keys, [info.name for info in found.infos])
    interval = " [95 %]" if len(found.keys[INPUT]) > 1 else ""
    columns = [Column("", shrinks="end"), Column("n", right=True)]
    for info in found.infos:
        columns.append(Column(f"{heading(info)}{interval}", right=True))
        columns.append(Column(f"− {INPUT}{interval}", right=True))
    rows, summary = [], {}
    for method in found.sets:
        means = {info.name: _mean(values[method][info.name]) for info in found.infos}
        counts = {one.n for one in means.values()}
        line = [method, " to ".join(map(str, sorted({min(counts), max(counts)})))]
        for info in found.infos:
            line.append(mean_text(means[info.name], info))
            gain = ""
            if method != INPUT:
                gain = difference_text(
                    paired_difference(values[method][info.name], values[INPUT][info.name]),
                    None, info,
                )  # fmt: skip
            line.append(gain)
        rows.append(line)
        summary[method] = ", ".join(
            f"{info.name} {mean_text(means[info.name], info)}" for info in found.infos
        )
    return Grid(columns, rows), summary


def mean_text(mean: Difference, info: MetricInfo) -> str:
    """Return a mean with its interval, a dash where there is none."""
    if mean.mean is None:
        return "–"
    text = value_text(mean.mean, info)
    if mean.low is None or mean.high is None:
        return text
    return f"{text} [{value_text(mean.low, info)}, {value_text(mean.high, info)}]"


def _mean(values: Mapping[str, float]) -> Difference:
    return paired_difference(values, {key: 0.0 for key, v in values.items() if math.isfinite(v)})


def _references(arguments: argparse.Namespace) -> list[Found]:
    found, lacking = look_for(arguments.reference, recursive=arguments.recursive)
    missing = [one.path for one in found if one.named and not one.path.exists()]
    if not found or lacking or missing:
        problem = f"{missing[0]}: no such file or folder" if missing else ""
        raise OptionError(f"--reference: {next(iter(lacking.values()), problem or 'no file')}")
    return found


def _sets(made: Sequence[Made], arguments: argparse.Namespace) -> dict[str, list[Case]]:
    """Return the cases by method: the pictures as they were, and by each variant."""
    words, _ = split_output(arguments.files, arguments.output, arguments.command)
    files, _ = look_for(words, recursive=arguments.recursive)
    read = {one.source for one in made}
    files = [one for one in files if one.path in read]
    if arguments.reference:
        cases = match_files(files, _references(arguments))
    else:
        cases = [Case(one.name, one.path, key=one.stem) for one in files]
    of = {case.test: case for case in cases}
    sets = {INPUT: cases}
    for one in made:
        case = of[one.source]
        if case.problem:  # told once, of the input
            continue
        problem = one.error or ""
        if problem and str(one.source) not in problem:
            problem = f"{one.source}: {problem}"
        own = dataclasses.replace(case, test=one.target, problem=problem)
        sets.setdefault(one.variant.label, []).append(own)
    return sets


def _conditions(arguments: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments as scoring takes them: without light of the command's own meaning."""
    told: dict[str, Any] = {**vars(arguments), **dict.fromkeys(_PLAIN)}
    return argparse.Namespace(**told)
