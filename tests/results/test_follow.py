from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from hdrmetrics.catalogue.domain import Domain
from results.learned.follow import (
    RATE,
    Way,
    augment,
    bounds,
    filtered,
    follow,
    pull,
    scaled,
    stopped,
    unscaled,
    variation,
)


def _start(count: int = 2) -> Tensor:
    return torch.rand(count, 3, 32, 48, generator=torch.Generator().manual_seed(0)) * 0.6 + 0.2


def _to(target: float) -> object:
    return lambda x: (x - target).square().mean(dim=(1, 2, 3))


@pytest.mark.parametrize("domain", ["hdr", "sdr"])
def test_the_scale_of_changes_is_undone(domain: Domain) -> None:
    x = _start() if domain == "sdr" else _start() * 1000
    assert torch.allclose(unscaled(scaled(x, domain), domain), x, rtol=1e-3)
    low, high = bounds(domain)
    assert low <= float(scaled(x, domain).min())
    assert float(scaled(x, domain).max()) <= high


def test_light_of_100_is_one_on_the_scale() -> None:
    assert float(scaled(torch.tensor([100.0]), "hdr")) == pytest.approx(1, abs=0.01)


def test_a_path_goes_down_its_loss_and_stays_within_a_rate_per_step() -> None:
    start = _start()
    path = follow(_to(0.0), start, "sdr", Way(), steps=20)  # type: ignore[arg-type]
    assert len(path) == 3
    assert torch.equal(path[0], start)
    assert all(float(b.mean()) < float(a.mean()) for a, b in itertools.pairwise(path))
    assert float((path[-1] - start).abs().max()) == pytest.approx(20 * RATE, rel=0.05)


def test_pixels_stay_in_bounds() -> None:
    path = follow(_to(5.0), torch.ones(1, 3, 32, 32) * 0.99, "sdr", Way(), steps=20)  # type: ignore[arg-type]
    assert float(path[-1].max()) == 1.0


def test_pictures_of_a_batch_do_not_mix() -> None:
    start = _start()
    both = follow(_to(0.0), start, "sdr", Way(), steps=10)[-1]  # type: ignore[arg-type]
    alone = follow(_to(0.0), start[1:], "sdr", Way(), steps=10)[-1]  # type: ignore[arg-type]
    assert torch.allclose(both[1:], alone, atol=1e-6)


def test_penalties_hold_the_change_back() -> None:
    start = _start()

    def noisy(x: Tensor) -> Tensor:  # wants a change of high frequency
        signs = 1 - 2 * (torch.arange(48) % 2)
        return (x * signs).mean(dim=(1, 2, 3))

    free = (follow(noisy, start, "sdr", Way(), steps=30)[-1] - start).abs().mean()
    for penalty in (pull(200.0), variation(3.0)):
        held = (follow(noisy, start, "sdr", Way(penalty), steps=30)[-1] - start).abs().mean()
        assert float(held) < 0.5 * float(free)


def test_a_coarse_change_is_smooth_and_a_smoothed_gradient_too() -> None:
    start = _start(1)
    aim = torch.rand(1, 3, 32, 48)

    def loss(x: Tensor) -> Tensor:
        return (x - aim).square().mean(dim=(1, 2, 3))

    def roughness(way: Way) -> float:
        change = follow(loss, start, "sdr", way, steps=20)[-1] - start
        return float(change.diff(dim=-1).square().mean() / change.square().mean())

    free = roughness(Way())
    assert roughness(Way(coarse=8)) < 0.1 * free
    assert roughness(Way(smooth=2.0)) < 0.4 * free


def test_one_filter_is_a_correlation_with_repeated_borders() -> None:
    x, taps = _start(), torch.rand(2, 1, 5, 5)
    found = filtered(x, taps)
    wide = pad(x, (2,) * 4, mode="replicate")
    for index in range(2):
        for channel in range(3):
            plane = conv2d(wide[index, channel][None, None], taps[index][None])
            assert torch.allclose(found[index, channel], plane[0, 0], atol=1e-5)


def test_one_filter_finds_the_filter_that_is_asked_for() -> None:
    start = _start(1)
    taps = torch.zeros(1, 1, 5, 5)
    taps[..., 2, 2] = -0.2
    aim = start + filtered(start, taps)

    def loss(x: Tensor) -> Tensor:
        return (x - aim).square().mean(dim=(1, 2, 3))

    path = follow(loss, start, "sdr", Way(taps=5), steps=100)
    assert float(loss(path[-1])) < 0.05 * float(loss(path[0]))


def test_augmentations_are_drawn_by_their_seed() -> None:
    x = _start()
    first, same, other = (augment(x, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, same)
    assert sorted(first.shape[-2:]) == [16, 32]
    assert first.shape != other.shape or not torch.equal(first, other)


def test_a_judge_stops_before_what_it_finds_worse() -> None:
    path = [torch.full((3, 1, 2, 2), v) for v in (0.5, 0.4, 0.3, 0.6)]
    for index, value in enumerate((0.1, 0.2, 0.3, 0.4)):
        path[index] = path[index].clone()
        path[index][1] = value
        path[index][2] = -value

    def judge(x: Tensor) -> Tensor:
        return x.mean(dim=(1, 2, 3))

    assert stopped(judge, path, "sdr") == [2, 0, 3]
