"""Settings of a step: fixed, tied to the strength, drawn, chosen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from datasets.settings import parse_setting
from hdrmetrics.errors import OptionError


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize("value", [3, 2.5, "srgb", True])
def test_fixed_values_stay(value: float | str | bool) -> None:
    assert parse_setting("x", value).resolve(0.7, rng()) == value


def test_tied_values_follow_the_strength() -> None:
    linear = parse_setting("x", {"from": 90.0, "to": 10.0})
    assert [linear.resolve(s, rng()) for s in (0.0, 0.5, 1.0)] == [90.0, 50.0, 10.0]
    log = parse_setting("x", {"from": 0.1, "to": 10.0, "spacing": "log"})
    assert log.resolve(0.5, rng()) == pytest.approx(1.0)


def test_whole_ends_give_whole_values() -> None:
    value = parse_setting("x", {"from": 95, "to": 5}).resolve(0.123, rng())
    assert isinstance(value, int)
    assert value == round(95 - 0.123 * 90)


def test_draws_fill_the_range_evenly_on_their_spacing() -> None:
    setting = parse_setting("x", {"between": [0.01, 100.0], "spacing": "log"})
    generator = rng()
    drawn = np.array([setting.resolve(0.0, generator) for _ in range(4000)], dtype=float)
    assert drawn.min() >= 0.01
    assert drawn.max() <= 100.0
    parts = (np.log10(drawn) + 2) / 4
    assert abs(parts.mean() - 0.5) < 4 * math.sqrt(1 / 12 / 4000)


def test_choices_are_equally_likely() -> None:
    setting = parse_setting("x", {"among": ["a", "b", "c"]})
    generator = rng()
    drawn = [setting.resolve(0.0, generator) for _ in range(3000)]
    assert all(abs(drawn.count(one) - 1000) < 120 for one in "abc")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, 2], "a value or a table"),
        ({"from": 1}, "a table of from"),
        ({}, "a table of nothing"),
        ({"between": [1]}, r"between takes \[low, high\]"),
        ({"between": [1, "x"]}, "between numbers"),
        ({"between": [0.0, 1.0], "spacing": "log"}, "cannot end at 0.0"),
        ({"between": [0.0, math.inf]}, "cannot end at inf"),
        ({"among": []}, "among takes a list"),
        ({"among": [[1]]}, "among takes a list"),
        ({"from": 1, "to": 2, "spacing": "cubic"}, "spacing"),
        ({"from": True, "to": 2}, "between numbers"),
    ],
)
def test_other_forms_are_refused(given: object, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_setting("here", given)
