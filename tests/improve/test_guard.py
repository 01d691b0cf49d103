"""The guard's verdict, and the metrics that it and the trigger ask."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hdrmetrics.errors import OptionError, UnknownNameError
from hdrmetrics.improve.gains import gains_of
from hdrmetrics.improve.guard import GUARD, NO_GUARD, Verdict, guard_metric, judge
from hdrmetrics.result import Score
from tests.improve.standins import install

LIKED = Score("nima", 5.0, unit="", range=(1.0, 10.0), higher_is_better=True)
DISTURBING = Score("piqe", 40.0, unit="", range=(0.0, 100.0), higher_is_better=False)
GAIN = Score("improvability", 0.6, unit="", range=(0.0, 1.0), higher_is_better=True)


def verdict(metric: Score, new: float, gain: float | None = None) -> Verdict:
    """Return what is said of a new value, where improvability was 0.6 and is ``gain``."""
    before, after = {metric.metric: metric}, {metric.metric: replace(metric, value=new)}
    if gain is not None:
        before["improvability"], after["improvability"] = GAIN, replace(GAIN, value=gain)
    return judge(before, after, metric.metric)


@pytest.mark.parametrize(
    ("metric", "new", "passed"),
    [
        (LIKED, 5.1, True), (LIKED, 5.0, True), (LIKED, math.nextafter(5, 0), False),
        (DISTURBING, 39.0, True), (DISTURBING, 40.0, True), (DISTURBING, 40.1, False),
    ],
)  # fmt: skip
def test_worse_is_what_the_metric_calls_so(metric: Score, new: float, passed: bool) -> None:
    assert verdict(metric, new).passed is passed


def test_a_rise_of_improvability_speaks_against_a_picture() -> None:
    assert verdict(LIKED, 6.0, 0.3) == Verdict(
        True, "nima 5.00 → 6.00, improvability 0.6000 → 0.3000"
    )
    assert verdict(LIKED, 6.0, 0.6).passed
    assert verdict(LIKED, 6.0, 0.61) == Verdict(False, "improvability rose from 0.6000 to 0.6100")
    # The guard's own word comes first, and improvability is not asked twice.
    assert verdict(LIKED, 4.0, 0.7).text == "nima fell from 5.00 to 4.00"
    assert verdict(GAIN, 0.5) == Verdict(True, "improvability 0.6000 → 0.5000")
    assert not verdict(GAIN, 0.7).passed


def test_where_it_is_unknown_improvability_has_no_say() -> None:
    after = {"nima": replace(LIKED, value=6.0)}
    assert judge({"nima": LIKED, "improvability": GAIN}, after, "nima").passed


@pytest.mark.parametrize("new", [math.nan, -math.inf])
def test_what_is_no_value_never_passes(new: float) -> None:
    assert not verdict(LIKED, new).passed
    assert verdict(LIKED, 6.0, math.nan) == Verdict(False, "improvability is not a number")
    old = replace(LIKED, value=math.nan)
    assert not judge({"nima": old}, {"nima": LIKED}, "nima").passed


def test_who_can_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    assert guard_metric(GUARD) == "nima"
    assert guard_metric("piqe") == "piqe"
    assert guard_metric(NO_GUARD) is None
    with pytest.raises(OptionError, match="psnr, which compares with a reference"):
        guard_metric("psnr")
    with pytest.raises(OptionError, match="pu21-piqe, which is not of SDR photographs"):
        guard_metric("pu21-piqe")
    with pytest.raises(OptionError, match="enhancement-harm, which says what there is to gain"):
        guard_metric("enhancement-harm")
    assert guard_metric("improvability") == "improvability"
    with pytest.raises(UnknownNameError):
        guard_metric("taste")


def test_gains_are_picked_from_scores_by_degradation() -> None:
    noise = replace(GAIN, metric="improvability-noise", value=0.2)
    scores = {"nima": LIKED, "improvability-noise": noise, "improvability": GAIN}
    assert gains_of(scores) == {"overall": 0.6, "noise": 0.2}
    assert gains_of({"improvability-noise": noise}) == {"noise": 0.2}
    assert gains_of({"nima": LIKED}) == {}
