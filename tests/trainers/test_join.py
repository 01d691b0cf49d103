"""Heads trained on stages as they were, and put beside the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.faults import FAULTS, FaultCard
from hdrmetrics.learned.weights import load_weights, save_weights
from trainers.cli import main
from trainers.join import join

from .runs import options_of, run_of
from .small import CELLS_CONFIG, CELLS_SIZE, make_set

HEADS = (
    CELLS_CONFIG.replace("average = 0.0", 'average = 0.0\ntrunk = "kept"')
    + """
[augmentation]
symmetries = "none"
"""
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Weights with the head ``small``, and with the head ``other`` on the same stages."""
    folder = tmp_path_factory.mktemp("join")
    make_set(folder, "small", size=CELLS_SIZE)
    make_set(folder, "other", size=CELLS_SIZE, seed=3)
    first = run_of(options_of(folder, folder / "a", steps=4), CELLS_CONFIG)
    options = options_of(folder, folder / "b", steps=6, sets=("other",), start_from=first)
    return first, run_of(options, HEADS)


def test_stages_stay_where_heads_alone_learn(runs: tuple[Path, Path]) -> None:
    before, after = (load_weights(path)[0] for path in runs)
    for name, value in before.stages.state_dict().items():
        assert torch.equal(after.stages.state_dict()[name], value)
    assert torch.isfinite(after.heads["other"][0].weight).all()  # type: ignore[index]


def test_heads_of_two_files_say_what_they_said(runs: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "joint.safetensors"
    parts = [f"{runs[0]}=small", f"{runs[1]}=other"]
    assert main(["join", *parts, "--out", str(out)]) == 0
    network, card = load_weights(out)
    assert list(card.heads) == ["small", "other"]
    assert [one["set"] for one in card.data] == ["small", "other"]
    picture = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        joint = network(picture, domain="sdr")
        for index, path in enumerate(runs):
            alone = load_weights(path)[0](picture, domain="sdr")[:, 0]
            assert torch.equal(joint[:, index], alone)


def test_a_joint_file_is_joined_again(runs: tuple[Path, Path], tmp_path: Path) -> None:
    once, twice = tmp_path / "once.safetensors", tmp_path / "twice.safetensors"
    join([(runs[0], ["small"]), (runs[1], ["other"])], once)
    own = load_weights(once)[1].training["heads_of_their_own"]
    assert [one["heads"] for one in own] == [["other"]]
    for taken, expected in ((["small", "other"], [["other"]]), (["small"], [])):
        join([(once, taken)], twice)
        found = load_weights(twice)[1].training["heads_of_their_own"]
        assert [one["heads"] for one in found] == expected
        assert found == own[: len(expected)]


def test_what_names_faults_is_kept(runs: tuple[Path, Path], tmp_path: Path) -> None:
    network, card = load_weights(runs[0])
    network.add_faults(4, len(FAULTS))
    assert network.faults is not None
    for parameter in network.faults.parameters():
        parameter.data.fill_(0.125)
    faults = FaultCard(FAULTS, 4, ("sdr",), ("small",))
    named = tmp_path / "named.safetensors"
    save_weights(named, network, replace(card, faults=faults))
    out = tmp_path / "joint.safetensors"
    join([(named, ["small"]), (runs[1], ["other"])], out)
    joint, told = load_weights(out)
    assert told.faults == faults
    assert joint.faults is not None
    assert all(bool((p == 0.125).all()) for p in joint.faults.parameters())


def test_what_does_not_fit_is_refused(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "joint.safetensors"
    with pytest.raises(OptionError, match="no head missing"):
        join([(runs[0], ["missing"])], out)
    with pytest.raises(OptionError, match="of one file"):
        join([(runs[0], ["small"]), (runs[0], ["small"])], out)
    folder = tmp_path / "data"
    make_set(folder, "third", size=CELLS_SIZE)
    third = run_of(
        options_of(folder, tmp_path / "c", steps=2, sets=("third",), tables=folder, stores=folder),
        CELLS_CONFIG,
    )
    with pytest.raises(OptionError, match="stages are others"):
        join([(runs[0], ["small"]), (third, ["third"])], out)
    assert main(["join", str(runs[0]), "--out", str(out)]) == 2
    assert "FILE=HEAD" in capsys.readouterr().err
    assert not out.exists()
