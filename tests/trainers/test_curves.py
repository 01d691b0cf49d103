"""Learning to draw curves: recipes, exposures, pictures, steps, runs that resume."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from datasets.scenes.splits import SHARES, split_of
from hdrmetrics import write_image
from hdrmetrics.errors import ImageReadError, OptionError, PixelValueError
from hdrmetrics.learned.curves.net import fresh_net
from hdrmetrics.learned.curves.weights import load_curves
from hdrmetrics.photometry.color import luminance
from trainers.cli import main
from trainers.curves.batches import HELD_STOPS, Batches
from trainers.curves.exposing import metered, photographed
from trainers.curves.learner import Learner, psnr
from trainers.curves.material import SIDE, WINDOWS, Material, make_material
from trainers.curves.recipe import RECIPES, Recipe, read_recipe
from trainers.curves.run import Wanted, run
from trainers.running.interruption import StopRequest

SMALL = Recipe(
    kind="light", seen=24, looked=24, region=24, target=0.45, held=2, pool=8, batch=2,
    precision="float32", rate=3e-3, average=0.9, deviation=0.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of soft blobs and a scene of light in each split."""
    found = tmp_path_factory.mktemp("pictures")
    (found / "sdr").mkdir()
    (found / "hdr").mkdir()
    for split in SHARES:
        names = [i for i in range(99) if split_of(f"p{i}") == split][:2]
        for i in names:
            draw = np.random.default_rng(i)
            small = draw.integers(0, 256, (9, 12, 3), dtype=np.uint8)
            large = Image.fromarray(small).resize((160, 150), Image.Resampling.BICUBIC)
            large.save(found / "sdr" / f"p{i}.png")
        light = np.exp(2 * np.asarray(large, np.float32) / 255) - 1
        write_image(found / "hdr" / f"p{names[0]}.exr", np.ascontiguousarray(light))
    return found


@pytest.fixture(scope="module")
def material(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("material")
    make_material(found, folder / "sdr", folder / "hdr", None, 0, quiet=True)
    return found


def _wanted(out: Path, folder: Path, material: Path, **more: object) -> Wanted:
    told = {"steps": 6, "quiet": True} | more
    return Wanted(out, folder / "sdr", folder / "hdr", None, material, **told)  # type: ignore[arg-type]


def test_recipes_that_come_with_the_code() -> None:
    for path in RECIPES.glob("*.toml"):
        recipe = read_recipe(path)
        assert recipe.kind == ("light" if path.stem.endswith("light") else "full")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "huge"', "kind is one of"),
        ("depth = 3", "has no depth"),
        ("target = 1.2", "target"),
        ("spatial = -1", "weights of losses"),
        ("judged = 1\njudges = []", "as judges"),
        ("stops = [1.0, -1.0]", "stops and wells"),
        ("seen = 4", "looked at 8"),
        ("pool = 0", "pool, batch"),
        ('precision = "half"', "precision"),
    ],
)
def test_what_no_recipe_says(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(OptionError, match=message):
        read_recipe(tmp_path / "r.toml")


def test_a_good_exposure_by_its_definition() -> None:
    draw = torch.Generator().manual_seed(0)
    light = torch.exp(torch.randn(1, 3, 32, 32, generator=draw))
    own = metered(light)
    assert float(luminance(own).log().mean().exp()) == pytest.approx(0.18, rel=1e-4)
    torch.testing.assert_close(metered(1000 * light), own)
    lamp = torch.full((1, 3, 10, 10), 0.01)
    lamp[..., :3] = 100.0  # a third of the picture
    assert float((metered(lamp) > 1 + 1e-5).float().mean()) <= 0.05
    with pytest.raises(PixelValueError):
        metered(torch.zeros(1, 3, 8, 8))


def test_exposures_without_noise_are_light_times_two_to_the_stops() -> None:
    light = torch.full((1, 3, 4, 4), 0.1)
    for stops in (-2.0, 0.0, 2.0, 4.0):
        code = photographed(light, stops, well=None, seed=0)
        x = min(0.1 * 2**stops, 1.0)
        wanted = 12.92 * x if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055
        assert float(code[0, 0, 0, 0]) == pytest.approx(round(255 * wanted) / 255, abs=1e-6)


def test_photons_that_are_fewer_are_noisier() -> None:
    light = torch.full((1, 3, 64, 64), 0.18)

    def spread(stops: float, well: float) -> float:
        found = photographed(light, stops, well=well, seed=1)
        return float(found.std() / found.mean())

    assert spread(-3, 10_000) > 1.5 * spread(0, 10_000)
    assert spread(0, 1_000) > 1.5 * spread(0, 10_000)
    one, other = (photographed(light, 0, well=900.0, seed=k) for k in (1, 2))
    assert not torch.equal(one, other)
    with pytest.raises(OptionError, match="more than 0"):
        photographed(light, 0, well=0.0, seed=0)


def test_material(folder: Path, material: Path, tmp_path: Path) -> None:
    found = Material(material / "train")
    assert found.codes.shape == (2, SIDE, SIDE, 3)
    assert found.light.shape == (WINDOWS, SIDE, SIDE, 3)
    (folder / "sdr" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    try:
        with_broken = make_material(
            tmp_path / "m", folder / "sdr", folder / "hdr", None, 0, quiet=True
        )
        with pytest.raises(OptionError, match="other pictures"):
            make_material(material, folder / "sdr", None, None, 0, quiet=True)
    finally:
        (folder / "sdr" / "broken.png").unlink()
    refused = [name for one in with_broken.values() for name in one.said["refused"]]
    own = split_of("broken")
    assert refused == (["broken"] if own != "test" else [])
    assert np.array_equal(with_broken["train"].light, found.light), "what is broken changes nothing"
    with pytest.raises(ImageReadError, match="no folder of pictures"):
        Material(tmp_path)
    with pytest.raises(OptionError, match="no picture of the split"):
        make_material(tmp_path / "n", None, None, None, 0, quiet=True)


def test_batches_follow_from_seed_and_step(material: Path) -> None:
    one, other = (Batches(Material(material / "train"), SMALL, 0) for _ in range(2))
    for step in (0, 3, 1):
        assert all(torch.equal(a, b) for a, b in zip(one(step), other(step), strict=True))
    assert not torch.equal(one(0)[0], Batches(one.material, SMALL, 1)(0)[0])
    pictures, means = one(0)
    assert pictures.shape == (2, 3, SIDE, SIDE)
    assert means.shape == (2,)
    still = Batches(one.material, replace(SMALL, untouched=1.0, scenes=0.0), 0)
    pictures, means = still(0)
    torch.testing.assert_close(pictures.mean(dim=(1, 2, 3)), means)
    assert len(list((material / "train").glob("pool-*.npz"))) >= 2, "one for each seed"
    held = one.held()
    assert held.pictures.shape == (2 * len(HELD_STOPS), 3, SIDE, SIDE)
    assert torch.equal(held.originals, other.held().originals)
    error = psnr(held.pictures, held.originals)
    at = {stops: i for i, stops in enumerate(held.stops[: len(HELD_STOPS)])}
    assert float(error[at[0.0]]) > float(error[at[-1.0]]) > float(error[at[-3.0]])


@pytest.mark.parametrize("kind", ["full", "light"])
def test_learning_brings_codes_to_their_target(kind: str) -> None:
    recipe = replace(SMALL, kind=kind)  # type: ignore[arg-type]
    learner = Learner(fresh_net(recipe.kind, 0, 0.0), recipe, 0)
    shape = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    pictures = torch.cat([0.2 * shape[:1], 1 - 0.3 * shape[1:]])
    losses = [learner.step(pictures, torch.full((2,), 0.3), i, 1e-3) for i in range(24)]
    assert losses[-1]["exposure"] < 0.6 * losses[0]["exposure"]
    told = Learner(fresh_net(recipe.kind, 0, 0.0), replace(recipe, metered=True), 0)
    first = told.step(pictures, torch.tensor([0.1, 0.85]), 0, 1e-3)
    assert first["exposure"] < 0.01, "means that the pictures have already"
    assert set(losses[0]) == {"spatial", "exposure", "colour", "smoothness", "loss"}


def test_a_loss_without_weight_is_left_out_and_a_judge_moves_weights() -> None:
    pictures = 0.3 * torch.rand(2, 3, 40, 40)
    alone = replace(
        SMALL, spatial=0.0, exposure=0.0, colour=0.0, smoothness=0.0, judged=1.0,
        judges=("improvability",),
    )  # fmt: skip
    learner = Learner(fresh_net("light", 0, 0.02), alone, 0)
    before = [one.clone() for one in learner.net.parameters()]
    assert set(learner.step(pictures, torch.zeros(2), 0, 1e-3)) == {"judged", "loss"}
    assert not torch.equal(before[-2], list(learner.net.parameters())[-2])


def test_a_stopped_run_ends_in_the_same_weights(
    folder: Path, material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(_wanted(tmp_path / "a", folder, material), SMALL)
    assert whole is not None

    class Stops(StopRequest):
        """Asks to stop at the third step."""

        looks = 0

        @property
        def asked(self) -> bool:
            self.looks += 1
            return self.looks > 2

        @asked.setter
        def asked(self, value: bool) -> None: ...

    wanted = _wanted(tmp_path / "b", folder, material)
    with monkeypatch.context() as patch:
        patch.setattr("trainers.running.run.StopRequest", Stops)
        assert run(wanted, SMALL) is None
    with pytest.raises(OptionError, match="--resume"):
        run(wanted, SMALL)
    with pytest.raises(OptionError, match="another recipe"):
        run(replace(wanted, resume=True), replace(SMALL, rate=1e-4))
    resumed = run(replace(wanted, resume=True), SMALL)
    assert resumed is not None
    for name, value in resumed.state_dict().items():
        assert torch.equal(value, whole.state_dict()[name]), name
    with pytest.raises(OptionError, match="how long"):
        run(replace(wanted, steps=None), SMALL)


def test_the_command_writes_weights_with_their_card(
    folder: Path, material: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(
        'kind = "light"\nseen = 24\nlooked = 32\nheld = 1\npool = 4\nbatch = 2\nregion = 16\n'
        'precision = "float32"\n'
    )
    call = ["curves", "--recipe", str(recipe), "--photographs", str(folder / "sdr"), "--scenes"]
    call += [str(folder / "hdr"), "--material", str(material), "--quiet"]
    assert main([*call, "--out", str(tmp_path / "run"), "--steps", "3"]) == 0
    weights = tmp_path / "run" / "weights.safetensors"
    net, card = load_curves(weights)
    assert (net.kind, card.kind, card.seen, card.steps) == ("light", "light", 24, 3)
    assert card.recipe["sha256"] == read_recipe(recipe).digest
    said = json.loads((tmp_path / "run" / "run.json").read_text())
    assert card.training["weights"] == said["weights"]
    assert main([*call, "--out", str(tmp_path / "run"), "--steps", "3"]) == 2
    more = [*call, "--out", str(tmp_path / "more"), "--steps", "1", "--start-from", str(weights)]
    assert main(more) == 0
    _, later = load_curves(tmp_path / "more" / "weights.safetensors")
    assert later.training["start_from"] == card.sha256
    assert main([*call, "--out", str(tmp_path / "none")]) == 2
    assert main([*call, "--out", str(tmp_path / "none"), "--steps", "0"]) == 2
