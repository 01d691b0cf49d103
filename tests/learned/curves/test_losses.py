"""The losses: the public code's values, the patent's formulas by hand, gradients, bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError, UnknownNameError
from hdrmetrics.learned.curves.judged import JudgedLoss
from hdrmetrics.learned.curves.losses import (
    colour_constancy,
    exposure,
    illumination_smoothness,
    spatial_consistency,
)
from tests.conftest import Goldens

Loss = Callable[..., Tensor]


def _case(goldens: Goldens) -> dict[str, tuple[Loss, tuple[Tensor, ...]]]:
    after, before = goldens.tensor("curve.npz:enhanced"), goldens.tensor("sdr.npz:reference") / 255
    maps = goldens.tensor("curve.npz:alpha")
    return {
        "loss_spa (4x4 regions; zero padding; mean over regions)": (
            spatial_consistency, (after, before),
        ),
        "loss_exp (16; 0.6)": (exposure, (after,)),
        "loss_color": (colour_constancy, (after,)),
        "loss_TV of curve maps": (illumination_smoothness, (maps,)),
    }  # fmt: skip


def test_the_public_forms_equal_the_public_code(goldens: Goldens) -> None:
    for name, (loss, arguments) in _case(goldens).items():
        (row,) = goldens.select(f"Zero-DCE {name}")
        assert float(loss(*arguments, form="public")) == pytest.approx(
            float(row["value"]), rel=2e-6
        ), name


def test_the_patents_forms_on_the_same_pictures(goldens: Goldens) -> None:
    cases = _case(goldens)
    found = {name: float(loss(*arguments)) for name, (loss, arguments) in cases.items()}
    assert found["loss_exp (16; 0.6)"] == pytest.approx(0.157, abs=5e-4)
    assert found["loss_color"] == pytest.approx(0.00324, abs=5e-6)


def test_spatial_consistency_by_hand() -> None:
    # Regions of 4×4 with the means 0, .5 / 0, 0 before and 0, .1 / 0, .3 after.
    before, after = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    before[..., :4, 4:], after[..., :4, 4:], after[..., 4:, 4:] = 0.5, 0.1, 0.3
    pairs = [(0.1 - 0.5), (0.3 - 0.0), 0.0, (0.2 - 0.5)]  # upper, lower, left and right neighbours
    wanted = 2 * sum(one**2 for one in pairs) / 4
    assert float(spatial_consistency(after, before)) == pytest.approx(wanted, rel=1e-5)
    assert float(spatial_consistency(1 - before, before)) == pytest.approx(0, abs=1e-12)
    assert float(spatial_consistency(1 - before, before, form="public")) > 0.1


def test_exposure_by_hand() -> None:
    image = torch.cat([torch.full((1, 3, 16, 16), 0.5), torch.full((1, 3, 16, 16), 0.9)], dim=-1)
    assert float(exposure(image)) == pytest.approx((0.1 + 0.3) / 2, rel=1e-4)
    assert float(exposure(image, region=16, target=0.9)) == pytest.approx(0.2, rel=1e-4)
    assert float(exposure(image, form="public")) == pytest.approx((0.01 + 0.09) / 2, rel=1e-4)


def test_colour_constancy_by_hand() -> None:
    image = torch.tensor([0.2, 0.5, 0.6]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    squares = (0.09, 0.01, 0.16)
    assert float(colour_constancy(image)) == pytest.approx(sum(squares))
    wanted = sum(one**2 for one in squares) ** 0.5
    assert float(colour_constancy(image, form="public")) == pytest.approx(wanted)


def test_smoothness_by_hand() -> None:
    rows = torch.tensor([[0.0, 0.1], [0.3, 0.5]])
    maps = rows.view(1, 1, 2, 2).expand(2, 6, 2, 2)
    # By pixel |∇ₓ| + |∇ᵧ|: .1 + .3, .4 (down), .2 (across) and nothing; three channels.
    wanted = 3 * (0.4**2 + 0.4**2 + 0.2**2) / 4
    assert float(illumination_smoothness(maps, iterations=2)) == pytest.approx(wanted, rel=1e-5)
    assert float(illumination_smoothness(maps[..., :1, :1], iterations=2)) == 0.0


@pytest.mark.parametrize("form", ["patent", "public"])
def test_gradients_are_right_and_finite_where_nothing_is_wrong(form: Any) -> None:
    draw = torch.Generator().manual_seed(0)
    image, before, maps = (torch.rand(1, 3, 6, 6, generator=draw).double() for _ in range(3))
    losses: dict[str, tuple[Callable[[Tensor], Tensor], Tensor]] = {
        "spatial": (lambda x: spatial_consistency(x, before, region=2, form=form), image),
        "exposure": (lambda x: exposure(x, region=3, form=form), image),
        "colour": (lambda x: colour_constancy(x, form=form), image),
        "smoothness": (lambda x: illumination_smoothness(x, form=form), maps),
    }
    for loss, x in losses.values():
        assert torch.autograd.gradcheck(loss, (x.clone().requires_grad_(),))
    grey = torch.full((1, 3, 6, 6), 0.6, requires_grad=True)
    for loss, _ in losses.values():
        (found,) = torch.autograd.grad(loss(grey.float()), grey)
        assert bool(found.isfinite().all())


def test_what_is_no_picture_is_refused() -> None:
    image = torch.rand(1, 3, 20, 20)
    for wrong in (image[0], image[:, :1], image[..., :0]):
        for loss in (exposure, colour_constancy):
            with pytest.raises(ShapeError):
                loss(wrong)
    with pytest.raises(ShapeError, match="one size"):
        spatial_consistency(image, image[..., :16])
    with pytest.raises(ShapeError, match="a region has"):
        exposure(image, region=21)
    with pytest.raises(ShapeError, match="iterations"):
        illumination_smoothness(image, iterations=2)
    with pytest.raises(OptionError, match="target"):
        exposure(image, target=1.5)
    with pytest.raises(OptionError, match="form"):
        colour_constancy(image, form="ours")  # type: ignore[arg-type]


def test_a_metric_sees_another_view_each_time_and_the_same_by_the_same_draw() -> None:
    image = torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(1))
    loss = JudgedLoss("improvability", part=0.8)
    values = [float(loss(image, torch.Generator().manual_seed(k))) for k in (0, 0, 1)]
    assert values[0] == values[1] != values[2]
    plain = JudgedLoss("improvability", part=1.0, noise=0.0)
    views = {round(float(plain(image[:1], torch.Generator().manual_seed(k))), 6) for k in range(6)}
    assert len(views) <= 2, "as it is, and mirrored"


def test_what_is_no_judge() -> None:
    with pytest.raises(OptionError, match="by themselves"):
        JudgedLoss("psnr")
    with pytest.raises(OptionError, match="by themselves"):
        JudgedLoss("norvdpnet")
    with pytest.raises(UnknownNameError):
        JudgedLoss("nimma")
    with pytest.raises(OptionError, match="view"):
        JudgedLoss("nima", part=0)
    with pytest.raises(ShapeError, match="at least"):
        JudgedLoss("improvability")(torch.rand(1, 3, 8, 8), torch.Generator())
