"""The decision to enhance, at its edges."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdrmetrics.errors import OptionError
from hdrmetrics.improve.trigger import THRESHOLD, Decision, Thresholds, decide

NAMES = ("overall", "noise", "motion-blur", "lens-blur", "compression", "saturation")
probabilities = st.floats(0, 1, allow_nan=False)


def test_the_default_is_that_of_the_patent() -> None:
    assert THRESHOLD == 0.4
    assert all(Thresholds().of(name) == 0.4 for name in NAMES)


@pytest.mark.parametrize(
    ("score", "enhances"),
    [(0.0, False), (math.nextafter(0.4, 0), False), (0.4, True), (1.0, True)],
)
def test_equal_to_the_threshold_triggers(score: float, enhances: bool) -> None:
    assert decide({"noise": score}).enhance is enhances


def test_a_threshold_of_zero_always_triggers_and_one_only_at_certainty() -> None:
    assert decide({"noise": 0.0}, Thresholds(0)).enhance
    assert decide({"noise": 1.0}, Thresholds(1)).enhance
    assert not decide({"noise": math.nextafter(1, 0)}, Thresholds(1)).enhance


def test_own_thresholds_count_before_the_common_one() -> None:
    chosen = Thresholds(0.9, {"noise": 0.2})
    assert decide(dict.fromkeys(NAMES, 0.5), chosen).triggers == ("noise",)


def test_the_highest_comes_first_and_equal_ones_by_name() -> None:
    scores = {"saturation": 0.5, "noise": 0.8, "lens-blur": 0.5}
    assert decide(scores).triggers == ("noise", "lens-blur", "saturation")


def test_nothing_triggers() -> None:
    assert decide({"noise": 0.1}) == Decision()
    assert not Decision().enhance


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.01, 1.01, None, "0.5"])
def test_what_is_no_probability_is_an_error(bad: float) -> None:
    with pytest.raises(OptionError, match="score of noise is a number from 0 to 1"):
        decide({"overall": 0.9, "noise": bad})
    with pytest.raises(OptionError, match="threshold"):
        Thresholds(bad)
    with pytest.raises(OptionError, match="threshold of noise"):
        Thresholds(own={"noise": bad})


def test_no_score_at_all_is_an_error() -> None:
    with pytest.raises(OptionError, match="no score"):
        decide({})


@given(st.dictionaries(st.sampled_from(NAMES), probabilities, min_size=1), probabilities)
def test_exactly_those_that_reach_it(scores: dict[str, float], threshold: float) -> None:
    found = decide(scores, Thresholds(threshold)).triggers
    assert set(found) == {name for name, value in scores.items() if value >= threshold}
    assert [scores[name] for name in found] == sorted((scores[n] for n in found), reverse=True)


@given(st.dictionaries(st.sampled_from(NAMES), probabilities, min_size=1))
def test_a_lower_threshold_never_triggers_less(scores: dict[str, float]) -> None:
    low, high = decide(scores, Thresholds(0.3)), decide(scores, Thresholds(0.6))
    assert set(high.triggers) <= set(low.triggers)
