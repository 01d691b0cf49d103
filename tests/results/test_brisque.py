"""The baseline of natural scene statistics against distributions whose shape is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gennorm

from results.improvable.heuristics import blur, noise
from results.liked.brisque import COUNT, asymmetric, features, normalised, symmetric


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.0, 4.0])
def test_the_shape_of_a_generalised_gaussian_is_found(shape: float) -> None:
    drawn = gennorm.rvs(shape, size=200_000, random_state=0)
    found, energy = symmetric(drawn)
    assert found == pytest.approx(shape, rel=0.03)
    assert energy == pytest.approx(np.mean(drawn**2))


def test_the_two_sides_of_an_asymmetric_one_are_found() -> None:
    rng = np.random.default_rng(0)
    drawn = np.abs(rng.normal(size=200_000))
    drawn *= np.where(rng.random(200_000) < 0.25, -1.0, 3.0)  # as wide as often, per side
    shape, mean, left, right = asymmetric(drawn)
    assert shape == pytest.approx(2.0, rel=0.05)
    assert left == pytest.approx(1.0, rel=0.03)
    assert right == pytest.approx(9.0, rel=0.03)
    assert mean > 0


def test_features_are_of_two_scales_and_see_noise() -> None:
    rng = np.random.default_rng(0)
    smooth = 128 + 60 * np.sin(np.arange(96)[:, None] / 9) * np.cos(np.arange(128) / 11)
    found = features(smooth + rng.normal(0, 2, smooth.shape))
    assert found.shape == (COUNT,)
    assert np.isfinite(found).all()
    assert np.abs(normalised(rng.normal(128, 20, (64, 64)))).mean() > 0.3


def test_heuristics_rise_with_what_they_look_for() -> None:
    rng = np.random.default_rng(0)
    noisy = rng.normal(0.5, 0.1, (64, 64))
    assert noise(noisy) == pytest.approx(0.1, rel=0.1)
    assert noise(np.full((64, 64), 0.5)) == 0
    soft = np.asarray(np.cumsum(noisy, axis=1)) / 64
    assert blur(soft) > blur(noisy)
