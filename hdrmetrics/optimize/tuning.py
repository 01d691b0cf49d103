"""A search with its end: default and result compared at full size, and the judges' word."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

from hdrmetrics.errors import OptionError
from hdrmetrics.optimize.judge import Judges, Verdict
from hdrmetrics.optimize.objective import Objective
from hdrmetrics.optimize.problem import Tunable
from hdrmetrics.optimize.result import Optimized
from hdrmetrics.optimize.search import Plan, search
from hdrmetrics.optimize.space import Space


def tune(
    problem: Tunable,
    objective: Objective,
    plan: Plan,
    judge: Judges | None,
    only: Iterable[str] | None = None,
    hints: Sequence[Mapping[str, Any]] = (),
) -> Optimized:
    """Search, then compare default and result at full size; arguments are checked already."""
    began = time.monotonic()
    default = dict(problem.default)
    with torch.no_grad():
        first = problem.whole(default)
    if judge is not None:
        judge.check_size(first)
    space = Space(problem.parameters, problem.start, problem.moved(only), owner=problem.name)
    found = search(problem, space, objective, plan, hints)
    chosen = {**default, **found.settings}
    with torch.no_grad():
        second = problem.whole(chosen)
        fitted = objective.at(problem.reference)
        losses = float(fitted.loss(first)), float(fitted.loss(second))
    before, reason, verdict = fitted.values(first), "", None
    if not losses[1] < losses[0]:
        reason = f"no settings were found that are better by {' and '.join(objective.names)}"
    elif judge is not None:
        verdict = judge.verdict(first, second, problem.reference)
        reason = refusal(verdict)
    tuned = not reason
    return Optimized(
        name=problem.name,
        settings=chosen if tuned else default,
        default=default,
        picture=second if tuned else first,
        before=before,
        after=fitted.values(second) if tuned else before,
        tuned=tuned,
        reason=reason,
        found=chosen,
        verdict=verdict,
        trace=tuple(found.trials),
        seconds=time.monotonic() - began,
    )


def refusal(verdict: Verdict) -> str:
    """Return why a tuned picture is refused, in a sentence; empty where it is not.

    Examples
    --------
    >>> refusal(Verdict("fsitm", before=0.8, after=0.7, tolerance=0.01, worse=True))
    "fsitm finds the tuned picture worse (0.7) than the default's (0.8)"
    """
    if not verdict.worse:
        return ""
    return (
        f"{verdict.metric} finds the tuned picture worse ({verdict.after:.4g}) than the "
        f"default's ({verdict.before:.4g})"
    )


def refuse_inference_mode() -> None:
    """Raise :class:`OptionError` under ``torch.inference_mode``, where no gradient can be had."""
    if torch.is_inference_mode_enabled():
        raise OptionError(
            "torch.inference_mode() takes gradients away for good: call it outside, or under "
            "torch.no_grad(), which does not"
        )
