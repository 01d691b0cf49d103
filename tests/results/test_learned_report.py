"""The parts of the report on learned predictors that make up numbers of their own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from datasets.statistics.bootstrap import Interval
from hdrmetrics.errors import OptionError
from results.learned.learning import collect
from results.learned.neighbours import label_noise, nearest, principal
from results.learned.tables import verdict
from tests.trainers.small import make_set
from trainers.feeding.labels import save_labels
from trainers.judging.predictions import with_predictions


@pytest.mark.parametrize(("width", "noise"), [(2, 0.1), (6, 0.1), (6, 0.2)])
def test_noise_of_a_known_size_is_found(width: int, noise: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, width))
    truth = 0.3 * np.tanh(x[:, 0] + 0.5 * x[:, 1])
    y = truth + noise * rng.normal(size=len(x))
    found = label_noise(x, y, rng.integers(0, 100, len(x)), resamples=50)
    assert found.extrapolated.value == pytest.approx(noise**2, rel=0.1)
    assert found.extrapolated.value < found.nearest.value * 1.05
    best = np.corrcoef(truth, y)[0, 1]
    plcc = found.highest_plcc(found.extrapolated)
    assert plcc.value == pytest.approx(best, abs=0.025)
    assert plcc.low <= plcc.value <= plcc.high


def test_without_noise_nothing_stays_open() -> None:
    x = np.random.default_rng(1).uniform(size=(2000, 1))
    found = label_noise(x, x[:, 0], np.arange(2000), resamples=0)
    assert found.nearest.value < 1e-5
    assert found.highest_plcc(found.nearest).value > 0.9999


def test_labels_that_pictures_do_not_tell_leave_everything_open() -> None:
    rng = np.random.default_rng(2)
    y = rng.uniform(size=2000)
    found = label_noise(rng.normal(size=(2000, 3)), y, np.arange(2000), resamples=0)
    assert found.nearest.value == pytest.approx(y.var(), rel=0.1)


def test_neighbours_are_those_of_a_plain_search_in_other_groups() -> None:
    rng = np.random.default_rng(3)
    x, groups = rng.normal(size=(60, 4)), rng.integers(0, 6, 60)
    distances, indices = nearest(x, groups, count=5)
    for i in range(60):
        apart = ((x - x[i]) ** 2).sum(axis=1)
        apart[groups == groups[i]] = np.inf
        assert indices[i].tolist() == np.argsort(apart)[:5].tolist()
        np.testing.assert_allclose(distances[i], np.sort(apart)[:5], atol=1e-9)


def test_too_few_neighbours_are_refused() -> None:
    with pytest.raises(OptionError, match="other groups"):
        nearest(np.zeros((8, 1)), np.array([0] * 5 + [1] * 3), count=4)


def test_principal_directions_keep_distances_and_drop_what_is_constant() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(50, 3)).astype(np.float32) * (1, 10, 100)
    x = np.concatenate([x, np.ones((50, 1))], axis=1)
    found = principal(x.astype(np.float32), components=10)
    unit = (x[:, :3] - x[:, :3].mean(axis=0)) / x[:, :3].std(axis=0)
    assert found.shape == (50, 3)
    np.testing.assert_allclose(
        np.linalg.norm(found[0] - found[1:], axis=1),
        np.linalg.norm(unit[0] - unit[1:], axis=1),
        rtol=1e-4,
    )


@pytest.mark.parametrize(
    ("srocc", "plcc", "low", "expected"),
    [
        (0.90, 0.91, 0.86, "met (SROCC ≥ 0.85, PLCC ≥ 0.85)"),
        (0.90, 0.91, 0.80, "interval reaches below"),
        (0.90, 0.84, 0.80, "PLCC by 0.010"),
        (float("nan"), 0.9, 0.86, "**missed**"),
    ],
)
def test_targets_are_judged(srocc: float, plcc: float, low: float, expected: str) -> None:
    found = {"srocc": Interval(srocc, low, 0.95), "plcc": Interval(plcc, low, 0.95)}
    text = verdict("norvdpnet", "hdr-c", found)
    assert expected in text
    assert ("reaches below" in text) == (expected == "interval reaches below")


def test_learning_curves_are_of_sets_with_test_items(tmp_path: Path) -> None:
    tested = make_set(tmp_path / "tables", "small", scenes=8)
    trained_on = make_set(tmp_path / "tables", "more", scenes=8, seed=1)
    trained_on = trained_on.select(trained_on["split"] != "test")
    save_labels(tmp_path / "tables" / "more.npz", trained_on)
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    told = {
        "predictor": "norvdpnet", "sets": ["small", "more"], "seed": 0, "scenes_fraction": 1.0,
        "crops_fraction": 1.0, "architecture": {"name": "tiny", "heads": ["small", "all"]},
    }  # fmt: skip
    (run / "run.json").write_text(json.dumps(told))
    (run / "plan.json").write_text(json.dumps({"steps": 5, "budget": 0.0}))
    (run / "validation.csv").write_text("step,seconds,head,set,items,plcc,srocc,mae\n")
    for labels in (tested, trained_on):
        judged = labels.select(labels["split"] != "train")
        said = {"small": judged["target"], "all": 1 - judged["target"]}
        save_labels(run / f"predictions-{labels.name}.npz", with_predictions(judged, said))
    (found,) = collect([tmp_path / "runs"], tmp_path / "tables", resamples=10, seed=0)
    assert list(found["test"]) == ["small"]
    assert found["test"]["small"]["srocc"][0] == pytest.approx(1)
    assert found["seen"]["more"]["items"] == int((trained_on["split"] == "train").sum())
    # One head there is clear, and still there is nothing to test on.
    only = trained_on.select(trained_on["split"] == "validation")
    said = {"small": only["target"]}
    save_labels(run / "predictions-more.npz", with_predictions(only, said))
    (again,) = collect([tmp_path / "runs"], tmp_path / "tables", resamples=10, seed=0)
    assert again["test"] == found["test"]
