"""The quality gate: whether pictures are as good as they must be, or as they once were."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Unpack

from hdrmetrics import __version__
from hdrmetrics.batch import BatchSettings, Row, score_files
from hdrmetrics.defaults import WITH_REFERENCE, WITHOUT_REFERENCE
from hdrmetrics.errors import OptionError
from hdrmetrics.formatting import format_value, with_unit
from hdrmetrics.gate_baseline import (
    Baseline,
    Entry,
    differences,
    flatten,
    read_baseline,
    write_baseline,
)
from hdrmetrics.inputs import Source
from hdrmetrics.metric import MetricInfo
from hdrmetrics.pairing import find_files, listed, pair_files
from hdrmetrics.registry import metric_info

Status = Literal["pass", "fail", "error"]
Files = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

NOISE = 1e-5
"""Relative drop that never fails: float32 sums differ in the sixth digit between machines."""

_GENEROUS = 0.1  # a max drop over this part of a metric's scale is probably meant for another one


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on a value.

    Parameters
    ----------
    value
        The worst value that passes.
    reason
        Where the bound comes from: ``"limit"``, or the baseline in words.
    """

    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class Check:
    """One picture looked at by one metric.

    Parameters
    ----------
    file
        The picture's name.
    info
        The metric.
    status
        ``error`` when there is no value, or none that can be compared with the baseline.
    value
        The score, ``None`` when there is none.
    baseline
        What it was, ``None`` where the baseline does not say.
    limits
        The bounds that apply.
    message
        Why it failed; empty otherwise.
    conditions
        What the value depends on, flattened.
    warnings
        Of the score.
    """

    file: str
    info: MetricInfo
    status: Status
    value: float | None = None
    baseline: float | None = None
    limits: tuple[Limit, ...] = ()
    message: str = ""
    conditions: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def change(self) -> float | None:
        """The value minus the baseline; zero when both are infinite."""
        if self.value is None or self.baseline is None:
            return None
        return _difference(self.value, self.baseline)

    @property
    def limit(self) -> Limit | None:
        """The tightest bound."""
        worst_first = min if self.info.higher_is_better else max
        tightest = max if worst_first is min else min
        return tightest(self.limits, key=lambda limit: limit.value) if self.limits else None

    @property
    def margin(self) -> float | None:
        """How much better than its tightest bound the value is; negative when it failed."""
        if self.value is None or self.limit is None:
            return None
        return _gain(self.value, self.limit.value, self.info)

    def text(self, value: float | None) -> str:
        """Return a value of this metric for people, without its unit; a dash for ``None``."""
        return "–" if value is None else format_value(value, self.info.unit, self.info.range)


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate found.

    Parameters
    ----------
    checks
        One per picture and metric, the worst first.
    notices
        What does not fail but should be known, in sentences.
    thresholds
        The bounds that were asked for, in words, by metric.
    conditions
        By metric: what all its values depend on alike, flattened.
    baseline
        The baseline file, if one was used.
    updated
        Whether it was written.
    """

    checks: tuple[Check, ...]
    notices: tuple[str, ...]
    thresholds: dict[str, str]
    conditions: dict[str, dict[str, Any]]
    baseline: str | None
    updated: bool

    @property
    def status(self) -> Status:
        """The worst status of the checks: an error hides whether quality fell."""
        found = {check.status for check in self.checks}
        return "error" if "error" in found else "fail" if "fail" in found else "pass"

    @property
    def exit_code(self) -> int:
        """0 passed, 1 quality fell, 2 something could not be judged."""
        return {"pass": 0, "fail": 1, "error": 2}[self.status]

    def count(self, status: Status) -> int:
        """Return the number of checks with a status."""
        return sum(check.status == status for check in self.checks)

    @property
    def verdict(self) -> str:
        """One line for people."""
        word = {"pass": "passed", "fail": "failed: quality fell", "error": "not judged: errors"}
        counts = f"{self.count('pass')} passed, {self.count('fail')} failed"
        if errors := self.count("error"):
            counts += f", {errors} with errors"
        return f"quality gate {word[self.status]} ({counts})"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; infinite numbers become ``None``."""
        return {
            "hdrmetrics": __version__,
            "status": self.status,
            "exit_code": self.exit_code,
            "counts": {
                "pass": self.count("pass"),
                "fail": self.count("fail"),
                "error": self.count("error"),
            },
            "thresholds": self.thresholds,
            "baseline": self.baseline,
            "baseline_updated": self.updated,
            "notices": list(self.notices),
            "conditions": self.conditions,
            "checks": [_record(check, self.conditions[check.info.name]) for check in self.checks],
        }


def _record(check: Check, common: Mapping[str, Any]) -> dict[str, Any]:
    limit = check.limit
    return {
        "file": check.file,
        "metric": check.info.name,
        "status": check.status,
        "value": _finite(check.value),
        "infinite": check.value is not None and math.isinf(check.value),
        "unit": check.info.unit,
        "higher_is_better": check.info.higher_is_better,
        "baseline": _finite(check.baseline),
        "baseline_infinite": check.baseline is not None and math.isinf(check.baseline),
        "change": _finite(check.change),
        "limit": None if limit is None else _finite(limit.value),
        "margin": _finite(check.margin),
        "message": check.message,
        "warnings": list(check.warnings),
        "conditions": {k: v for k, v in check.conditions.items() if k not in common},
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def evaluate_quality(
    test: Files,
    *,
    reference: Files | None = None,
    metrics: Sequence[str] = (),
    fail_below: Mapping[str, float] | None = None,
    fail_above: Mapping[str, float] | None = None,
    baseline: str | Path | None = None,
    max_drop: float | Mapping[str, float] | None = None,
    update_baseline: bool = False,
    recursive: bool = False,
    **settings: Unpack[BatchSettings],
) -> GateReport:
    """Judge picture files by limits, or by how good they were.

    Parameters
    ----------
    test, reference
        Files, folders or patterns, paired by name; no reference for no-reference metrics.
    metrics
        Names. Default: those that the limits name and the baseline holds, else ``pu21-psnr`` and
        ``pu21-ssim`` (``pu21-piqe`` without a reference).
    fail_below
        By metric: the least value that passes, for metrics that are better when higher.
    fail_above
        By metric: the largest value that passes, for metrics that are better when lower.
    baseline
        JSON file with the values to compare with.
    max_drop
        How much worse than the baseline a value may be, in the metric's unit: one number for all
        metrics, or by metric. Default 0. A drop under :data:`NOISE` of the value never fails.
    update_baseline
        Write the values to ``baseline`` instead of comparing with it. Nothing is written when a
        picture could not be scored.
    recursive
        Look into the folders of folders, too.
    settings
        As for :func:`hdrmetrics.score_files`.

    Returns
    -------
    GateReport
        A picture that cannot be read, one that the baseline has but the test has not, and a value
        that was computed under other conditions than the baseline's are errors, not drops.

    Raises
    ------
    OptionError
        If there is nothing to judge by, a limit has the wrong direction, or the baseline cannot
        be read.
    PairingError, ImageReadError, UnknownNameError
        If files have no partner, there are none, or a metric is unknown.

    Examples
    --------
    >>> from hdrmetrics.gate import evaluate_quality
    >>> report = evaluate_quality(
    ...     "out", reference="ref", fail_below={"pu21-psnr": 38}
    ... )  # doctest: +SKIP
    >>> report.status  # doctest: +SKIP
    'pass'
    """
    tests = find_files(test, recursive=recursive)
    cases: dict[str, tuple[Source, Source | None]]
    if reference is None:
        cases = {one.name: (one.path, None) for one in tests}
    else:
        pairs = pair_files(tests, find_files(reference, recursive=recursive))
        cases = {one.name: (one.path, partner.path) for one, partner in pairs}
    return evaluate_cases(
        cases,
        metrics=metrics,
        fail_below=fail_below,
        fail_above=fail_above,
        baseline=baseline,
        max_drop=max_drop,
        update_baseline=update_baseline,
        **settings,
    )


def evaluate_cases(
    cases: Mapping[str, tuple[Source, Source | None]],
    *,
    metrics: Sequence[str] = (),
    fail_below: Mapping[str, float] | None = None,
    fail_above: Mapping[str, float] | None = None,
    baseline: str | Path | None = None,
    max_drop: float | Mapping[str, float] | None = None,
    update_baseline: bool = False,
    **settings: Unpack[BatchSettings],
) -> GateReport:
    """Judge named pairs (test, reference) of files or images in memory.

    Otherwise as :func:`evaluate_quality`.
    """
    if baseline is None and (max_drop is not None or update_baseline):
        raise OptionError("a max drop and an update need a baseline file: give baseline")
    if baseline is None and not fail_below and not fail_above:
        raise OptionError(
            "nothing to judge by: give a limit (fail below, fail above) or a baseline file"
        )
    old: Baseline = {}
    if baseline is not None and not (update_baseline and not Path(baseline).exists()):
        old = read_baseline(baseline)
    paired = any(reference is not None for _, reference in cases.values())
    rules = _Rules(fail_below or {}, fail_above or {}, max_drop, compare=not update_baseline)
    infos = _infos(metrics, rules, old, paired)
    rules.check(infos)
    rows = score_files(list(cases.values()), list(infos), **settings)
    by_name = dict(zip(cases, rows, strict=True))
    checks = [
        _check(name, row, info, old, rules)
        for name, row in by_name.items()
        for info in infos.values()
    ]
    notices: list[str] = []
    updated = False
    if baseline is not None and update_baseline:
        updated, notices = _update(baseline, old, checks, infos)
    elif baseline is not None:
        checks += _missing(old, by_name, infos)
        notices = _news(old, checks, infos) + rules.doubts(infos)
    return GateReport(
        checks=tuple(sorted(checks, key=lambda check: _severity(check, list(infos)))),
        notices=tuple(notices),
        thresholds={n: t for n, i in infos.items() if (t := rules.words(i, baseline is not None))},
        conditions={name: _common([c for c in checks if c.info.name == name]) for name in infos},
        baseline=None if baseline is None else str(baseline),
        updated=updated,
    )


@dataclass(frozen=True)
class _Rules:
    """The limits as the caller gave them."""

    fail_below: Mapping[str, float]
    fail_above: Mapping[str, float]
    max_drop: float | Mapping[str, float] | None
    compare: bool

    @property
    def names(self) -> list[str]:
        """Metrics that a limit names."""
        by_name = self.max_drop if isinstance(self.max_drop, Mapping) else {}
        return [*self.fail_below, *self.fail_above, *by_name]

    def check(self, infos: Mapping[str, MetricInfo]) -> None:
        """Raise OptionError for limits that cannot be meant."""
        for name in self.fail_below:
            if not infos[name].higher_is_better:
                raise OptionError(f"{name} is better when lower: give it a limit above, not below")
        for name in self.fail_above:
            if infos[name].higher_is_better:
                raise OptionError(f"{name} is better when higher: give it a limit below, not above")
        drops = self.max_drop
        for drop in drops.values() if isinstance(drops, Mapping) else [drops]:
            if drop is not None and not drop >= 0:
                raise OptionError(f"a max drop is zero or more, not {drop}")
        if any(math.isnan(x) for x in [*self.fail_below.values(), *self.fail_above.values()]):
            raise OptionError("a limit must be a number")

    def drop(self, name: str) -> float:
        """Return how much worse than the baseline a metric may be."""
        if isinstance(self.max_drop, Mapping):
            return self.max_drop.get(name, 0.0)
        return self.max_drop or 0.0

    def limits(self, info: MetricInfo, baseline: float | None) -> tuple[Limit, ...]:
        """Return the bounds on a value of a metric."""
        found = []
        for given in (self.fail_below, self.fail_above):
            if info.name in given:
                found.append(Limit(float(given[info.name]), "limit"))
        if baseline is not None and self.compare:
            drop = self.drop(info.name)
            noise = NOISE * abs(baseline) if math.isfinite(baseline) else 0.0
            room = max(drop, noise)
            sign = 1.0 if info.higher_is_better else -1.0
            was = with_unit(format_value(baseline, info.unit, info.range), info.unit)
            reason = f"baseline {was}" + (f", max drop {drop:g}" if drop else "")
            found.append(Limit(baseline - sign * room, reason))
        return tuple(found)

    def words(self, info: MetricInfo, baseline: bool) -> str:
        """Return the bounds of a metric for people."""
        found = [
            f"{sign} {with_unit(f'{given[info.name]:g}', info.unit)}"
            for sign, given in (("≥", self.fail_below), ("≤", self.fail_above))
            if info.name in given
        ]
        if baseline and self.compare:
            drop = self.drop(info.name)
            found.append(f"at most {with_unit(f'{drop:g}', info.unit)} worse than the baseline"
                         if drop else "no worse than the baseline")  # fmt: skip
        return ", ".join(found)

    def doubts(self, infos: Mapping[str, MetricInfo]) -> list[str]:
        """Return sentences on a max drop that is large for a metric's scale."""
        if not isinstance(self.max_drop, (int, float)):
            return []
        return [
            f"a max drop of {self.max_drop:g} is large on the scale of {name} "
            f"({info.range[0]:g} to {info.range[1]:g}): give that metric its own"
            for name, info in infos.items()
            if self.max_drop > _GENEROUS * (info.range[1] - info.range[0])
        ]


def _infos(
    metrics: Sequence[str], rules: _Rules, old: Baseline, paired: bool
) -> dict[str, MetricInfo]:
    names = [*metrics, *rules.names]
    if not metrics:
        names += sorted({name for entries in old.values() for name in entries})
    names = names or list(WITH_REFERENCE if paired else WITHOUT_REFERENCE)
    infos = {name: metric_info(name) for name in names}
    lacking = [name for name, info in infos.items() if info.reference and not paired]
    if lacking:
        raise OptionError(f"{listed(lacking)} needs a reference: give one")
    return infos


def _check(name: str, row: Row, info: MetricInfo, old: Baseline, rules: _Rules) -> Check:
    score = row.scores.get(info.name)
    entry = old.get(name, {}).get(info.name)
    baseline = None if entry is None else entry.value
    if score is None or math.isnan(score.value):
        message = row.errors.get(info.name) or row.errors.get("file") or "the value is not a number"
        return Check(name, info, "error", baseline=baseline, message=message)
    conditions = flatten(score.conditions)
    if rules.compare and entry is not None and (other := differences(entry.conditions, conditions)):
        message = (
            f"cannot be compared with its baseline, which was made under other conditions: "
            f"{'; '.join(other)}. If that is meant, update the baseline"
        )
        return Check(
            name, info, "error", score.value, baseline,
            message=message, conditions=conditions, warnings=score.warnings,
        )  # fmt: skip
    limits = rules.limits(info, baseline)
    missed = [limit for limit in limits if _gain(score.value, limit.value, info) < 0]
    return Check(
        file=name,
        info=info,
        status="fail" if missed else "pass",
        value=score.value,
        baseline=baseline,
        limits=limits,
        message="; ".join(_missed(score.value, limit, info) for limit in missed),
        conditions=conditions,
        warnings=score.warnings,
    )


def _missed(value: float, limit: Limit, info: MetricInfo) -> str:
    def text(number: float) -> str:
        return with_unit(format_value(number, info.unit, info.range), info.unit)

    def exact(number: float) -> str:
        return with_unit(f"{number:.7g}", info.unit)

    # More digits where rounding would hide that the two differ.
    show = exact if text(value) == text(limit.value) else text
    side = "below" if info.higher_is_better else "above"
    reason = "" if limit.reason == "limit" else f" ({limit.reason})"
    return f"{show(value)} is {side} {show(limit.value)}{reason}"


def _difference(value: float, other: float) -> float:
    return 0.0 if value == other else value - other  # inf - inf would not be a number


def _gain(value: float, other: float, info: MetricInfo) -> float:
    """How much better ``value`` is than ``other``."""
    change = _difference(value, other)
    return change if info.higher_is_better else 0.0 - change


def _missing(
    old: Baseline, rows: Mapping[str, Row], infos: Mapping[str, MetricInfo]
) -> list[Check]:
    message = (
        "in the baseline but not among the test files; add it, or update the baseline if it is "
        "gone for good"
    )
    return [
        Check(file, infos[name], "error", baseline=entry.value, message=message)
        for file, entries in old.items()
        if file not in rows
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
            if c.info.name == name and c.value is not None and c.baseline is None
        ]  # fmt: skip
        if name in held and new:
            notices.append(f"{name}: not in the baseline, so not compared with it: {listed(new)}")
    return notices


def _update(
    path: str | Path, old: Baseline, checks: Sequence[Check], infos: Mapping[str, MetricInfo]
) -> tuple[bool, list[str]]:
    failed = [check.file for check in checks if check.value is None]
    if failed:
        return False, [f"the baseline was not written: no value for {listed(failed)}"]
    new: Baseline = {}
    for check in checks:
        assert check.value is not None
        new.setdefault(check.file, {})[check.info.name] = Entry(check.value, check.conditions)
    write_baseline(path, new, {name: info.unit for name, info in infos.items()})
    before = {(file, name) for file, entries in old.items() for name in entries}
    after = {(check.file, check.info.name) for check in checks}
    notices = [f"baseline written: {len(after)} values, {len(after - before)} of them new"]
    if gone := sorted(f"{file} ({name})" for file, name in before - after):
        notices.append(f"no longer in the baseline: {listed(gone)}")
    return True, notices


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
