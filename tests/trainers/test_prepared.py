"""Channels kept on disk: those of the pixels, in any view, and runs on them."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from tqdm import tqdm

from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.learned.architecture import OURS_NOR, Architecture
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.weights import load_weights
from trainers.cli import main
from trainers.config import parse_config
from trainers.feeding.crops import CropPixels, find_store
from trainers.feeding.labels import find_labels
from trainers.feeding.prepared import Prepared, prepare
from trainers.feeding.views import View
from trainers.judging.predictions import read_predictions
from trainers.learning import loop
from trainers.learning.learner import Learner
from trainers.nets import PAPER_NOR
from trainers.running.checkpoint import load_checkpoint
from trainers.running.plan import Plan

from .runs import CPU, checkpoint_of, command_of, options_of, run_jointly, run_of, same
from .small import CELLS_CONFIG, CELLS_REFERENCE_CONFIG, CELLS_SIZE, make_set

ALONE = parse_config(CELLS_CONFIG).described()
PAIR = parse_config(CELLS_REFERENCE_CONFIG).described()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set with its channels in ``alone`` and ``pair``."""
    folder = tmp_path_factory.mktemp("data")
    make_set(folder, size=CELLS_SIZE, per_scene=12)
    for name, text in (("alone", CELLS_CONFIG), ("pair", CELLS_REFERENCE_CONFIG)):
        (folder / f"{name}.toml").write_text(text)
    (folder / "config.toml").write_text(CELLS_CONFIG)
    labels = find_labels(folder, "small")
    architecture = parse_config(CELLS_REFERENCE_CONFIG).described()
    count = prepare(labels, folder, folder / "pair" / "small", architecture, progress=False)
    assert count == len(labels)
    return folder


@pytest.fixture(scope="module")
def alone(data: Path) -> Path:
    """Channels made by the command."""
    out = data / "alone"
    assert main(["prepare", "--config", str(data / "alone.toml"), *_places(data, out)]) == 0
    return out


def _places(data: Path, out: Path) -> list[str]:
    return ["--set", "small", "--tables", str(data), "--store", str(data), "--out", str(out)]


def _channels(data: Path, architecture: Architecture, views: list[View] | None = None) -> Tensor:
    """Return the channels of some crops, or of views of them, of their pixels."""
    labels = find_labels(data, "small").select(ITEMS)
    pixels = CropPixels(find_store(data, "small"), (), device=CPU, limit_mb=0)
    pair = [pixels.batch(labels["test_name"], views)]
    if architecture.inputs == "reference":
        pair.append(pixels.batch(labels["reference_name"], views))
    with torch.no_grad():
        return build_network(architecture).channels(*pair, domain="sdr")


ITEMS = np.array([3, 0, 100, 64])


def _kept(folder: Path, data: Path, architecture: Architecture, views: list[View] | None) -> Tensor:
    names = find_labels(data, "small").select(ITEMS)["test_name"]
    found = Prepared(folder, architecture, device=CPU).batch(names, views)
    assert found.dtype == torch.float32
    assert found.shape[1] == architecture.seen.channels + architecture.seen.beside
    return found


def test_channels_are_those_of_the_pixels(
    data: Path, alone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, architecture in ((alone, ALONE), (data / "pair", PAIR)):
        found = _kept(folder / "small", data, architecture, None)
        wanted = _channels(data, architecture)
        assert found.shape == wanted.shape == (4, wanted.shape[1], 3, 3)
        # Half precision has 11 bits.
        torch.testing.assert_close(found, wanted, rtol=2**-11, atol=1e-4)
    kept = Prepared(alone / "small", ALONE, device=CPU)
    assert "small/s0-0" in kept
    assert "small/s0-99" not in kept
    assert "reference:small0" not in kept


@pytest.mark.parametrize("architecture", [ALONE, PAIR], ids=["alone", "pair"])
def test_views_of_channels_are_channels_of_views(
    data: Path, alone: Path, architecture: Architecture
) -> None:
    folder = (alone if architecture is ALONE else data / "pair") / "small"
    plain = _channels(data, architecture)
    spread = plain.std(dim=(0, 2, 3)) + 0.05
    for turns, mirrored in product(range(4), (False, True)):
        view = View(0, 0, CELLS_SIZE, turns, mirrored)
        wanted = _channels(data, architecture, [view] * len(ITEMS))
        # The window of a view says nothing here: channels are of whole crops.
        shown = [replace(view, size=1)] * len(ITEMS)
        found = _kept(folder, data, architecture, shown)
        if (turns, mirrored) in ((0, False), (3, True)):  # nothing, and a transposition
            torch.testing.assert_close(found, wanted, rtol=2**-11, atol=1e-3)
            continue
        error = (found - wanted).abs().mean(dim=(0, 2, 3)) / spread
        assert float(error.median()) < 0.3, (turns, mirrored)
        means = (found - wanted).mean(dim=(2, 3)).abs().mean(dim=0) / spread
        assert float(means.max()) < 0.4, (turns, mirrored)
        # Level, contrast, dark and light have no neighbours.
        torch.testing.assert_close(found[:, :4], wanted[:, :4], rtol=2**-10, atol=1e-3)
        wrong = (plain - wanted).abs().mean(dim=(0, 2, 3)) / spread
        assert float(error.median()) < 0.5 * float(wrong.median()), (turns, mirrored)


def test_each_item_has_its_own_view(data: Path, alone: Path) -> None:
    views = [View(0, 0, 1, turns, bool(turns % 2)) for turns in range(4)]
    joint = _kept(alone / "small", data, ALONE, views)
    for index, view in enumerate(views):
        same_for_all = _kept(alone / "small", data, ALONE, [view] * 4)
        assert torch.equal(joint[index], same_for_all[index])


# -- what cannot be ------------------------------------------------------------------------------


def test_channels_of_another_front_end(data: Path, alone: Path, tmp_path: Path) -> None:
    folder = alone / "small"
    for other in (PAPER_NOR, PAIR):
        with pytest.raises(ImageReadError, match="another front end"):
            Prepared(folder, other, device=CPU)
    # What comes after the front end is free.
    Prepared(folder, OURS_NOR, device=CPU)
    with pytest.raises(ImageReadError, match="holds no prepared channels"):
        Prepared(tmp_path, ALONE, device=CPU)
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    index = json.loads((broken / "channels.json").read_text())
    (broken / "channels.json").write_text(json.dumps(index | {"items": index["items"][1:]}))
    with pytest.raises(ImageReadError, match="prepare them again"):
        Prepared(broken, ALONE, device=CPU)
    for known in ({}, {"version": 1}, {"version": 10**6}):  # of code that gave other channels
        plain = {key: value for key, value in index.items() if key != "version"}
        (broken / "channels.json").write_text(json.dumps(plain | known))
        with pytest.raises(ImageReadError, match="another front end"):
            Prepared(broken, ALONE, device=CPU)
    (broken / "channels.json").write_text(json.dumps(index))
    Prepared(broken, ALONE, device=CPU)
    for text in ("[]", "{}", "not JSON"):
        (broken / "channels.json").write_text(text)
        with pytest.raises(ImageReadError, match="holds no prepared channels"):
            Prepared(broken, ALONE, device=CPU)
    with pytest.raises(ImageReadError, match="another front end"):
        run_of(
            options_of(data, tmp_path / "run", prepared=alone),
            CELLS_CONFIG.replace('front = "cells"', 'front = "log-pixels"'),
        )
    assert not (tmp_path / "run").exists()


def test_what_is_missing_is_told(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "train"
    command = ["prepare", "--config", str(data / "alone.toml"), "--split", "train"]
    assert main([*command, *_places(data, out)]) == 0
    assert "144 items" in capsys.readouterr().out
    with pytest.raises(OptionError, match="small: there are crops of 144 train only"):
        run_of(options_of(data, tmp_path / "run", prepared=out), CELLS_CONFIG)
    with pytest.raises(ImageReadError, match="holds no prepared channels"):
        run_of(options_of(data, tmp_path / "run", prepared=tmp_path), CELLS_CONFIG)
    with pytest.raises(OptionError, match="leave window out"):
        run_of(
            options_of(data, tmp_path / "run", prepared=out),
            CELLS_CONFIG + "[augmentation]\nwindow = 64\n",
        )


def test_other_front_ends_are_not_prepared(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = find_labels(data, "small")
    with pytest.raises(OptionError, match="only the channels of cells"):
        prepare(labels, data, tmp_path / "out", PAPER_NOR, progress=False)
    command = ["prepare", "--config", "norvdpnet-paper", *_places(data, tmp_path / "out")]
    assert main(command) == 2
    assert "only the channels of cells" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_no_items_are_told(data: Path, tmp_path: Path) -> None:
    labels = find_labels(data, "small")
    nothing = labels.select(labels["split"] == "calibration")
    with pytest.raises(OptionError, match="small has no items to prepare channels of: take more"):
        prepare(nothing, data, tmp_path / "out", ALONE, progress=False)
    assert not (tmp_path / "out").exists()


def test_a_crop_that_cannot_be_read_is_named_and_ends_the_bar(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars: list[Bar] = []

    class Bar(tqdm):  # type: ignore[type-arg]
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)
            bars.append(self)

    monkeypatch.setattr("tqdm.tqdm", Bar)
    labels = find_labels(data, "small").select(np.arange(4))
    absent = labels["test_name"].astype("U40")
    absent[2] = "small/none"
    lacking = replace(labels, columns={**labels.columns, "test_name": absent})
    with pytest.raises(ImageReadError, match=r"crops of small: .*small/none"):
        prepare(lacking, data, tmp_path / "out", ALONE)
    assert [bar.disable for bar in bars] == [True], "a bar that is closed"
    with pytest.raises(ImageReadError, match="holds no prepared channels"):
        Prepared(tmp_path / "out", ALONE, device=CPU)


# -- runs ----------------------------------------------------------------------------------------


def test_a_small_problem_is_learnt_from_channels(data: Path, alone: Path, tmp_path: Path) -> None:
    path = run_of(options_of(data, tmp_path / "run", steps=80, prepared=alone), CELLS_CONFIG)
    test = read_predictions(tmp_path / "run" / "predictions-small.npz").split("test")
    assert np.corrcoef(test["prediction:small"], test["target"])[0, 1] > 0.9
    network, _ = load_weights(path)
    # The weights want plain statistics of pixels: nothing of the run is needed any more.
    pixels = CropPixels(find_store(data, "small"), (), device=CPU, limit_mb=0)
    with torch.no_grad():
        raw = network(pixels.batch(test["test_name"]), domain="sdr")
    np.testing.assert_allclose(raw.sigmoid()[:, 0], test["prediction:small"], atol=5e-3)
    with (tmp_path / "run" / "validation.csv").open() as file:
        rows = list(csv.DictReader(file))
    validation = read_predictions(tmp_path / "run" / "predictions-small.npz").split("validation")
    r = np.corrcoef(validation["prediction:small"], validation["target"])[0, 1]
    assert float(rows[-1]["plcc"]) == pytest.approx(r, abs=0.01)


def test_pairs_from_channels(data: Path, tmp_path: Path) -> None:
    options = options_of(data, tmp_path / "run", predictor="diqm", steps=60, prepared=data / "pair")
    run_of(options, CELLS_REFERENCE_CONFIG)
    test = read_predictions(tmp_path / "run" / "predictions-small.npz").split("test")
    assert np.corrcoef(test["prediction:small"], test["target"])[0, 1] > 0.9


def test_channels_and_pixels_are_learnt_alike(data: Path, alone: Path, tmp_path: Path) -> None:
    text = CELLS_CONFIG + '[augmentation]\nsymmetries = "none"\n'
    losses = []
    for name, prepared in (("pixels", None), ("channels", alone)):
        run_of(options_of(data, tmp_path / name, steps=5, prepared=prepared), text)
        with (tmp_path / name / "log.csv").open() as file:
            losses.append(float(list(csv.DictReader(file))[-1]["loss"]))
    assert losses[0] == pytest.approx(losses[1], rel=0.02), "half precision is all that differs"
    with pytest.raises(OptionError, match="another prepared"):
        run_of(options_of(data, tmp_path / "pixels", prepared=alone, resume=True, steps=5), text)


@pytest.mark.parametrize("from_channels", [False, True])
def test_broken_off_and_resumed_is_the_same(
    data: Path, alone: Path, tmp_path: Path, from_channels: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CELLS_CONFIG.replace("standardise = 0.05", "standardise = 0.05\ndropout = 0.2")
    given = {"prepared": alone if from_channels else None}
    run_of(options_of(data, tmp_path / "whole", steps=16, **given), text)
    original = loop.save_checkpoint

    def save(path: Path, state: dict[str, object]) -> None:
        original(path, state)
        if state["done"] == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "save_checkpoint", save)
    with pytest.raises(KeyboardInterrupt):
        run_of(options_of(data, tmp_path / "broken", steps=16, **given), text)
    monkeypatch.undo()
    assert load_checkpoint(tmp_path / "broken" / "checkpoint.pt", device=CPU)["done"] == 7
    run_of(options_of(data, tmp_path / "broken", steps=None, resume=True, **given), text)
    found = checkpoint_of(tmp_path / "whole")
    assert int(found["standardiser.updates"]) == 8 + 16
    assert same(tmp_path / "whole", tmp_path / "broken")
    for name in ("weights.safetensors", "predictions-small.npz"):
        pair = [(tmp_path / folder / name).read_bytes() for folder in ("whole", "broken")]
        assert pair[0] == pair[1]


def _moments(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which each measurement of moments before a run adds its layout."""
    found: list[str] = []
    original = Learner.begin

    def begin(learner: Learner, **options: Any) -> None:
        found.append(learner.layout)
        original(learner, **options)

    monkeypatch.setattr(Learner, "begin", begin)
    return found


def test_moments_are_measured_once_in_a_run(
    data: Path, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainers.learning.measure._LONGEST", 0.1)
    measured = _moments(monkeypatch)
    run_of(options_of(data, tmp_path / "whole", steps=6, prepared=alone), CELLS_CONFIG)
    assert measured == ["contiguous"]
    # Nor do the trials of modes need any.
    text = CELLS_CONFIG.replace('"contiguous"', '"auto"').replace('"float32"', '"auto"')
    run_of(options_of(data, tmp_path / "modes", steps=2, prepared=alone), text)
    plan = Plan.load(tmp_path / "modes" / "plan.json")
    assert len(plan.measured) == 4
    assert measured == ["contiguous", plan.layout]
    # A checkpoint brings them.
    again = options_of(data, tmp_path / "whole", steps=None, resume=True, prepared=alone)
    before = checkpoint_of(tmp_path / "whole")
    run_of(again, CELLS_CONFIG)
    assert len(measured) == 2
    assert all(torch.equal(v, before[k]) for k, v in checkpoint_of(tmp_path / "whole").items())
    # Killed before its first checkpoint a run has a plan, and begins once more.
    (tmp_path / "whole" / "checkpoint.pt").unlink()
    run_of(again, CELLS_CONFIG)
    assert len(measured) == 3
    found = checkpoint_of(tmp_path / "whole")
    assert found.keys() == before.keys()
    assert all(torch.equal(found[k], before[k]) for k in found)


@pytest.mark.slow
def test_two_processes_have_the_moments_of_one(data: Path, alone: Path, tmp_path: Path) -> None:
    text = CELLS_CONFIG + "[loss]\nhuber = 1\nplcc = 0.5\nrank = 0.5\n"
    (data / "config.toml").write_text(text)
    run_of(options_of(data, tmp_path / "one", steps=12, prepared=alone), text)
    more = ["--steps", "12", "--quiet", "--prepared", str(alone)]
    run_jointly(command_of(data, tmp_path / "two", *more), 2)
    one, two = checkpoint_of(tmp_path / "one"), checkpoint_of(tmp_path / "two")
    assert one.keys() == two.keys()
    for name, values in one.items():
        if name.startswith("standardiser."):
            torch.testing.assert_close(two[name], values, rtol=1e-3, atol=1e-4)
        elif name.startswith("network."):
            torch.testing.assert_close(two[name], values, rtol=1e-2, atol=1e-3)
    found = [read_predictions(tmp_path / f / "predictions-small.npz") for f in ("one", "two")]
    np.testing.assert_allclose(
        found[0]["prediction:small"], found[1]["prediction:small"], atol=5e-3
    )
