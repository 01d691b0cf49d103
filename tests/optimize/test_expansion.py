"""Inverse operators tuned by metrics of HDR pictures."""

from __future__ import annotations

import pytest
import torch

import hdrmetrics as hm
from hdrmetrics.errors import DomainError, OptionError, PixelValueError, ShapeError
from hdrmetrics.expand import expand, get_expansion, list_expansions
from hdrmetrics.optimize import Budget, Plan, optimize_expansion
from hdrmetrics.optimize.expansion import Expanding

PLAN = Plan(Budget(20), restarts=1)


@pytest.fixture(scope="module")
def codes() -> torch.Tensor:
    """A piece of a photograph, exposed, ``(1, 3, 72, 96)`` in [0, 1]."""
    pixels = hm.read_image(hm.sample_images()["courtyard"]).tensor()
    piece = pixels[..., 120:192, 200:296].clamp(min=0)
    return (piece / piece.quantile(0.9)).clamp(0, 1) ** (1 / 2.2)


def test_the_settings_that_made_a_picture_are_found(codes: torch.Tensor) -> None:
    wanted = expand(codes, "akyuz07", exponent=1.7, peak=800)
    found = optimize_expansion(
        codes, "akyuz07", "pu21-psnr", reference=wanted, plan=PLAN, judge=None, peak=800
    )
    assert found.tuned
    assert found.settings["exponent"] == pytest.approx(1.7, abs=0.05)
    assert found.after["pu21-psnr"] > found.before["pu21-psnr"] + 10
    again = expand(codes, "akyuz07", peak=800, **found.settings)
    assert torch.allclose(again, found.picture)


def test_a_picture_decides_where_the_search_begins(codes: torch.Tensor) -> None:
    settings = get_expansion("masia09").settings_of(codes)
    assert torch.allclose(expand(codes, "masia09", **settings), expand(codes, "masia09"))
    problem = Expanding(codes, "masia09", None, {})
    assert list(problem.moved(None)) == ["exponent"]
    assert problem.start["exponent"] == pytest.approx(settings["exponent"], rel=1e-5)


@pytest.mark.parametrize("info", list_expansions(), ids=lambda info: info.name)
def test_every_operator_has_something_to_tune(info, codes: torch.Tensor) -> None:
    problem = Expanding(codes, info.name, None, {})
    moved = list(problem.moved(None))
    assert moved
    assert not any(p.unit == "px" for p in info.parameters if p.name in moved)
    assert torch.allclose(
        problem.whole(problem.default), expand(codes, info.name), rtol=1e-4, atol=1e-4
    )


def test_operators_without_gradients_evolve(codes: torch.Tensor) -> None:
    wanted = expand(codes, "kovaleski-oliveira14", boost=2.5)
    found = optimize_expansion(
        codes, metrics="pu21-psnr", reference=wanted, plan=Plan(Budget(10), restarts=1),
        judge=None, only=["boost"],
    )  # fmt: skip
    assert {trial.step for trial in found.trace} >= {"start", "scan"}
    assert found.after["pu21-psnr"] >= found.before["pu21-psnr"]


def test_fixed_settings_stay(codes: torch.Tensor) -> None:
    wanted = expand(codes, "landis02", alpha=1.0, threshold=0.2, white=50.0)
    found = optimize_expansion(
        codes, "landis02", "pu21-psnr", reference=wanted, plan=PLAN, judge=None, threshold=0.2
    )
    assert found.settings["threshold"] == pytest.approx(0.2)
    assert all("threshold" not in trial.settings for trial in found.trace)


def test_without_a_reference_a_judge_may_refuse(codes: torch.Tensor) -> None:
    found = optimize_expansion(
        codes, "landis02", "norvdpnet-itmo", plan=Plan(Budget(6), restarts=1), tolerance=0.0
    )
    assert found.tuned or found.reason
    assert found.verdict is None or found.verdict.worse == (not found.tuned)


def test_thin_pictures_are_searched_at_a_size_that_metrics_take(codes: torch.Tensor) -> None:
    thin = codes[..., :70, :]
    plan = Plan(Budget(4), restarts=1, thumbnail=64)
    found = optimize_expansion(thin, "akyuz07", "norvdpnet-itmo", plan=plan, judge=None)
    assert {trial.side for trial in found.trace} == {96}


@pytest.mark.parametrize(
    ("error", "settings"),
    [
        (OptionError, {"metrics": "pu21-psnr"}),
        (OptionError, {"judge": "norvdpnet-itmo"}),
        (OptionError, {"judge": "pu21-psnr"}),
        (OptionError, {"only": ["boots"]}),
        (OptionError, {"alpha": 99.0}),
        (DomainError, {"metrics": "tmqi"}),
        (DomainError, {"judge": "fsitm"}),
        (ShapeError, {"reference": torch.ones(1, 3, 8, 8)}),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(
    error: type[Exception], settings: dict, codes: torch.Tensor
) -> None:
    with pytest.raises(error):
        optimize_expansion(codes, "landis02", **{"plan": PLAN, **settings})


def test_pictures_that_cannot_be_are_refused(codes: torch.Tensor) -> None:
    with pytest.raises(ShapeError):
        optimize_expansion(codes.expand(2, -1, -1, -1))
    with pytest.raises(PixelValueError, match="black"):
        optimize_expansion(torch.zeros_like(codes))
    with pytest.raises(PixelValueError):
        optimize_expansion(torch.full_like(codes, torch.nan))
    with pytest.raises(DomainError):
        optimize_expansion(codes * 255)
    with torch.inference_mode(), pytest.raises(OptionError, match="inference_mode"):
        optimize_expansion(codes)
