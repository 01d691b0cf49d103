"""Distributions of opinions, against closed forms and other libraries."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import null_space
from scipy.stats import entropy, wasserstein_distance

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.learned.liked.distribution import (
    earth_movers_distance,
    likeliest_distribution,
    mean_score,
    score_spread,
)


def random(count: int, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.dirichlet(np.full(10, 0.7), count))


def test_mean_and_spread_are_those_of_numpy() -> None:
    found = random(50)
    grid = np.arange(1, 11)
    means = found.numpy() @ grid
    spreads = np.sqrt((found.numpy() * (grid - means[:, None]) ** 2).sum(axis=1))
    np.testing.assert_allclose(mean_score(found), means)
    np.testing.assert_allclose(score_spread(found), spreads)


@pytest.mark.parametrize("apart", range(10))
def test_two_single_scores_are_apart_by_what_lies_between(apart: int) -> None:
    one, other = torch.eye(10)[0], torch.eye(10)[apart]
    for r in (1.0, 2.0, 3.0):
        assert float(earth_movers_distance(one, other, r=r)) == pytest.approx(
            (apart / 10) ** (1 / r), abs=2e-6
        )


def test_with_r_1_it_is_the_distance_of_scipy() -> None:
    p, q = random(20), random(20, seed=1)
    grid = np.arange(10)
    for a, b in zip(p, q, strict=True):
        expected = wasserstein_distance(grid, grid, a.numpy(), b.numpy()) / 10
        assert float(earth_movers_distance(a, b, r=1.0)) == pytest.approx(expected)


def test_it_is_symmetric_zero_for_itself_and_has_a_gradient_there() -> None:
    p, q = random(20), random(20, seed=1)
    torch.testing.assert_close(earth_movers_distance(p, q), earth_movers_distance(q, p))
    logits = p.log().requires_grad_()
    distance = earth_movers_distance(logits.softmax(dim=-1), p).sum()
    assert float(distance.detach()) < 1e-4
    distance.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())


def test_its_gradient_is_that_of_differences() -> None:
    q = random(3, seed=2)
    logits = torch.randn(3, 10, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x: earth_movers_distance(x.softmax(dim=-1), q), (logits,)
    )


def test_other_shapes_and_powers_are_refused() -> None:
    with pytest.raises(ShapeError, match="one shape"):
        earth_movers_distance(torch.ones(2, 10) / 10, torch.ones(10) / 10)
    with pytest.raises(ShapeError, match="10 parts"):
        mean_score(torch.ones(5) / 5)
    with pytest.raises(ShapeError, match="a spread for each mean"):
        likeliest_distribution(torch.tensor([2.0, 3.0]), torch.tensor([1.0]))
    with pytest.raises(OptionError, match="at least 1"):
        earth_movers_distance(torch.ones(10) / 10, torch.ones(10) / 10, r=0.5)


def test_the_likeliest_distribution_has_the_mean_and_the_spread() -> None:
    mean = torch.linspace(1.3, 9.7, 85, dtype=torch.float64)
    spread = (0.1 * (mean - 1) * (10 - mean)).sqrt()
    found = likeliest_distribution(mean, spread)
    torch.testing.assert_close(mean_score(found), mean, atol=1e-5, rtol=0)
    torch.testing.assert_close(score_spread(found)[5:-5], spread[5:-5], atol=1e-5, rtol=0)
    assert bool((found > 0).all())


def test_none_with_that_mean_and_spread_has_more_entropy() -> None:
    grid = np.arange(1, 11)
    # Whatever keeps the sum, the mean and the mean square is a step along these.
    free = null_space(np.stack([np.ones(10), grid, grid**2]).astype(float))
    rng = np.random.default_rng(0)
    for mean, spread in ((3.2, 1.1), (5.5, 2.0), (8.4, 0.9)):
        args = (torch.tensor(value, dtype=torch.float64) for value in (mean, spread))
        found = likeliest_distribution(*args).numpy()
        best = entropy(found)
        for _ in range(50):
            step = free @ rng.normal(size=free.shape[1])
            # As far as no part becomes negative, and half of that way.
            farthest = float(np.min(found / np.maximum(-step, 1e-12)))
            for size in (0.5, 1.0):
                assert entropy(found + size * farthest * step) < best + 1e-14


def test_at_the_ends_of_the_scale_it_is_nearly_one_score() -> None:
    found = likeliest_distribution(torch.tensor([1.0, 10.0]), torch.tensor([1.4, 1.4]))
    assert float(found[0, 0]) > 0.95
    assert float(found[1, -1]) > 0.95


@pytest.mark.parametrize(("mean", "spread"), [(0.5, 1.0), (11.0, 1.0), (float("nan"), 1.0), (5, 0)])
def test_impossible_opinions_are_refused(mean: float, spread: float) -> None:
    with pytest.raises(OptionError, match=r"\[1, 10\]"):
        likeliest_distribution(torch.tensor([mean]), torch.tensor([float(spread)]))
