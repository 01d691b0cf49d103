"""Searches on problems whose best point is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import OptionError
from hdrmetrics.metric import Metric, MetricInfo
from hdrmetrics.optimize import Budget, Objective, Plan, Space, search
from hdrmetrics.optimize.budget import Meter, SpentError
from hdrmetrics.optimize.search import usable_side


class Level(Metric):
    """Minus the squared distance of the mean of each channel from a target."""

    def __init__(self, target: tuple[float, float, float], *, smooth: bool = True) -> None:
        super().__init__()
        self.target = target
        self.info = MetricInfo(
            name="level", title="Level", domain="sdr", reference=False, higher_is_better=True,
            range=(-10.0, 0.0), unit="", differentiable=smooth, map_kind=None, minimum_size=1,
            citation="none", version="1",
        )  # fmt: skip

    def compare(self, test: Tensor, features: Any, mask: Any) -> Tensor:
        means = test.mean(dim=(2, 3))
        return -((means - test.new_tensor(self.target)) ** 2).sum(dim=1)


class Flat:
    """A picture of one colour whose channels are the settings."""

    name = "flat"
    parameters = tuple(Parameter(c, 0.5, (0.0, 1.0), "", c) for c in "abc")
    start: ClassVar[dict[str, float]] = {"a": 0.5, "b": 0.5, "c": 0.5}
    side = 600
    reference = None

    def __init__(self, *, differentiable: bool = True) -> None:
        self.differentiable = differentiable
        self.sides: list[int] = []

    def at(self, side: int) -> Flat:
        self.sides.append(side)
        return self

    def render(self, settings: Mapping[str, Any]) -> Tensor:
        values = [torch.as_tensor(settings[c], dtype=torch.float64) for c in "abc"]
        return torch.stack(values).view(1, 3, 1, 1).expand(1, 3, 4, 4)


def found(
    target: tuple[float, float, float], plan: Plan, *, smooth: bool = True, **kind: Any
) -> tuple[Any, Flat]:
    problem = Flat(differentiable=smooth)
    objective = Objective(Level(target, smooth=smooth), ("sdr",), "codes")
    space = Space(problem.parameters, problem.start)
    return search(problem, space, objective, plan), problem


def test_gradients_find_the_best_point() -> None:
    result, problem = found((0.2, 0.7, 0.9), Plan(pull=0.0))
    assert result.settings == pytest.approx({"a": 0.2, "b": 0.7, "c": 0.9}, abs=1e-2)
    assert list(dict.fromkeys(problem.sides)) == [512, 600]
    assert len(result.trials) <= 60
    assert result.start == problem.start
    assert result.loss < result.start_loss


def test_a_best_point_beyond_a_bound_ends_on_the_bound() -> None:
    result, _ = found((-0.5, 0.5, 1.5), Plan(pull=0.0))
    assert result.settings == pytest.approx({"a": 0.0, "b": 0.5, "c": 1.0}, abs=1e-3)


def test_evolution_finds_it_too_and_the_same_way_each_time() -> None:
    plan = Plan(Budget(300), pull=0.0, seed=3)
    first, _ = found((0.2, 0.7, 0.9), plan, smooth=False)
    again, _ = found((0.2, 0.7, 0.9), plan, smooth=False)
    assert first.settings == pytest.approx({"a": 0.2, "b": 0.7, "c": 0.9}, abs=0.05)
    assert [t.settings for t in first.trials] == [t.settings for t in again.trials]
    other, _ = found((0.2, 0.7, 0.9), Plan(Budget(300), pull=0.0, seed=4), smooth=False)
    assert [t.settings for t in first.trials] != [t.settings for t in other.trials]


def test_evolution_draws_for_itself() -> None:
    """The caller's random numbers go on as if nothing had been, whatever other threads draw."""
    state = np.random.get_state()  # noqa: NPY002 - the one that callers may still use
    plan = Plan(Budget(60), method="evolution", seed=2)
    one = found((0.7, 0.2, 0.4), plan)[0]
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(a, b) for a, b in zip(state, after, strict=True))
    with ThreadPoolExecutor(3) as pool:
        others = list(pool.map(lambda _: found((0.7, 0.2, 0.4), plan)[0], range(3)))
    assert all(other.settings == one.settings for other in others)


def test_only_the_ratio_of_weights_counts() -> None:
    metrics = Level((0.7, 0.2, 0.4)), Level((0.1, 0.2, 0.4))
    metrics[1].info = dataclasses.replace(metrics[1].info, name="other")
    for factor in (1.0, 1e-300, 1e307):
        goals = {metrics[0]: 3 * factor, metrics[1]: factor}
        objective = Objective(goals, ("sdr",), "codes")
        assert objective.weights == pytest.approx((0.75, 0.25))


@pytest.mark.parametrize(("short", "wanted"), [(300, [512, 600]), (8, [600]), (1, [600])])
def test_panoramas_are_reduced_as_far_as_metrics_let_them(short: int, wanted: list[int]) -> None:
    class Wide(Flat):
        def at(self, side: int) -> Wide:
            self.sides.append(side)
            self.reference = torch.ones(1, 3, max(1, round(short * side / 600)), side)
            return self

    metric = Level((0.7, 0.2, 0.4))
    metric.info = dataclasses.replace(metric.info, minimum_size=8)
    objective = Objective(metric, ("sdr",), "codes")
    sides = {usable_side(Wide(), side, objective) for side in (512, 1024)}
    assert sorted(sides) == wanted


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("evaluations", [4, 17, 60])
def test_the_budget_is_kept(evaluations: int, smooth: bool) -> None:
    result, _ = found((0.2, 0.7, 0.9), Plan(Budget(evaluations)), smooth=smooth)
    # The start at each of two sizes is tried whatever is left.
    assert len(result.trials) <= evaluations + 1
    assert result.loss <= result.start_loss


def test_seconds_end_a_search() -> None:
    result, _ = found((0.2, 0.7, 0.9), Plan(Budget(seconds=0.3)), smooth=False)
    assert result.trials[-1].seconds < 2.0


def test_a_perfect_start_stays() -> None:
    result, problem = found((0.5, 0.5, 0.5), Plan())
    assert result.settings == problem.start
    assert result.loss == result.start_loss == 0.0


def test_settings_that_do_not_matter_stay_where_they_were() -> None:
    class Deaf(Level):
        def compare(self, test: Tensor, features: Any, mask: Any) -> Tensor:
            return super().compare(test[:, :1], features, mask)

    problem = Flat()
    objective = Objective(Deaf((0.9, 0.9, 0.9)), ("sdr",), "codes")
    result = search(problem, Space(problem.parameters, problem.start), objective, Plan())
    assert result.settings["b"] == pytest.approx(0.5, abs=0.02)
    assert result.settings["c"] == pytest.approx(0.5, abs=0.02)
    assert result.settings["a"] > 0.8


def test_losses_that_are_not_finite_are_passed_by() -> None:
    class Holed(Flat):
        def render(self, settings: Mapping[str, Any]) -> Tensor:
            picture = super().render(settings)
            hole = (picture[0, 0, 0, 0] > 0.6) & (picture[0, 0, 0, 0] < 0.7)
            return torch.where(hole, picture * float("nan"), picture)

    class Lenient(Level):
        def check(self, image: Tensor, role: Any) -> Tensor:
            return image

    problem = Holed()
    objective = Objective(Lenient((0.8, 0.5, 0.5)), ("sdr",), "codes")
    result = search(problem, Space(problem.parameters, problem.start), objective, Plan(pull=0.0))
    assert 0.7 < result.settings["a"] < 0.9
    assert result.loss < result.start_loss < 1


def test_gradients_are_refused_where_there_are_none() -> None:
    problem = Flat()
    objective = Objective(Level((0, 0, 0), smooth=False), ("sdr",), "codes")
    space = Space(problem.parameters, problem.start)
    with pytest.raises(OptionError, match="level has no gradient"):
        search(problem, space, objective, Plan(method="gradient"))
    with pytest.raises(OptionError, match="flat has no gradient"):
        found((0, 0, 0), Plan(method="gradient"), smooth=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "luck"}, {"restarts": 0}, {"restarts": 1.5}, {"seed": -1}, {"thumbnail": 3},
        {"pull": -1.0}, {"pull": float("nan")}, {"pull": "x"}, {"budget": 60},
    ],
)  # fmt: skip
def test_plans_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Plan(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"evaluations": 3}, {"evaluations": True}, {"evaluations": float("nan")},
        {"evaluations": float("inf")}, {"evaluations": "60"}, {"seconds": 0.0}, {"seconds": "20"},
        {"seconds": True},
    ],
)  # fmt: skip
def test_budgets_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Budget(**wrong)


def test_a_meter_ends_parts_at_their_share() -> None:
    meter = Meter(Budget(10))
    assert meter.allow(0.3) == 3
    for _ in range(3):
        meter.spend()
    with pytest.raises(SpentError):
        meter.spend()
    assert meter.allow(1.0) == 7
