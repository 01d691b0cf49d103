"""The quality gate: whether pictures are as good as they must be, or as they once were."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

from hdrmetrics.catalogue.metrics import canonical_name, metric_info
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.gate.baseline import (
    Baseline,
    Entry,
    differences,
    flatten,
    read_baseline,
    write_baseline,
)
from hdrmetrics.gate.limits import NOISE, Rules, missed
from hdrmetrics.gate.result import Check, GateReport, gain
from hdrmetrics.jobs.batch import BatchSettings, Row, score_files
from hdrmetrics.jobs.defaults import WITH_REFERENCE, WITHOUT_REFERENCE
from hdrmetrics.jobs.inputs import Source
from hdrmetrics.jobs.pairing import find_cases, listed, scorable
from hdrmetrics.metric import MetricInfo

Files = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


class Judging(TypedDict, total=False):
    """By what pictures are judged: keywords of the quality gate.

    Parameters
    ----------
    metrics
        Names. Default: those that the limits name and the baseline holds, else ``pu21-psnr`` and
        ``pu21-ssim`` (``norvdpnet`` and ``pu21-piqe`` without a reference).
    fail_below
        By metric: the least value that passes, for metrics that are better when higher.
    fail_above
        By metric: the largest value that passes, for metrics that are better when lower.
    baseline
        JSON file with the values to compare with.
    max_drop
        How much worse than the baseline a value may be, in the metric's unit: one number for all
        metrics, or by metric. Default 0. A drop under :data:`hdrmetrics.gate.limits.NOISE`
        of the value never fails.
    update_baseline
        Write the values to ``baseline`` instead of comparing with it. Nothing is written when a
        picture could not be scored.
    """

    metrics: Sequence[str]
    fail_below: Mapping[str, float] | None
    fail_above: Mapping[str, float] | None
    baseline: str | Path | None
    max_drop: float | Mapping[str, float] | None
    update_baseline: bool


class GateSettings(Judging, BatchSettings, total=False):
    """All keywords of the quality gate: by what to judge, and how to score."""


def evaluate_quality(
    test: Files,
    *,
    reference: Files | None = None,
    recursive: bool = False,
    **settings: Unpack[GateSettings],
) -> GateReport:
    """Judge picture files by limits, or by how good they were.

    Parameters
    ----------
    test, reference
        Files, folders or patterns, paired by name; no reference for no-reference metrics.
    recursive
        Look into the folders of folders, too.
    settings
        Those of :class:`Judging` (``metrics``, ``fail_below``, ``fail_above``, ``baseline``,
        ``max_drop``, ``update_baseline``), and those of :func:`hdrmetrics.score_files`.

    Returns
    -------
    GateReport
        A picture that cannot be read, a test without reference, a reference without test (a
        picture that was not rendered), a picture that the baseline has but the test has not, and a
        value that was computed under other conditions than the baseline's are errors, not drops;
        the others are judged.

    Raises
    ------
    OptionError
        If there is nothing to judge by, a limit has the wrong direction, or the baseline cannot
        be read.
    ImageReadError, UnknownNameError
        If there are no files, or a metric is unknown.

    Examples
    --------
    >>> from hdrmetrics.gate import evaluate_quality
    >>> report = evaluate_quality(
    ...     "out", reference="ref", fail_below={"pu21-psnr": 38}
    ... )  # doctest: +SKIP
    >>> report.status  # doctest: +SKIP
    'pass'
    """
    cases, problems = scorable(find_cases(test, reference, recursive=recursive))
    paired = reference is not None
    return evaluate_cases(cases, problems=problems, paired=paired, **settings)


def evaluate_cases(
    cases: Mapping[str, tuple[Source, Source | None]],
    *,
    problems: Mapping[str, str] | None = None,
    paired: bool | None = None,
    **settings: Unpack[GateSettings],
) -> GateReport:
    """Judge named pairs (test, reference) of files or images in memory.

    Parameters
    ----------
    cases
        Pairs by name.
    problems
        By name, what keeps further pictures from being scored: each is an error of every metric.
    paired
        Whether there are references. Default: whether one of the cases has one.
    settings
        As for :func:`evaluate_quality`.
    """
    judging: Any = {k: v for k, v in settings.items() if k in Judging.__optional_keys__}
    scoring: Any = {k: v for k, v in settings.items() if k not in judging}
    gate = prepare_gate(cases, problems=problems, paired=paired, **judging)
    return gate.judge(score_files(list(gate.cases.values()), list(gate.infos), **scoring))


@dataclass(frozen=True)
class Gate:
    """A gate that is ready to judge: its limits are checked and its baseline is read.

    Parameters
    ----------
    cases, problems
        As for :func:`evaluate_cases`.
    infos
        The metrics by name.
    rules
        The limits.
    old
        The baseline; empty where there is none yet.
    baseline
        Its file.
    update
        Whether the file is written instead of compared with.
    """

    cases: Mapping[str, tuple[Source, Source | None]]
    problems: Mapping[str, str]
    infos: Mapping[str, MetricInfo]
    rules: Rules
    old: Baseline
    baseline: str | Path | None
    update: bool

    def judge(self, rows: Sequence[Row]) -> GateReport:
        """Return the verdict on the rows of the cases, in their order."""
        by_name = dict(zip(self.cases, rows, strict=True))
        infos, old, rules = self.infos, self.old, self.rules
        checks = [
            _check(name, row, info, old, rules)
            for name, row in by_name.items()
            for info in infos.values()
        ]
        checks += [
            Check(name, info, "error", baseline=_old_value(old, name, info), message=problem)
            for name, problem in self.problems.items()
            for info in infos.values()
        ]
        notices: list[str] = []
        updated = False
        if self.baseline is not None and self.update:
            updated, notices = _update(self.baseline, old, checks, infos)
        elif self.baseline is not None:
            checks += _missing(old, {*by_name, *self.problems}, infos)
            notices = _news(old, checks, infos) + rules.doubts(infos)
        compared = self.baseline is not None
        return GateReport(
            checks=tuple(sorted(checks, key=lambda check: _severity(check, list(infos)))),
            notices=tuple(notices),
            thresholds={n: t for n, i in infos.items() if (t := rules.words(i, compared))},
            conditions={
                name: _common([c for c in checks if c.info.name == name]) for name in infos
            },
            baseline=None if self.baseline is None else str(self.baseline),
            updated=updated,
        )


def prepare_gate(
    cases: Mapping[str, tuple[Source, Source | None]],
    *,
    problems: Mapping[str, str] | None = None,
    paired: bool | None = None,
    **judging: Unpack[Judging],
) -> Gate:
    """Check everything that can be checked before a picture is scored.

    Parameters and errors are those of :func:`evaluate_cases`.
    """
    baseline, max_drop = judging.get("baseline"), judging.get("max_drop")
    fail_below, fail_above = judging.get("fail_below"), judging.get("fail_above")
    update_baseline = judging.get("update_baseline", False)
    if not cases and not problems:
        raise ImageReadError("there are no pictures to judge")
    if baseline is None and (max_drop is not None or update_baseline):
        raise OptionError("a max drop and an update need a baseline file: give baseline")
    if baseline is None and not fail_below and not fail_above:
        raise OptionError(
            "nothing to judge by: give a limit (fail below, fail above) or a baseline file"
        )
    if baseline is not None and update_baseline and not Path(baseline).absolute().parent.is_dir():
        raise OptionError(f"there is no folder for the baseline {str(baseline)!r}: make it first")
    old: Baseline = {}
    if baseline is not None and not (update_baseline and not Path(baseline).exists()):
        old = read_baseline(baseline)
    if paired is None:
        paired = any(reference is not None for _, reference in cases.values())
    drops = _canonical(max_drop) if isinstance(max_drop, Mapping) else max_drop
    rules = Rules(
        _canonical(fail_below or {}), _canonical(fail_above or {}), drops,
        compare=not update_baseline,
    )  # fmt: skip
    infos = _infos(
        [canonical_name(name) for name in judging.get("metrics", ())], rules, old, paired
    )
    rules.check(infos)
    return Gate(cases, problems or {}, infos, rules, old, baseline, update_baseline)


def _canonical(limits: Mapping[str, float]) -> dict[str, float]:
    return {canonical_name(name): limit for name, limit in limits.items()}


def _infos(
    metrics: Sequence[str], rules: Rules, old: Baseline, paired: bool
) -> dict[str, MetricInfo]:
    names = [*metrics, *rules.names]
    if not metrics:
        names += sorted({name for entries in old.values() for name in entries})
    names = names or list(WITH_REFERENCE if paired else WITHOUT_REFERENCE)
    infos = {name: metric_info(name) for name in names}
    lacking = [name for name, info in infos.items() if info.reference and not paired]
    if lacking:
        raise OptionError(f"{listed(lacking)} needs a reference: give one")
    if gains := [name for name, info in infos.items() if not info.says_how_good]:
        raise OptionError(
            f"{listed(gains)} says what enhancement would bring, not how good a picture is: judge "
            "by another metric, such as nima"
        )
    return infos


def _old_value(old: Baseline, name: str, info: MetricInfo) -> float | None:
    entry = old.get(name, {}).get(info.name)
    return None if entry is None else entry.value


def _check(name: str, row: Row, info: MetricInfo, old: Baseline, rules: Rules) -> Check:
    score = row.scores.get(info.name)
    entry = old.get(name, {}).get(info.name)
    baseline = None if entry is None else entry.value
    if score is None or math.isnan(score.value):
        message = row.errors.get(info.name) or row.errors.get("file") or "the value is not a number"
        return Check(name, info, "error", baseline=baseline, message=message)
    conditions = flatten(score.conditions)
    if rules.compare and entry is not None and (other := differences(entry.conditions, conditions)):
        message = (
            f"the baseline was made under other conditions: {'; '.join(other)}. Restore them, or "
            "update the baseline if the change is meant"
        )
        return Check(
            name, info, "error", score.value,
            message=message, conditions=conditions, warnings=score.warnings,
        )  # fmt: skip
    limits = rules.limits(info, baseline)
    failed = [limit for limit in limits if gain(score.value, limit.value, info) < 0]
    return Check(
        file=name,
        info=info,
        status="fail" if failed else "pass",
        value=score.value,
        baseline=baseline,
        limits=limits,
        message="; ".join(missed(score.value, limit, info) for limit in failed),
        conditions=conditions,
        warnings=score.warnings,
    )


def _missing(old: Baseline, known: Collection[str], infos: Mapping[str, MetricInfo]) -> list[Check]:
    message = (
        "in the baseline but not among the test files; add it, or update the baseline if it is "
        "gone for good"
    )
    return [
        Check(file, infos[name], "error", baseline=entry.value, message=message)
        for file, entries in old.items()
        if file not in known
        for name, entry in entries.items()
        if name in infos
    ]


def _news(old: Baseline, checks: Sequence[Check], infos: Mapping[str, MetricInfo]) -> list[str]:
    held = {name for entries in old.values() for name in entries}
    notices = [
        f"the baseline holds no {name}: it was not compared" for name in infos if name not in held
    ]
    unused = sorted(held - set(infos))
    if unused:
        notices.append(f"not computed, though the baseline holds it: {listed(unused)}")
    for name in infos:
        new = [
            c.file for c in checks
            if c.info.name == name and c.status != "error" and c.baseline is None
        ]  # fmt: skip
        if name in held and new:
            notices.append(f"{name}: not in the baseline, so not compared with it: {listed(new)}")
    return notices


def _update(
    path: str | Path, old: Baseline, checks: Sequence[Check], infos: Mapping[str, MetricInfo]
) -> tuple[bool, list[str]]:
    failed = list(dict.fromkeys(check.file for check in checks if check.value is None))
    if failed:
        return False, [f"the baseline was not written: no value for {listed(failed)}"]
    new: Baseline = {}
    for check in checks:
        assert check.value is not None
        entry = old.get(check.file, {}).get(check.info.name)
        new.setdefault(check.file, {})[check.info.name] = _renewed(check, entry)
    write_baseline(path, new, {name: info.unit for name, info in infos.items()})
    before = {(file, name) for file, entries in old.items() for name in entries}
    after = {(check.file, check.info.name) for check in checks}
    notices = [f"baseline written: {len(after)} values, {len(after - before)} of them new"]
    if gone := sorted(f"{file} ({name})" for file, name in before - after):
        notices.append(f"no longer in the baseline: {listed(gone)}")
    return True, notices


def _renewed(check: Check, old: Entry | None) -> Entry:
    """Return the entry to write: the old digits where only noise has changed them.

    Sums differ in the seventh digit with the number of threads; a file under version control should
    not change with them.
    """
    assert check.value is not None
    if old is None or differences(old.conditions, check.conditions):
        return Entry(check.value, check.conditions)
    same = math.isclose(old.value, check.value, rel_tol=NOISE)
    return Entry(old.value if same else check.value, old.conditions)


def _severity(check: Check, order: list[str]) -> tuple[int, int, float, str]:
    rank = ("error", "fail", "pass").index(check.status)
    worst = check.margin
    if worst is None and check.value is not None:
        worst = check.value if check.info.higher_is_better else -check.value
    return rank, order.index(check.info.name), math.inf if worst is None else worst, check.file


def _common(checks: Sequence[Check]) -> dict[str, Any]:
    sets = [check.conditions for check in checks if check.value is not None]
    if not sets:
        return {}
    return {k: v for k, v in sets[0].items() if all(k in s and s[k] == v for s in sets)}
