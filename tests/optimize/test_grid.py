"""A grid of exposures moved along a quality: it gains, keeps its bounds, and can be refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from hdrmetrics import create_metric
from hdrmetrics.errors import OptionError, PixelValueError, ShapeError
from hdrmetrics.optimize import GridPlan, optimize_grid
from hdrmetrics.tonemap import to_display, tonemap
from hdrmetrics.tonemap.exposure_grid import tone_by_grid


@pytest.fixture(scope="module")
def light() -> Tensor:
    """A dark and a bright half with texture, ``(1, 3, 72, 96)``."""
    generator = torch.Generator().manual_seed(3)
    level = torch.where(torch.arange(96) < 48, 2.0, 800.0)
    return level * (0.5 + torch.rand(1, 3, 72, 96, generator=generator))


def test_a_grid_gains_and_stays_in_reach(light: Tensor) -> None:
    plan = GridPlan(steps=8, cells=(4, 2, 3), reach=1.0)
    found = optimize_grid(light, "tmqi", plan=plan, judge=None)
    assert found.tuned
    assert found.grid.shape == (1, 4, 2, 3)
    assert float((found.grid - math.log(0.18)).abs().max()) <= math.log(2.0) + 1e-6
    metric = create_metric("tmqi")
    plain = tonemap(light, "reinhard_free")
    assert found.before["tmqi"] == pytest.approx(float(metric(plain, light)), abs=1e-5)
    assert found.after["tmqi"] == pytest.approx(float(metric(found.picture, light)), abs=1e-6)
    assert found.after["tmqi"] > found.before["tmqi"]
    torch.testing.assert_close(found.picture, to_display(tone_by_grid(light, found.grid)))
    again = optimize_grid(light, "tmqi", plan=plan, judge=None)
    assert torch.equal(found.grid, again.grid)


def test_the_judge_can_refuse_it(light: Tensor) -> None:
    class Jealous(type(create_metric("fsitm"))):  # type: ignore[misc]
        asked = 0

        def compare(self, *given: Any) -> Tensor:
            self.asked += 1
            return super().compare(*given) - 0.5 * (self.asked - 1)

    plan = GridPlan(steps=8, cells=(4, 2, 3), reach=1.0)
    found = optimize_grid(light, "tmqi", plan=plan, judge=Jealous())
    assert not found.tuned
    assert "fsitm finds the tuned picture worse" in found.reason
    assert found.grid.unique().numel() == 1
    assert found.after == found.before


def test_a_panorama(light: Tensor) -> None:
    wide = light[..., :12, :].repeat(1, 1, 1, 12)
    assert optimize_grid(wide, "tmqi", plan=GridPlan(steps=2), judge=None).picture.shape[-1] == 1152


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0}, {"steps": 2.5}, {"seed": -1}, {"cells": (2, 2)}, {"cells": (2, 2.5, 2)},
        {"cells": (8, 8, 10_000)}, {"reach": 0.0}, {"reach": math.inf}, {"smooth": -1.0},
        {"smooth": "x"},
    ],
)  # fmt: skip
def test_plans_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        GridPlan(**wrong)


def test_what_cannot_be_tuned(light: Tensor) -> None:
    with pytest.raises(OptionError, match="piqe has none"):
        optimize_grid(light, "piqe")
    with pytest.raises(PixelValueError, match="black"):
        optimize_grid(0 * light)
    with pytest.raises(ShapeError):
        optimize_grid(light[..., :5, :5], "tmqi", judge=None)
