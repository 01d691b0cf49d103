"""Doubts of a network of opinions: where it errs more is learnt, and reaches the intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from hdrmetrics.learned.spread import HINTS
from tests.learned.liked import small
from trainers.opinions.doubts import fit_doubts

RNG = np.random.default_rng(0)


def test_the_layer_foretells_how_large_errors_are() -> None:
    x = np.abs(RNG.normal(size=(4000, 6)))
    width = 0.3 + x @ np.array([0.5, 0.0, 0.2, 0.0, 0.0, 0.0])
    error = np.abs(RNG.laplace(0.0, width))
    weight, bias = fit_doubts(x, error, np.arange(4000) // 2)
    found = x @ weight + bias
    assert np.corrcoef(found, width)[0, 1] > 0.97
    assert found.mean() == pytest.approx(width.mean(), rel=0.05)


def test_where_nothing_is_to_be_foretold_the_layer_says_the_mean() -> None:
    x, error = RNG.normal(size=(600, 40)), np.abs(RNG.normal(size=600))
    weight, bias = fit_doubts(x, error, np.arange(600))
    assert (x @ weight).std() < 0.1 * error.mean()
    assert bias == pytest.approx(error.mean(), rel=0.1)


def test_doubts_are_hints_in_parts_of_the_scale_and_leave_scores_alone() -> None:
    metric, picture = small.metric(), small.pictures(2)
    value = metric(picture)
    place = HINTS.index("log doubt")
    assert metric.hints(picture)[1][:, place] == pytest.approx(math.log(0.1 / 9), abs=1e-5)
    with torch.no_grad():
        metric.network.doubt.bias.fill_(1.8)
    assert metric.hints(picture)[1][:, place] == pytest.approx(math.log(0.2), abs=1e-5)
    torch.testing.assert_close(metric(picture), value)
