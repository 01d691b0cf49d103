"""Judges: metrics that are never optimised, and can refuse what the search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.metric import Metric
from hdrmetrics.optimize.numbers import is_finite
from hdrmetrics.optimize.objective import Objective, as_metric, check_domain

Referees = str | Metric | Sequence[str | Metric] | None
"""A metric that judges, several of which any can refuse, or none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of a picture made with tuned settings.

    Parameters
    ----------
    metric
        Its name.
    before, after
        Its values of the default's picture, and of the tuned one.
    tolerance
        By how much the second may be worse.
    worse
        Whether it is worse by more than that.
    beside
        What the other judges say, where there are several.
    """

    metric: str
    before: float
    after: float
    tolerance: float
    worse: bool
    beside: tuple[Verdict, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; ``beside`` only where there are other judges."""
        found: dict[str, Any] = {
            "metric": self.metric,
            "before": self.before,
            "after": self.after,
            "tolerance": self.tolerance,
            "worse": self.worse,
        }
        if self.beside:
            found["beside"] = [one.to_dict() for one in self.beside]
        return found


class Judge:
    """Compares pictures before and after by a metric that the search never saw.

    Parameters
    ----------
    metric
        A name, or a metric.
    tolerance
        By how much it may be worse, in the metric's unit.
    objective
        What is optimised.
    domains, takes
        As for :class:`~hdrmetrics.optimize.objective.Objective`.

    Raises
    ------
    OptionError
        If the metric is optimised itself, or the tolerance is negative or not finite.
    DomainError, UnknownNameError
        For a metric of other pictures, or none.
    """

    def __init__(
        self,
        metric: str | Metric,
        tolerance: float,
        objective: Objective,
        domains: tuple[str, ...],
        takes: str,
    ) -> None:
        self.metric = as_metric(metric)
        name = self.metric.info.name
        check_domain(self.metric, domains, takes)
        if name in objective.names:
            raise OptionError(f"{name} is optimised, so it cannot be the judge: choose another")
        if not self.metric.info.says_how_good:
            raise OptionError(f"{name} does not say how good a picture is: choose another judge")
        if not (is_finite(tolerance) and tolerance >= 0):
            raise OptionError(f"a judge's tolerance is a number of at least 0, not {tolerance!r}")
        self.tolerance = float(tolerance)

    def check_size(self, picture: Tensor) -> None:
        """Refuse, before a search, a picture ``(1, C, H, W)`` that it cannot judge afterwards.

        Raises
        ------
        ShapeError
            If the picture is too small.
        """
        least, (height, width) = self.metric.info.minimum_size, picture.shape[-2:]
        if min(height, width) < least:
            raise ShapeError(
                f"{self.metric.info.name} judges pictures of at least {least}×{least} pixels, not "
                f"{width}×{height}: choose another judge, or none"
            )

    def verdict(self, before: Tensor, after: Tensor, reference: Tensor | None) -> Verdict:
        """Return what it says of two pictures ``(1, C, H, W)``."""
        with torch.no_grad():
            if self.metric.info.reference:
                if reference is None:
                    raise OptionError(f"{self.metric.info.name} judges with a reference: give one")
                call = self.metric.prepare(reference)
                first, second = float(call(before)), float(call(after))
            else:
                first, second = float(self.metric(before)), float(self.metric(after))
        loss = first - second if self.metric.info.higher_is_better else second - first
        worse = not (loss <= self.tolerance or first == second)
        return Verdict(self.metric.info.name, first, second, self.tolerance, worse)


class Judges:
    """Several judges, any of which can refuse.

    Parameters
    ----------
    judges
        At least one.

    Raises
    ------
    OptionError
        For none, or a metric that is there twice.
    """

    def __init__(self, judges: Sequence[Judge]) -> None:
        self.judges = tuple(judges)
        names = [metric.info.name for metric in self.metrics]
        if not names:
            raise OptionError("give a metric that judges, or None")
        if len(set(names)) < len(names):
            raise OptionError(f"a judge is there twice: {', '.join(names)}")

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What they judge by."""
        return tuple(judge.metric for judge in self.judges)

    def check_size(self, picture: Tensor) -> None:
        """Refuse a picture that one of them cannot judge; see :meth:`Judge.check_size`."""
        for judge in self.judges:
            judge.check_size(picture)

    def verdict(self, before: Tensor, after: Tensor, reference: Tensor | None) -> Verdict:
        """Return what decides, with the others beside it: the first refusal, or the first word."""
        said = [judge.verdict(before, after, reference) for judge in self.judges]
        decisive = next((one for one in said if one.worse), said[0])
        return replace(decisive, beside=tuple(one for one in said if one is not decisive))


def judges_of(
    metrics: Referees, tolerance: float, objective: Objective, domains: tuple[str, ...], takes: str
) -> Judges | None:
    """Return those who judge, ``None`` where nobody does.

    Parameters
    ----------
    metrics
        See :data:`Referees`.
    tolerance, objective, domains, takes
        As for :class:`Judge`, of each.

    Raises
    ------
    OptionError, DomainError, UnknownNameError
        As :class:`Judge` and :class:`Judges`.
    """
    if metrics is None:
        return None
    several = [metrics] if isinstance(metrics, (str, Metric)) else list(metrics)
    return Judges([Judge(one, tolerance, objective, domains, takes) for one in several])
