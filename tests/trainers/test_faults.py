"""Teaching weights to name what is wrong: classes, the fit, its table, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from hdrmetrics.distort import list_distortions
from hdrmetrics.errors import OptionError
from hdrmetrics.expand import list_expansions
from hdrmetrics.learned.card import Card
from hdrmetrics.learned.faults import FAULTS
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.weights import load_weights, save_weights
from trainers.cli import main
from trainers.config import parse_config
from trainers.faults import classes
from trainers.faults.classes import FAULT_OF, fault_numbers, fault_of, is_local, opinions
from trainers.faults.fit import _best_biases
from trainers.faults.judge import calibration_error, judge
from trainers.feeding.labels import Labels, find_labels

from .small import CELLS_CONFIG, CELLS_REFERENCE_CONFIG, CELLS_SIZE, CONFIG, make_set


def test_every_distortion_has_its_fault() -> None:
    assert {one.name for one in list_distortions()} <= set(FAULT_OF)
    assert {one.name for one in list_expansions()} <= set(FAULT_OF)
    assert set(FAULT_OF.values()) - {None} == set(FAULTS)
    assert fault_of("gaussian_blur, growing place") == "blur"
    assert fault_of("lost place") == "blocks"
    assert fault_of("degradation") is None
    assert fault_of("something new") is None
    assert is_local("gaussian_blur, in a place")
    assert not is_local("gaussian_blur")


def test_biases_bring_probabilities_to_what_is_there() -> None:
    """Of logits that say nothing only the frequencies of the faults are left."""
    faults = torch.tensor([0] * 50 + [1] * 30 + [2] * 20)
    found = _best_biases(torch.zeros(100, 3), faults)
    wanted = torch.tensor([0.5, 0.3, 0.2])
    # The temperature is free too: the logits are found up to a factor and a constant.
    centred, target = (x - x.mean() for x in (found, wanted.log()))
    cosine = float((centred @ target) / (centred.norm() * target.norm()))
    assert cosine == pytest.approx(1.0, abs=1e-4)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sets of noise in three colours and in one, and weights of each family."""
    folder = tmp_path_factory.mktemp("data")
    for name, text in (("alone", CELLS_CONFIG), ("pair", CELLS_REFERENCE_CONFIG)):
        (folder / f"{name}.toml").write_text(text)
        network = build_network(parse_config(text).described(), seed=1)
        save_weights(folder / f"{name}.safetensors", network, Card(network.architecture))
    other = build_network(parse_config(CONFIG).described())
    save_weights(folder / "stages.safetensors", other, Card(other.architecture))
    make_set(folder, size=CELLS_SIZE, per_scene=16)
    return folder


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the distortions of small sets a fault."""
    monkeypatch.setitem(classes.FAULT_OF, "noise", "noise")
    monkeypatch.setitem(classes.FAULT_OF, "grain", "other")


def command(data: Path, out: Path, *more: str, weights: str = "alone") -> int:
    words = ["faults", str(data / f"{weights}.safetensors"), "--set", "small", "--tables"]
    return main([*words, str(data), "--store", str(data), "--out", str(out), "--quiet", *more])


def test_what_the_teacher_does_not_see_is_none(data: Path, named: None) -> None:
    labels = find_labels(data, "small")
    opinion, numbers = opinions(labels), fault_numbers(labels)
    names = np.array(FAULTS)[numbers]
    assert set(names[opinion >= 95]) == {"none"}
    assert set(names[opinion < 95]) == {"noise", "other"}
    np.testing.assert_array_equal(
        names[opinion < 95] == "noise", labels["distortion"][opinion < 95] == "noise"
    )


def test_sets_without_faults_or_another_teacher_are_refused(data: Path, tmp_path: Path) -> None:
    labels = find_labels(data, "small")
    with pytest.raises(OptionError, match="no distortion of this set"):
        fault_numbers(labels)
    other = Labels(labels.columns, {**labels.metadata, "target_of": "tmqi_q"})
    with pytest.raises(OptionError, match="HDR-VDP-2 labelled"):
        fault_numbers(other)


@pytest.mark.parametrize("weights", ["alone", "pair"])
def test_the_command_fits_and_judges(
    data: Path, tmp_path: Path, named: None, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.safetensors"
    assert command(data, out, "--epochs", "60", weights=weights) == 0
    assert str(out) in capsys.readouterr().out
    network, card = load_weights(out)
    before, _ = load_weights(data / f"{weights}.safetensors")
    for name, value in before.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], value, rtol=0, atol=0)
    assert card.faults is not None
    assert card.faults.names == FAULTS
    assert card.faults.domains == ("sdr",)
    assert card.faults.sets == ("small",)
    table = card.faults.results["test"]
    assert set(table) == {"windows", "places", "small"}
    assert table["windows"]["top1"][0] > 0.7
    assert table["windows"]["by_fault"]["none"][1] > 0, "untouched references are among them"
    json.dumps(table, allow_nan=False)
    again = tmp_path / "again.safetensors"
    assert main(
        ["faults", str(out), "--set", "small", "--tables", str(data), "--store", str(data),
         "--epochs", "1", "--most", "4", "--out", str(again), "--quiet"]
    ) == 0  # fmt: skip
    assert load_weights(again)[1].faults != card.faults, "a second fit takes the first one's place"


def test_prepared_channels_give_the_same(data: Path, tmp_path: Path, named: None) -> None:
    words = ["--set", "small", "--tables", str(data), "--store", str(data)]
    main(["prepare", "--config", str(data / "alone.toml"), *words, "--out", str(tmp_path / "p")])
    tables = []
    for more in ((), ("--prepared", str(tmp_path / "p"))):
        out = tmp_path / f"{len(more)}.safetensors"
        assert command(data, out, "--epochs", "20", *more) == 0
        card = load_weights(out)[1]
        assert card.faults is not None
        tables.append(card.faults.results["test"]["windows"])
    assert tables[0]["windows"] == tables[1]["windows"]
    assert tables[0]["top1"][0] == pytest.approx(tables[1]["top1"][0], abs=0.1)


def test_bad_calls(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.safetensors"
    for words, weights, needle in (
        ((), "stages", "does not see cells one by one"),
        ((), "alone", "no distortion of this set"),
        (("--epochs", "0"), "alone", "at least 1"),
    ):
        assert command(data, out, *words, weights=weights) == 2
        assert needle in capsys.readouterr().err
    assert not out.exists()


def test_calibration_error_is_the_mean_gap() -> None:
    sure = np.array([0.9, 0.9, 0.9, 0.9, 0.55, 0.55])
    said = np.stack([sure, 1 - sure], axis=1)
    faults = np.array([0, 0, 0, 1, 0, 1])
    found = calibration_error(said, faults, np.ones(6))
    assert found == pytest.approx(4 / 6 * 0.15 + 2 / 6 * 0.05)
    doubled = calibration_error(said, faults, np.array([1, 1, 1, 1, 2, 2.0]))
    assert doubled == pytest.approx(4 / 8 * 0.15 + 4 / 8 * 0.05)


def test_the_table_counts_what_the_teacher_sees() -> None:
    said = np.eye(len(FAULTS))[[0, 0, 1, 7, 7]]
    faults = np.array([0, 1, 1, 7, 0])
    opinion = np.array([50.0, 60.0, 70.0, 100.0, 90.0])
    names = np.array(["gaussian_blur", "camera_noise", "gaussian_noise", "none", "gaussian_blur"])
    table = judge(said, faults, opinion, np.array(["a", "b", "c", "d", "e"]), names)
    assert (table["windows"], table["seen"]) == (5, 3)
    assert table["top1"][0] == pytest.approx(2 / 3, abs=1e-3)
    assert table["by_fault"] == {"blur": [1.0, 1], "noise": [0.5, 2], "none": [1.0, 1]}
    assert table["confusion"][1][:2] == [1, 1]
