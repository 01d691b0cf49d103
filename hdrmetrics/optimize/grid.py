"""A grid of exposures moved along a quality, picture by picture: the local form of tuning."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.numerics.holding import hold
from hdrmetrics.optimize.judge import Referees, Verdict
from hdrmetrics.optimize.numbers import is_finite, is_whole
from hdrmetrics.optimize.objective import Goals, Objective
from hdrmetrics.optimize.problem import reduced
from hdrmetrics.optimize.search import MIDDLE, THUMBNAIL
from hdrmetrics.optimize.tonemapping import JUDGE, TOLERANCE, goals_and_judge, one_picture
from hdrmetrics.optimize.tuning import refusal
from hdrmetrics.tonemap import to_display
from hdrmetrics.tonemap.exposure_grid import tone_by_grid, total_variation

_KEY = 0.18
_RATES = (0.15, 0.05)
_LARGER = 0.3
"""The part of the steps that is taken at the larger size."""

_MOST_CELLS = 256  # along each axis: finer than that, a grid is a picture
_FURTHEST = 100.0  # stops, beyond which exposures leave single precision


@dataclass(frozen=True, slots=True)
class GridPlan:
    """How a grid is moved, and what keeps it from exploiting the metric.

    Parameters
    ----------
    steps
        Of Adam.
    cells
        Levels of brightness, rows and columns.
    reach
        How far, in stops, a cell may be from the start.
    smooth
        Weight of the grid's total variation beside a loss of one metric in [0, 1].
    augment
        Whether the loss is that of views of the picture (cut, flipped, slightly noisy).
    seed
        Of the views.

    Raises
    ------
    OptionError
        For values that cannot be.
    """

    steps: int = 24
    cells: tuple[int, int, int] = (8, 8, 8)
    reach: float = 3.0
    smooth: float = 0.3
    augment: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("seed", 0)):
            if not is_whole(getattr(self, name), least):
                raise OptionError(
                    f"{name} is a whole number of at least {least}, not {getattr(self, name)!r}"
                )
        counts = tuple(self.cells)
        if len(counts) != 3 or not all(is_whole(one, 1) and one <= _MOST_CELLS for one in counts):
            raise OptionError(
                f"cells are three whole numbers from 1 to {_MOST_CELLS}, not {self.cells!r}"
            )
        if not (is_finite(self.reach) and 0 < self.reach <= _FURTHEST):
            raise OptionError(f"reach is a number of stops above 0, not {self.reach!r}")
        if not (is_finite(self.smooth) and self.smooth >= 0):
            raise OptionError(f"smooth is a number of at least 0, not {self.smooth!r}")


@dataclass(frozen=True, slots=True)
class TunedGrid:
    """A grid, the picture made with it, and what judges say.

    Parameters
    ----------
    grid
        ``(1, D, R, K)``, nepers; constant where nothing better was found or the judge refused it.
    picture
        ``(1, C, H, W)``, code values.
    before, after
        The metrics' values of the constant grid's picture, and of :attr:`picture`.
    tuned, reason, verdict, seconds
        As in :class:`~hdrmetrics.optimize.Optimized`.
    """

    grid: Tensor
    picture: Tensor
    before: dict[str, float]
    after: dict[str, float]
    tuned: bool
    reason: str
    verdict: Verdict | None
    seconds: float


def optimize_grid(
    image: Tensor,
    metrics: Goals = "norvdpnet-tmo",
    *,
    plan: GridPlan | None = None,
    judge: Referees = JUDGE,
    tolerance: float = TOLERANCE,
) -> TunedGrid:
    """Tone-map a picture by a grid of exposures that quality metrics choose.

    With hundreds of numbers a learned metric is easily exploited: bounds, smoothness, views and the
    judge are there for that. ``results/tonemapnet`` shows what happens without smoothness, and
    ``python -m results.optimize.fooled`` measures what happens without each.

    Parameters
    ----------
    image
        ``(1, C, H, W)`` (or ``(C, H, W)``, ``(H, W)``), linear BT.709 in cd/m².
    metrics, judge, tolerance
        As for :func:`~hdrmetrics.optimize.optimize_tonemap`; the metrics are differentiable. The
        default that results are compared with is the photographic curve at the key 0.18.
    plan
        Steps and guards.

    Returns
    -------
    TunedGrid
        With the grid, the picture, and what the judge said.

    Raises
    ------
    UnknownNameError, OptionError, DomainError, ShapeError, PixelValueError
        As :func:`~hdrmetrics.optimize.optimize_tonemap`, and for a metric without a gradient.

    References
    ----------
    M. Gharbi et al., "Deep bilateral learning for real-time image enhancement", ACM TOG 36(4),
    2017, for the grid.

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.optimize import GridPlan, optimize_grid
    >>> light = torch.logspace(-1, 3, 96).expand(1, 3, 96, 96)
    >>> found = optimize_grid(light, "tmqi", plan=GridPlan(steps=4))
    >>> found.grid.shape, found.after["tmqi"] >= found.before["tmqi"]
    (torch.Size([1, 8, 8, 8]), True)
    """
    began, plan = time.monotonic(), plan or GridPlan()
    light = one_picture(image)
    objective, referee = goals_and_judge(metrics, judge, tolerance)
    if not objective.differentiable:
        names = " and ".join(objective.names)
        raise OptionError(f"a grid is moved by gradients, and {names} has none")
    if referee is not None:
        referee.check_size(light)
    start = torch.full((1, *plan.cells), math.log(_KEY), dtype=light.dtype, device=light.device)
    grid = _moved(light, start, objective, plan)
    with torch.no_grad():
        first, second = _codes(light, start), _codes(light, grid)
        fitted = objective.at(light)
        better = float(fitted.loss(second)) < float(fitted.loss(first))
    before, verdict, reason = fitted.values(first), None, ""
    if not better:
        reason = f"no grid was found that is better by {' and '.join(objective.names)}"
    elif referee is not None:
        verdict = referee.verdict(first, second, light)
        reason = refusal(verdict)
    tuned = not reason
    return TunedGrid(
        grid if tuned else start, second if tuned else first, before,
        fitted.values(second) if tuned else before, tuned, reason, verdict,
        time.monotonic() - began,
    )  # fmt: skip


def _codes(light: Tensor, grid: Tensor) -> Tensor:
    return to_display(tone_by_grid(light, grid))


def _seen(light: Tensor, side: int, least: int) -> Tensor:
    """Return light reduced to a longer side, or as far as metrics let it."""
    small = reduced(light, side)
    while small is not light and min(small.shape[-2:]) < least:
        side *= 2
        small = reduced(light, side)
    return small


def _moved(light: Tensor, start: Tensor, objective: Objective, plan: GridPlan) -> Tensor:
    """Return the grid of the least loss, smoothness included, at the larger size."""
    grid = start.clone().requires_grad_()
    adam = torch.optim.Adam([grid], lr=_RATES[0])
    low, high = (float(start.min()) + side * plan.reach * math.log(2) for side in (-1, 1))
    best, least = start, math.inf
    larger = max(1, round(_LARGER * plan.steps))
    for side, steps in ((THUMBNAIL, plan.steps - larger), (MIDDLE, larger + 1)):
        seen = _seen(light, side, objective.minimum_size)
        views = objective.augmented(seen, plan.seed) if plan.augment else objective.at(seen)
        for step in range(steps):
            part = step / max(1, steps)
            adam.param_groups[0]["lr"] = _RATES[side == MIDDLE] * (1 - 0.7 * part)
            held = hold(grid, low, high)
            loss = views.loss(_codes(seen, held)).sum()
            loss = loss + plan.smooth * total_variation(held).sum()
            value = float(loss.detach())
            if side == MIDDLE and value < least:
                best, least = held.detach().clone(), value
            if not math.isfinite(value):
                return best
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
    return best
