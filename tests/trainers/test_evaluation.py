"""Predictors compared: baselines, predictions of weights, tables with intervals."""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.statistics.bootstrap import Interval
from hdrmetrics.errors import ImageReadError, OptionError, UnknownNameError
from hdrmetrics.metrics.piqe import piqe
from hdrmetrics.photometry.transfer import pu21_encode
from trainers.card import known_failures
from trainers.cli import main
from trainers.feeding.heads import make_heads
from trainers.feeding.labels import Labels, find_labels, save_labels
from trainers.judging.agreement import ALL, Judge, quality_of
from trainers.judging.baselines import (
    BASELINES,
    brought_to_target,
    code_values,
    gradient_kurtosis,
    laplacian_energy,
    predict_baseline,
)
from trainers.judging.evaluation import evaluate, find_predictions, markdown
from trainers.judging.predictions import read_predictions, with_predictions

from .small import CONFIG, make_set


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_set(folder, scenes=32)
    make_set(folder, "light", domain="hdr", scenes=16, seed=1)
    return folder


# -- baselines -----------------------------------------------------------------------------------


def test_codes_of_both_domains() -> None:
    image = torch.rand(2, 3, 5, 5)
    weights = torch.tensor([0.2126, 0.7152, 0.0722])[:, None, None]
    grey = (image * weights).sum(dim=1, keepdim=True)
    torch.testing.assert_close(code_values(image, "sdr"), 255 * grey, rtol=1e-4, atol=1e-2)
    light = 400 * image
    torch.testing.assert_close(
        code_values(light, "hdr"), pu21_encode(400 * grey), rtol=1e-3, atol=0.1
    )
    assert float(code_values(torch.full((1, 3, 2, 2), 100.0), "hdr").mean()) == pytest.approx(
        256, abs=1
    )


def test_laplacian_energy_is_its_formula() -> None:
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    assert float(laplacian_energy(ramp)) == -12  # a ramp has none
    parabola = (torch.arange(8.0) ** 2).expand(1, 1, 8, 8)
    assert float(laplacian_energy(parabola)) == pytest.approx(math.log10(4))
    noise = torch.randn(1, 1, 300, 300, generator=torch.Generator().manual_seed(1))
    assert float(laplacian_energy(noise)) == pytest.approx(math.log10(20), abs=0.02)


def test_gradient_kurtosis_is_its_formula() -> None:
    noise = torch.randn(1, 1, 400, 400, generator=torch.Generator().manual_seed(1))
    assert float(gradient_kurtosis(noise)) == pytest.approx(math.log10(3), abs=0.02)
    edge = torch.zeros(1, 1, 16, 101)
    edge[..., 50:] = 1.0  # one difference of hundred across, none down
    steps = 16 * 100 + 15 * 101
    assert float(gradient_kurtosis(edge)) == pytest.approx(math.log10(steps / 16))
    assert float(gradient_kurtosis(torch.ones(1, 1, 8, 8))) == 0


@pytest.mark.parametrize("name", list(BASELINES))
def test_baselines_are_brought_to_the_target(data: Path, name: str) -> None:
    found = predict_baseline(name, "small", tables=data, stores=data, splits=("test",))
    assert set(found["split"]) == {"test"}
    values = found[f"prediction:{name}"]
    assert (values >= 0).all()
    assert (values <= 1).all()
    if name == "laplacian-energy":  # noise has energy, so more of it is worse: a falling curve
        r = np.corrcoef(values, found["target"])[0, 1]
        assert r > 0.9


def test_a_statistic_gets_scale_and_direction_from_the_validation_split(data: Path) -> None:
    labels = find_labels(data, "small")
    target = labels["target"].astype(np.float64)
    # A statistic on a scale of its own, falling: log-odds of the target, times -7, plus 300.
    inside = np.clip(target, 1e-3, 1 - 1e-3)
    raw = 300 - 7 * np.log(inside / (1 - inside))
    found = brought_to_target(raw, labels)
    assert found.shape == target.shape
    assert found.min() >= 0
    assert found.max() <= 1
    np.testing.assert_allclose(found, target, atol=5e-3)
    # What the other splits are labelled changes nothing; nor do they need to be there.
    wrong = np.where(labels["split"] == "validation", labels["target"], 0.5).astype(np.float32)
    changed = replace(labels, columns={**labels.columns, "target": wrong})
    np.testing.assert_array_equal(brought_to_target(raw, changed), found)
    fitting = labels["split"] == "validation"
    alone = brought_to_target(raw[fitting], labels.select(fitting))
    np.testing.assert_allclose(alone, found[fitting], rtol=1e-12)


def test_too_few_validation_items_are_told(data: Path) -> None:
    labels = find_labels(data, "small")
    places = np.flatnonzero(labels["split"] == "validation")
    others = np.flatnonzero(labels["split"] == "test")
    for count in (0, 1):
        few = labels.select(np.concatenate([others, places[:count]]))
        with pytest.raises(OptionError, match=f"small: .* at least, not {count}: use a store"):
            brought_to_target(few["quality"].astype(np.float64), few)
    two = labels.select(np.concatenate([others, places[:2]]))
    assert len(brought_to_target(two["quality"].astype(np.float64), two)) == len(two)


def test_piqe_of_light_is_that_of_pu21(data: Path) -> None:
    light = 300 * torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(
        BASELINES["piqe"](code_values(light, "hdr")),
        piqe(code_values(light, "hdr"), data_range=256),
    )
    with pytest.raises(UnknownNameError, match="laplacian-energy"):
        predict_baseline("niqe", "small", tables=data, stores=data)


# -- statistics of predictors --------------------------------------------------------------------


def _predicted(data: Path, name: str = "small", noise: float = 0.1, seed: int = 0) -> Labels:
    labels = find_labels(data, name)
    rng = np.random.Generator(np.random.PCG64(seed))
    values = np.clip(labels["target"] + noise * rng.normal(size=len(labels)), 0, 1)
    return with_predictions(labels, {"x": values})


def test_a_perfect_predictor(data: Path) -> None:
    labels = _predicted(data, noise=0.0)
    found = {
        one.statistic: one.interval.value
        for one in Judge(labels, ["x"], resamples=20).all_of()
        if one.distortion == ALL
    }
    for statistic in ("plcc", "plcc_fitted", "srocc", "krocc"):
        assert found[statistic] == pytest.approx(1, abs=1e-6)
    assert found["mae_target"] == 0
    assert found["mae_quality"] == pytest.approx(0, abs=1e-5)


def test_errors_on_the_scale_of_the_teacher(data: Path) -> None:
    labels = _predicted(data)
    target = labels["target"].astype(np.float64)
    np.testing.assert_allclose(quality_of(target, labels), labels["quality"], atol=1e-4)
    ends = quality_of(np.array([0.0, 1.0]), labels)
    assert ends[0] == pytest.approx(float(labels["quality"].max()), abs=1e-4)  # the worst label
    assert ends[1] == pytest.approx(float(labels["quality"].min()), abs=1e-4)


def test_predictors_are_compared(data: Path, tmp_path: Path) -> None:
    good, bad = _predicted(data, noise=0.05), _predicted(data, noise=0.3, seed=1)
    results = evaluate(
        {
            "good": {"small": with_predictions(good, {"good": good["prediction:x"]})},
            "bad": {"small": with_predictions(bad, {"bad": bad["prediction:x"]})},
        },
        resamples=100,
    )
    test_items = int((good["split"] == "test").sum())
    overall = {(o.predictor, o.against, o.statistic): o for o in results if o.distortion == ALL}
    better = overall["good", "bad", "srocc"]
    assert better.interval.excludes_zero
    assert better.interval.low > 0
    assert better.items == test_items
    assert better.groups == 8
    one, two = overall["good", "", "srocc"].interval, overall["bad", "", "srocc"].interval
    assert better.interval.value == pytest.approx(one.value - two.value)
    assert overall["good", "bad", "mae_target"].interval.high < 0
    assert {o.distortion for o in results} == {ALL, "noise", "grain"}
    again = evaluate(
        {
            "good": {"small": with_predictions(good, {"good": good["prediction:x"]})},
            "bad": {"small": with_predictions(bad, {"bad": bad["prediction:x"]})},
        },
        resamples=100,
    )
    assert again == results
    page = markdown(results)
    assert "## small" in page
    assert f"{test_items} items of 8 groups" in page
    assert "| bad | **+" in page
    assert "| noise |" in page


def test_only_common_items_count(data: Path) -> None:
    whole = _predicted(data)
    part = whole.select(np.arange(0, len(whole), 2))
    named = {
        "a": {"small": with_predictions(whole, {"a": whole["prediction:x"]})},
        "b": {"small": with_predictions(part, {"b": part["prediction:x"]})},
    }
    results = evaluate(named, resamples=0)
    assert results[0].items == int((part["split"] == "test").sum())
    assert math.isnan(results[0].interval.low)
    changed = Labels({**part.columns, "target": part["target"] / 2}, part.metadata)
    named["b"] = {"small": with_predictions(changed, {"b": part["prediction:x"]})}
    with pytest.raises(OptionError, match="other labels"):
        evaluate(named, resamples=0)
    test = whole.split("test")
    halves = [test.select(np.arange(at, len(test), 2)) for at in (0, 1)]
    apart = {
        name: {"small": with_predictions(half, {name: half["prediction:x"]})}
        for name, half in zip("ab", halves, strict=True)
    }
    with pytest.raises(OptionError, match="no item in common"):
        evaluate(apart, resamples=0)
    with pytest.raises(OptionError, match="no validation items of a, b"):
        evaluate(apart, split="validation", resamples=0)
    with pytest.raises(OptionError, match="one predictor at least"):
        evaluate({}, resamples=0)


def test_finding_predictions(data: Path, tmp_path: Path) -> None:
    labels = _predicted(data)
    two = with_predictions(labels, {"y": 1 - labels["prediction:x"]})
    save_labels(tmp_path / "predictions-small.npz", two)
    with pytest.raises(OptionError, match="say which"):
        find_predictions(f"ours={tmp_path}")
    name, found = find_predictions(f"ours={tmp_path}:y")
    assert name == "ours"
    np.testing.assert_array_equal(found["small"]["prediction:ours"], two["prediction:y"])
    for text in ("ours", "=x", "ours="):
        with pytest.raises(OptionError, match="NAME=FILE"):
            find_predictions(text)
    with pytest.raises(OptionError, match=r"no predictions-\*.npz"):
        find_predictions(f"ours={data}")
    with pytest.raises(OptionError, match="no predictions of the head z"):
        find_predictions(f"ours={tmp_path}:z")
    with pytest.raises(ImageReadError, match="without predictions"):
        read_predictions(data / "small.npz")
    nan = with_predictions(labels, {"x": np.full(len(labels), np.nan)})
    save_labels(tmp_path / "nan.npz", nan)
    with pytest.raises(ImageReadError, match="not finite"):
        read_predictions(tmp_path / "nan.npz")


@pytest.fixture
def run_with_more(data: Path, tmp_path: Path) -> Path:
    """Return the folder of a run on a set with test items, and on one to train on with two heads.

    The second has validation items only, and neither head is called like it.
    """
    folder = tmp_path / "run"
    folder.mkdir()
    tested = _predicted(data)
    both = {"small": tested["prediction:x"], "all": 1 - tested["prediction:x"]}
    columns = {n: c for n, c in tested.columns.items() if not n.startswith("prediction:")}
    tested = with_predictions(Labels(columns, tested.metadata), both)
    save_labels(folder / "predictions-small.npz", tested)
    trained_on = tested.split("validation")
    trained_on = replace(trained_on, metadata={**trained_on.metadata, "name": "small-more"})
    save_labels(folder / "predictions-small-more.npz", trained_on)
    return folder


def test_a_set_whose_head_is_unclear_is_left_out_if_others_are_clear(run_with_more: Path) -> None:
    name, found = find_predictions(f"ours={run_with_more}")
    assert name == "ours"
    assert list(found) == ["small"]
    kept = read_predictions(run_with_more / "predictions-small.npz")
    np.testing.assert_array_equal(found["small"]["prediction:ours"], kept["prediction:small"])
    # A head that is named is clear everywhere.
    _, found = find_predictions(f"ours={run_with_more}:all")
    assert sorted(found) == ["small", "small-more"]
    np.testing.assert_array_equal(found["small"]["prediction:ours"], kept["prediction:all"])
    # Where nothing is clear, that is told.
    (run_with_more / "predictions-small.npz").unlink()
    with pytest.raises(OptionError, match=r"more\.npz has predictions of small, all: say which"):
        find_predictions(f"ours={run_with_more}")


def test_sets_without_items_of_the_split_are_left_out(run_with_more: Path) -> None:
    _, found = find_predictions(f"ours={run_with_more}:small")
    assert sorted(found) == ["small", "small-more"]
    results = evaluate({"ours": found}, resamples=0)
    assert {one.dataset for one in results} == {"small"}
    assert results == evaluate({"ours": {"small": found["small"]}}, resamples=0)
    validated = evaluate({"ours": found}, split="validation", resamples=0)
    assert {one.dataset for one in validated} == {"small", "small-more"}
    # One set alone is what was asked for; and sets that have nothing at all give no table.
    with pytest.raises(OptionError, match="small-more: there are no test items of ours"):
        evaluate({"ours": {"small-more": found["small-more"]}}, resamples=0)
    nothing = {"a": found["small-more"], "b": found["small"].split("train")}
    with pytest.raises(OptionError, match="none of a, b has test items"):
        evaluate({"ours": nothing}, resamples=0)
    # An item that one predictor lacks and another has is still told.
    lacking = {**found, "small": found["small"].split("validation")}
    renamed = {
        key: with_predictions(one, {"theirs": one["prediction:ours"]})
        for key, one in lacking.items()
    }
    with pytest.raises(OptionError, match="small: there are no test items of theirs"):
        evaluate({"ours": found, "theirs": renamed}, resamples=0)


def test_heads_keep_one_scale(data: Path) -> None:
    from trainers.feeding.labels import find_labels

    first, second = find_labels(data, "small"), find_labels(data, "light")
    other = {**second.metadata, "target": {**second.metadata["target"], "location": -1.5}}
    second = Labels(second.columns, other)
    (joint,) = make_heads({"both": ("small", "light")}, [first, second])
    assert joint.transform == first.transform
    np.testing.assert_array_equal(joint.target(first), first["target"])
    np.testing.assert_allclose(joint.target(second), first.transform(second["quality"]), atol=1e-6)
    own = second.transform(second["quality"]).astype(np.float64)
    seen = joint.from_set(own, second)
    np.testing.assert_allclose(seen, joint.target(second), atol=1e-6)
    np.testing.assert_allclose(joint.to_set(seen, second), own, atol=1e-9)
    tmqi = Labels(second.columns, {**other, "teacher": "tmqi 1"})
    (mixed,) = make_heads({"both": ("small", "light")}, [first, tmqi])
    assert mixed.transform is None
    np.testing.assert_array_equal(mixed.target(tmqi), tmqi["target"])
    np.testing.assert_array_equal(mixed.to_set(own, tmqi), own)


def test_failures_are_named(data: Path) -> None:
    results = Judge(_predicted(data, noise=0.6), ["x"], resamples=0).all_of()
    sentences = known_failures(results)
    assert sentences
    assert "are ranked with SROCC" in sentences[0]
    assert not known_failures(Judge(_predicted(data, noise=0.01), ["x"], resamples=0).all_of())
    assert Interval(0.1, math.nan, math.nan).excludes_zero is False


# -- the commands --------------------------------------------------------------------------------


def test_the_commands(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.toml"
    config.write_text(CONFIG)
    given = ["--set", "small", "--tables", str(data), "--store", str(data)]
    run = tmp_path / "run"
    train = ["norvdpnet", *given, "--out", str(run), "--config", str(config), "--device", "cpu"]
    assert main([*train, "--steps", "60", "--quiet", "--threads", "1"]) == 0
    weights = str(run / "weights.safetensors")
    assert weights in capsys.readouterr().out
    assert main(["predict", weights, *given, "--device", "cpu", "--out", str(tmp_path / "p")]) == 0
    again = read_predictions(tmp_path / "p" / "predictions-small.npz")
    first = read_predictions(run / "predictions-small.npz")
    np.testing.assert_allclose(again["prediction:small"], first["prediction:small"], atol=1e-5)
    base = str(tmp_path / "b")
    assert main(["baseline", "gradient-kurtosis", *given, "--out", base]) == 0
    capsys.readouterr()
    judged = ["evaluate", f"ours={run}", f"kurtosis={base}", "--resamples", "50"]
    assert main([*judged, "--out", str(tmp_path / "e")]) == 0
    assert "ours minus the other" in capsys.readouterr().out
    rows = json.loads((tmp_path / "e" / "agreement.json").read_text())
    assert {row["predictor"] for row in rows} == {"ours", "kurtosis"}
    assert (tmp_path / "e" / "agreement.csv").read_text().count("\n") == len(rows) + 1
    assert "## small" in (tmp_path / "e" / "agreement.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["norvdpnet", "--budget", "soon"], "a duration is like"),
        (["norvdpnet", "--steps", "0"], "--steps is at least 1"),
        (["norvdpnet", "--steps", "3", "--config", "none"], "no configuration"),
        (["norvdpnet", "--steps", "3", "--device", "abacus"], "no device"),
        (["baseline", "niqe"], "no baseline"),
        (["predict", "absent.safetensors"], "cannot be read"),
    ],
)
def test_wrong_calls(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    given = ["--set", "small", "--tables", str(data), "--store", str(data)]
    assert main([*arguments, *given, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err


def test_wrong_evaluations(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "e")
    save_labels(tmp_path / "p.npz", _predicted(data))
    assert main(["evaluate", "a", "--out", out]) == 2
    same = [f"a={tmp_path / 'p.npz'}"] * 2
    assert main(["evaluate", *same, "--out", out]) == 2
    assert "same name" in capsys.readouterr().err
    assert main(["evaluate", same[0], "--out", out, "--resamples", "-1"]) == 2
    assert main(["export", str(data / "small.npz"), "--out", str(tmp_path / "x.csv")]) == 2


def test_a_reader_that_leaves_is_no_error(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_labels(tmp_path / "p.npz", _predicted(data))
    read, written = os.pipe()
    os.close(read)
    with os.fdopen(written, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        place = f"a={tmp_path / 'p.npz'}"
        assert main(["evaluate", place, "--resamples", "0", "--out", str(tmp_path / "e")]) == 141
    assert (tmp_path / "e" / "agreement.csv").exists()
