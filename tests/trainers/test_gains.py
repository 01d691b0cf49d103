"""Fits of improvability against scikit-learn and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from hdrmetrics.errors import OptionError
from trainers.improving.fit import (
    Layer,
    average_precision,
    calibrate,
    fit_baseline,
    kept_gain,
    recall_at,
    tune,
)

RNG = np.random.default_rng(0)
PEER = "the extra 'train' is not installed"
X = RNG.normal(size=(400, 6))
TRUE = np.array([1.0, -0.5, 0.2, 0.0, 0.0, 0.3])
Y = X @ TRUE + 0.3 + 0.2 * RNG.normal(size=400)


def test_the_baseline_is_ridge_regression() -> None:
    linear = pytest.importorskip("sklearn.linear_model", reason=PEER)
    layer, strength = fit_baseline(X[:300], Y[:300], X[300:], Y[300:], (10.0,))
    assert strength == 10.0
    z = X[:300] - X[:300].mean(axis=0)
    expected = linear.Ridge(alpha=10.0).fit(z, Y[:300])
    np.testing.assert_allclose(layer.weight, expected.coef_, atol=0.02)
    assert np.corrcoef(layer(X[300:]), Y[300:])[0, 1] > 0.95


def test_the_best_strength_is_taken() -> None:
    _, strength = fit_baseline(X[:40], Y[:40], X[300:], Y[300:], (1.0, 1e6))
    assert strength == 1.0


def test_without_a_pull_tuning_is_logistic_regression() -> None:
    linear = pytest.importorskip("sklearn.linear_model", reason=PEER)
    positive = RNG.random(400) < 1 / (1 + np.exp(-2 * (Y - 0.5)))
    found = tune(Layer(np.zeros(6), 0.0), 1.0, 0.0, X, positive.astype(np.int64), 0.0)
    expected = linear.LogisticRegression(C=1e9, tol=1e-8).fit(X, positive)
    np.testing.assert_allclose(found.weight, expected.coef_[0], atol=2e-3)
    assert found.bias == pytest.approx(float(expected.intercept_[0]), abs=2e-3)


def test_four_labels_are_put_in_order_where_two_would_not_tell_them_apart() -> None:
    labels = np.digitize(Y, [-1.0, 0.5, 1.5]) - 1
    layer = Layer(np.zeros(6), 0.0)
    all_four = tune(layer, 1.0, 0.0, X, labels, 1e-3)
    two = tune(layer, 1.0, 0.0, X, np.clip(labels, 0, 1), 1e-3)
    errors = [np.abs(np.corrcoef(one.weight, TRUE)[0, 1] - 1) for one in (all_four, two)]
    assert errors[0] < errors[1]
    # The offset is that of "1 or more", whatever other labels there are.
    share = 1 / (1 + np.exp(-all_four(X)))
    assert share.mean() == pytest.approx((labels >= 1).mean(), abs=0.02)


def test_a_strong_pull_leaves_the_baseline_as_it_is() -> None:
    start = Layer(TRUE, 0.1)
    found = tune(start, 2.0, -0.4, X, (Y > 0.5).astype(np.int64), 1e6)
    np.testing.assert_allclose(found.weight, 2 * TRUE, atol=1e-4)


def test_calibration_finds_the_probability() -> None:
    z = 3 * RNG.normal(size=20000) + 5
    positive = RNG.random(20000) < 1 / (1 + np.exp(-(0.8 * z - 3)))
    slope, offset = calibrate(z, positive)
    assert slope == pytest.approx(0.8, abs=0.05)
    assert offset == pytest.approx(-3, abs=0.2)


def test_calibration_stays_finite_where_outputs_part_the_labels() -> None:
    slope, offset = calibrate(np.arange(20.0), np.arange(20) > 9)
    assert np.isfinite([slope, offset]).all()
    with pytest.raises(OptionError, match="less often"):
        calibrate(-np.arange(20.0), np.arange(20) > 9)


@pytest.mark.parametrize("kind", [True, False])
def test_labels_of_one_kind_are_refused(kind: bool) -> None:
    same = np.full(400, kind)
    with pytest.raises(OptionError, match="one kind"):
        tune(Layer(TRUE, 0.0), 1.0, 0.0, X, same.astype(np.int64), 0.1)
    with pytest.raises(OptionError, match="one kind"):
        calibrate(Y, same)


def test_average_precision_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason=PEER)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        score = np.round(rng.normal(size=100), 1)  # with ties
        positive = rng.random(100) < 0.3
        expected = metrics.average_precision_score(positive, score)
        assert average_precision(score, positive) == pytest.approx(expected)


def test_recall_at_a_precision() -> None:
    score = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    positive = np.array([True, False, True, False, False])
    assert recall_at(score, positive, 0.6) == 1.0
    assert recall_at(score, positive, 0.9) == 0.5
    assert recall_at(-score, positive, 0.9) == 0.0
    # What scores the same is told apart by nothing, in whatever order it comes.
    same = np.ones(4)
    for first in (True, False):
        one = np.array([first, not first, False, False])
        assert recall_at(same, one, 0.5) == 0.0
        assert recall_at(same, one, 0.25) == 1.0


def test_the_gain_that_is_kept() -> None:
    gain = np.array([4.0, 3.0, 2.0, 1.0, -1.0])
    assert kept_gain(gain, gain, 0.4) == pytest.approx(0.7)
    assert kept_gain(-gain, gain, 0.2) == pytest.approx(-0.1)
    assert kept_gain(gain, gain, 1.0) == pytest.approx(0.9)
