"""From raw output to quality and score, against the label tables' transform and HDR-VDP-2."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from datasets.labelling.transform import LabelTransform
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.catalogue import WEIGHTS
from hdrmetrics.learned.target import Target
from hdrmetrics.learned.weights import read_card
from tests.learned.small import TMQI, VDP

TRANSFORMS = [
    LabelTransform(-1.3, 0.4, 0.3, 0.8, higher_is_better=False),
    LabelTransform(0.8, 0.1, -0.2, 0.9, higher_is_better=True),
    LabelTransform(0.0, 1.0, 0.0, 1.4, higher_is_better=True),
]


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_it_is_the_tables_transform(transform: LabelTransform) -> None:
    target = Target.of_transform(transform.to_dict(), "hdrvdp2", (-50.0, 50.0))
    assert target.transform() == transform.to_dict()
    raw = torch.linspace(-12, 12, 49, dtype=torch.float64)
    quality = target.quality(raw)
    expected = transform.inverse(torch.sigmoid(raw).numpy()).clip(-50, 50)
    np.testing.assert_allclose(quality.numpy(), expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(target.target(quality), transform(quality.numpy()), rtol=1e-9)
    torch.testing.assert_close(target.target(quality), torch.sigmoid(raw))
    torch.testing.assert_close(target.quality_of_target(torch.sigmoid(raw)), quality)


def test_raw_outputs_do_not_saturate_before_the_quality_does() -> None:
    # In float32 the sigmoid of 20 is 1; the quality still tells 20 from 30.
    wide = replace(VDP, least=-100.0, most=100.0)
    twenty, thirty = wide.quality(torch.tensor([20.0, 30.0])).tolist()
    assert thirty < twenty - 0.5


def test_scores() -> None:
    # Q_MOS = 100 / (1 + exp(3.455·(Q + 0.8886))), Narwaria et al. 2015.
    q = torch.tensor([-0.8886, -2.0, 0.0], dtype=torch.float64)
    expected = 100 / (1 + np.exp(3.455 * (q.numpy() + 0.8886)))
    np.testing.assert_allclose(VDP.score(q), expected, rtol=1e-12)
    assert TMQI.score(torch.tensor([0.25, 1.2, -0.1])).tolist() == [25.0, 100.0, 0.0]


@pytest.mark.parametrize("target", [VDP, TMQI])
def test_better_raw_outputs_give_better_scores_within_the_range(target: Target) -> None:
    raw = torch.linspace(-40, 40, 401, dtype=torch.float64)
    quality = target.quality(raw)
    assert float(quality.min()) >= target.least
    assert float(quality.max()) <= target.most
    scores = target.score(quality)
    assert bool((scores.diff() >= 0).all())
    assert float(scores[-1]) > float(scores[0]) + 50
    ends = target.quality_of_target(torch.tensor([-1.0, 0.0, 1.0, 2.0]))
    assert ends[0] == ends[1]
    assert ends[2] == ends[3]
    assert {float(ends[0]), float(ends[3])} <= {target.least, target.most}


SHIPPED = {
    f"{path.stem} {name}": head.target
    for path in sorted(WEIGHTS.glob("*.json"))
    for name, head in read_card(path).heads.items()
}


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_targets_of_0_and_1_are_the_ends_of_the_range(name: str, dtype: torch.dtype) -> None:
    target = SHIPPED[name]
    wanted = torch.tensor([target.least, target.most], dtype=dtype)
    wanted = wanted if target.higher_is_better else wanted.flip(0)
    eps = torch.finfo(dtype).eps
    for ends in ([0.0, 1.0], [eps, 1 - eps], [-0.3, 1.3]):
        at = torch.tensor(ends, dtype=dtype, requires_grad=True)
        found = target.quality_of_target(at)
        assert found.dtype == dtype
        assert torch.equal(found.detach(), wanted)
        found.sum().backward()
        assert at.grad is not None
        assert bool(at.grad.isfinite().all())
    inside = torch.linspace(0.001, 0.999, 99, dtype=dtype)
    along = target.quality_of_target(torch.cat([at.detach()[:1], inside, at.detach()[1:]]))
    steps = along.diff() if target.higher_is_better else -along.diff()
    assert bool((steps >= 0).all())


def test_gradients() -> None:
    raw = torch.linspace(-3, 3, 7, dtype=torch.float64, requires_grad=True)
    for target in (VDP, TMQI):
        wide = replace(target, least=-90.0, most=90.0)
        assert torch.autograd.gradcheck(lambda x, t=wide: t.quality(x), raw)
        assert torch.autograd.gradcheck(lambda x, t=wide: t.target(t.quality(x)), raw)


@pytest.mark.parametrize(
    "change",
    [
        {"scale": 0.0}, {"tail": 1.5}, {"location": float("nan")}, {"least": 2.0},
        {"shown": "ssim"}, {"higher_is_better": 1}, {"skew": "0"}, {"skew": True},
    ],
)  # fmt: skip
def test_what_cannot_be(change: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        replace(VDP, **change)


@pytest.mark.parametrize("entries", [{}, {"kind": "linear"}, {"more": 1}, {"scale": None}])
def test_transforms_of_another_kind(entries: dict[str, Any]) -> None:
    data = TRANSFORMS[0].to_dict() | entries
    if not entries:
        del data["skew"]
    with pytest.raises(OptionError):
        Target.of_transform(data, "hdrvdp2", (-3.0, 1.0))
