"""Learning from opinions: what a run sees, takes and leaves, on small made photographs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import hdrmetrics as hm
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.learned.liked.distribution import mean_score
from hdrmetrics.learned.liked.nima import load_nima
from hdrmetrics.learned.liked.weights import load_opinions as load_weights
from trainers.cli import main
from trainers.opinions.copies import divide, groups_of, thumbnails
from trainers.opinions.finish import check_splits
from trainers.opinions.judging import predict
from trainers.opinions.learner import Learner, correlation, trained
from trainers.opinions.material import Material, targets_of
from trainers.opinions.opinions import assumed_spread
from trainers.opinions.recipe import Recipe, read_recipe
from trainers.opinions.run import RunOptions, run
from trainers.opinions.sources import load_opinions
from trainers.opinions.start import build
from trainers.opinions.views import exposed, framed, spoil, view

RECIPE = Recipe(
    start="random", epochs=2, batch=6, sides=(64, 80), spoilt=2, hidden=8, validation=0.3,
    views=((96, 1.0), (64, 1.0)),
)  # fmt: skip


def photograph(number: int, size: int = 96) -> Image.Image:
    """Return a made photograph, noisier with its number."""
    rng = np.random.default_rng(number)
    small = rng.integers(0, 255, (7, 7, 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(small).resize((size, size), Image.Resampling.BICUBIC))
    noisy = picture + rng.normal(0, 2 + number % 40, picture.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("opinions")
    path = folder / "opinions.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "mean", "split"])
        for number in range(90):
            name = f"{number:03d}.png"
            photograph(number).save(folder / name)
            writer.writerow([name, 9 - 0.2 * (number % 40), "test" if number >= 75 else "train"])
        photograph(80).resize((64, 64)).save(folder / "copy.png")  # of a test photograph
        writer.writerow(["copy.png", 5, "train"])
    return path


@pytest.fixture(autouse=True)
def small_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validate in small views: what is tried is the run, and large ones take most of its time."""
    monkeypatch.setattr("trainers.opinions.run.predict", partial(predict, side=64))


def run_options(out: Path, **more: object) -> RunOptions:
    return RunOptions(out, quiet=True, **more)  # type: ignore[arg-type]


def test_a_copy_of_a_test_photograph_is_not_learnt_from(table: Path) -> None:
    opinions = load_opinions("csv", table, scale=(1, 10))
    groups = groups_of(thumbnails(opinions.paths))
    names = np.array([opinions.paths[i].name for i in groups])
    split = divide(opinions.split, names, 0.3)
    assert split[-1] == "copy"
    assert set(split[75:90]) == {"test"}
    assert 10 < np.sum(split == "validation") < 40
    shared = set(names[split == "train"]) & set(names[split != "train"])
    assert not shared


def test_what_looks_alike_is_one_group_whatever_its_size(table: Path) -> None:
    paths = load_opinions("csv", table, scale=(1, 10)).paths
    groups = groups_of(thumbnails(paths))
    assert groups[-1] == groups[80] == 80
    assert len(np.unique(groups)) == len(paths) - 1


def test_a_view_is_of_the_photograph_and_spoiling_makes_it_worse() -> None:
    draw = np.random.default_rng(0)
    image = photograph(3, 300)
    whole = view(image, 256, draw, 1.0)
    expected = np.asarray(image.resize((256, 256), Image.Resampling.BICUBIC))
    assert any(np.array_equal(whole, one) for one in (expected, expected[:, ::-1]))
    black = framed(whole, draw)
    assert 0.1 < float(np.mean(np.all(black == 0, axis=2))) < 0.75
    for _ in range(20):
        worse = spoil(whole, draw)
        assert worse.shape == whole.shape
        assert np.any(worse != whole)


def test_exposure_is_in_light() -> None:
    grey = np.full((2, 2, 3), 188, np.uint8)  # half of the light of white
    np.testing.assert_allclose(exposed(grey, 1.0), 255, atol=1)
    np.testing.assert_allclose(exposed(grey, -1.0), 137, atol=1)  # a quarter
    assert np.array_equal(exposed(grey, 0.0), grey)


def test_steps_depend_on_the_seed_alone(table: Path) -> None:
    opinions = load_opinions("csv", table, scale=(1, 10)).of("train")
    one, other = (Material(opinions, RECIPE, 3) for _ in range(2))
    ahead = list(one.ahead(2, 5))
    for step, found in zip(range(2, 5), ahead, strict=True):
        torch.testing.assert_close(found.views, other.make(step).views)
    assert found.views.shape[0] == RECIPE.batch + RECIPE.spoilt
    assert not torch.equal(one.make(0).targets, Material(opinions, RECIPE, 4).make(0).targets)
    seen = [i for step in range(one.per_epoch) for i in mean_score(one.make(step).targets).tolist()]
    assert len(seen) == one.per_epoch * RECIPE.batch


def test_published_distributions_are_learnt_as_they_are(table: Path) -> None:
    opinions = load_opinions("csv", table, scale=(1, 10))
    torch.testing.assert_close(
        mean_score(targets_of(opinions)).double(), torch.from_numpy(opinions.mean),
        atol=0.02, rtol=0,
    )  # fmt: skip
    told = np.full((len(opinions), 10), 0.1)
    assert torch.equal(
        targets_of(replace(opinions, distribution=told)), torch.from_numpy(told).float()
    )


def test_only_what_is_to_learn_has_gradients() -> None:
    network = build(RECIPE, 0)
    counts = [len(trained(network.trunk, kind)) for kind in ("none", "last", "all")]
    assert counts[0] == 0 < counts[1] < counts[2] == len(list(network.trunk.parameters()))
    Learner(network, replace(RECIPE, learn="last"))
    stem = next(network.trunk.parameters())
    assert not stem.requires_grad


def test_correlation_is_that_of_numpy() -> None:
    x, y = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
    assert float(correlation(x, y)) == pytest.approx(float(np.corrcoef(x, y)[0, 1]), abs=1e-5)


@pytest.mark.parametrize("level", [0.0, 2.5])
def test_opinions_that_are_all_the_same_leave_a_slope_that_is_a_number(level: float) -> None:
    x = torch.arange(6.0).requires_grad_()
    found = correlation(x, torch.full((6,), level))
    (slope,) = torch.autograd.grad(found, x)
    assert float(found.detach()) == 0
    assert torch.equal(slope, torch.zeros(6))


def test_the_assumed_spread_is_that_of_the_papers_hypothesis() -> None:
    np.testing.assert_allclose(assumed_spread(np.array([5.5])), 1.423, atol=1e-3)
    assert np.all(assumed_spread(np.array([1.0, 10.0])) > 0)


def test_a_run_ends_in_a_metric_and_a_killed_one_in_the_same(table: Path, tmp_path: Path) -> None:
    opinions = load_opinions("csv", table, scale=(1, 10))
    path = run(opinions, RECIPE, run_options(tmp_path / "through"))
    assert path is not None
    metric = load_nima(path)
    card = metric.card
    assert card.opinions["photographs"]["copy"] == 1
    assert card.training["steps"] == 2 * (card.training["photographs"] // RECIPE.batch)
    assert card.interval is not None
    assert len(card.results["test"]["srocc"]) == 3
    rows = list(csv.DictReader((path.parent / "predictions.csv").open(encoding="utf-8")))
    tested = [row for row in rows if row["split"] == "test"]
    assert len(tested) == 15
    (first,) = [one for one in opinions.paths if one.name == tested[0]["photograph"]]
    pixels = torch.from_numpy(np.asarray(Image.open(first)).copy()).permute(2, 0, 1)[None] / 255
    assert float(metric(pixels)) == pytest.approx(float(tested[0]["score"]), abs=2e-3)
    low, high = (float(tested[0][name]) for name in ("low", "high"))
    assert low <= float(metric(pixels)) <= high

    again = tmp_path / "stopped"
    stopped = replace(RECIPE)

    class EnoughError(Exception):
        pass

    calls = 0
    real = Learner.step

    def step(self: Learner, *args: object) -> dict[str, float]:
        nonlocal calls
        calls += 1
        if calls > 7:
            raise EnoughError
        return real(self, *args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "step", step)
        patch.setattr("trainers.opinions.run._CHECKPOINT_SECONDS", 0.0)
        with pytest.raises(EnoughError):
            run(opinions, stopped, run_options(again))
    resumed = run(opinions, stopped, run_options(again, resume=True))
    assert resumed is not None
    ours, theirs = load_weights(path)[0].state_dict(), load_weights(resumed)[0].state_dict()
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], rtol=0, atol=0)

    with pytest.raises(OptionError, match="--resume"):
        run(opinions, RECIPE, run_options(again))
    with pytest.raises(OptionError, match="otherwise"):
        run(opinions, replace(RECIPE, margin=0.7), run_options(again, resume=True))


def test_one_command_trains_on_anyones_table(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(
        'start = "random"\nlearn = "none"\nepochs = 1\nbatch = 8\nsides = [64]\nhidden = 4\n'
        "validation = 0.3\nviews = [[64, 1.0]]\n"
    )
    command = ["nima", "csv", "--data", str(table), "--out", str(tmp_path / "run"), "--quiet"]
    command += ["--config", str(recipe)]
    assert main(command) == 2
    assert "scale" in capsys.readouterr().err
    assert main([*command, "--scale", "1", "10", "--limit", "40"]) == 0
    said = json.loads((tmp_path / "run" / "weights.json").read_text())
    assert said["training"]["photographs"] == 40
    assert main([*command, "--scale", "1", "10"]) == 2
    assert main(["nima", "nothing", "--data", str(table), "--out", str(tmp_path / "x")]) == 2


def test_a_recipe_that_cannot_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    for text in ("epochs = 0", "learn = 'some'", "sides = [8]", "what = 1", "= 3", "batch = 1"):
        path.write_text(text)
        with pytest.raises(OptionError):
            read_recipe(path)
    path.write_text("sides = [64, 96]\nviews = [[96, 1.0]]")
    assert read_recipe(path).sides == (64, 96)
    assert read_recipe(path).views == ((96, 1.0),)


def test_photographs_are_seen_upright(tmp_path: Path) -> None:
    from trainers.opinions.views import load

    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    image = photograph(1, 96).resize((96, 64))
    image.save(tmp_path / "turned.png", exif=exif)
    wanted = np.rot90(np.asarray(image), -1)
    np.testing.assert_array_equal(np.asarray(load(tmp_path / "turned.png")), wanted)
    pixels = hm.read_image(tmp_path / "turned.png").pixels
    np.testing.assert_allclose(pixels, wanted / 255, atol=1e-6)


def test_photographs_that_are_broken_are_named_before_anything_is_learnt(
    table: Path, tmp_path: Path
) -> None:
    whole = table.parent / "000.png"
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "torn.png").write_bytes(whole.read_bytes()[:2000])
    paths = [whole, tmp_path / "text.jpg", tmp_path / "torn.png"]
    with pytest.raises(ImageReadError, match=r"2 of 3 photographs are broken: .*text\.jpg"):
        thumbnails(paths)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (("train", "test"), "0 photographs for the validation.* 9 at least"),
        (("train", "validation"), "no photographs for the test"),
    ],
)
def test_too_few_photographs_are_told_before_anything_is_learnt(
    table: Path, kept: tuple[str, str], message: str
) -> None:
    opinions = load_opinions("csv", table, scale=(1, 10))
    first = np.arange(len(opinions)) < 60
    split = np.where(first, *kept).astype("<U10")
    with pytest.raises(OptionError, match=message):
        check_splits(replace(opinions, split=split))
    split[:9], split[-9:] = "validation", "test"
    check_splits(replace(opinions, split=split))


def test_jpeg_files_are_read_at_a_reduced_size(tmp_path: Path) -> None:
    from trainers.opinions.views import load

    stream = io.BytesIO()
    photograph(1, 96).resize((4000, 3000)).save(stream, "JPEG")
    path = tmp_path / "large.jpg"
    path.write_bytes(stream.getvalue())
    assert 1024 <= load(path).size[0] <= 2048
