"""The domain guard against a normal distribution, and its descriptions of guards."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.guard import Guard


def test_distances_of_a_normal_distribution() -> None:
    rng = np.random.default_rng(1)
    mixing = np.array([[3.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.2, 0.0, 2.0]])
    samples = rng.normal(size=(20_000, 3)) @ mixing.T + [5.0, -1.0, 0.0]
    guard = Guard.fit(samples, share=0.99)
    fresh = torch.from_numpy(rng.normal(size=(20_000, 3)) @ mixing.T + [5.0, -1.0, 0.0])
    squared = guard.distance(fresh).square()
    # Squared Mahalanobis distances are chi-squared with 3 degrees of freedom.
    assert float(squared.mean()) == pytest.approx(3.0, rel=0.03)
    assert guard.threshold**2 == pytest.approx(11.345, rel=0.05)  # its 99 % point
    assert float((squared > guard.threshold**2).double().mean()) == pytest.approx(0.01, abs=0.003)


def test_numbers_that_never_varied_do_not_rule() -> None:
    samples = np.random.default_rng(2).normal(size=(100, 2))
    samples[:, 1] = 4.0
    guard = Guard.fit(samples)
    near, far = guard.distance(torch.tensor([[0.0, 4.001], [0.0, 5.0]])).tolist()
    assert near < 1
    assert far > 50


def test_round_trip() -> None:
    guard = Guard.fit(np.random.default_rng(3).normal(size=(50, 4)))
    again = Guard.from_dict(json.loads(json.dumps(guard.to_dict(), allow_nan=False)))
    assert again == guard
    x = torch.randn(2, 5, 4)
    assert guard.distance(x).shape == (2, 5)
    assert torch.equal(guard.distance(x), again.distance(x))


def test_what_cannot_be() -> None:
    with pytest.raises(OptionError, match="at least 2·D"):
        Guard.fit(np.zeros((5, 3)))
    with pytest.raises(OptionError, match="at least 2·D"):
        Guard.fit(np.full((50, 3), np.nan))
    with pytest.raises(OptionError, match="share"):
        Guard.fit(np.random.default_rng(0).normal(size=(50, 3)), share=1.0)
    good = Guard.fit(np.random.default_rng(3).normal(size=(50, 2)))
    with pytest.raises(OptionError, match="of 2 numbers"):
        good.distance(torch.zeros(1, 3))
    data = good.to_dict()
    for change in (
        {"mean": []},
        {"mean": [0.0] * 1000, "whitening": [[0.0] * 1000] * 1000},
        {"whitening": [[1.0, 2.0]]},
        {"whitening": 3},
        {"mean": [0.0, float("nan")]},
        {"mean": ["a", "b"]},
        {"threshold": 0.0},
        {"threshold": None},
    ):
        with pytest.raises(OptionError):
            Guard.from_dict(data | change)
    with pytest.raises(OptionError):
        Guard.from_dict({})
