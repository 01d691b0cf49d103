"""What the quality gate finds: checks of single pictures, and all of them together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hdrmetrics import __version__
from hdrmetrics.metric import MetricInfo
from hdrmetrics.text.documents import FORMAT
from hdrmetrics.text.formatting import value_text

Status = Literal["pass", "fail", "error"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on a value.

    Parameters
    ----------
    value
        The worst value that passes.
    reason
        Where the bound comes from: ``"threshold"``, or the baseline in words.
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
        return gain(self.value, self.limit.value, self.info)

    def text(self, value: float | None) -> str:
        """Return a value of this metric for people, without its unit; a dash for ``None``."""
        return value_text(value, self.info)


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
    problem
        Why nothing could be judged at all; empty otherwise.
    """

    checks: tuple[Check, ...]
    notices: tuple[str, ...]
    thresholds: dict[str, str]
    conditions: dict[str, dict[str, Any]]
    baseline: str | None
    updated: bool
    problem: str = ""

    @property
    def status(self) -> Status:
        """The worst status of the checks: an error hides whether quality fell."""
        if self.problem:
            return "error"
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
        if self.problem:
            return f"quality gate not judged: {self.problem}"
        word = {"pass": "passed", "fail": "failed: quality fell", "error": "not judged: errors"}
        counts = f"{self.count('pass')} passed, {self.count('fail')} failed"
        if errors := self.count("error"):
            counts += f", {errors} with errors"
        return f"quality gate {word[self.status]} ({counts})"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; infinite numbers become ``None``."""
        return {
            "hdrmetrics": __version__,
            "format": FORMAT,
            "status": self.status,
            "exit_code": self.exit_code,
            "problem": self.problem,
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


def _difference(value: float, other: float) -> float:
    return 0.0 if value == other else value - other  # inf - inf would not be a number


def gain(value: float, other: float, info: MetricInfo) -> float:
    """Return how much better ``value`` is than ``other``; zero when both are infinite."""
    change = _difference(value, other)
    return change if info.higher_is_better else 0.0 - change
