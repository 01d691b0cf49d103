"""TMQI's Q of whole pictures from predicted fidelity and computed naturalness."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.architecture import WINDOW
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.fidelity import fidelity_loss, mean_fidelity, natural_look
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.learned.target import Target
from hdrmetrics.learned.whole_image import Axis
from hdrmetrics.metrics.tmqi import TMQI
from hdrmetrics.metrics.tmqi.light import luminance
from hdrmetrics.metrics.tmqi.naturalness import naturalness, naturalness_of_codes
from hdrmetrics.metrics.tmqi.quality import (
    NATURALNESS_POWER,
    fidelity_of_quality,
    loss_of_parts,
    quality_of_parts,
)
from tests.learned.small import DIQM, NOR, alive, card_of, pictures, windows_of

S = Target(0.92, 0.055, -0.9, 1.1, True, "tmqi-s", 0.0, 0.99)


def codes(light: Tensor) -> Tensor:
    return (light / 400).clamp(0, 1) ** (1 / 2.2)


def metric_of(architecture: Any = NOR, **options: Any) -> LearnedMetric:
    card = card_of(architecture, heads={"tmo": S})
    return LearnedMetric(alive(build_network(architecture, seed=3)), card, "tmo", **options)


# -- the formula ---------------------------------------------------------------------------------


def test_q_is_made_of_its_parts_as_tmqi_makes_it() -> None:
    light = pictures(3, 70, 90)
    truth = TMQI().predict(codes(light), light)
    look = natural_look(codes(light))
    torch.testing.assert_close(look, truth.n**NATURALNESS_POWER, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(quality_of_parts(truth.s, look), truth.q, rtol=1e-12, atol=0)
    torch.testing.assert_close(fidelity_of_quality(truth.q, look), truth.s, rtol=1e-9, atol=0)


def test_slopes_are_finite_where_nothing_is_left_of_the_structure() -> None:
    s = torch.tensor([-0.1, 0.0, 1e-9, 0.5], dtype=torch.float64, requires_grad=True)
    look = torch.full((4,), 0.3, dtype=torch.float64)
    q = quality_of_parts(s, look)
    assert q[0] == q[1] == (1 - 0.8012) * 0.3
    (slope,) = torch.autograd.grad(q.sum(), s)
    assert bool(slope.isfinite().all())
    # The loss leads upwards even from there, and is 1 − Q where fidelity is.
    (slope,) = torch.autograd.grad(loss_of_parts(s, look).sum(), s)
    assert bool((slope < 0).all())
    torch.testing.assert_close(loss_of_parts(s, look)[3], 1 - q[3])


@pytest.mark.parametrize("size", [(64, 64), (121, 90), (300, 77)])
@pytest.mark.parametrize("pixels", [1, 5000, 1 << 20])
def test_naturalness_in_strips_is_that_of_the_whole(size: tuple[int, int], pixels: int) -> None:
    test = codes(pictures(2, *size, seed=1))
    mask = torch.rand(2, 1, *size, generator=torch.Generator().manual_seed(0))
    for own in (None, mask):
        whole = naturalness(luminance(test) * 255, None if own is None else own.double())
        found = naturalness_of_codes(test, own, pixels=pixels)
        torch.testing.assert_close(found, whole, rtol=1e-12, atol=1e-12)


# -- from windows to a picture -------------------------------------------------------------------


@pytest.mark.parametrize("length", [64, 256, 300, 512, 600, 1000])
def test_windows_share_what_they_have_in_common(length: int) -> None:
    axis = Axis.of(length)
    shares = axis.shares()
    assert sum(shares) == pytest.approx(axis.padded)
    assert shares == pytest.approx(shares[::-1], abs=16)
    if axis.padded == WINDOW * len(axis.starts):
        assert shares == (WINDOW,) * len(shares)
    if len(shares) == 2:
        assert shares[0] == axis.padded / 2


@pytest.mark.parametrize("architecture", [NOR, DIQM])
def test_a_picture_has_the_mean_fidelity_of_windows_and_its_own_naturalness(
    architecture: Any,
) -> None:
    metric = metric_of(architecture)
    light = pictures(1, 256, 512, seed=2)
    light[..., 256:] *= 0.05
    test = codes(light)
    other = None if metric.info.reference is False else light.flip(-1)

    def fidelity(value: Tensor, one: Tensor) -> Tensor:
        return fidelity_of_quality(value.double() / 100, natural_look(one))

    parts = list(windows_of(test))
    others = [None] * 2 if other is None else list(windows_of(other))
    each = torch.cat([fidelity(metric(p, r), p) for p, r in zip(parts, others, strict=True)])
    expected = 100 * quality_of_parts(each.mean(), natural_look(test))
    torch.testing.assert_close(metric(test, other).double(), expected, rtol=1e-4, atol=1e-3)
    # Naturalness judges the picture, and is no mean of that of its halves.
    looks = torch.cat([natural_look(p) for p in parts])
    assert abs(float(looks.mean() - natural_look(test))) > 0.02


def test_no_place_counts_twice() -> None:
    values = torch.tensor([[0.2, 0.8, 0.5]])
    weight = torch.tensor([[1.0, 0.5, 0.0]])
    assert float(mean_fidelity(values, weight)) == pytest.approx(0.4)
    loss = fidelity_loss(torch.tensor([[5.0]]), torch.ones(1, 1), torch.tensor([1.0]))
    assert float(loss) == pytest.approx(0.0, abs=1e-6)


def test_batches_precision_masks_and_losses() -> None:
    metric = metric_of()
    test = codes(pictures(2, 300, 400, seed=4))
    both = metric(test)
    assert bool(((both > 0) & (both < 100)).all())
    torch.testing.assert_close(metric(test[1:]), both[1:], rtol=1e-4, atol=1e-3)
    exact = metric(test.double())
    assert exact.dtype == torch.float64
    torch.testing.assert_close(exact.float(), both, rtol=1e-3, atol=1e-2)
    everything = torch.ones(2, 1, 300, 400)
    torch.testing.assert_close(metric(test, mask=everything), both, rtol=1e-4, atol=1e-3)
    # What a mask hides has no say: neither in the windows that it hides nor in naturalness.
    half = torch.zeros(1, 1, 256, 512)
    half[..., :256] = 1
    wide = codes(pictures(1, 256, 512, seed=5))
    changed = torch.cat([wide[..., :256], 1 - wide[..., 256:]], dim=-1)
    a, b = metric(wide, mask=half), metric(changed, mask=half)
    torch.testing.assert_close(a, b, rtol=2e-2, atol=1.0)
    test = test.requires_grad_()
    loss = metric.as_loss(reduction="none")(test)
    torch.testing.assert_close(loss, 1 - both / 100, rtol=0, atol=2e-3)
    (slope,) = torch.autograd.grad(loss.sum(), test)
    assert bool(slope.isfinite().all())
    assert float(slope.abs().amax()) > 0


def test_a_black_picture_has_a_finite_loss_with_a_finite_slope() -> None:
    metric = metric_of()
    test = torch.zeros(1, 3, 256, 256, requires_grad=True)
    loss = metric.as_loss()(test)
    (slope,) = torch.autograd.grad(loss, test)
    assert bool(loss.isfinite())
    assert bool(slope.isfinite().all())


def test_the_interval_holds_the_score() -> None:
    metric = metric_of()
    found = metric.assess(codes(pictures(2, 256, 300, seed=6)))
    assert found.low is not None
    assert found.high is not None
    assert bool((found.low < found.value).all())
    assert bool((found.value < found.high).all())
    assert metric.conditions()["pooling"] == "fidelity"


# -- cards ---------------------------------------------------------------------------------------


def test_cards_keep_what_is_predicted() -> None:
    card = card_of(NOR, heads={"tmo": S})
    again = Card.from_dict(card.to_dict())
    assert again.heads["tmo"].target == S
    data = card.to_dict()
    data["heads"]["tmo"]["shown"] = "tmqi-n"
    with pytest.raises(OptionError, match="a scale is one of hdrvdp2, tmqi, tmqi-s"):
        Card.from_dict(data)


def test_fidelity_is_not_shown_without_naturalness() -> None:
    with pytest.raises(OptionError, match="give the pictures' naturalness too"):
        S.score(torch.tensor([0.9]))
    plain = replace(S, shown="tmqi")
    assert float(plain.score(torch.tensor([0.9]))) == pytest.approx(90.0)
