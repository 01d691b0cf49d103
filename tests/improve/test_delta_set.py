"""Sets of one's own photographs: gains as the files say them, stops, and what is refused."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageCms
from torch import Tensor

import hdrmetrics as hm
from hdrmetrics.catalogue.metrics import METRICS
from hdrmetrics.errors import (
    EnhancerError,
    ImageReadError,
    OptionError,
    TableError,
    UnknownNameError,
)
from hdrmetrics.improve.delta_set import DeltaRow, make_delta_set
from hdrmetrics.improve.pairs import find_pairs
from hdrmetrics.photometry.color import CHROMATICITIES
from tests.improve.standins import Liked, less_red, more_red, photograph
from tests.io.icc_builder import SRGB_PARAMETERS, parametric, profile


@pytest.fixture(autouse=True)
def liked(monkeypatch: pytest.MonkeyPatch) -> None:
    METRICS.load()
    entries = {name: entry for name, entry in METRICS.entries.items() if name != "nima"}
    monkeypatch.setattr(METRICS, "entries", entries)
    METRICS.register(Liked.info, Liked, ())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for index, name in enumerate(("lake", "roof", "tower")):
        photograph(folder / f"{name}.png", 0.2 + 0.2 * index, 0.3, 0.4)
    return folder


def codes(path: Path) -> NDArray[np.float64]:
    return np.asarray(Pillow.open(path), np.float64)


def table(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# Against what other libraries say of the files.


def test_gains_are_those_of_the_files_that_are_written(photos: Path, tmp_path: Path) -> None:
    originals, before = tmp_path / "originals", tree(photos)
    for path in photos.iterdir():
        photograph(originals / f"{path.stem}.png", 0.1, 0.3, 0.4)
    rows: list[DeltaRow] = []
    found = make_delta_set(
        photos, tmp_path / "set", less_red, ("nima", "psnr", "mse"), originals, on_row=rows.append
    )
    cells = table(found)
    assert list(cells) == ["lake", "roof", "tower"]
    for row in rows:
        one = cells[row.name]
        ends = [codes(tmp_path / "set" / one[half]) for half in ("input", "enhanced")]
        truth = codes(originals / f"{row.name}.png")
        np.testing.assert_array_equal(ends[0], codes(photos / row.photograph))
        np.testing.assert_array_equal(ends[1][..., 1:], ends[0][..., 1:])
        np.testing.assert_allclose(ends[1][..., 0], ends[0][..., 0] / 2, atol=0.5)
        mse = [((end - truth) ** 2).mean() / 255**2 for end in ends]
        expected = {
            "nima": 9 * (ends[0] - ends[1])[..., 0].mean() / 255,
            "psnr": 10 * np.log10(mse[0] / mse[1]),
            "mse": mse[0] - mse[1],
        }
        for metric, value in expected.items():
            assert row.gains[metric] == pytest.approx(value, rel=1e-4, abs=1e-7)
            assert float(one[f"delta-{metric}"]) == pytest.approx(value, rel=1e-4, abs=1e-7)
        data = (photos / row.photograph).read_bytes()
        assert one["sha256"] == hashlib.sha256(data).hexdigest()[:16]
        assert (one["photograph"], one["enhancer"]) == (row.photograph, "less_red")
    assert tree(photos) == before
    pairs, problems = find_pairs(tmp_path / "set")
    assert [pair.name for pair in pairs] == list(cells)
    assert not problems


def test_metrics_of_light_see_the_photograph_on_a_display(photos: Path, tmp_path: Path) -> None:
    originals = tmp_path / "originals"
    photograph(originals / "lake.png", 0.1, 0.3, 0.4)
    rows: list[DeltaRow] = []
    make_delta_set(
        photos / "lake.png", tmp_path / "set", less_red, "pu21-psnr", originals,
        on_row=rows.append,
    )  # fmt: skip
    ends = [
        hm.score(
            tmp_path / "set" / half / "lake.png", "pu21-psnr", reference=originals / "lake.png"
        ).value
        for half in ("input", "enhanced")
    ]
    assert rows[0].gains["pu21-psnr"] == pytest.approx(ends[1] - ends[0], abs=1e-4)


# What photographs are like.


def test_sixteen_bits_are_rounded_before_and_grey_stays_grey(tmp_path: Path) -> None:
    photos, seen = tmp_path / "photos", list[Tensor]()
    photos.mkdir()
    deep = np.linspace(0, 65535, 32 * 32 * 3).reshape(32, 32, 3)
    hm.write_image(photos / "deep.png", hm.as_image(deep.astype(np.uint16)), depth=16)
    Pillow.fromarray(np.arange(0, 256, dtype=np.uint8).reshape(16, 16)).save(photos / "grey.png")

    def tinted(image: Tensor) -> Tensor:
        seen.append(image.clone())
        return (image * torch.tensor([0.5, 0.8, 0.8])[:, None, None]).clamp(0, 1)

    make_delta_set(photos, tmp_path / "set", tinted)
    for image, name in zip(seen, ("deep", "grey"), strict=True):
        stored = codes(tmp_path / "set" / "input" / f"{name}.png")
        np.testing.assert_allclose(image[0].movedim(0, -1) * 255, stored, atol=1e-4)
    after = codes(tmp_path / "set" / "enhanced" / "grey.png")
    assert (after == after[..., :1]).all()
    np.testing.assert_allclose(after[..., 0], 0.7 * np.arange(256).reshape(16, 16), atol=0.51)
    np.testing.assert_allclose(
        codes(tmp_path / "set" / "input" / "deep.png"), deep / 257, atol=0.51
    )


def test_other_colours_are_brought_to_srgb_before(tmp_path: Path) -> None:
    icc = profile(parametric(3, *SRGB_PARAMETERS), CHROMATICITIES["p3"])
    path = photograph(tmp_path / "photos" / "lake.png", 0.5, 0.4, 0.3, icc_profile=icc)
    make_delta_set(path, tmp_path / "set", less_red)
    expected = ImageCms.profileToProfile(
        Pillow.open(path), ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
    )
    stored = codes(tmp_path / "set" / "input" / "lake.png")
    np.testing.assert_allclose(stored, np.asarray(expected), atol=1.01)
    assert np.abs(stored - codes(path)).max() > 4


# Any enhancer.


def test_enhancers_by_name_command_and_function(photos: Path, tmp_path: Path) -> None:
    named = make_delta_set(photos, tmp_path / "named", "unsharp_mask")
    assert {row["enhancer"] for row in table(named).values()} == {"unsharp_mask"}
    made = make_delta_set(photos, tmp_path / "made", hm_enhancer("unsharp_mask"))
    assert tree(tmp_path / "made") == tree(tmp_path / "named")
    assert made.name == "pairs.csv"
    copied = make_delta_set(photos, tmp_path / "copied", "cp {input} {output}")
    for row in table(copied).values():
        assert row["enhancer"] == "cp {input} {output}"
        assert row["delta-nima"] == "0"
    with pytest.raises(UnknownNameError):
        make_delta_set(photos, tmp_path / "none", "no such")
    with pytest.raises(EnhancerError, match="no program"):
        make_delta_set(photos, tmp_path / "none", "no-such-program {input} {output}")
    with pytest.raises(OptionError, match="a command is like"):
        make_delta_set(photos, tmp_path / "none", "cp {input} there")
    assert not (tmp_path / "none").exists()


def hm_enhancer(name: str) -> Any:
    from hdrmetrics.enhance import create_enhancer

    return create_enhancer(name)


# Stops, and going on.


def test_a_stop_costs_the_pair_at_hand_and_the_end_is_the_same(
    photos: Path, tmp_path: Path
) -> None:
    make_delta_set(photos, tmp_path / "whole", less_red)
    calls = 0

    def stopped(image: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return less_red(image)

    stopped.__name__ = "less_red"
    rows: list[DeltaRow] = []
    with pytest.raises(KeyboardInterrupt):
        make_delta_set(photos, tmp_path / "set", stopped, on_row=rows.append)
    assert [row.name for row in rows] == ["lake"]
    assert not (tmp_path / "set" / "pairs.csv").exists()
    make_delta_set(photos, tmp_path / "set", stopped, on_row=rows.append)
    assert calls == 4
    assert [(row.name, row.already) for row in rows[1:]] == [
        ("lake", True), ("roof", False), ("tower", False),
    ]  # fmt: skip
    assert rows[1].gains == pytest.approx(rows[0].gains, rel=1e-5)
    assert tree(tmp_path / "set") == tree(tmp_path / "whole")
    # New photographs are added, whatever they are called; the others' pairs stay.
    photograph(photos / "roof.jpg", 0.3)
    found = make_delta_set(photos, tmp_path / "set", stopped)
    assert calls == 5
    assert {n: row["photograph"] for n, row in table(found).items()} == {
        "lake": "lake.png", "roof": "roof.png", "roof.jpg": "roof.jpg", "tower": "tower.png",
    }  # fmt: skip


def test_a_set_is_of_one_enhancer_of_the_same_metrics_and_photographs(
    photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    make_delta_set(photos, out, less_red)
    with pytest.raises(OptionError, match="holds what less_red made, not more_red"):
        make_delta_set(photos, out, more_red)
    with pytest.raises(OptionError, match="other columns"):
        make_delta_set(photos, out, less_red, ("nima", "piqe"))
    before = tree(out)
    photograph(photos / "roof.png", 0.9)
    rows: list[DeltaRow] = []
    make_delta_set(photos, out, less_red, on_row=rows.append)
    assert "another photograph of that name" in rows[1].error
    assert [bool(row.error) for row in rows] == [False, True, False]
    assert tree(out) == before


# One bad file.


def test_what_fails_is_told_and_the_others_go_on(photos: Path, tmp_path: Path) -> None:
    originals = tmp_path / "originals"
    for name in ("broken", "lake", "light", "roof", "small", "spoilt"):
        photograph(originals / f"{name}.png", 0.1)
    Pillow.new("RGB", (20, 20)).save(originals / "small.png")
    Pillow.new("RGB", (4, 4)).save(originals / "tiny.png")
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    hm.write_image(
        photos / "light.exr", hm.as_image(np.ones((32, 40, 3), np.float32), domain="hdr")
    )
    photograph(photos / "small.png", 0.3)
    photograph(photos / "spoilt.png", 1.0, 1.0, 1.0)
    Pillow.new("RGB", (4, 4), "red").save(photos / "tiny.png")
    photograph(photos / "lake.png", 0.1)  # is as its original

    def choosy(image: Tensor) -> Tensor:
        if image.mean() > 0.9:
            raise ValueError("too bright")
        return less_red(image)

    rows: list[DeltaRow] = []
    found = make_delta_set(
        photos, tmp_path / "set", choosy, ("nima", "psnr", "ssim"), originals, on_row=rows.append
    )
    errors = {Path(row.photograph).stem: row.error for row in rows}
    for name, text in {
        "broken": "broken.png", "light": "linear light", "tower": "no reference is called",
        "small": "psnr: test and reference differ", "spoilt": "too bright",
        "lake": "psnr gives no finite gain", "tiny": "ssim needs at least",
    }.items():  # fmt: skip
        assert text in errors.pop(name), name
    assert errors == {"roof": ""}
    assert list(table(found)) == ["roof"]
    assert sorted(tree(tmp_path / "set")) == [
        "enhanced/roof.png", "input/roof.png", "pairs.csv", "pairs.journal.csv",
    ]  # fmt: skip


def test_where_nothing_can_be_used_there_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"no photograph became a pair: .*nowhere\.jpg"):
        make_delta_set(tmp_path / "nowhere.jpg", tmp_path / "set", less_red)
    assert not tree(tmp_path / "set")
    path = photograph(tmp_path / "lake.png", 0.5)
    assert make_delta_set(path, tmp_path / "set", less_red, "piqe").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageReadError, match="holds no image"):
        make_delta_set(tmp_path / "empty", tmp_path / "other", less_red)


# What would lose a picture, or say nothing.


def test_nothing_is_written_over_what_is_read_or_was_made_elsewhere(tmp_path: Path) -> None:
    out = tmp_path / "set"
    photograph(out / "input" / "lake.png", 0.5)
    before = tree(out)
    with pytest.raises(OptionError, match=r"no pairs\.journal\.csv tells"):
        make_delta_set(out / "input", out, less_red)
    assert tree(out) == before
    # Also where a link leads there.
    photos = tmp_path / "photos"
    photograph(photos / "roof.png", 0.5)
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "pairs.journal.csv").write_text("")
    (linked / "enhanced").mkdir()
    (linked / "enhanced" / "roof.png").symlink_to(photos / "roof.png")
    before = tree(photos)
    with pytest.raises(OptionError, match="never overwritten"):
        make_delta_set(photos, linked, less_red)
    assert tree(photos) == before


def test_the_pictures_of_the_set_are_no_photographs_of_it(photos: Path) -> None:
    out = photos / "set"
    pattern = str(photos / "**" / "*.png")
    make_delta_set(pattern, out, less_red)
    before = tree(out)
    rows: list[DeltaRow] = []
    make_delta_set(pattern, out, less_red, on_row=rows.append)
    assert [(row.name, row.already) for row in rows] == [
        ("lake", True), ("roof", True), ("tower", True),
    ]  # fmt: skip
    assert tree(out) == before
    with pytest.raises(OptionError, match="of the set"):
        make_delta_set(out / "input", out, less_red)


def test_pairs_whose_pictures_are_gone_are_made_again(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    make_delta_set(photos, out, less_red)
    before = tree(out)
    (out / "enhanced" / "roof.png").unlink()
    rows: list[DeltaRow] = []
    make_delta_set(photos, out, less_red, on_row=rows.append)
    assert [row.already for row in rows] == [True, False, True]
    after = tree(out)
    assert after.pop("pairs.journal.csv") != before.pop("pairs.journal.csv")
    assert after == before
    journal = out / "pairs.journal.csv"
    text = journal.read_text().splitlines()
    text[1] = text[1].rpartition(",")[0] + ",much"
    journal.write_text("\n".join(text) + "\n")
    rows.clear()
    make_delta_set(photos / "lake.png", out, less_red, on_row=rows.append)
    assert "pairs.journal.csv has no number" in rows[0].error


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_is_no_photograph(photos: Path, tmp_path: Path) -> None:
    os.mkfifo(photos / "pipe.jpg")
    rows: list[DeltaRow] = []
    make_delta_set(photos, tmp_path / "set", less_red, on_row=rows.append)
    assert [row.photograph for row in rows if "no file" in row.error] == ["pipe.jpg"]


def test_metrics_and_originals_go_together(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    for metrics, references, text in (
        ("ssim", None, "against an original"),
        ("nima", photos, "none takes a reference"),
        ((), None, "needs a metric"),
        (("nima", "nima"), None, "named twice"),
        ("enhancement-harm", None, "what there is to gain"),
        ("tmqi", photos, "HDR original"),
    ):
        with pytest.raises(OptionError, match=text):
            make_delta_set(photos, out, less_red, metrics, references)
    assert not out.exists()
    rows: list[DeltaRow] = []
    with pytest.raises(TableError):
        make_delta_set(photos, out, less_red, "ssim", photos, on_row=rows.append)
    assert all("its own original" in row.error for row in rows)


def test_photographs_of_one_name_have_pairs_of_two(tmp_path: Path) -> None:
    names = ("one/roof.png", "other/roof.png", "other/Lake.jpg", "other/lake.png")
    for index, name in enumerate(names):
        photograph(tmp_path / name, 0.2 * (index + 1))
    found = make_delta_set([tmp_path / "one", tmp_path / "other"], tmp_path / "set", less_red)
    assert {row["photograph"]: name for name, row in table(found).items()} == {
        "one/roof.png": "one_roof", "other/roof.png": "other_roof",
        "other/Lake.jpg": "other_Lake.jpg", "other/lake.png": "other_lake.png",
    }  # fmt: skip
