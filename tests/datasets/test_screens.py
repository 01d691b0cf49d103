from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.cli import find_sources, main
from datasets.scenes.drawn.sheet import Sheet, blend
from datasets.scenes.drawn.theme import draw_theme, words
from datasets.scenes.scene import Scene, check_name
from datasets.scenes.screens import STYLES, screen_scenes
from datasets.scenes.splits import split_of
from datasets.streams import stream
from datasets.table import read_table
from hdrmetrics.errors import OptionError
from tests.datasets.test_use import TEXT

SMALL = (256, 320)


def test_they_are_scenes_each_of_its_own_group() -> None:
    scenes = screen_scenes(2 * len(STYLES))
    assert {scene.style for scene in scenes} == set(STYLES)
    assert len({scene.group for scene in scenes}) == len(scenes)
    for scene in scenes:
        assert isinstance(scene, Scene)
        assert check_name(scene.name) == scene.name
        assert scene.split == split_of(scene.group)
        assert (scene.kind, scene.licence, scene.size) == ("sdr", "CC0-1.0", (512, 768))
        assert pickle.loads(pickle.dumps(scene)) == scene


def test_the_first_ones_stay() -> None:
    assert screen_scenes(12)[:5] == screen_scenes(5)


@pytest.mark.parametrize("scene", screen_scenes(2 * len(STYLES), size=SMALL), ids=str)
def test_they_are_codes_of_eight_bits_and_not_empty(scene: Scene) -> None:
    codes = scene.load()
    assert codes.shape == (3, *SMALL)
    assert codes.dtype == torch.float32
    levels = codes * 255
    assert torch.equal(levels.round() / 255, codes)
    assert 0 <= float(codes.min()) < float(codes.max()) <= 1
    assert float(codes.max() - codes.min()) > 0.1
    assert torch.equal(codes, scene.load())


def test_pixels_depend_on_the_name_alone() -> None:
    first, last = screen_scenes(1, size=SMALL)[0], screen_scenes(11, size=SMALL)[10]
    assert first.style == last.style
    assert not torch.equal(first.load(), last.load())


def test_another_process_draws_the_same() -> None:
    code = (
        "import hashlib; from datasets.scenes.screens import screen_scenes; "
        f"s = screen_scenes(10, size={SMALL}); "
        "print(*[hashlib.sha256(x.load().numpy().tobytes()).hexdigest() for x in s])"
    )
    import hashlib

    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = [
        hashlib.sha256(scene.load().numpy().tobytes()).hexdigest()
        for scene in screen_scenes(10, size=SMALL)
    ]
    assert there.stdout.split() == here


def test_they_have_what_photographs_lack() -> None:
    # Wide plain areas: in every second screen at least, a third of the neighbours are equal.
    shares = []
    for scene in screen_scenes(20, size=SMALL):
        codes = scene.load()
        shares.append(float((codes.diff(dim=2) == 0).all(dim=0).double().mean()))
    assert np.median(shares) > 0.33


def test_a_smooth_shape_covers_the_area_it_should() -> None:
    # The mean over a disc's pixels is its area, πr², within what 64 corners and the mask take off.
    sheet = Sheet((64, 64), (0, 0, 0))
    sheet.ellipse((31.3, 30.7), (20, 20), (255, 255, 255))
    codes = sheet.codes()[..., 0].astype(float) / 255
    assert codes.sum() == pytest.approx(np.pi * 400, rel=0.02)
    assert 0 < ((codes > 0) & (codes < 1)).sum() < 300  # only the rim is mixed
    rows, columns = np.mgrid[0:64, 0:64] + 0.5
    assert (codes * columns).sum() / codes.sum() == pytest.approx(31.3, abs=0.2)
    assert (codes * rows).sum() / codes.sum() == pytest.approx(30.7, abs=0.2)


def test_shapes_outside_the_sheet_change_nothing() -> None:
    sheet = Sheet((32, 32), (9, 9, 9))
    sheet.ellipse((-50, 10), (5, 5), (255, 0, 0))
    sheet.line([(40, 80), (50, 90)], (255, 0, 0), 2)
    sheet.box((10, 10, 0, 5), (255, 0, 0))
    assert (sheet.codes() == 9).all()


def test_a_gradient_ends_in_its_colours() -> None:
    for seed in range(8):
        codes = blend(stream(seed, "blend"), (50, 80), (10, 200, 0), (250, 20, 0))
        assert codes[..., 0].min() >= 10
        assert codes[..., 0].max() <= 250
        assert codes[..., 1].min() >= 20
        assert int(np.ptp(codes[..., 0])) > 80


def test_text_can_be_read_on_its_paper() -> None:
    for seed in range(40):
        theme = draw_theme(stream(seed, "theme"))
        assert abs(max(theme.ink) - max(theme.paper)) > 120
        assert (max(theme.ink) > max(theme.paper)) == theme.dark


def test_words_are_drawn() -> None:
    assert words(stream(1, "w"), 5) == words(stream(1, "w"), 5)
    assert words(stream(1, "w"), 5) != words(stream(2, "w"), 5)
    assert all(word.isalpha() for word in words(stream(3, "w"), 20).split())


@pytest.mark.parametrize(("count", "size"), [(-1, (512, 768)), (1, (100, 512))])
def test_impossible_requests_are_refused(count: int, size: tuple[int, int]) -> None:
    with pytest.raises(OptionError, match="128"):
        screen_scenes(count, size=size)


def test_a_build_takes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [scene.name for scene in find_sources(["screens:3", "procedural:1"])] == [
        "screen_text_0000",
        "screen_desktop_0001",
        "screen_plot_0002",
        "procedural_000",
        "procedural_sdr_000",
    ]
    recipe = tmp_path / "small.toml"
    recipe.write_text(TEXT)
    given = ["--scenes", "screens:2", "--out", str(tmp_path / "set"), "--workers", "1"]
    assert main(["build", str(recipe), *given]) == 0
    assert " items" in capsys.readouterr().out
    table = read_table(tmp_path / "set" / "small.parquet").frame
    assert "screen_desktop_0001" in set(table["scene"])
    assert set(table["licence"]) == {"CC0-1.0"}


@pytest.mark.parametrize("number", ["", "0", "x", "-3", "²"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    with pytest.raises(OptionError, match="screens:N takes a number"):
        find_sources([f"screens:{number}"])
