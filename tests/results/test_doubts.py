"""The report of warnings and intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.predictor import LearnedMetric
from hdrmetrics.learned.spread import HINTS, Spread
from hdrmetrics.learned.traits import measure
from results.learned.doubts import auroc, before, held, page, warned
from tests.learned.small import NOR, alive, card_of, pictures
from trainers.doubting.guards import EMPTY, REAL, Seen
from trainers.doubting.intervals import SURROUND
from trainers.doubting.observe import Observed


def test_auroc() -> None:
    assert auroc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert auroc(np.array([1.0, 1.0]), np.array([1.0, 1.0])) == 0.5
    assert auroc(np.array([1.0, 0.0]), np.array([0.0, 0.0])) == 0.75


def test_the_table_of_warnings() -> None:
    real = measure(pictures(1, 128, 128)[0], "light")
    flat = measure(pictures(1, 128, 128)[0] * 0 + 50, "light")
    seen = [
        Seen("light", REAL, "HDR scene", real, "a", "test"),
        Seen("light", EMPTY, "one colour", flat, "a", "test"),
    ]
    lines = warned(seen)
    assert [line[1] for line in lines] == ["real", "– HDR scene", "next to empty", "– one colour"]
    assert lines[0][2:] == ["1", "0%", ""]
    assert lines[2][2:] == ["1", "100%", "1.000"]
    text = page({"warned": lines, "scenes": 1})
    assert "| HDR | – one colour | 1 | 100% | 1.000 |" in text


def test_the_table_of_intervals() -> None:
    metric = LearnedMetric(alive(build_network(NOR, seed=3)), card_of(NOR), "hdr-c")
    interval = metric.head_card.interval
    assert interval is not None
    spread = Spread(("flat",), (0.0,), (1.0,), (-2.3026, 1.0), (-2.3026, 1.0), 1.0)
    metric.head_card = replace(
        metric.head_card, interval=replace(interval, whole=0.3, adapts_whole=spread)
    )
    hints = np.zeros((31, len(HINTS)))
    hints[-1, HINTS.index("flat")] = 1.0
    truth = np.r_[np.full(15, 0.55), np.full(12, 0.45), np.full(3, 0.9), 1.0]
    found = Observed(
        hints, np.full(31, 0.5), truth, np.full(31, "a"),
        np.array(["none"] * 15 + ["blur"] * 15 + [SURROUND]), np.ones(31, dtype=bool),
    )  # fmt: skip
    (line,) = held(metric, found)
    assert line[:6] == ["norvdpnet-hdr-c", "whole", "30", "90%", "80% (blur)", "20"]
    assert line[6] == f"{before(metric, found.select(found.name != SURROUND), True):.0f}"
    assert line[-1] == "100%"
    scale = metric.head_card.target
    quality = np.linspace(scale.least, scale.most, 9)
    import torch

    scores = scale.score(torch.from_numpy(quality))
    middle = scale.target(torch.from_numpy(quality))
    ends = [scale.score(scale.quality_of_target(middle + s)) for s in (-0.3, 0.3)]
    own = replace(found, score=scores.numpy() / 100)
    assert before(metric, own, True) == pytest.approx(float((ends[1] - ends[0]).mean()), abs=0.05)
