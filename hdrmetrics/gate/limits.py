"""The limits of the quality gate: thresholds, and what a baseline allows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hdrmetrics.errors import OptionError
from hdrmetrics.gate.result import Limit
from hdrmetrics.metric import MetricInfo
from hdrmetrics.text.formatting import value_text, with_unit

NOISE = 1e-5
"""Relative drop that never fails: float32 sums differ in the sixth digit between machines."""

_GENEROUS = 0.1  # a max drop over this part of a metric's scale is probably meant for another one


@dataclass(frozen=True)
class Rules:
    """The limits as the caller gave them.

    Parameters
    ----------
    fail_below, fail_above, max_drop
        As for :func:`hdrmetrics.gate.evaluation.evaluate_quality`.
    compare
        Whether values are compared with the baseline.
    """

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
                found.append(Limit(float(given[info.name]), "threshold"))
        if baseline is not None and self.compare:
            drop = self.drop(info.name)
            noise = NOISE * abs(baseline) if math.isfinite(baseline) else 0.0
            room = max(drop, noise)
            sign = 1.0 if info.higher_is_better else -1.0
            was = with_unit(value_text(baseline, info), info.unit)
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


def missed(value: float, limit: Limit, info: MetricInfo) -> str:
    """Return in words how a value misses a limit."""

    def text(number: float) -> str:
        return with_unit(value_text(number, info), info.unit)

    def exact(number: float) -> str:
        return with_unit(f"{number:.7g}", info.unit)

    # More digits where rounding would hide that the two differ.
    show = exact if text(value) == text(limit.value) else text
    side = "below" if info.higher_is_better else "above"
    reason = "" if limit.reason == "threshold" else f" ({limit.reason})"
    return f"{show(value)} is {side} {show(limit.value)}{reason}"
