"""Means say what they cover; intervals of paired differences agree with SciPy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.summary import paired_difference, summarise


def test_infinite_values_failures_and_nan_are_counted_apart() -> None:
    found = summarise([38.0, None, math.inf, math.nan, 40.0, math.inf], higher_is_better=True)
    assert (found.n, found.of, found.mean, found.worst) == (2, 6, 39.0, 38.0)
    assert (found.infinite, found.not_numbers, found.failed) == (2, 1, 1)
    assert found.apart == "2 infinite, 1 not a number, 1 failed"
    assert not found.covers_all
    assert summarise([1.0, 3.0], higher_is_better=False).worst == 3.0


@pytest.mark.parametrize("values", [[], [None], [math.nan]])
def test_nothing_has_no_mean(values: list[float | None]) -> None:
    found = summarise(values, higher_is_better=True)
    assert (found.n, found.mean, found.worst) == (0, None, None)


def test_only_infinite_values() -> None:
    found = summarise([math.inf, math.inf], higher_is_better=True)
    assert (found.mean, found.worst, found.infinite) == (None, math.inf, 2)


def test_intervals_agree_with_scipy() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(40, 5, 40), rng.normal(38, 5, 40)
    names = [f"{i:02d}" for i in range(40)]
    found = paired_difference(dict(zip(names, a, strict=True)), dict(zip(names, b, strict=True)))
    expected = stats.bootstrap(
        (a - b,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert found.mean == pytest.approx((a - b).mean())
    assert found.low == pytest.approx(expected.low, abs=0.05)
    assert found.high == pytest.approx(expected.high, abs=0.05)


def test_a_constant_difference_has_no_spread() -> None:
    first = {name: float(i) for i, name in enumerate("abcd")}
    found = paired_difference({k: v + 0.5 for k, v in first.items()}, first)
    assert (found.n, found.mean, found.low, found.high) == (4, 0.5, 0.5, 0.5)


def test_only_pictures_of_both_with_finite_values_count() -> None:
    first = {"a": 1.0, "b": math.inf, "c": 3.0, "d": 9.0}
    second = {"a": 0.0, "b": 1.0, "c": math.nan, "e": 9.0}
    found = paired_difference(first, second)
    assert (found.n, found.of, found.mean, found.low) == (1, 5, 1.0, None)
    assert paired_difference({}, second).mean is None


def test_order_changes_nothing_and_signs_turn() -> None:
    rng = np.random.default_rng(0)
    first = {str(i): float(x) for i, x in enumerate(rng.normal(size=9))}
    second = {str(i): float(x) for i, x in enumerate(rng.normal(size=9))}
    found = paired_difference(first, second)
    assert paired_difference(dict(reversed(first.items())), second) == found
    turned = paired_difference(second, first)
    assert found.low is not None
    assert turned.high == pytest.approx(-found.low)


def test_no_resamples_are_refused() -> None:
    with pytest.raises(OptionError, match="at least 1"):
        paired_difference({}, {}, resamples=0)
