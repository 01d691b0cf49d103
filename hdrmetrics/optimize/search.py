"""The search itself: spread out on a thumbnail, descend, and make sure at full size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.optimize.budget import Budget, Meter, SpentError
from hdrmetrics.optimize.descent import evolution, evolve, follow
from hdrmetrics.optimize.numbers import is_finite, is_whole
from hdrmetrics.optimize.objective import Augmented, Fitted, Objective
from hdrmetrics.optimize.problem import Problem, Scene
from hdrmetrics.optimize.space import Space
from hdrmetrics.optimize.trace import Step, Trial

Method = Literal["auto", "gradient", "evolution"]
"""``gradient``: L-BFGS-B; ``evolution``: CMA-ES; ``auto``: the first if there are gradients."""

THUMBNAIL, MIDDLE = 512, 1024
"""Longer sides on which is searched and refined, in pixels; larger pictures are only checked."""

_SCAN, _SEARCH = 0.3, 0.7
"""Shares of the budget that may be gone after the scan, and after the descents on thumbnails."""

_REACH = {"search": 0.1, "refine": 0.03}
_WIDTHS = {"search": 0.2, "refine": 0.05}
_SCANNED = 8
"""Points of a scan for each setting."""


@dataclass
class Found:
    """What a search found.

    Parameters
    ----------
    settings
        The best, of six digits: only those that were moved.
    start
        Where it began.
    loss, start_loss
        Of both at the size of the last step.
    trials
        All evaluations.
    """

    settings: dict[str, Any]
    start: dict[str, Any]
    loss: float
    start_loss: float
    trials: list[Trial] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search goes about it.

    Parameters
    ----------
    budget
        See :class:`~hdrmetrics.optimize.budget.Budget`.
    seed
        Of every draw: the same seed, picture and evaluations give the same settings.
    restarts
        Descents on the thumbnail, from the best points of the scan.
    method
        See :data:`Method`.
    augment
        Whether descents along gradients see views of the picture (flipped, cut by a few pixels,
        slightly noisy); evolution sees the picture itself.
    pull
        What moving a setting from one end of its range to the other costs, as a part of the loss at
        the start: settings that do not matter to the metric stay where they were.
    thumbnail
        Longer side of the picture that is searched on first, in pixels.

    Raises
    ------
    OptionError
        For values that cannot be.
    """

    budget: Budget = field(default_factory=Budget)
    seed: int = 0
    restarts: int = 2
    method: Method = "auto"
    augment: bool = False
    pull: float = 0.05
    thumbnail: int = THUMBNAIL

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise OptionError(f"method is {', '.join(get_args(Method))}; not {self.method!r}")
        if not isinstance(self.budget, Budget):
            raise OptionError(f"budget is a Budget, as Budget(60); not {self.budget!r}")
        if not (is_finite(self.pull) and self.pull >= 0):
            raise OptionError(f"pull is a number of at least 0, not {self.pull!r}")
        for name, least in (("restarts", 1), ("thumbnail", 16), ("seed", 0)):
            value = getattr(self, name)
            if not is_whole(value, least):
                raise OptionError(f"{name} is a whole number of at least {least}, not {value!r}")


def search(
    problem: Problem,
    space: Space,
    objective: Objective,
    plan: Plan,
    hints: Sequence[Mapping[str, Any]] = (),
) -> Found:
    """Find settings that lower an objective.

    Points spread over the space are tried on a thumbnail; the best are starts of descents there;
    their ends are tried on a copy of up to 1024 px, where the best is refined. The start stands for
    what nobody tuned: settings that are no better than it at that size are not returned.

    Parameters
    ----------
    problem
        What is tuned.
    space
        Its settings.
    objective
        What is lowered.
    plan
        How.
    hints
        Settings that are tried first, beside the start.

    Returns
    -------
    Found
        The best settings, and all that was tried.

    Raises
    ------
    OptionError
        If gradients are asked for where there are none.
    MissingPackageError
        If evolution is needed and not installed.
    ShapeError
        If the picture is too small for a metric.

    References
    ----------
    Those of :mod:`hdrmetrics.optimize.descent`: L-BFGS-B and CMA-ES.

    Examples
    --------
    >>> from hdrmetrics.optimize.tonemapping import DOMAINS, TAKES, ToneMapping
    >>> light = torch.logspace(-1, 3, 96).expand(1, 3, 96, 96)
    >>> problem = ToneMapping(light, "drago03", {})
    >>> space = Space(problem.parameters, problem.start, ["bias"])
    >>> found = search(problem, space, Objective("tmqi", DOMAINS, TAKES), Plan(Budget(6)))
    >>> list(found.settings), found.loss <= found.start_loss
    (['bias'], True)
    """
    return _Search(problem, space, objective, plan).run(hints)


class _Search:
    def __init__(self, problem: Problem, space: Space, objective: Objective, plan: Plan) -> None:
        self.problem, self.space, self.objective, self.plan = problem, space, objective, plan
        self.gradient = _by_gradient(problem, space, objective, plan)
        self.meter = Meter(plan.budget)
        self.trials: list[Trial] = []
        sides = (plan.thumbnail, max(plan.thumbnail, MIDDLE))
        self.sides = sorted({usable_side(problem, side, objective) for side in sides})

    def run(self, hints: Sequence[Mapping[str, Any]]) -> Found:
        """Search, refine, and return the best."""
        start = self.space.start
        first = _Stage(self, self.sides[0])
        first.begin()
        self.meter.allow(_SCAN)
        for hint in hints:
            self._quietly(partial(first.loss, self.space.point(hint), "scan"))
        self._quietly(lambda: self._scan(first))
        starts = first.best(self.plan.restarts)
        for index, point in enumerate(starts):
            done = (index + 1) / len(starts)
            self.meter.allow(_SCAN + (_SEARCH - _SCAN) * done)
            self._quietly(partial(self._descend, first, point, "search"))
        stage = first
        for side in self.sides[1:]:
            candidates = stage.best(2)
            stage = _Stage(self, side)
            self.meter.allow(1.0)
            stage.begin()
            for point in candidates:
                if not torch.equal(point, start):
                    self._quietly(partial(stage.loss, point, "check"))
        self.meter.allow(1.0)
        self._quietly(lambda: self._descend(stage, stage.best(1)[0], "refine"))
        point, loss = stage.least()
        return Found(
            self.space.plain(point), self.space.plain(start), loss, stage.at_start, self.trials
        )

    @staticmethod
    def _quietly(part: Callable[[], object]) -> None:
        try:
            part()
        except SpentError:
            return

    def _scan(self, stage: _Stage) -> None:
        dimensions = len(self.space.names)
        for point in self.space.spread(_SCANNED * dimensions, self.plan.seed):
            stage.loss(point, "scan")

    def _descend(self, stage: _Stage, point: Tensor, phase: Literal["search", "refine"]) -> None:
        if self.gradient:
            follow(stage.slope, point, reach=_REACH[phase])
            return
        evolve(
            lambda one: stage.loss(one, "evolution"), point,
            width=_WIDTHS[phase], steps=1000, seed=self.plan.seed,
        )  # fmt: skip


class _Stage:
    """The search at one size: evaluates points, and remembers them."""

    def __init__(self, search: _Search, side: int) -> None:
        self.search, self.side = search, side
        self.scene: Scene = search.problem.at(side)
        self.fitted: Fitted = search.objective.at(self.scene.reference)
        self.views: Fitted | Augmented = self.fitted
        if search.plan.augment:
            self.views = search.objective.augmented(self.scene.reference, search.plan.seed)
        self.seen: list[tuple[float, int, Tensor]] = []
        self.at_start, self.strength = math.inf, 0.0

    def begin(self) -> None:
        """Try the start, whatever is left of the budget: it is what results are compared with."""
        self.search.meter.used += 1
        self.at_start = self._keep(self.search.space.start, "start", self._plain)
        self.strength = self.search.plan.pull * abs(self.at_start)
        if not math.isfinite(self.strength):
            self.strength = 0.0

    def loss(self, point: Tensor, step: Step) -> float:
        """Return the loss at a point."""
        self.search.meter.spend()
        return self._keep(point, step, self._plain)

    def slope(self, point: Tensor) -> tuple[float, Tensor]:
        """Return the loss at a point and its gradient."""
        self.search.meter.spend()
        place = point.clone().requires_grad_()
        with torch.enable_grad():
            try:
                test = self.scene.render(self.search.space.values(place))
            except OptionError:
                return self._keep(point, "gradient", _never), torch.zeros_like(point)
            loss = self.views.loss(test).sum() + self.pull(place)
            gradient = torch.zeros_like(point)
            if loss.requires_grad:
                found = torch.autograd.grad(loss, place, allow_unused=True)[0]
                gradient = gradient if found is None else found
        value = float(loss.detach())
        # Which point is best is decided on the picture itself, not on its views.
        plain = value if self.views is self.fitted else self._plain(point)
        self._keep(point, "gradient", lambda _: plain)
        return value, gradient

    def pull(self, point: Tensor) -> Tensor:
        """Return what the distance of a point from the start costs."""
        return self.strength * ((point - self.search.space.start) ** 2).sum()

    def best(self, count: int) -> list[Tensor]:
        """Return the best points, no two of them neighbours, the best first."""
        chosen: list[Tensor] = []
        for _, _, point in sorted(self.seen, key=lambda one: one[:2]):
            if all(float((point - other).abs().max()) > 0.1 for other in chosen):
                chosen.append(point)
            if len(chosen) == count:
                break
        return chosen

    def least(self) -> tuple[Tensor, float]:
        """Return the best point and its loss."""
        loss, _, point = min(self.seen, key=lambda one: one[:2])
        return point, loss

    def _plain(self, point: Tensor) -> float:
        with torch.no_grad():
            test = self.scene.render(self.search.space.values(point))
            return float(self.fitted.loss(test).sum()) + float(self.pull(point))

    def _keep(self, point: Tensor, step: Step, value: Callable[[Tensor], float]) -> float:
        try:
            loss = value(point)
        except OptionError:  # settings that do not go together
            if step == "start":
                raise
            loss = math.inf
        loss = loss if math.isfinite(loss) else math.inf
        trials, meter = self.search.trials, self.search.meter
        settings = self.search.space.plain(point)
        trials.append(Trial(len(trials) + 1, self.side, step, settings, loss, meter.elapsed))
        self.seen.append((loss, len(self.seen), point.detach().clone()))
        return loss


def _never(point: Tensor) -> float:
    return math.inf


def _by_gradient(problem: Problem, space: Space, objective: Objective, plan: Plan) -> bool:
    smooth = problem.differentiable and objective.differentiable
    if plan.method == "gradient" and not smooth:
        what = problem.name if not problem.differentiable else " and ".join(objective.names)
        raise OptionError(f"{what} has no gradient: take method='evolution'")
    by_gradient = plan.method == "gradient" or (plan.method == "auto" and smooth and space.smooth)
    if not by_gradient:
        evolution()  # refuses now what would fail after the scan
    return by_gradient


def usable_side(problem: Problem, side: int, objective: Objective) -> int:
    """Return the longer side to which a picture can be reduced for some metrics.

    Parameters
    ----------
    problem
        With the picture.
    side
        The one that is wanted; doubled until the shorter one is enough, so that panoramas can be
        judged, and never more than the picture's.
    objective
        Of the metrics.
    """
    while side < problem.side and not _usable(problem, side, objective.minimum_size):
        side *= 2
    return min(side, problem.side)


def _usable(problem: Problem, side: int, least: int) -> bool:
    """Whether the picture, reduced to a longer side, is large enough for the metrics."""
    try:
        scene = problem.at(side)
        with torch.no_grad():
            reference = scene.reference
            seen = scene.render(problem.start) if reference is None else reference
    except ShapeError:
        return False
    return min(seen.shape[-2:]) >= least
