"""Everything from the files of a command to its tables: what score and compare share."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.catalogue.metrics import metric_info, metric_options
from hdrmetrics.cli.job import Job, will_resume
from hdrmetrics.cli.output import Findings, report
from hdrmetrics.cli.targets import check_targets
from hdrmetrics.jobs.batch import Row
from hdrmetrics.jobs.pairing import Case, find_cases

if TYPE_CHECKING:
    from hdrmetrics.cli.maps import MapWriter
    from hdrmetrics.jobs.batch import BatchSettings

Sets = Mapping[str, Sequence[Case]]
"""Cases by method; by ``""`` where there is one set only."""


def find_sets(
    tests: Sequence[str], references: Sequence[str] | None, *, recursive: bool
) -> dict[str, list[Case]]:
    """Return what to score, by method where several are compared, else by ``""``.

    Raises
    ------
    ImageReadError
        If there is nothing to score, or nothing to compare with.
    """
    from hdrmetrics.cli.methods import find_methods

    if references is not None:
        methods = find_methods(tests, references, recursive=recursive)
        if methods is not None:
            return methods
    return {"": find_cases(tests, references, recursive=recursive)}


def score_and_report(
    sets: Sets,
    metrics: Sequence[str],
    settings: BatchSettings,
    arguments: argparse.Namespace,
    *,
    writer: MapWriter | None = None,
    finish: Callable[[Findings], Findings] = lambda found: found,
) -> int:
    """Score all cases, write the tables and return the exit code.

    Parameters
    ----------
    sets
        What to score. A case with a problem is a row with that error.
    metrics, settings
        As for :func:`hdrmetrics.score_files`.
    arguments
        Of the command.
    writer
        For maps.
    finish
        Called with what was found, to change how it is shown.

    Raises
    ------
    OptionError
        If a table cannot go where it is wanted, or ``--resume`` finds rows of other conditions.
    """
    cases = [case for many in sets.values() for case in many]
    places = [index for index, case in enumerate(cases) if not case.problem]
    files = [(cases[index].test, cases[index].reference) for index in places]
    check_targets(arguments, [path for pair in files for path in pair if path is not None])
    infos = [metric_info(name) for name in metrics]
    exempt = without_correction(arguments, metrics)
    more: dict[str, Any] = {}
    if writer is not None:  # the maps of a run that is resumed are its own
        writer.refuse_overwriting(arguments.overwrite or will_resume(arguments), places)
        more = {"map": [str(writer.target), writer.suffix, writer.limits]}

    def already(index: int, row: Row) -> bool:
        if writer is None:
            return True
        written = writer.records({places[index]: row})
        return all(Path(record["file"]).exists() for record in written)

    def show(done: dict[int, Row]) -> int:
        rows = {places[index]: _marked(row, exempt) for index, row in done.items()}
        rows |= {index: _failed(case) for index, case in enumerate(cases) if case.problem}
        by_method, keys = _by_method(sets, rows)
        facts = [(name, "without the CRF correction, which it does not have") for name in exempt]
        found = Findings(by_method, infos, keys, total=len(cases), facts=facts)
        if writer is not None:
            written = writer.records({i: rows[i] for i in places if i in rows})
            found.extra = {"maps": written}
            found.facts = [*writer.facts(written), *found.facts]
        return report(finish(found), arguments)

    job = Job(arguments, metrics, settings, more, already)
    return job.run(files, show, on_map=writer)


def _by_method(
    sets: Sets, rows: Mapping[int, Row]
) -> tuple[dict[str, list[Row]], dict[str, list[str]]]:
    """Return the rows that are there by method, and what their pictures are called."""
    by_method: dict[str, list[Row]] = {}
    keys: dict[str, list[str]] = {}
    index = 0
    for method, many in sets.items():
        there = [(i, case) for i, case in enumerate(many, index) if i in rows]
        by_method[method] = [rows[i] for i, _ in there]
        keys[method] = [case.key for _, case in there]
        index += len(many)
    return by_method, keys


def _failed(case: Case) -> Row:
    reference = None if case.reference is None else str(case.reference)
    return Row(str(case.test), reference, errors={"file": case.problem})


def without_correction(arguments: argparse.Namespace, metrics: Sequence[str]) -> list[str]:
    """Return the metrics that ``--crf-correction`` was given for but that do not have it."""
    if not getattr(arguments, "crf_correction", False):
        return []
    return [name for name in metrics if "crf_correction" not in metric_options(name)]


def correction_warning(metric: str) -> str:
    """Return what to say of a metric of :func:`without_correction`."""
    return f"--crf-correction is not applied to {metric}, which has none"


def _marked(row: Row, exempt: Sequence[str]) -> Row:
    """Return the row with a warning for each score that lacks the correction."""
    marked = {
        name: dataclasses.replace(score, warnings=(*score.warnings, correction_warning(name)))
        for name, score in row.scores.items()
        if name in exempt
    }
    return dataclasses.replace(row, scores=row.scores | marked) if marked else row
