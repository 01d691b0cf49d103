"""The operator that suits a picture best: all are tried, the best few are tuned."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.errors import HdrMetricsError, OptionError
from hdrmetrics.metric import Metric
from hdrmetrics.optimize.judge import Judge
from hdrmetrics.optimize.objective import Goals, Objective
from hdrmetrics.optimize.result import Optimized
from hdrmetrics.optimize.search import MIDDLE, Plan
from hdrmetrics.optimize.tonemapping import (
    DOMAINS,
    JUDGE,
    TAKES,
    TOLERANCE,
    ToneMapping,
    one_picture,
    tune,
)
from hdrmetrics.tonemap import list_operators
from hdrmetrics.tonemap.color import ColorTreatment
from hdrmetrics.tonemap.encode import DisplayTransfer

_SLOW = ("durand02_exact",)
_TUNED = 3
_DEFAULT = "reinhard02"
"""The operator that people get who choose none, which the judge compares with."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best of several operators for one picture.

    Parameters
    ----------
    chosen
        The tuned operator, or the default one if the judge refused all.
    standing
        The loss of each operator as it is, on a copy of up to 1024 px; infinite where it failed.
    tuned
        What became of each that was tuned, the best first.
    reason
        Why the default operator was chosen in their place; empty where it was not.
    """

    chosen: Optimized
    standing: dict[str, float]
    tuned: tuple[Optimized, ...]
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, without pictures."""
        finite = {k: v if math.isfinite(v) else None for k, v in self.standing.items()}
        return {
            **self.chosen.to_dict(),
            "standing": finite,
            "tried": [
                {"name": one.name, "settings": one.found, "after": dict(one.after)}
                for one in self.tuned
            ],
        }


def best_operator(
    image: Tensor,
    operators: Sequence[str] = (),
    metrics: Goals = "norvdpnet-tmo",
    *,
    plan: Plan | None = None,
    judge: str | Metric | None = JUDGE,
    tolerance: float = TOLERANCE,
    tuned: int = _TUNED,
    color: ColorTreatment | None = None,
    saturation: float = 1.0,
    transfer: DisplayTransfer = "srgb",
) -> Best:
    """Choose the tone-mapping operator that suits a picture best, and tune it.

    Every operator is tried as it is; the best few are tuned with the same plan each, and the best
    of those is returned. The judge compares it with ``reinhard02`` as it is: one that it finds
    worse makes room for the next, and if there is none left ``reinhard02`` is returned.

    Parameters
    ----------
    image
        As for :func:`~hdrmetrics.optimize.optimize_tonemap`.
    operators
        Their names; by default all but those that take minutes.
    metrics, plan, judge, tolerance, color, saturation, transfer
        As for :func:`~hdrmetrics.optimize.optimize_tonemap`. The budget is that of each tuning.
    tuned
        How many are tuned.

    Raises
    ------
    OptionError
        If ``tuned`` is no whole number above 0. Otherwise as
        :func:`~hdrmetrics.optimize.optimize_tonemap`.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.optimize import Budget, Plan, best_operator
    >>> light = torch.logspace(-1, 3, 96).expand(1, 3, 96, 96)
    >>> found = best_operator(light, ["drago03", "ward94"], "tmqi", plan=Plan(Budget(8)), tuned=1)
    >>> sorted(found.standing), len(found.tuned)
    (['drago03', 'ward94'], 1)
    """
    if isinstance(tuned, bool) or not isinstance(tuned, int) or tuned < 1:
        raise OptionError(f"tuned is a whole number above 0, not {tuned!r}")
    light = one_picture(image)
    objective = Objective(metrics, DOMAINS, TAKES)
    referee = None
    if judge is not None:
        referee = Judge(judge, tolerance, objective, DOMAINS, TAKES)
    plan = plan or Plan()
    names = list(operators) or [i.name for i in list_operators() if i.name not in _SLOW]

    def problem(name: str) -> ToneMapping:
        return ToneMapping(light, name, {}, color=color, saturation=saturation, transfer=transfer)

    problems: dict[str, ToneMapping] = {}
    for name in names:
        try:
            problems[name] = problem(name)
        except OptionError:  # a colour treatment that this one lacks
            if len(names) == 1:
                raise
    standing = _standing(problems, objective)
    order = sorted(standing, key=lambda name: standing[name])[:tuned]
    results = []
    for name in order:
        try:
            results.append(tune(problems[name], objective, plan, None))
        except OptionError:  # nothing to tune in it: it stands as it is
            results.append(_as_it_is(problems[name], objective))
    fitted = objective.at(light)
    losses = {one.name: float(fitted.loss(one.picture)) for one in results}
    results.sort(key=lambda one: losses[one.name])
    return _judged(results, problem(_DEFAULT), objective, referee, standing)


def _standing(problems: dict[str, ToneMapping], objective: Objective) -> dict[str, float]:
    found: dict[str, float] = {}
    fitted = None
    for name, problem in problems.items():
        scene = problem.at(MIDDLE)
        fitted = fitted or objective.at(scene.reference)
        try:
            with torch.no_grad():
                loss = float(fitted.loss(scene.render({})))
        except (HdrMetricsError, RuntimeError):
            if len(problems) == 1:
                raise
            loss = math.inf
        found[name] = loss if math.isfinite(loss) else math.inf
    if not any(math.isfinite(loss) for loss in found.values()):
        raise OptionError("no operator made a picture of it that the metrics can judge")
    return found


def _as_it_is(problem: ToneMapping, objective: Objective) -> Optimized:
    began = time.monotonic()
    with torch.no_grad():
        picture = problem.render_on(problem.light, problem.default)
    values = objective.at(problem.light).values(picture)
    return Optimized(
        name=problem.name, settings=dict(problem.default), default=dict(problem.default),
        picture=picture, before=values, after=values, tuned=False, reason="as it is",
        found=dict(problem.default), verdict=None, trace=(), seconds=time.monotonic() - began,
    )  # fmt: skip


def _judged(
    results: list[Optimized],
    default: ToneMapping,
    objective: Objective,
    judge: Judge | None,
    standing: dict[str, float],
) -> Best:
    plain = _as_it_is(default, objective)
    refused = []
    for one in results:
        verdict = None
        if judge is not None:
            verdict = judge.verdict(plain.picture, one.picture, default.light)
            if verdict.worse:
                refused.append(
                    f"{verdict.metric} finds {one.name} ({verdict.after:.4g}) worse than "
                    f"{_DEFAULT} ({verdict.before:.4g})"
                )
                continue
        # What it gains, it gains over what people get who choose nothing.
        chosen = dataclasses.replace(one, before=plain.after, verdict=verdict)
        return Best(chosen, standing, tuple(results))
    reason = "; ".join(refused)
    return Best(dataclasses.replace(plain, reason=reason), standing, tuple(results), reason)
