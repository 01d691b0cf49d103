"""Whole runs: they learn, end in the same bits after a kill, and share work between processes."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hdrmetrics.errors import ImageReadError, OptionError, PixelValueError, WeightsError
from hdrmetrics.learned.weights import load_weights
from trainers.cli import STOPPED, main
from trainers.feeding.labels import find_labels, save_labels
from trainers.judging.predictions import read_predictions
from trainers.running.checkpoint import load_checkpoint
from trainers.running.plan import Plan

from .runs import (
    CPU,
    ROOT,
    checkpoint_of,
    command_of,
    options_of,
    run_jointly,
    run_of,
    same,
    start,
)
from .small import AUXILIARY, CONFIG, REFERENCE_CONFIG, make_set


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_set(folder)
    make_set(folder, "light", domain="hdr", seed=1)
    (folder / "config.toml").write_text(CONFIG)
    return folder


def test_a_small_problem_is_learnt(data: Path, tmp_path: Path) -> None:
    path = run_of(options_of(data, tmp_path / "run", steps=150), CONFIG + AUXILIARY)
    found = read_predictions(tmp_path / "run" / "predictions-small.npz")
    test = found.split("test")
    assert set(found["split"]) == {"validation", "test"}
    r = np.corrcoef(test["prediction:small"], test["target"])[0, 1]
    assert r > 0.9
    with (tmp_path / "run" / "validation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [75, 150]
    assert float(rows[-1]["srocc"]) > 0.9
    with (tmp_path / "run" / "log.csv").open() as file:
        log = list(csv.DictReader(file))
    assert [int(row["step"]) for row in log] == list(range(5, 151, 5))
    assert float(log[-1]["loss"]) < float(log[0]["loss"]) / 2
    assert "auxiliary/small=" in log[0]["terms"]

    network, card = load_weights(path)
    head = card.heads["small"]
    assert head.teacher == "hdrvdp2 1"
    assert head.interval is not None
    assert head.interval.half_width is None  # six scenes are too few for 90 %
    assert head.interval.scenes == 6
    assert card.data[0]["scenes_by_licence"]["CC0-1.0"] == sorted(
        {f"scene{i}" for i in range(24) if i % 4 < 2}
    )
    assert card.training["steps"] == 150
    assert card.seed == 0
    rows_of_card = {
        (row["distortion"], row["statistic"]): row["value"] for row in head.results["test"]
    }
    assert rows_of_card["all", "plcc"] == pytest.approx(r, abs=1e-5)
    assert ("noise", "srocc") in rows_of_card
    # The weights as they are in the file give the predictions.
    from trainers.feeding.crops import CropPixels, find_store

    pixels = CropPixels(find_store(data, "small"), (), device=CPU, limit_mb=0)
    with torch.no_grad():
        raw = network(pixels.batch(test["test_name"]), domain="sdr")
    np.testing.assert_allclose(raw.sigmoid()[:, 0], test["prediction:small"], rtol=0, atol=1e-5)


def test_pairs_and_heads_of_several_sets(data: Path, tmp_path: Path) -> None:
    text = REFERENCE_CONFIG + '[heads]\nboth = ["small", "light"]\nlight = ["light"]\n'
    options = options_of(
        data, tmp_path / "run", predictor="diqm", sets=("small", "light"), steps=60
    )
    path = run_of(options, text + '[shares]\nlight = 3.0\n[balance]\nby = "weights"\n')
    _, card = load_weights(path)
    assert card.heads["both"].sets == ("small", "light")
    assert card.heads["light"].domain == "hdr"
    light = read_predictions(tmp_path / "run" / "predictions-light.npz").split("test")
    for head in ("both", "light"):
        assert np.corrcoef(light[f"prediction:{head}"], light["target"])[0, 1] > 0.85
    state = load_checkpoint(tmp_path / "run" / "checkpoint.pt", device=CPU)
    assert state["positions"] == {"small": 60 * 4, "light": 60 * 12}


@pytest.mark.slow
def test_killed_and_resumed_is_the_same(data: Path, tmp_path: Path) -> None:
    steps = ["--steps", "60"]
    run_of(options_of(data, tmp_path / "whole", steps=60))
    victim = start(command_of(data, tmp_path / "killed", *steps))
    log = tmp_path / "killed" / "log.csv"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (log.exists() and log.read_text().count("\n") > 2):
        time.sleep(0.005)
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    assert victim.returncode == -signal.SIGKILL
    done = load_checkpoint(tmp_path / "killed" / "checkpoint.pt", device=CPU)["done"]
    assert 5 <= done < 60
    assert not (tmp_path / "killed" / "weights.safetensors").exists()
    # No number of steps is given: the plan has it.
    run_of(options_of(data, tmp_path / "killed", steps=None, resume=True))
    assert same(tmp_path / "whole", tmp_path / "killed")
    for name in ("weights.safetensors", "predictions-small.npz"):
        pair = [(tmp_path / folder / name).read_bytes() for folder in ("whole", "killed")]
        assert pair[0] == pair[1]

    def rows(folder: str, name: str) -> list[dict[str, str]]:
        with (tmp_path / folder / name).open() as file:
            return [{k: v for k, v in r.items() if k != "seconds"} for r in csv.DictReader(file)]

    for name in ("log.csv", "validation.csv"):
        assert rows("whole", name) == rows("killed", name)


@pytest.mark.slow
def test_sigterm_ends_after_the_step(data: Path, tmp_path: Path) -> None:
    victim = start(command_of(data, tmp_path / "run", "--steps", "100000"))
    log = tmp_path / "run" / "log.csv"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (log.exists() and log.read_text().count("\n") > 1):
        time.sleep(0.01)
    victim.send_signal(signal.SIGTERM)
    _, told = victim.communicate(timeout=60)
    assert victim.returncode == STOPPED
    assert b"--resume goes on" in told
    state = load_checkpoint(tmp_path / "run" / "checkpoint.pt", device=CPU)
    assert state["done"] >= 5


@pytest.mark.slow
def test_two_processes_are_one(data: Path, tmp_path: Path) -> None:
    """The ranking terms look at the joint batch, so this fails if only gradients were averaged."""
    text = CONFIG.replace("window = 32", "window = 32\n[loss]\nhuber = 1\nplcc = 0.5\nrank = 0.5")
    text += AUXILIARY
    (data / "joint.toml").write_text(text)
    run_of(options_of(data, tmp_path / "one", steps=12), text)
    command = command_of(data, tmp_path / "two", "--steps", "12", "--quiet")
    command[command.index("--config") + 1] = str(data / "joint.toml")
    run_jointly(command, 2)
    one, two = checkpoint_of(tmp_path / "one"), checkpoint_of(tmp_path / "two")
    assert one.keys() == two.keys()
    for name, values in one.items():
        if name.startswith("network."):
            torch.testing.assert_close(two[name], values, rtol=1e-3, atol=1e-4)
    found = [read_predictions(tmp_path / f / "predictions-small.npz") for f in ("one", "two")]
    np.testing.assert_allclose(
        found[0]["prediction:small"], found[1]["prediction:small"], atol=1e-3
    )
    logged = []
    for folder in ("one", "two"):
        with (tmp_path / folder / "log.csv").open() as file:
            logged.append(list(csv.DictReader(file)))
    for key in ("gradient_norm", "loss"):
        norms = [[float(row[key]) for row in rows] for rows in logged]
        np.testing.assert_allclose(norms[0], norms[1], rtol=1e-3)
    for pair in zip(*logged, strict=True):
        terms = [
            {
                name: float(value)
                for name, _, value in (t.partition("=") for t in row["terms"].split())
            }
            for row in pair
        ]
        assert "auxiliary/small" in terms[0]
        assert terms[0] == pytest.approx(terms[1], rel=2e-3)


def test_processes_that_shared_a_batch_leave_at_once() -> None:
    # Taking the interpreter down under the threads of a process group can end in an abort.
    code = "import atexit; from trainers.running.processes import leave\n"
    code += "atexit.register(print, 'taken down'); print('done'); leave(3)"
    for world, said in (("1", "done\ntaken down\n"), ("2", "done\n")):
        ended = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT, env={**os.environ, "WORLD_SIZE": world}, capture_output=True, text=True,
        )  # fmt: skip
        assert (ended.returncode, ended.stdout, ended.stderr) == (3, said, "")


def test_the_number_of_steps_is_frozen(data: Path, tmp_path: Path) -> None:
    text = CONFIG.replace('"float32"', '"auto"').replace('"contiguous"', '"auto"')
    options = options_of(data, tmp_path / "run", steps=None, budget=1.0)
    run_of(options, text)
    plan = Plan.load(tmp_path / "run" / "plan.json")
    assert len(plan.measured) == 4
    assert plan.steps == pytest.approx(1.0 / plan.seconds_per_step, rel=0.9)
    state = load_checkpoint(tmp_path / "run" / "checkpoint.pt", device=CPU)
    assert state["done"] == plan.steps
    # A resumed run keeps plan and weights, whatever it is told of time.
    run_of(options_of(data, tmp_path / "run", steps=None, budget=500.0, resume=True), text)
    assert Plan.load(tmp_path / "run" / "plan.json") == plan
    with pytest.raises(OptionError, match=f"has {plan.steps} steps, not 7"):
        run_of(options_of(data, tmp_path / "run", steps=7, resume=True), text)
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert environment["torch"] == torch.__version__


def test_the_measurement_leaves_no_trace(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainers.learning.measure._LONGEST", 0.1)
    run_of(options_of(data, tmp_path / "fixed", steps=4))
    run_of(
        options_of(data, tmp_path / "measured", steps=4), CONFIG.replace('"contiguous"', '"auto"')
    )
    if Plan.load(tmp_path / "measured" / "plan.json").layout == "contiguous":
        assert same(tmp_path / "fixed", tmp_path / "measured")
    else:  # another order of the same sums
        one, two = checkpoint_of(tmp_path / "fixed"), checkpoint_of(tmp_path / "measured")
        for name, values in one.items():
            torch.testing.assert_close(two[name], values, rtol=1e-2, atol=1e-3)


def test_seeds_and_starting_weights(data: Path, tmp_path: Path) -> None:
    first = run_of(options_of(data, tmp_path / "a", steps=4))
    run_of(options_of(data, tmp_path / "b", steps=4))
    run_of(options_of(data, tmp_path / "c", steps=4, seed=1))
    assert same(tmp_path / "a", tmp_path / "b")
    assert not same(tmp_path / "a", tmp_path / "c")
    # Pre-trained weights: with a vanishing rate they stay.
    still = CONFIG.replace("learning_rate = 0.01", "learning_rate = 1e-7")
    path = run_of(options_of(data, tmp_path / "d", steps=1, start_from=first), still)
    a, d = (load_weights(p)[0].state_dict() for p in (first, path))
    assert all(torch.allclose(a[k], d[k], atol=1e-3) for k in a)
    third = options_of(data, tmp_path / "e", sets=("light",), steps=1, start_from=first)
    e = load_weights(run_of(third, still))[0].state_dict()
    assert torch.allclose(e["stages.0.first.weight"], a["stages.0.first.weight"], atol=1e-3)


def test_folders_of_other_runs(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run_of(options_of(data, out, steps=2))
    with pytest.raises(OptionError, match="give --resume"):
        run_of(options_of(data, out, steps=2))
    with pytest.raises(OptionError, match="another seed"):
        run_of(options_of(data, out, seed=3, resume=True))
    with pytest.raises(OptionError, match="another architecture, config"):
        run_of(options_of(data, out, resume=True), CONFIG.replace("channels = 8", "channels = 4"))
    checkpoint = out / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-9])
    with pytest.raises(ImageReadError, match="damaged"):
        run_of(options_of(data, out, steps=None, resume=True))
    with pytest.raises(OptionError, match="budget of time"):
        run_of(options_of(data, tmp_path / "new", steps=None))


def test_other_labels_are_another_run(data: Path, tmp_path: Path) -> None:
    tables, out = tmp_path / "tables", tmp_path / "run"
    tables.mkdir()
    labels = find_labels(data, "small")
    save_labels(tables / "small.npz", labels)
    given = {"tables": tables, "steps": None, "resume": True}
    run_of(options_of(data, out, tables=tables, steps=2))
    told = json.loads((out / "run.json").read_text())
    assert told["labels"] == {"small": {"recipe_sha256": "0" * 64, "items": len(labels)}}
    run_of(options_of(data, out, **given))
    fewer = labels.select(np.arange(len(labels)) != 5)
    relabelled = replace(labels, metadata={**labels.metadata, "recipe_sha256": "1" * 64})
    for changed in (fewer, relabelled):
        save_labels(tables / "small.npz", changed)
        with pytest.raises(OptionError, match=r"other labels than those in .*: give the tables"):
            run_of(options_of(data, out, **given))
    save_labels(tables / "small.npz", labels)
    run_of(options_of(data, out, **given))


def test_weights_begun_with_are_known_by_their_content(data: Path, tmp_path: Path) -> None:
    first, second = (
        run_of(options_of(data, tmp_path / name, steps=2, seed=seed))
        for seed, name in enumerate("ab")
    )
    out = tmp_path / "run"
    run_of(options_of(data, out, steps=2, start_from=first))
    told = json.loads((out / "run.json").read_text())
    assert told["start_from"] == hashlib.sha256(first.read_bytes()).hexdigest()
    # Under another name they are the same; under the same name, others.
    moved = tmp_path / "moved.safetensors"
    for ending in (".safetensors", ".json"):
        moved.with_suffix(ending).write_bytes(first.with_suffix(ending).read_bytes())
    run_of(options_of(data, out, steps=None, resume=True, start_from=moved))
    assert second.name == first.name
    with pytest.raises(OptionError, match="another start_from"):
        run_of(options_of(data, out, steps=None, resume=True, start_from=second))
    with pytest.raises(WeightsError, match="cannot be read"):
        run_of(options_of(data, tmp_path / "new", start_from=tmp_path / "none.safetensors"))
    moved.write_bytes(second.read_bytes())  # no longer what its card says
    with pytest.raises(WeightsError, match="SHA-256"):
        run_of(options_of(data, tmp_path / "new", start_from=moved))


def test_the_recipe_tells_runs_of_other_lengths_apart(data: Path, tmp_path: Path) -> None:
    recipes = [
        load_weights(run_of(options_of(data, tmp_path / name, steps=steps)))[1].recipe_sha256
        for name, steps in (("a", 2), ("b", 3), ("c", 2))
    ]
    assert recipes[0] != recipes[1]
    assert recipes[0] == recipes[2]


@pytest.mark.parametrize(
    ("changes", "text", "message"),
    [
        ({"predictor": "diqm"}, CONFIG, "inputs 'reference'"),
        ({"sets": ("small", "small")}, CONFIG, "different names"),
        ({}, CONFIG.replace("window = 32", "window = 128"), "window of 128 px does not fit"),
        ({}, CONFIG + "[shares]\nhdr-c = 1", "does not train on"),
        ({}, CONFIG + "[balance.emphasis]\nblur = 2", "names blur"),
        ({}, CONFIG + "[auxiliary.columns]\nssim = 2", "no set has the column ssim"),
        ({"sets": ("small", "light")}, CONFIG.replace("batch = 16", "batch = 1"), "enlarge"),
        ({"scenes_fraction": 0.0}, CONFIG, "lies in"),
        ({}, 'architecture = "vgg"', "architecture is one of"),
    ],
)
def test_runs_that_cannot_be(
    data: Path, tmp_path: Path, changes: dict[str, object], text: str, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        run_of(options_of(data, tmp_path / "run", **changes), text)
    assert not (tmp_path / "run" / "run.json").exists()  # nothing that another try would trip on


def test_divergence_is_told(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(prediction: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        return prediction.sum() * float("nan")

    monkeypatch.setattr("trainers.learning.learner.mixed_loss", broken)
    with pytest.raises(PixelValueError, match="step 0: the loss is nan"):
        run_of(options_of(data, tmp_path / "run", steps=5))


@pytest.mark.slow
def test_a_machine_with_torch_and_numpy_only(data: Path, tmp_path: Path) -> None:
    """Neither Parquet nor pictures nor progress bars are needed to train from an export."""
    code = """
import sys
for name in ("pandas", "pyarrow", "scipy", "PIL", "tqdm", "imagecodecs", "OpenEXR", "tifffile",
             "skimage", "matplotlib", "pillow_heif", "safetensors", "tensorboard"):
    sys.modules[name] = None  # an import says that there is none
from trainers.cli import main
sys.exit(main(sys.argv[1:]))
"""
    out = tmp_path / "run"
    command = command_of(data, out, "--steps", "3", "--quiet")
    made = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=ROOT, capture_output=True, text=True
    )
    # Everything but the weights' file, which another machine writes from the checkpoint.
    assert made.returncode == 2
    assert "trained, and kept in" in made.stderr
    assert "safetensors" in made.stderr
    assert main([*command[:-3], "--resume", "--quiet"]) == 0
    assert (out / "weights.safetensors").exists()
    assert load_checkpoint(out / "checkpoint.pt", device=CPU)["done"] == 3
