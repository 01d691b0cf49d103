"""Learning to tone-map: frames, views, losses, and runs that resume."""

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
from hdrmetrics import create_metric
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.learned.tonemapping.exposure_net import ExposureSize, fresh_exposure_net
from hdrmetrics.learned.tonemapping.grid_net import GridSize, fresh_grid_net
from hdrmetrics.learned.tonemapping.rendered import NUMBERS, Rendered
from hdrmetrics.learned.tonemapping.tone import START, Tone
from hdrmetrics.learned.tonemapping.weights import load_tone_net
from hdrmetrics.tonemap import create_operator, to_display
from trainers.cli import main
from trainers.running.interruption import StopRequest
from trainers.tonemapping.exposure_learner import Curves, ExposureLearner, soft_peak
from trainers.tonemapping.frames import Frames, light_of, make_frames
from trainers.tonemapping.judging import distance, judged
from trainers.tonemapping.learner import Learner, Views, departure
from trainers.tonemapping.recipe import RECIPES, ExposureRecipe, GridRecipe, Recipe, read_recipe
from trainers.tonemapping.run import Wanted, run
from trainers.tonemapping.table import STOPS, make_table
from trainers.tonemapping.views import transformed, view

SMALL = GridRecipe(widths=(4, 4, 4), hidden=8, batch=2, pixels=96 * 96, scenes=0.0, large=0.3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of soft blobs: five for training, two for validation."""
    found = tmp_path_factory.mktemp("photographs")
    names = {kind: [i for i in range(99) if split_of(f"p{i}") == kind] for kind in SHARES}
    for i in names["train"][:5] + names["validation"][:2]:
        draw = np.random.default_rng(i)
        small = draw.integers(0, 256, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(small).resize((128, 112), Image.Resampling.BICUBIC).save(
            found / f"p{i}.png"
        )
    return found


def test_the_recipes_that_come_with_the_code() -> None:
    assert read_recipe(RECIPES / "tonemap-net.toml") == ExposureRecipe()
    grid = read_recipe(RECIPES / "tonemap-grid.toml")
    assert isinstance(grid, GridRecipe)
    assert grid.size == GridSize()
    assert grid.smooth > 0
    assert len({grid.digest, GridRecipe().digest, ExposureRecipe().digest}) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('form = "tree"', "form is one of"),
        ("form = 3", "form is one of"),
        ("form = [", "cannot be read"),
        ("batch = 3", "form is one of"),
        ('form = "grid"\ndepth = 3', "has no depth"),
        ('form = "grid"\nscenes = 1.5', r"lie in \[0, 1\]"),
        ('form = "grid"\ncontrast = 0.9', "contrast"),
        ('form = "grid"\nwidths = [8, 8]', "three of them"),
        ('form = "grid"\nbatch = 0', "batch"),
        ('form = "curve"\nwidths = [8, 8, 8]', "has no widths"),
        ('form = "curve"\nhidden = 0', "whole number"),
        ('form = "curve"\nbatch = 0', "batch"),
        ('form = "curve"\nrate = 0', "rate"),
    ],
)
def test_what_no_recipe_says(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(OptionError, match=message):
        read_recipe(tmp_path / "r.toml")


def test_frames(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    try:
        scenes = find_scenes(folder, kinds=("sdr",))
        found = make_frames(tmp_path / "f", scenes, quiet=True)
    finally:
        (folder / "broken.png").unlink()
    assert list(found.said["refused"]) == ["broken"]
    name = found.names["sdr"][0]
    light = light_of(next(one for one in scenes if one.name == name))
    assert 500 < float(light.max()) <= 1000.001
    whole = found.whole(name)
    factor = whole / light.clamp(min=1e-3)
    bright = light > 1.0
    assert float(factor[bright].std() / factor[bright].mean()) < 1e-3, "light, and its log mean"
    with pytest.raises(OptionError, match="other scenes"):
        make_frames(tmp_path / "f", scenes[:2], quiet=True)
    with pytest.raises(ImageReadError, match="no folder of frames"):
        Frames(tmp_path)
    (tmp_path / "f" / f"{name}.npy").write_bytes(b"nothing")
    with pytest.raises(ImageReadError, match=f"{name}.npy"):
        found.whole(name)
    with pytest.raises(OptionError, match="no scene can be learnt from"):
        make_frames(tmp_path / "none", [], quiet=True)


def test_views_follow_from_their_draws() -> None:
    frame = np.random.default_rng(0).random((3, 200, 330)).astype(np.float16)
    one, other = (view(frame, 9600, 1.2, 0.3, stream(0, "v", 1)) for _ in range(2))
    assert torch.equal(one, other)
    for number in range(12):
        light = view(frame, 9600, 1.2, 0.3, stream(0, "v", number))
        assert light.shape[-2] * light.shape[-1] <= 9600 * 1.02
        assert light.shape[-1] / light.shape[-2] == pytest.approx(330 / 200, rel=0.05)
        assert bool((light > 0).all())
    plain = view(frame, 10**6, 1.0, 0.0, stream(0, "v", 3))
    assert 100 <= plain.shape[-2] <= 200
    known = torch.from_numpy(frame.astype(np.float32)).clamp(min=1e-8)
    assert torch.isin(plain, known).all(), "nothing is done to light where nothing is asked"


def test_moving_by_whole_pixels_against_slices() -> None:
    light = torch.rand(1, 2, 40, 60)
    inner = transformed(light, (0.0, 0.0), 0.0, 1.0)
    torch.testing.assert_close(inner, light[..., 2:38, 3:57])
    shifted = transformed(light, (2.0, -1.0), 0.0, 1.0)
    torch.testing.assert_close(shifted, light[..., 1:37, 5:59], atol=1e-5, rtol=0)
    turned = transformed(light, (0.0, 0.0), math.pi, 1.0)
    torch.testing.assert_close(turned, inner.flip(-1, -2), atol=1e-4, rtol=0)
    ramp = torch.arange(60.0).expand(1, 1, 40, 60)
    nearer = transformed(ramp, (0.0, 0.0), 0.0, 2.0)
    assert float(nearer[0, 0, 0, 30] - nearer[0, 0, 0, 10]) == pytest.approx(10.0, abs=1e-3)


def test_distances_by_hand() -> None:
    def tone(centre: float, *exposures: float) -> Tone:
        said = torch.tensor(exposures).view(1, -1, 1, 1)
        return Tone(torch.full((1, 1, 1, 1), centre), said)

    # Over their centres, which differ too, by one tolerance and by three.
    two = distance(tone(0.5, 1.0, 2.0), tone(0.9, 1.42, 2.34))
    assert float(two) == pytest.approx((1 + 9) / 2, rel=1e-3)
    assert float(departure(tone(7.0, START + 0.5, START))) == pytest.approx(0.125, rel=1e-4)


def test_a_table_is_of_whole_pictures_and_is_made_once(folder: Path, tmp_path: Path) -> None:
    frames = make_frames(tmp_path / "f", find_scenes(folder, kinds=("sdr",)), quiet=True)
    table = make_table(tmp_path / "t", frames, "norvdpnet-tmo", quiet=True)
    assert table.numbers.shape == (7, len(STOPS), NUMBERS)
    assert table.quality.shape == table.mean.shape == (7, len(STOPS))
    # These pictures are smaller than a copy: nothing is averaged away but parts of blocks.
    torch.testing.assert_close(table.contrast, table.true_contrast, rtol=0.3, atol=0.5)
    torch.testing.assert_close(table.mean, table.true_mean, rtol=0, atol=6.0)
    name = frames.names["sdr"][2]
    light = frames.whole(name)
    code = to_display(create_operator("reinhard_free", alpha=0.18 * 2 ** STOPS[5], mu=1.0)(light))
    quality = 1 - create_metric("norvdpnet-tmo").as_loss()(code)
    assert float(table.quality[2, 5]) == pytest.approx(float(quality), abs=1e-5)
    path = tmp_path / "t" / "norvdpnet-tmo" / f"{name}.npy"
    before = path.stat().st_mtime_ns
    again = make_table(tmp_path / "t", frames, "norvdpnet-tmo", quiet=True)
    assert all(torch.equal(a, b) for a, b in zip(again, table, strict=True))
    assert path.stat().st_mtime_ns == before
    other = make_table(tmp_path / "t", frames, "norvdpnet-sdr", quiet=True)
    assert torch.equal(other.numbers, table.numbers)
    assert not torch.equal(other.quality, table.quality)
    damages = ((b"nothing", "cannot be read"), (b"", "cannot be read"), (None, "another kind"))
    for content, message in damages:
        if content is None:
            np.save(path, np.zeros((3, 4), np.float32))
        else:
            path.write_bytes(content)
        with pytest.raises(ImageReadError, match=message):
            make_table(tmp_path / "t", frames, "norvdpnet-tmo", quiet=True)


def test_what_stops_lose_against_a_parabola() -> None:
    stops = torch.tensor(STOPS)
    peaks = torch.tensor([-0.3, 1.7])
    curves = Curves(1 - (stops[None] - peaks[:, None]) ** 2 / 10)
    index = torch.tensor([1, 0, 1])
    said = torch.tensor([1.7, 0.7, 0.2], requires_grad=True)
    lost = curves.lost(index, said)
    torch.testing.assert_close(lost, torch.tensor([0.0, 0.1, 0.225]), atol=2e-4, rtol=0)
    lost.sum().backward()
    assert said.grad is not None
    torch.testing.assert_close(said.grad[1:], torch.tensor([0.2, -0.3]), atol=0.02, rtol=0)
    sharp = 1 - (stops[None] - peaks[:, None]).abs()
    torch.testing.assert_close(soft_peak(sharp), torch.tensor([-0.5, 1.5]), atol=0.01, rtol=0)


def test_learning_an_exposure_brings_down_what_is_lost(folder: Path, tmp_path: Path) -> None:
    frames = make_frames(tmp_path / "f", find_scenes(folder, kinds=("sdr",)), quiet=True)
    table = make_table(tmp_path / "t", frames, "norvdpnet-tmo", quiet=True)
    # Another quality than naturalness: two stops over the key, whatever the picture.
    quality = 1 - (torch.tensor(STOPS) - 2).square().expand_as(table.quality) / 40
    recipe = ExposureRecipe(hidden=8, batch=16, codes=0.0, decay=0.0)
    learner = ExposureLearner(
        fresh_exposure_net(ExposureSize(8)), recipe, table._replace(quality=quality), 0
    )
    losses = [learner.step(step, 0.01) for step in range(80)]
    assert sum(losses[-5:]) < 0.3 * sum(losses[:5])
    said = learner.net.quality(Rendered(*table[:3]))
    torch.testing.assert_close(soft_peak(said), torch.full((7,), 2.0), atol=0.7, rtol=0)


def test_learning_brings_the_loss_down(folder: Path, tmp_path: Path) -> None:
    frames = make_frames(tmp_path / "f", find_scenes(folder, kinds=("sdr",)), quiet=True)
    # Begun three stops too dark.
    net = fresh_grid_net(SMALL.size)
    assert isinstance(net.last.bias, torch.Tensor)
    torch.nn.init.constant_(net.last.bias, -2.0)
    learner, views = Learner(net, SMALL), Views(frames, SMALL, 0)
    losses = [learner.step(views(0, large=False), 0.02) for _ in range(12)]
    assert losses[-1] < losses[0] - 0.02
    told = judged(net, SMALL.metric, frames)
    assert 0 < told["tmqi"] < 1 < told["learned"] <= 100


@pytest.mark.parametrize("recipe", [ExposureRecipe(hidden=4), replace(SMALL, smooth=0.1)])
def test_a_stopped_run_ends_in_the_same_weights(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: Recipe
) -> None:
    frames = tmp_path / "frames"
    wanted = Wanted(tmp_path / "a", None, folder, steps=5, frames=frames, quiet=True)
    whole = run(wanted, recipe)
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

    wanted = replace(wanted, out=tmp_path / "b")
    with monkeypatch.context() as patch:
        patch.setattr("trainers.running.run.StopRequest", Stops)
        assert run(wanted, recipe) is None
    with pytest.raises(OptionError, match="--resume"):
        run(wanted, recipe)
    with pytest.raises(OptionError, match="another recipe"):
        run(replace(wanted, resume=True), replace(recipe, rate=1e-4))
    resumed = run(replace(wanted, resume=True), recipe)
    assert resumed is not None
    for name, value in resumed.state_dict().items():
        assert torch.equal(value, whole.state_dict()[name]), name


def test_the_command_writes_weights_with_their_card(folder: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text('form = "grid"\nwidths = [4, 4, 4]\nhidden = 8\nbatch = 1\npixels = 9216\n')
    call = ["tonemap-net", "--recipe", str(recipe), "--photographs", str(folder), "--quiet"]
    assert main([*call, "--out", str(tmp_path / "run"), "--steps", "2"]) == 0
    net, card = load_tone_net(tmp_path / "run" / "weights.safetensors")
    assert net.size == card.size == GridSize((4, 4, 4), 8)
    assert (card.steps, card.seed) == (2, 0)
    assert card.recipe["sha256"] == read_recipe(recipe).digest
    said = json.loads((tmp_path / "run" / "run.json").read_text())
    assert card.training["validation"] == said["validation"]
    assert [one["number"] for one in card.data] == [5]
    assert main([*call, "--out", str(tmp_path / "run"), "--steps", "2"]) == 2
    assert main([*call, "--out", str(tmp_path / "none")]) == 2
    assert main([*call[:3], "--quiet", "--out", str(tmp_path / "none"), "--steps", "1"]) == 2
