"""The operator that suits a picture best: all are tried, the best few are tuned."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.errors import HdrMetricsError, MissingPackageError, OptionError
from hdrmetrics.optimize.judge import Judges, Referees
from hdrmetrics.optimize.numbers import is_whole
from hdrmetrics.optimize.objective import Fitted, Goals, Objective
from hdrmetrics.optimize.result import Optimized
from hdrmetrics.optimize.search import Plan, usable_side
from hdrmetrics.optimize.space import Space
from hdrmetrics.optimize.tonemapping import (
    JUDGE,
    TOLERANCE,
    ToneMapping,
    goals_and_judge,
    one_picture,
)
from hdrmetrics.optimize.tuning import tune
from hdrmetrics.tonemap import list_operators
from hdrmetrics.tonemap.color import ColorTreatment
from hdrmetrics.tonemap.encode import DisplayTransfer

_SLOW = ("durand02_exact",)
_TUNED = 3
_POINTS = 6
"""Settings of each operator that are tried before it is known which are worth tuning."""

DEFAULT = "reinhard02"
"""The operator that people get who choose none, which the judge compares with."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best of several operators for one picture.

    Parameters
    ----------
    chosen
        The tuned operator, or the default one where no other is better that the judge lets pass.
        Its ``before`` is of the default operator's picture, and ``tuned`` says whether its own is
        another; that of an operator that is best as it is counts.
    standing
        The loss of each operator as it is, on a copy of up to 512 px; infinite where it failed.
    promise
        The least loss of each there, as it is and with six settings spread over its space.
    tuned
        What became of each that was tuned, the best first.
    reason
        Why the default operator was chosen in their place; empty where it was not.
    """

    chosen: Optimized
    standing: dict[str, float]
    promise: dict[str, float]
    tuned: tuple[Optimized, ...]
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, without pictures."""
        return {
            **self.chosen.to_dict(),
            "standing": _finite(self.standing),
            "promise": _finite(self.promise),
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
    judge: Referees = JUDGE,
    tolerance: float = TOLERANCE,
    tuned: int = _TUNED,
    color: ColorTreatment | None = None,
    saturation: float = 1.0,
    transfer: DisplayTransfer = "srgb",
) -> Best:
    """Choose the tone-mapping operator that suits a picture best, and tune it.

    Every operator is tried as it is and with six settings spread over its space; those few that
    promise most are tuned with the same plan each, and the best of them is returned. The judge
    compares it with ``reinhard02`` as it is: one that it finds worse makes room for the next, and
    if none is left that the metrics like better, ``reinhard02`` is returned.

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

    Returns
    -------
    Best
        With the result, and how all operators stood.

    Raises
    ------
    OptionError
        If ``tuned`` is no whole number above 0, or no operator makes a picture that the metrics
        can judge.
    UnknownNameError, DomainError, ShapeError, PixelValueError
        As :func:`~hdrmetrics.optimize.optimize_tonemap`. Without CMA-ES operators that have no
        gradient stand with the best settings of the scan.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.optimize import Budget, Plan, best_operator
    >>> light = torch.logspace(-1, 3, 96).expand(1, 3, 96, 96)
    >>> found = best_operator(light, ["drago03", "ward94"], "tmqi", plan=Plan(Budget(8)), tuned=1)
    >>> sorted(found.standing), len(found.tuned)
    (['drago03', 'ward94'], 1)
    """
    if not is_whole(tuned, 1):
        raise OptionError(f"tuned is a whole number above 0, not {tuned!r}")
    light = one_picture(image)
    objective, referee = goals_and_judge(metrics, judge, tolerance)
    if referee is not None:
        referee.check_size(light)
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
    standing, promise, hints = _tried(problems, objective, plan)
    order = sorted(promise, key=lambda name: promise[name])[:tuned]
    results = []
    for name in order:
        try:
            results.append(tune(problems[name], objective, plan, None, hints=[hints[name]]))
        except (OptionError, MissingPackageError):
            # Nothing to tune in it, or nothing to tune it with: the best of what was tried stands.
            results.append(_untuned(problems[name], objective, hints[name]))
    fitted = objective.at(light)
    results.sort(key=lambda one: _loss(fitted, one))
    chosen, reason = _judged(results, problem(DEFAULT), objective, fitted, referee)
    return Best(chosen, standing, promise, tuple(results), reason)


def _tried(
    problems: dict[str, ToneMapping], objective: Objective, plan: Plan
) -> tuple[dict[str, float], dict[str, float], dict[str, dict[str, Any]]]:
    """Return the loss of each operator as it is, the least of some settings, and those."""
    standing: dict[str, float] = {}
    promise: dict[str, float] = {}
    hints: dict[str, dict[str, Any]] = {}
    fitted = None
    for name, problem in problems.items():
        scene = problem.at(usable_side(problem, plan.thumbnail, objective))
        fitted = fitted or objective.at(scene.reference)
        losses = []
        tried: list[dict[str, Any]] = [{}, *_spread(problem, plan.seed)]
        for settings in tried:
            try:
                with torch.no_grad():
                    loss = float(fitted.loss(scene.render(settings)))
            except (HdrMetricsError, RuntimeError):
                if len(problems) == 1 and not settings:
                    raise
                loss = math.inf
            losses.append(loss if math.isfinite(loss) else math.inf)
        standing[name], promise[name] = losses[0], min(losses)
        hints[name] = tried[losses.index(promise[name])]
    if not any(math.isfinite(loss) for loss in promise.values()):
        raise OptionError("no operator made a picture of it that the metrics can judge")
    return standing, promise, hints


def _spread(problem: ToneMapping, seed: int) -> list[dict[str, Any]]:
    try:
        space = Space(problem.parameters, problem.start, problem.moved(None), owner=problem.name)
    except OptionError:  # nothing in it can be moved
        return []
    return [space.plain(point) for point in space.spread(_POINTS, seed)]


def _loss(fitted: Fitted, one: Optimized) -> float:
    with torch.no_grad():
        return float(fitted.loss(one.picture))


def _finite(losses: dict[str, float]) -> dict[str, float | None]:
    return {name: loss if math.isfinite(loss) else None for name, loss in losses.items()}


def _untuned(
    problem: ToneMapping, objective: Objective, settings: Mapping[str, Any] | None = None
) -> Optimized:
    """Return an operator with some settings beside its own, or as it is."""
    began = time.monotonic()
    chosen = {**problem.default, **(settings or {})}
    with torch.no_grad():
        picture = problem.render_on(problem.light, chosen)
    values = objective.at(problem.light).values(picture)
    return Optimized(
        name=problem.name, settings=chosen, default=dict(problem.default), picture=picture,
        before=values, after=values, tuned=bool(settings), reason="" if settings else "as it is",
        found=chosen, verdict=None, trace=(), seconds=time.monotonic() - began,
    )  # fmt: skip


def _judged(
    results: list[Optimized],
    default: ToneMapping,
    objective: Objective,
    fitted: Fitted,
    judge: Judges | None,
) -> tuple[Optimized, str]:
    """Return the first that is better and that the judge lets pass, or the default and why."""
    plain = _untuned(default, objective)
    least = _loss(fitted, plain)
    refused = []
    for one in results:
        if not _loss(fitted, one) < least and one.name != DEFAULT:
            refused.append(f"{one.name} is no better than {DEFAULT}")
            continue
        verdict = None
        if judge is not None:
            verdict = judge.verdict(plain.picture, one.picture, default.light)
            if verdict.worse:
                refused.append(
                    f"{verdict.metric} finds {one.name} ({verdict.after:.4g}) worse than "
                    f"{DEFAULT} ({verdict.before:.4g})"
                )
                continue
        # What it gains, it gains over what people get who choose nothing: another operator as it is
        # is another picture, too.
        tuned = one.tuned or one.name != DEFAULT
        reason = "" if tuned else one.reason
        chosen = dataclasses.replace(
            one, before=plain.after, verdict=verdict, tuned=tuned, reason=reason
        )
        return chosen, ""
    reason = "; ".join(refused)
    return dataclasses.replace(plain, reason=reason), reason
