"""The command ``compare --map``: pictures and numbers where they are asked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

import hdrmetrics as hm
from hdrmetrics.maps.falsecolor import draw_map


def test_one_pair_and_one_metric_give_the_file_that_was_named(run, folders: Path) -> None:
    result = run("compare", "test/c.exr", "ref/c.exr", "-m", "pu21-psnr", "--map", "diff.png")
    assert result.code == 0
    assert "diff.png (pu21-psnr)" in result.out
    with PillowImage.open("diff.png") as picture:
        assert picture.mode == "RGB"
        assert min(picture.size) >= 192
        record = json.loads(picture.text["hdrmetrics"])
    assert record["value"] == hm.score("test/c.exr", "pu21-psnr", reference="ref/c.exr").value
    assert record["conditions"]["calibration"]["kind"] == "scaled"


def test_further_metrics_go_beside_it(run, folders: Path) -> None:
    words = ["-m", "pu21-psnr", "-m", "pu21-ms-ssim", "-m", "pu21-ssim", "--map", "new/diff.png"]
    run("compare", "test/c.exr", "ref/c.exr", *words)
    assert sorted(p.name for p in Path("new").iterdir()) == ["diff.png", "diff.pu21-ssim.png"]


def test_exr_holds_the_local_values(run, folders: Path) -> None:
    run("compare", "test/c.exr", "ref/c.exr", "-m", "pu21-ssim", "--map", "diff.exr")
    expected = hm.score_map("test/c.exr", "pu21-ssim", reference="ref/c.exr").values
    np.testing.assert_array_equal(hm.read_image("diff.exr").pixels[..., 0], expected)


def test_many_pairs_go_to_a_folder(run, folders: Path) -> None:
    result = run(
        "compare", "test", "ref", "-m", "pu21-ssim", "--map", "maps", "--json", "--jobs", "2"
    )
    names = ["a.pu21-ssim.png", "b.pu21-ssim.png", "c.pu21-ssim.png"]
    assert sorted(p.name for p in Path("maps").iterdir()) == names
    records = json.loads(result.out)["maps"]
    assert sorted(r["file"] for r in records) == [f"maps/{name}" for name in names]
    run("compare", "test", "ref", "-m", "mu-psnr", "--map", "maps", "--map-format", "exr")
    assert len(list(Path("maps").glob("*.mu-psnr.exr"))) == 3


@pytest.mark.parametrize(
    ("words", "needle"),
    [
        (["test", "ref", "--map", "one.png"], "--map is a folder for 3 pairs"),
        (["test/a.exr", "ref/a.exr", "-m", "mpsnr", "--map", "x.png"], "has a map"),
        (["test/a.exr", "ref/a.exr", "--map", "x.png", "--map-limits", "0,1"], "for one metric"),
        (
            ["test/a.exr", "ref/a.exr", "-m", "mse", "--map", "x.png", "--map-limits", "1,1"],
            "must differ",
        ),
    ],
)
def test_maps_that_cannot_be_written_are_refused_before_the_work(
    run, folders: Path, words: list[str], needle: str
) -> None:
    result = run("compare", *words)
    assert (result.code, result.out) == (2, "")
    assert needle in result.err


def test_a_map_that_cannot_be_written_is_an_error_beside_its_score(run, folders: Path) -> None:
    Path("blocked").write_text("a file, not a folder")
    result = run("compare", "test", "ref", "-m", "pu21-psnr", "--map", "blocked/maps")
    assert result.code == 2
    assert "a.exr: map of pu21-psnr: cannot make the folder" in result.err
    assert "failed" not in result.out


def test_limits_make_pictures_comparable(run, folders: Path) -> None:
    words = ["-m", "pu21-psnr", "--map-limits", "0,50", "--map"]
    run("compare", "test/a.exr", "ref/a.exr", *words, "a.png")
    run("compare", "test/c.exr", "ref/c.exr", *words, "c.png")
    brightness = [np.asarray(PillowImage.open(f"{n}.png"))[60:180, 20:180].mean() for n in "ac"]
    assert brightness[0] < 0.6 * brightness[1]


def test_visibility_lies_over_the_picture(run, folders: Path) -> None:
    result = run("compare", "test/c.exr", "ref/c.exr", "-m", "hdrvdp2", "--map", "seen.png")
    assert result.code == 0
    assert "rgb-bt.709, hdrvdp version 2.2.0, ppd 30, rgb display ccfl-lcd" in result.out
    assert "None" not in result.out
    found = hm.score_map("test/c.exr", "hdrvdp2", reference="ref/c.exr")
    with PillowImage.open("seen.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), draw_map(found))
        assert json.loads(picture.text["hdrmetrics"])["conditions"]["ppd"] == 30.0
    run("compare", "test/c.exr", "ref/c.exr", "-m", "hdrvdp2", "--map", "seen.exr")
    np.testing.assert_array_equal(hm.read_image("seen.exr").pixels[..., 0], found.values)


def test_an_option_that_takes_the_map_away_is_named_before_the_work(run, folders: Path) -> None:
    words = ["-m", "hdrvdp2", "--option", "hdrvdp2.tile_size=32", "--map", "seen.png"]
    result = run("compare", "test/c.exr", "ref/c.exr", *words)
    assert (result.code, result.out) == (2, "")
    assert "has a map" in result.err
