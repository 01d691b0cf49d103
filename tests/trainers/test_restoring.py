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
from hdrmetrics.enhance.net import NetSize, fresh_net
from hdrmetrics.enhance.weights import load_restoration
from hdrmetrics.errors import ImageReadError, OptionError
from trainers.cli import main
from trainers.restoring.degrade import degrade, draw_steps
from trainers.restoring.learner import Batches, Learner, loss_of, psnr, turned
from trainers.restoring.pack import Pack, make_pack
from trainers.restoring.recipe import RECIPES, Recipe, read_recipe
from trainers.restoring.references import reduced
from trainers.restoring.run import Wanted, run

SMALL = Recipe(
    widths=(8, 8, 8), middle=1, takes=12, crops=2, held=4, side=32, part=32, batch=4,
    precision="float32", rate=3e-3, average=0.9,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of soft blobs for training, and two for validation."""
    found = tmp_path_factory.mktemp("photographs")
    names = {kind: [i for i in range(99) if split_of(f"p{i}") == kind] for kind in SHARES}
    for i in names["train"][:12] + names["validation"][:2]:
        draw = np.random.default_rng(i)
        small = draw.integers(0, 256, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(small).resize((96, 80), Image.Resampling.BICUBIC).save(found / f"p{i}.png")
    return found


def test_the_recipe_that_comes_with_the_code() -> None:
    assert read_recipe(RECIPES / "restore.toml") == Recipe()
    net = fresh_net(Recipe().size)
    assert sum(x.numel() for x in net.parameters()) < 1_000_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("side = 33", "multiple of 8"),
        ("depth = 3", "has no depth"),
        ("untouched = 0.9\nsingle = 0.2", "parts of one whole"),
        ("widths = [8, 8]", "three widths"),
        ('precision = "half"', "precision"),
        ("side = [", "cannot be read"),
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
    assert 140 <= counts[1] <= 220
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
    assert float(loss_of(clean + 0.1, clean, 0.5)) == pytest.approx(wanted, rel=1e-5)
    assert float(psnr(clean + 0.1, clean)) == pytest.approx(20.0, abs=1e-4)
    assert float(psnr(clean, clean)) == pytest.approx(60.0)


def test_the_eight_positions_differ() -> None:
    square = torch.arange(9.0).view(1, 1, 3, 3)
    found = {tuple(turned(square, turn).flatten().tolist()) for turn in range(8)}
    assert len(found) == 8
    assert torch.equal(turned(square, 0), square)


def test_packs(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    try:
        sources = [(one, (1.5, 2.0)) for one in find_scenes(folder, kinds=("sdr",))]
        pack = make_pack(tmp_path / "p", sources, SMALL, 20, 3, quiet=True)
    finally:
        (folder / "broken.png").unlink()
    assert len(pack) == 40
    assert list(pack.said["refused"]) == ["broken"]
    degraded, clean = pack.pairs(np.arange(40))
    assert degraded.shape == clean.shape == (40, 3, 32, 32)
    same = [bool(torch.equal(a, b)) for a, b in zip(degraded, clean, strict=True)]
    assert 0 < sum(same) < 20
    whole = [one for one in sources if one[0].name != "broken"]
    again = make_pack(tmp_path / "q", whole, SMALL, 20, 3, quiet=True)
    assert np.array_equal(again.degraded, pack.degraded), "what is broken changes nothing else"
    with pytest.raises(OptionError, match="another recipe"):
        make_pack(tmp_path / "p", sources, replace(SMALL, crops=3), 20, 3, quiet=True)
    with pytest.raises(ImageReadError, match="no pack"):
        Pack(tmp_path)
    with pytest.raises(OptionError, match="no clean photograph"):
        make_pack(tmp_path / "r", [], SMALL, 20, 3)


def test_batches_follow_from_seed_and_step(folder: Path, tmp_path: Path) -> None:
    sources = [(one, (1.5, 2.0)) for one in find_scenes(folder, kinds=("sdr",))]
    pack = make_pack(tmp_path / "p", sources, SMALL, 6, 3, quiet=True)
    one, other = Batches(pack, 4, 32, 0), Batches(pack, 4, 32, 0)
    for step in (0, 1, 7, 2):
        assert all(torch.equal(a, b) for a, b in zip(one(step), other(step), strict=True))
    assert not torch.equal(one(0)[0], Batches(pack, 4, 32, 1)(0)[0])


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
    from trainers.restoring import run as module

    whole = run(Wanted(tmp_path / "a", folder, None, steps=9, quiet=True), SMALL)
    assert whole is not None

    class Stops(module.StopRequest):
        """Asks to stop at the fourth look."""

        looks = 0

        @property
        def asked(self) -> bool:
            self.looks += 1
            return self.looks > 8

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
        "widths = [8, 8, 8]\nmiddle = 1\ntakes = 8\ncrops = 2\nheld = 4\nside = 32\npart = 32\n"
        'batch = 4\nprecision = "float32"\n'
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
    assert main([*call, "--out", str(tmp_path / "none")]) == 2
