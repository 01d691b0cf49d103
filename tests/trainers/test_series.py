"""Whole frames in series: found, drawn, brought together, and learnt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.target import Target, bring_together
from hdrmetrics.learned.weights import read_card
from trainers.config import parse_config
from trainers.feeding.labels import Labels, find_labels, save_labels
from trainers.feeding.series import find_series
from trainers.learning.whole import pooled_targets, series_loss, whole_loss

from .runs import options_of, run_of
from .small import CONFIG, TRANSFORM, make_set

LEVELS = 3
WHOLE = (
    CONFIG
    + """
[loss]
whole = 1.0
series = 0.5
exponent = 4.0
"""
)


def in_series(folder: Path, name: str = "small") -> Labels:
    """A set whose scenes are frames of two windows and four versions."""
    labels = make_set(folder, name)
    item = labels["crop"]
    columns = {
        **labels.columns,
        "version": item // 2,
        "crop": item % 2,
        "hdrvdp_whole_q": np.zeros(len(labels), np.float32),
    }
    for scene in np.unique(labels["scene"]):
        for version in range(LEVELS + 1):
            here = (labels["scene"] == scene) & (columns["version"] == version)
            columns["hdrvdp_whole_q"][here] = labels["quality"][here].max()
    names = [*labels.metadata["labels"], "hdrvdp_whole_q"]
    metadata = {**labels.metadata, "series": LEVELS, "labels": names}
    found = Labels(columns, metadata)
    save_labels(folder / f"{name}.npz", found)
    return found


def test_series_are_found(tmp_path: Path) -> None:
    labels = in_series(tmp_path)
    series = find_series(labels)
    assert series is not None
    assert series.rows.shape == (24, LEVELS + 1, 2)
    assert series.size == 8
    assert series.inside.all()
    for one in series.rows:
        assert len(set(labels["scene"][one.ravel()])) == 1
        assert np.array_equal(labels["version"][one], np.arange(LEVELS + 1)[:, None] * [1, 1])
    assert find_series(replace(labels, metadata={**labels.metadata, "series": 0})) is None


def test_a_series_without_one_of_its_versions_is_left_out(tmp_path: Path) -> None:
    labels = in_series(tmp_path)
    lacking = labels.select((labels["scene"] != "scene3") | (labels["version"] != 2))
    series = find_series(lacking)
    assert series is not None
    assert len(series) == 23
    with pytest.raises(OptionError, match="no complete series"):
        find_series(labels.select(labels["version"] != 1))


def test_a_part_of_the_crops_is_a_part_of_the_frames(tmp_path: Path) -> None:
    thin = in_series(tmp_path).thinned(crops=0.4)
    series = find_series(thin)
    assert series is not None
    assert 0 < len(series) < 24
    assert len(thin) == series.size * len(series)


def test_frames_of_fewer_windows_are_filled_up(tmp_path: Path) -> None:
    labels = in_series(tmp_path)
    series = find_series(labels.select((labels["scene"] != "scene0") | (labels["crop"] == 0)))
    assert series is not None
    assert (~series.inside).sum() == LEVELS + 1
    assert not series.inside[0, :, 1].any()
    assert (series.rows[0, :, 1] == series.rows[0, :, 0]).all()


def test_the_worst_window_decides_the_more_the_larger_the_exponent() -> None:
    quality = torch.tensor([[-3.0, -3.0, -3.0, -0.5]], dtype=torch.float64)
    even = torch.ones_like(quality)
    found = [float(bring_together(quality, even, e)) for e in (1e-6, 1.0, 4.0, 20.0, 100.0)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(-2.375, abs=1e-4)
    assert found[-1] == pytest.approx(-0.5, abs=0.02)
    # Closed form: a quarter of the energy.
    assert found[2] == pytest.approx(float(np.log((3 * np.exp(-12) + np.exp(-2)) / 4) / 4))
    without = bring_together(quality, torch.tensor([[1.0, 1.0, 1.0, 0.0]]).double(), 4.0)
    assert float(without) == pytest.approx(-3.0)


def test_pooled_targets_are_those_of_the_pooled_quality() -> None:
    target = Target.of_transform(TRANSFORM.to_dict(), "hdrvdp2", (-3.65, 0.3))
    quality = torch.tensor([[[-3.0, -1.0], [-2.0, -2.0]]], dtype=torch.float64)
    inside = torch.tensor([[[True, True], [True, False]]])
    found = pooled_targets(target.target(quality), inside, target, 4.0)
    wanted = target.target(bring_together(quality[:, :1], torch.ones(1, 1, 2).double(), 4.0))
    assert float(found[0, 0]) == pytest.approx(float(wanted[0, 0]), abs=1e-6)
    assert float(found[0, 1]) == pytest.approx(float(target.target(quality)[0, 1, 0]), abs=1e-6)


def test_right_order_costs_nothing() -> None:
    wanted = torch.tensor([[0.9, 0.6, 0.4, 0.1], [0.8, 0.8, 0.7, 0.2]])
    assert float(series_loss(wanted, wanted)) == 0
    assert float(whole_loss(wanted, wanted, delta=0.1)) == 0
    # Across series nothing is asked for.
    assert float(series_loss(wanted + torch.tensor([[0.0], [-0.1]]), wanted)) == pytest.approx(
        0, abs=1e-6
    )
    assert float(series_loss(wanted.flip(1), wanted)) > 0.3
    assert float(whole_loss(wanted.flip(1), wanted, delta=0.1)) > 0.3


def test_a_run_learns_whole_frames(tmp_path: Path) -> None:
    in_series(tmp_path)
    path = run_of(options_of(tmp_path, tmp_path / "run", steps=30), WHOLE)
    card = read_card(path.with_suffix(".json"))
    assert card.heads["small"].exponent == 4.0
    log = (tmp_path / "run" / "log.csv").read_text()
    assert "whole small/small" in log
    again = run_of(options_of(tmp_path, tmp_path / "again", steps=30), WHOLE)
    assert path.read_bytes() == again.read_bytes()


def test_without_an_exponent_there_is_no_whole(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="exponent above 0"):
        parse_config(CONFIG + "\n[loss]\nwhole = 1.0\n")
    labels = in_series(tmp_path)
    save_labels(
        tmp_path / "small.npz",
        Labels({k: v for k, v in labels.columns.items() if k != "version"}, labels.metadata),
    )
    with pytest.raises(Exception, match="lacks the column version"):
        find_labels(tmp_path, "small")
