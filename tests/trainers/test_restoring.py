"""Learning to restore: patches, losses, runs that resume, and what is said of them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from datasets.scenes.scene_files import find_scenes
from datasets.scenes.splits import SHARES, split_of
from datasets.streams import stream
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.learned.restoring.net import NetSize, fresh_net
from hdrmetrics.learned.restoring.weights import load_restoration
from trainers.cli import main
from trainers.restoring.degrade import degrade, draw_steps, filed
from trainers.restoring.learner import Batches, Learner, loss_of, psnr, surplus, turned
from trainers.restoring.recipe import RECIPES, Recipe, read_recipe
from trainers.restoring.references import reduced
from trainers.restoring.run import Wanted, run
from trainers.restoring.windows import SIDE, Windows, make_windows

SMALL = Recipe(
    widths=(8, 8, 8), middle=1, held=4, part=32, batch=4, precision="float32", rate=3e-3,
    average=0.9,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of soft blobs for training, and two for validation."""
    found = tmp_path_factory.mktemp("photographs")
    names = {kind: [i for i in range(99) if split_of(f"p{i}") == kind] for kind in SHARES}
    for i in names["train"][:12] + names["validation"][:2]:
        draw = np.random.default_rng(i)
        small = draw.integers(0, 256, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(small).resize((256, 240), Image.Resampling.BICUBIC).save(
            found / f"p{i}.png"
        )
    return found


def test_the_recipe_that_comes_with_the_code() -> None:
    assert read_recipe(RECIPES / "restore.toml") == Recipe()
    net = fresh_net(Recipe().size)
    assert sum(x.numel() for x in net.parameters()) < 1_000_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("part = 33", "multiple of 8"),
        ("depth = 3", "has no depth"),
        ("untouched = 0.9\nsingle = 0.2", "parts of one whole"),
        ("widths = [8, 8]", "three widths"),
        ('precision = "half"', "precision"),
        ("part = [", "cannot be read"),
    ],
)
def test_what_no_recipe_says(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(OptionError, match=message):
        read_recipe(tmp_path / "r.toml")


def test_some_takes_stay_clean_and_mixtures_have_several_steps() -> None:
    drawn = [draw_steps(Recipe(), stream(0, "t", i)) for i in range(400)]
    counts = np.bincount([len(one) for one in drawn], minlength=6)
    assert 20 <= counts[0] <= 60
    assert 260 <= counts[1] <= 340
    assert counts[2:].sum() == 400 - counts[0] - counts[1]
    names = {name for one in drawn for name, _ in one}
    assert names == {
        "motion_blur", "defocus_blur", "gaussian_blur", "saturation_clipping", "gaussian_noise",
        "camera_noise", "resampling", "jpeg",
    }  # fmt: skip
    for name, amount in (step for one in drawn for step in one):
        assert 10 <= amount <= 90 if name == "jpeg" else 0 < amount <= 1


def test_degrading_is_what_it_says() -> None:
    clean = torch.rand(1, 3, 40, 48, generator=torch.Generator().manual_seed(0))
    eight = (255 * clean).round().to(torch.uint8)
    assert torch.equal(degrade(clean, [], 0), eight)
    steps = [("gaussian_noise", 0.5), ("jpeg", 40.0)]
    once, again, other = (degrade(clean, steps, seed) for seed in (1, 1, 2))
    assert torch.equal(once, again)
    assert not torch.equal(once, other)


def test_reducing_averages_light() -> None:
    codes = torch.zeros(3, 2, 2)
    codes[:, 0] = 1.0
    half_light = 1.055 * 0.5 ** (1 / 2.4) - 0.055
    assert torch.allclose(reduced(codes, 2.0), torch.full((3, 1, 1), half_light), atol=1e-5)


def test_the_loss_against_its_formula() -> None:
    clean = torch.zeros(1, 3, 4, 4)
    flat = math.sqrt(0.1**2 + 1e-6)
    wanted = math.log(flat + 0.5 * 2e-3 + 0.05)  # neighbours do not differ: ε on each axis
    assert float(loss_of(clean + 0.1, clean, 0.5, 0.05)) == pytest.approx(wanted, rel=1e-5)
    assert float(psnr(clean + 0.1, clean)) == pytest.approx(20.0, abs=1e-4)
    assert float(psnr(clean, clean)) == pytest.approx(60.0)


def test_the_eight_positions_differ() -> None:
    square = torch.arange(9.0).view(1, 1, 3, 3)
    found = {tuple(turned(square, turn).flatten().tolist()) for turn in range(8)}
    assert len(found) == 8
    assert torch.equal(turned(square, 0), square)


def test_windows(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    Image.new("RGB", (220, 400)).save(folder / "small.png")
    try:
        sources = [(one, (1.5, 2.0)) for one in find_scenes(folder, kinds=("sdr",))]
        found = make_windows(tmp_path / "w", sources, 3, quiet=True)
    finally:
        (folder / "broken.png").unlink()
        (folder / "small.png").unlink()
    assert len(found) == len(sources) - 2
    assert sorted(found.said["refused"]) == ["broken", "small"]
    one = found.window(0)
    assert one.shape == (1, 3, SIDE, SIDE)
    assert 0 <= float(one.min()) <= float(one.max()) <= 1
    whole = [one for one in sources if one[0].name not in ("broken", "small")]
    again = make_windows(tmp_path / "q", whole, 3, quiet=True)
    assert np.array_equal(again.clean, found.clean), "what is broken changes nothing else"
    with pytest.raises(OptionError, match="other photographs"):
        make_windows(tmp_path / "w", whole, 3, quiet=True)
    with pytest.raises(ImageReadError, match="no folder of windows"):
        Windows(tmp_path)
    with pytest.raises(OptionError, match="no clean photograph"):
        make_windows(tmp_path / "r", [], 3)


def test_batches_follow_from_seed_and_step(folder: Path, tmp_path: Path) -> None:
    sources = [(one, (1.2, 1.25)) for one in find_scenes(folder, kinds=("sdr",))]
    windows = make_windows(tmp_path / "w", sources, 3, quiet=True)
    one, other = Batches(windows, SMALL, 0), Batches(windows, SMALL, 0)
    for step in (0, 1, 7, 2):
        assert all(torch.equal(a, b) for a, b in zip(one(step), other(step), strict=True))
    assert not torch.equal(one(0)[0], Batches(windows, SMALL, 1)(0)[0])
    held = one.held()
    assert held[0].shape == held[1].shape == (4, 3, 32, 32)
    assert all(torch.equal(a, b) for a, b in zip(held, other.held(), strict=True))
    clean = replace(SMALL, untouched=1.0, single=0.0)
    assert torch.equal(*Batches(windows, clean, 0)(0))
    spoilt = replace(SMALL, untouched=0.0, single=1.0)
    assert not torch.equal(*Batches(windows, spoilt, 0)(0))


def test_surplus_of_detail_by_hand() -> None:
    clean = 0.4 * torch.randn(1, 12, 16, 16, generator=torch.Generator().manual_seed(0))
    assert float(surplus(clean, clean).abs().max()) == 0
    bands = clean.abs()
    whole = bands[..., :8, :8].mean(dim=(-2, -1))  # the first cell sees 4 of its 12 rows beyond
    found = surplus(2 * clean, clean)
    wanted = torch.log((2 * whole + 0.1) / (whole + 0.1))
    torch.testing.assert_close(found[..., 0, 0], wanted)
    assert found.shape == (1, 12, 4, 4)


def test_learning_brings_the_loss_down() -> None:
    clean = torch.nn.functional.interpolate(torch.rand(4, 3, 8, 8), size=(32, 32), mode="bicubic")
    clean = clean.clamp(0, 1)
    noisy = clean + 0.1 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    learner = Learner(fresh_net(SMALL.size), SMALL)
    losses = [learner.step(noisy, clean, 3e-3) for _ in range(40)]
    assert losses[-1] < losses[0] - 0.12


def test_a_stopped_run_ends_in_the_same_weights(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainers.running import run as module

    whole = run(Wanted(tmp_path / "a", folder, None, steps=9, quiet=True), SMALL)
    assert whole is not None

    class Stops(module.StopRequest):
        """Asks to stop at the fifth step."""

        looks = 0

        @property
        def asked(self) -> bool:
            self.looks += 1
            return self.looks > 4

        @asked.setter
        def asked(self, value: bool) -> None: ...

    wanted = Wanted(tmp_path / "b", folder, None, steps=9, quiet=True)
    with monkeypatch.context() as patch:
        patch.setattr(module, "StopRequest", Stops)
        assert run(wanted, SMALL) is None
    with pytest.raises(OptionError, match="--resume"):
        run(wanted, SMALL)
    with pytest.raises(OptionError, match="another recipe"):
        run(replace(wanted, resume=True), replace(SMALL, rate=1e-4))
    resumed = run(replace(wanted, resume=True), SMALL)
    assert resumed is not None
    for name, value in resumed.state_dict().items():
        assert torch.equal(value, whole.state_dict()[name]), name


def test_the_command_writes_weights_with_their_card(folder: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(
        'widths = [8, 8, 8]\nmiddle = 1\nheld = 4\npart = 32\nbatch = 4\nprecision = "float32"\n'
    )
    call = ["restore", "--recipe", str(recipe), "--photographs", str(folder), "--quiet"]
    assert main([*call, "--out", str(tmp_path / "run"), "--steps", "3"]) == 0
    net, card = load_restoration(tmp_path / "run" / "weights.safetensors")
    assert net.size == card.size == NetSize((8, 8, 8), 1)
    assert (card.steps, card.seed) == (3, 0)
    assert card.recipe["sha256"] == read_recipe(recipe).digest
    said = json.loads((tmp_path / "run" / "run.json").read_text())
    assert card.training["weights"] == said["weights"]
    assert main([*call, "--out", str(tmp_path / "run"), "--steps", "3"]) == 2
    more = [*call, "--out", str(tmp_path / "more"), "--steps", "2"]
    assert main([*more, "--start-from", str(tmp_path / "run" / "weights.safetensors")]) == 0
    _, later = load_restoration(tmp_path / "more" / "weights.safetensors")
    assert later.training["start_from"] == card.sha256
    assert later.training["before"]["steps"] == 3
    assert main([*call, "--out", str(tmp_path / "none")]) == 2


def test_a_part_is_saved_as_a_file_at_last_unless_it_was_one() -> None:
    draw = np.random.default_rng(0)
    assert filed([("noise", 0.5)], 0.0, draw) == [("noise", 0.5)]
    assert filed([("jpeg", 20.0)], 1.0, draw) == [("jpeg", 20.0)]
    found = [filed([("noise", 0.5)], 0.6, draw) for _ in range(1000)]
    saved = [steps[1] for steps in found if len(steps) > 1]
    assert 550 < len(saved) < 650
    assert {name for name, _ in saved} == {"jpeg"}
    assert {quality for _, quality in saved} == set(range(75, 99))
    # A recipe without files draws what it always did.
    before = [draw_steps(SMALL, np.random.default_rng(i)) for i in range(20)]
    after = [draw_steps(replace(SMALL, filed=1.0), np.random.default_rng(i)) for i in range(20)]
    for one, other in zip(before, after, strict=True):
        assert other[: len(one)] == one
        assert any(name == "jpeg" for name, _ in other)
