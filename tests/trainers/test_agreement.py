"""Correlations against SciPy, the logistic fit, the bootstrap's coverage, conformal widths."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from datasets.statistics.bootstrap import Interval, SceneBootstrap
from datasets.statistics.conformal import conformal_width
from datasets.statistics.logistic import LogisticCurve, fitted_plcc
from datasets.statistics.weighted import Numbers, krocc, mean_absolute_error, once, plcc, srocc
from hdrmetrics.errors import OptionError, ShapeError


def _pair(seed: int, n: int = 120, *, ties: bool = False) -> tuple[Numbers, Numbers]:
    rng = np.random.Generator(np.random.PCG64(seed))
    x = rng.normal(size=n)
    y = 0.7 * x + rng.normal(size=n)
    return (np.round(x, 1), np.round(y, 1)) if ties else (x, y)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_correlations_are_scipys(seed: int, ties: bool) -> None:
    x, y = _pair(seed, ties=ties)
    clusters = np.arange(x.size) // 7
    assert once(plcc(x, y), x.size) == pytest.approx(scipy.stats.pearsonr(x, y)[0], abs=1e-12)
    assert once(srocc(x, y), x.size) == pytest.approx(scipy.stats.spearmanr(x, y)[0], abs=1e-12)
    tau = scipy.stats.kendalltau(x, y)[0]
    assert once(krocc(x, y, clusters), x.size) == pytest.approx(tau, abs=1e-12)
    assert once(mean_absolute_error(x, y), x.size) == pytest.approx(np.abs(x - y).mean())


@pytest.mark.parametrize("ties", [False, True])
def test_counts_are_repetitions(ties: bool) -> None:
    x, y = _pair(3, 60, ties=ties)
    clusters = np.arange(60) % 9
    drawn = np.random.Generator(np.random.PCG64(0)).integers(0, 3, size=(4, 9))
    counts = drawn[:, clusters].astype(np.float64)
    repeated = [np.repeat(np.arange(60), row.astype(int)) for row in counts]
    for statistic, peer in (
        (plcc(x, y), scipy.stats.pearsonr),
        (srocc(x, y), scipy.stats.spearmanr),
        (krocc(x, y, clusters), scipy.stats.kendalltau),
    ):
        expected = [peer(x[at], y[at])[0] for at in repeated]
        np.testing.assert_allclose(statistic(counts), expected, atol=1e-12)


def test_no_spread_no_correlation() -> None:
    flat, rising = np.full(8, 0.3), np.arange(8.0)
    clusters = np.zeros(8, dtype=np.int64)
    for statistic in (plcc(flat, rising), srocc(flat, rising), krocc(flat, rising, clusters)):
        assert math.isnan(once(statistic, 8))
    offset = 1e6 + np.arange(8.0)  # a large mean is not taken for a flat side
    assert once(plcc(offset, rising), 8) == pytest.approx(1.0)


def test_values_that_cannot_be_compared() -> None:
    with pytest.raises(ShapeError, match="one per item"):
        plcc(np.ones(3), np.ones(4))
    with pytest.raises(ShapeError, match="finite"):
        srocc(np.array([1.0, np.nan]), np.ones(2))


@pytest.mark.parametrize("height", [0.8, -0.8])
def test_the_curve_is_found_again(height: float) -> None:
    true = LogisticCurve(0.5 - height / 2, height, 3.0, 0.2)
    x = np.linspace(-2, 2, 200)
    found = LogisticCurve.fit(x, true(x))
    np.testing.assert_allclose(found(x), true(x), atol=1e-6)
    steps = np.diff(found(np.linspace(-9, 9, 500)))
    assert (steps * np.sign(height) >= 0).all()


def test_the_fit_is_scipys() -> None:
    rng = np.random.Generator(np.random.PCG64(8))
    x = rng.uniform(0, 100, 300)
    y = 0.1 + 0.8 / (1 + np.exp(-(x - 60) / 9)) + 0.05 * rng.normal(size=300)

    def model(t: Numbers, a: float, b: float, c: float, d: float) -> NDArray[np.float64]:
        return np.asarray(a + b / (1 + np.exp(-c * (t - d))))

    expected, _ = curve_fit(model, x, y, p0=[0, 1, 0.1, 50])
    found = LogisticCurve.fit(x, y)
    np.testing.assert_allclose(found(x), model(x, *expected), atol=1e-5)
    fitted, plain = once(fitted_plcc(x, y), 300), once(plcc(x, y), 300)
    assert fitted > plain
    assert fitted == pytest.approx(np.corrcoef(model(x, *expected), y)[0, 1], abs=1e-6)


def test_a_refit_is_a_fit() -> None:
    x, y = _pair(11, 150)
    y = 1 / (1 + np.exp(-2 * y))
    counts = np.random.Generator(np.random.PCG64(1)).integers(0, 3, 150).astype(np.float64)
    again = np.repeat(np.arange(150), counts.astype(int))
    from_scratch = LogisticCurve.fit(x[again], y[again])
    expected = np.corrcoef(from_scratch(x[again]), y[again])[0, 1]
    assert fitted_plcc(x, y)(counts[None])[0] == pytest.approx(expected, abs=1e-4)


def test_a_curve_through_nothing() -> None:
    with pytest.raises(OptionError, match="two items"):
        LogisticCurve.fit(np.ones(1), np.ones(1))
    flat = LogisticCurve.fit(np.ones(5), np.arange(5.0))
    np.testing.assert_allclose(flat(np.ones(5)), 2.0, atol=1e-6)


def test_the_bootstrap_is_determined_by_its_seed() -> None:
    x, y = _pair(2)
    names = np.array([f"scene {i // 10}" for i in range(x.size)])
    first, again, other = (
        SceneBootstrap(names, resamples=50, seed=seed).interval(srocc(x, y)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.value == other.value
    assert first[1:] != other[1:]


def test_whole_scenes_are_drawn() -> None:
    """Copies of the items of a scene add nothing: the interval stays as wide."""
    x, y = _pair(4, 30)
    single = SceneBootstrap(np.arange(30), resamples=200, seed=3).interval(plcc(x, y))
    x3, y3, scenes = np.repeat(x, 3), np.repeat(y, 3), np.repeat(np.arange(30), 3)
    copied = SceneBootstrap(scenes, resamples=200, seed=3).interval(plcc(x3, y3))
    np.testing.assert_allclose(copied, single, atol=1e-12)
    apart = SceneBootstrap(np.arange(90), resamples=200, seed=3).interval(plcc(x3, y3))
    assert apart.high - apart.low < 0.8 * (single.high - single.low)


def test_intervals_cover_the_truth() -> None:
    """Items of a scene share an offset; of 95 % intervals of the mean about 95 % hold the truth."""
    held, held_by_items, trials = 0, 0, 200
    for trial in range(trials):
        rng = np.random.Generator(np.random.PCG64(trial))
        scenes = np.repeat(np.arange(40), 5)
        error = np.abs(2.0 + rng.normal(size=40)[scenes] * 0.5 + 0.1 * rng.normal(size=200))
        statistic = mean_absolute_error(error, np.zeros(200))
        one = SceneBootstrap(scenes, resamples=200, seed=trial).interval(statistic)
        held += one.low <= 2.0 <= one.high
        two = SceneBootstrap(np.arange(200), resamples=200, seed=trial).interval(statistic)
        held_by_items += two.low <= 2.0 <= two.high
    assert 0.89 <= held / trials <= 0.985
    assert held_by_items / trials < 0.75  # what scenes are drawn for


def test_differences_are_paired() -> None:
    rng = np.random.Generator(np.random.PCG64(7))
    y = rng.normal(size=200)
    shared = rng.normal(size=200)
    ours, theirs = y + shared, y + 1.05 * shared  # hardly better, but on the same items
    bootstrap = SceneBootstrap(np.arange(200) // 5, resamples=300, seed=0)
    apart = bootstrap.difference(plcc(ours, y), plcc(theirs, y))
    assert apart.value > 0
    assert apart.excludes_zero
    one, two = bootstrap.interval(plcc(ours, y)), bootstrap.interval(plcc(theirs, y))
    assert one.low < two.high  # their own intervals overlap
    assert not bootstrap.difference(plcc(ours, y), plcc(ours, y)).excludes_zero


def test_what_cannot_be_resampled() -> None:
    x, y = _pair(1, 10)
    one = SceneBootstrap(np.zeros(10), resamples=20).interval(plcc(x, y))
    assert one.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert math.isnan(one.low)
    assert not one.excludes_zero
    with pytest.raises(OptionError, match="resamples"):
        SceneBootstrap(np.zeros(10), resamples=-1)
    with pytest.raises(ShapeError):
        SceneBootstrap(np.zeros(0), resamples=5)


def test_conformal_widths_cover_new_scenes() -> None:
    covered = []
    for trial in range(200):
        rng = np.random.Generator(np.random.PCG64(trial))
        sizes = rng.integers(3, 12, size=31)
        scenes = np.repeat(np.arange(31), sizes)
        spread = rng.uniform(0.02, 0.2, size=31)[scenes]  # scenes differ in difficulty
        target = rng.uniform(0.3, 0.7, size=scenes.size)
        prediction = target + spread * rng.normal(size=scenes.size)
        old = scenes < 30
        width = conformal_width(target[old], prediction[old], scenes[old], coverage=0.8)
        low, high = width.interval(prediction[~old])
        covered.append(((low <= target[~old]) & (target[~old] <= high)).mean())
    assert 0.78 <= np.mean(covered) <= 0.86


def test_conformal_closed_form_and_limits() -> None:
    error = np.array([0.1, 0.2, 0.3, 0.4])
    width = conformal_width(error, np.zeros(4), np.arange(4), coverage=0.6)
    assert width.half_width == 0.3  # the 3rd of 4 + 1
    assert math.isinf(conformal_width(error, np.zeros(4), np.arange(4), coverage=0.9).half_width)
    none = conformal_width(error, np.zeros(4), np.zeros(4), coverage=0.6)
    assert none.to_dict() == {"coverage": 0.6, "half_width": None, "scenes": 1}
    low, high = none.interval(np.array([0.4]))
    assert (low[0], high[0]) == (0, 1)
    with pytest.raises(OptionError, match="coverage"):
        conformal_width(error, np.zeros(4), np.arange(4), coverage=1.0)
    with pytest.raises(ShapeError):
        conformal_width(error, np.zeros(4), np.arange(3))


def test_an_interval_says_whether_it_holds_zero() -> None:
    assert Interval(0.2, 0.1, 0.3).excludes_zero
    assert Interval(-0.2, -0.3, -0.1).excludes_zero
    assert not Interval(0.0, -0.1, 0.1).excludes_zero
