"""Tone mapping tuned by quality: against a grid, refusals, odd pictures, gradients."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrmetrics import create_metric
from hdrmetrics.errors import (
    DomainError,
    MissingPackageError,
    OptionError,
    PixelValueError,
    ShapeError,
)
from hdrmetrics.metric import Metric
from hdrmetrics.optimize import Budget, Objective, Plan, best_operator, optimize_tonemap
from hdrmetrics.optimize.judge import judges_of
from hdrmetrics.optimize.tonemapping import DOMAINS, TAKES
from hdrmetrics.tonemap import create_operator, to_display, tonemap


@pytest.fixture(scope="module")
def light() -> Tensor:
    """A picture over four decades with texture, ``(1, 3, 80, 120)``."""
    generator = torch.Generator().manual_seed(5)
    y, x = torch.meshgrid(torch.linspace(0, 1, 80), torch.linspace(0, 1, 120), indexing="ij")
    plain = 10 ** (3.5 * x - 1 + 0.3 * torch.sin(40 * y))
    texture = 1 + 0.2 * torch.rand(80, 120, generator=generator)
    return ((plain * texture)[None] * torch.tensor([1.0, 0.8, 0.6]).view(3, 1, 1))[None]


def test_the_best_key_of_a_grid_is_found(light: Tensor) -> None:
    found = optimize_tonemap(light, "reinhard_free", "tmqi", only=["alpha"], plan=Plan(pull=0.0))
    metric = create_metric("tmqi").prepare(light)
    grid = max(
        float(metric(tonemap(light, "reinhard_free", alpha=float(a))))
        for a in np.geomspace(0.01, 5, 60)
    )
    assert found.after["tmqi"] > grid - 5e-4
    assert found.after["tmqi"] > found.before["tmqi"]
    assert found.tuned
    assert set(found.settings) == {"alpha", "mu", "gamma"}
    assert found.settings["gamma"] == 1.0  # was not to be moved


def test_settings_given_back_make_the_picture(light: Tensor) -> None:
    found = optimize_tonemap(light, "drago03", "norvdpnet-tmo", plan=Plan(Budget(12)))
    again = tonemap(light, "drago03", **found.settings)
    torch.testing.assert_close(again, found.picture)
    assert found.default == {"bias": 0.85, "peak": 100.0}
    assert found.evaluations == len(found.trace)
    assert found.to_dict()["settings"] == found.settings


def test_the_same_seed_finds_the_same(light: Tensor) -> None:
    plan = Plan(Budget(10), seed=2)
    first, again = (optimize_tonemap(light, "drago03", "tmqi", plan=plan) for _ in range(2))
    assert first.settings == again.settings
    assert [t.loss for t in first.trace] == [t.loss for t in again.trace]


def test_fixed_settings_stay(light: Tensor) -> None:
    found = optimize_tonemap(light, "drago03", "tmqi", plan=Plan(Budget(8)), peak=150.0)
    assert found.settings["peak"] == 150.0
    assert all(set(trial.settings) == {"bias"} for trial in found.trace)
    with pytest.raises(OptionError, match="no setting that could be optimised"):
        optimize_tonemap(light, "drago03", "tmqi", peak=150.0, bias=0.7)


def test_operators_without_gradients_are_tuned_by_evolution(light: Tensor) -> None:
    found = optimize_tonemap(light, "durand02", "norvdpnet-tmo", plan=Plan(Budget(20)), judge=None)
    assert {trial.step for trial in found.trace} >= {"start", "evolution"}
    assert found.after["norvdpnet-tmo"] >= found.before["norvdpnet-tmo"]


def test_metrics_without_gradients_too(light: Tensor) -> None:
    found = optimize_tonemap(light, "reinhard_free", "piqe", plan=Plan(Budget(16)), judge=None)
    assert found.after["piqe"] <= found.before["piqe"]  # lower is better


class Blind(Metric):
    """Likes the darkest picture best, and says so only of what it is asked."""

    info = dataclasses.replace(
        create_metric("piqe").info, name="darkness", higher_is_better=True, differentiable=True,
        range=(-1.0, 0.0), minimum_size=1,
    )  # fmt: skip

    def compare(self, test: Tensor, features: Any, mask: Any) -> Tensor:
        return -test.mean(dim=(1, 2, 3))


def test_the_judge_refuses_what_it_finds_worse(light: Tensor) -> None:
    found = optimize_tonemap(light, "reinhard_free", Blind(), judge="tmqi", tolerance=0.0)
    assert not found.tuned
    assert "tmqi finds the tuned picture worse" in found.reason
    assert found.settings == found.default
    assert found.before == found.after
    torch.testing.assert_close(found.picture, tonemap(light, "reinhard_free", **found.default))
    assert found.verdict is not None
    assert found.verdict.worse
    assert found.found != found.default  # what was refused is told
    alone = optimize_tonemap(light, "reinhard_free", Blind(), judge=None)
    assert alone.tuned
    assert float(alone.picture.mean()) < float(found.picture.mean())


def test_any_of_several_judges_refuses(light: Tensor) -> None:
    how: dict[str, Any] = {"plan": Plan(Budget(12)), "tuned": 1}
    warm = light * torch.tensor([1.6, 1.0, 0.5])[:, None, None]
    alone = best_operator(warm, ["kuang07"], Blind(), judge=None, **how)
    assert alone.chosen.name == "kuang07"  # which turns warm light grey
    for judges in (["nima", "chromaticity"], ["chromaticity", "nima"]):
        found = best_operator(warm, ["kuang07"], Blind(), judge=judges, tolerance=0.01, **how)
        assert found.chosen.name == "reinhard02"
        assert "kuang07" in found.reason
    kept = optimize_tonemap(
        warm, "reinhard_free", "tmqi", judge=["norvdpnet-tmo", "chromaticity"], tolerance=50.0,
        plan=Plan(Budget(12)),
    )  # fmt: skip
    assert kept.verdict is not None
    record = kept.verdict.to_dict()
    assert [record["metric"], *(one["metric"] for one in record["beside"])] == [
        "norvdpnet-tmo", "chromaticity"
    ]  # fmt: skip


def test_the_first_that_refuses_decides(light: Tensor) -> None:
    objective = Objective("tmqi", DOMAINS, TAKES)
    judges = judges_of(["nima", "chromaticity", "fsitm"], 1.0, objective, DOMAINS, TAKES)
    assert judges is not None
    judges.judges[1].tolerance = 1e-6
    before = tonemap(light, "reinhard02")
    found = judges.verdict(before, before * torch.tensor([1.0, 0.9, 0.8])[:, None, None], light)
    assert found.metric == "chromaticity"
    assert found.worse
    assert [one.metric for one in found.beside] == ["nima", "fsitm"]
    assert not any(one.worse for one in found.beside)


@pytest.mark.parametrize(
    ("judge", "message"),
    [([], "or None"), (["fsitm", "fsitm"], "twice"), (["fsitm", "tmqi"], "cannot be the judge")],
)
def test_judges_that_cannot_be(light: Tensor, judge: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        optimize_tonemap(light, "drago03", "tmqi", judge=judge)


def test_a_judge_is_never_optimised(light: Tensor) -> None:
    with pytest.raises(OptionError, match="choose another"):
        optimize_tonemap(light, "drago03", {"nima": 1, "tmqi": 1}, judge="tmqi")
    with pytest.raises(OptionError, match="does not say how good"):
        optimize_tonemap(light, "drago03", "tmqi", judge="improvability")
    with pytest.raises(OptionError, match="tolerance"):
        optimize_tonemap(light, "drago03", "tmqi", tolerance=-1)
    with pytest.raises(OptionError, match="tolerance"):
        optimize_tonemap(light, "drago03", "tmqi", tolerance="0.1")  # type: ignore[arg-type]


def test_what_could_not_be_judged_is_refused_before_the_search(light: Tensor) -> None:
    with pytest.raises(ShapeError, match="nima judges pictures of at least 32×32 pixels, not 24"):
        optimize_tonemap(light[..., :24], "drago03", "tmqi", judge="nima")
    with torch.inference_mode(), pytest.raises(OptionError, match="inference_mode"):
        optimize_tonemap(light, "drago03", "tmqi")


def test_a_panorama_is_tuned(light: Tensor) -> None:
    wide = light[..., :12, :].repeat(1, 1, 1, 10)  # 1200×12: 512×5 on the thumbnail
    found = optimize_tonemap(wide, "drago03", "tmqi", plan=Plan(Budget(6)), judge=None)
    assert {trial.side for trial in found.trace} == {1200}
    best = best_operator(wide, ["drago03"], "tmqi", plan=Plan(Budget(4)), tuned=1, judge=None)
    assert best.chosen.name == "drago03"


@pytest.mark.parametrize(
    ("goals", "error"),
    [
        ("pu21-psnr", DomainError), ("psnr", DomainError), ([], OptionError),
        ({"tmqi": 0.0}, OptionError),
        (["tmqi", "tmqi"], OptionError), ({"tmqi": float("nan")}, OptionError),
        (3, OptionError), ("no-such", LookupError), ({"tmqi": "much"}, OptionError),
    ],
)  # fmt: skip
def test_goals_that_cannot_be(light: Tensor, goals: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        optimize_tonemap(light, "drago03", [goals] if goals == 3 else goals)


def test_pictures_that_cannot_be_tuned(light: Tensor) -> None:
    with pytest.raises(PixelValueError, match="black"):
        optimize_tonemap(torch.zeros(1, 3, 64, 64))
    with pytest.raises(PixelValueError):
        optimize_tonemap(light * float("nan"))
    with pytest.raises(PixelValueError):
        optimize_tonemap(-light)
    with pytest.raises(ShapeError, match="one picture at a time"):
        optimize_tonemap(light.expand(2, -1, -1, -1))
    with pytest.raises(ShapeError, match="at least"):
        optimize_tonemap(torch.ones(1, 3, 1, 1))


def test_one_lamp_in_the_dark_comes_back_finite() -> None:
    lamp = torch.full((1, 3, 64, 64), 1e-4)
    lamp[..., 30:33, 30:33] = 1e6
    found = optimize_tonemap(lamp, "reinhard02", plan=Plan(Budget(10)))
    assert torch.isfinite(found.picture).all()
    assert 0 <= float(found.picture.min()) <= float(found.picture.max()) <= 1


def test_a_flat_picture_keeps_the_default() -> None:
    found = optimize_tonemap(
        torch.full((1, 3, 64, 64), 50.0), "reinhard_free", "piqe", plan=Plan(Budget(8))
    )
    assert not found.tuned
    assert "no settings were found" in found.reason


def test_the_gradient_of_the_loss_is_that_of_differences(light: Tensor) -> None:
    objective = Objective({"norvdpnet-tmo": 1.0, "tmqi": 0.5}, ("tonemapped",), "codes")
    exact = light.double()
    fitted = objective.at(exact)

    def loss(key: Tensor) -> Tensor:
        codes = to_display(create_operator("reinhard_free", alpha=key, gamma=0.9)(exact))
        return fitted.loss(codes).sum()

    key = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(loss(key), key)
    step = 1e-3  # the learned score computes in single precision
    with torch.no_grad():
        difference = (loss(key + step) - loss(key - step)) / (2 * step)
    assert float(gradient) == pytest.approx(float(difference), rel=0.05)


def test_augmented_losses_see_other_pixels_and_stay_near(light: Tensor) -> None:
    objective = Objective("tmqi", ("tonemapped",), "codes")
    codes = tonemap(light, "reinhard02")
    plain, views = objective.at(light), objective.augmented(light, 0)
    one, other = float(plain.loss(codes)), float(views.loss(codes))
    assert one != other
    assert other == pytest.approx(one, abs=0.05)
    assert other == float(objective.augmented(light, 0).loss(codes))
    assert other != float(objective.augmented(light, 1).loss(codes))
    found = optimize_tonemap(light, "drago03", "tmqi", plan=Plan(Budget(10), augment=True))
    assert found.after["tmqi"] >= found.before["tmqi"]


def test_the_best_operator_is_better_than_each_as_it_is(light: Tensor) -> None:
    names = ["reinhard02", "drago03", "ward94", "exponential"]
    best = best_operator(light, names, "tmqi", plan=Plan(Budget(16)), tuned=2)
    metric = create_metric("tmqi").prepare(light)
    every = {name: float(metric(tonemap(light, name))) for name in names}
    assert best.chosen.after["tmqi"] >= max(every.values()) - 1e-6
    assert best.chosen.before["tmqi"] == pytest.approx(every["reinhard02"], abs=1e-6)
    order = sorted(names, key=lambda name: -every[name])
    assert [*best.standing] == names
    assert sorted(best.standing, key=lambda name: best.standing[name]) == order
    promising = sorted(names, key=lambda name: best.promise[name])
    assert {one.name for one in best.tuned} == set(promising[:2])
    assert all(best.promise[name] <= best.standing[name] for name in names)
    assert best.to_dict()["name"] == best.chosen.name


def test_what_is_worse_than_the_default_operator_is_not_chosen(light: Tensor) -> None:
    """The judge may refuse the best; the next must still be better than choosing nothing."""
    best = best_operator(light, ["normalize"], "tmqi", plan=Plan(Budget(4)), judge=None)
    metric = create_metric("tmqi").prepare(light)
    assert float(metric(tonemap(light, "normalize"))) < float(metric(tonemap(light, "reinhard02")))
    assert best.chosen.name == "reinhard02"
    assert best.reason == "normalize is no better than reinhard02"
    assert best.chosen.after == best.chosen.before


def test_operators_without_settings_stand_as_they_are(light: Tensor) -> None:
    bare = ["raman09", "mertens07"]
    best = best_operator(light, bare, "tmqi", plan=Plan(Budget(4)), tuned=2, judge=None)
    assert {one.name for one in best.tuned} == set(bare)


def test_another_operator_as_it_is_is_another_picture(
    light: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OptionError("nothing to tune")

    monkeypatch.setattr("hdrmetrics.optimize.best.tune", refuse)
    best = best_operator(light, ["normalize"], Blind(), plan=Plan(Budget(4)), tuned=1, judge=None)
    assert best.chosen.name == "normalize"
    assert best.chosen.tuned
    assert not best.chosen.reason
    name = Blind().info.name
    assert best.chosen.after[name] != best.chosen.before[name]


def test_the_judge_can_refuse_all_operators(light: Tensor) -> None:
    best = best_operator(
        light, ["gamma"], Blind(), judge="tmqi", tolerance=0.0, plan=Plan(Budget(12)), tuned=1
    )
    assert best.chosen.name == "reinhard02"
    assert "tmqi finds gamma" in best.reason
    assert not best.chosen.tuned


def test_how_many_are_tuned_is_checked(light: Tensor) -> None:
    with pytest.raises(OptionError, match="tuned"):
        best_operator(light, tuned=0)


def test_without_evolution_operators_stand_with_the_best_that_was_tried(
    light: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cma", None)
    best = best_operator(light, ["durand02"], "tmqi", plan=Plan(Budget(4)), tuned=1, judge=None)
    metric = create_metric("tmqi").prepare(light)
    assert best.tuned[0].name == "durand02"
    assert best.chosen.after["tmqi"] >= float(metric(tonemap(light, "reinhard02"))) - 1e-6
    with pytest.raises(MissingPackageError, match=r"hdrmetrics\[optimize\]"):
        optimize_tonemap(light, "durand02", "tmqi")
