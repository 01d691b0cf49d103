"""Several pictures assessed together: each as if it were alone."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch
from torch import Tensor

import hdrmetrics as hm
from hdrmetrics.errors import DomainError, OptionError, PixelValueError, ShapeError
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.metric import Assessment, Metric
from tests.learned.liked import small as liked
from tests.learned.small import NOR, alive, card_of, pictures

SIZES = [(300, 420), (420, 300), (300, 420), (64, 90), (300, 420)]


def codes() -> list[Tensor]:
    """Return photographs of several sizes: one in a frame, one grey, one that repeats itself."""
    found = [liked.pictures(1, *size, seed=seed) for seed, size in enumerate(SIZES)]
    framed = torch.zeros(1, 3, 360, 500)
    framed[..., 30:330, 40:460] = found[0]
    return [*found, framed, found[1].mean(dim=1, keepdim=True), found[3].repeat(1, 1, 4, 4)]


def light() -> list[Tensor]:
    return [pictures(1, *size, seed=seed) for seed, size in enumerate(SIZES)]


def same(found: Assessment, alone: Assessment) -> None:
    for one in fields(Assessment):
        own, other = getattr(found, one.name), getattr(alone, one.name)
        if isinstance(own, Tensor) or one.name == "seen":
            # What networks see is summed in another order.
            torch.testing.assert_close(own, other, rtol=1e-5, atol=1e-5)
        else:
            assert own == other


def check(metric: Metric, tests: list[Tensor], masks: list[Tensor | None] | None = None) -> None:
    masks = masks or [None] * len(tests)
    with torch.no_grad():
        pairs = list(zip(tests, masks, strict=True))
        alone = [metric.assess(test, mask=mask) for test, mask in pairs]
        found = metric.assess_together([metric.glance(test, mask=mask) for test, mask in pairs])
    for own, other in zip(found, alone, strict=True):
        same(own, other)
    values = torch.cat([one.value for one in found])
    assert values.std() > 1e-4


def masks() -> list[Tensor | None]:
    found: list[Tensor | None] = []
    for place, test in enumerate(codes()):
        mask = torch.ones(1, 1, *test.shape[-2:])
        mask[..., : mask.shape[-1] // 3] = 0.2
        found.append(None if place % 3 == 2 else mask)
    return found


def test_opinions_of_several_are_those_of_each() -> None:
    check(liked.metric(), codes())
    check(liked.metric(), codes(), masks())


@pytest.mark.parametrize("name", ["nima", "norvdpnet-sdr", "norvdpnet-sdr-d", "norvdpnet-tmo"])
def test_shipped_metrics_of_photographs(name: str) -> None:
    check(hm.create_metric(name), codes())


def test_shipped_metrics_of_light() -> None:
    check(hm.create_metric("norvdpnet"), light())


def test_windows_with_masks() -> None:
    check(hm.create_metric("norvdpnet-sdr"), codes(), masks())


def test_pictures_that_are_sampled() -> None:
    check(
        hm.create_metric("norvdpnet-sdr", places="sampled"),
        [liked.pictures(1, 2100, 2200)] * 2 + codes(),
    )


def test_other_metrics_say_it_one_by_one() -> None:
    check(hm.create_metric("piqe"), codes())


def test_a_network_sees_pictures_of_one_size_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    metric, seen = liked.metric(), []
    describe = metric.network.describe

    def counted(stack: Tensor, mask: Tensor | None = None) -> Tensor:
        seen.append(len(stack))
        return describe(stack, mask)

    monkeypatch.setattr(metric.network, "describe", counted)
    tests = codes()
    metric.assess_together([metric.glance(test) for test in tests])
    # Of the larger view: three of 300 × 420 and the one inside the frame, two upright ones, a
    # small one, and its mosaic.
    assert seen[:4] == [4, 2, 1, 1]
    assert (sum(seen), len(seen) < 2 * len(tests)) == (2 * len(tests), True)


def test_what_is_wrong_with_one_is_seen_at_a_glance() -> None:
    metric = liked.metric()
    good = codes()[0]
    for wrong, error in (
        (good * 300, DomainError), (torch.full_like(good, torch.nan), PixelValueError),
        (good[..., :20], ShapeError), (torch.cat([good, good]), ShapeError),
    ):  # fmt: skip
        with pytest.raises(error):
            metric.glance(wrong)
    with pytest.raises(OptionError, match="give one"):
        hm.create_metric("psnr").glance(good)


def test_a_pass_holds_of_each_what_it_holds_of_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from hdrmetrics.learned import predictor

    network = alive(build_network(NOR))
    metric = LearnedMetric(network, card_of(NOR), "hdr-c")
    asked = []
    usual = predictor.score_windows

    def noted(*given, floats, **more):  # type: ignore[no-untyped-def]
        asked.append((len(given[1]), floats))
        return usual(*given, floats=floats, **more)

    monkeypatch.setattr(predictor, "score_windows", noted)
    tests = light()
    metric.assess_together([metric.glance(test) for test in tests])
    assert asked == [(count, count * predictor.FLOATS) for count in (3, 1, 1)]
