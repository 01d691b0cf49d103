"""Photographs improved: what becomes of each, and what is never lost."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

import hdrmetrics as hm
from hdrmetrics.codecs import create_codec
from hdrmetrics.errors import DomainError, HdrMetricsError, OptionError, UnknownNameError
from hdrmetrics.improve.gains import gain_metrics
from hdrmetrics.improve.job import Plan, improve_files
from hdrmetrics.improve.photograph import enhanced
from hdrmetrics.improve.previews import preview_paths
from hdrmetrics.improve.row import Improvement
from hdrmetrics.improve.trigger import Thresholds
from tests.improve.standins import install, less_red, more_red, photograph


@pytest.fixture(autouse=True)
def standins(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder: much.jpg gains most, some.png a little by noise, fine.png nothing."""
    folder = tmp_path / "photos"
    photograph(folder / "much.jpg", 0.8, quality=95)
    photograph(folder / "some.png", 0.2, 0.6)
    photograph(folder / "fine.png", 0.1)
    return folder


def run(photos: Path, **plan: object) -> dict[str, Improvement]:
    files = sorted(photos.iterdir())
    return {Path(row.test).name: row for row in improve_files(files, Plan(**plan), jobs=1)}


def auto(photos: Path, out: Path, enhancer=less_red, **plan: object) -> dict[str, Improvement]:
    targets = {str(one): out / one.name for one in sorted(photos.iterdir())}
    return run(photos, mode="auto", enhancer=enhancer, targets=targets, **plan)


def digests(folder: Path) -> dict[str, str]:
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in folder.iterdir()}


def test_metrics_are_found_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gain_metrics() == {
        "overall": "improvability",
        "motion-blur": "improvability-motion-blur",
        "noise": "improvability-noise",
    }
    monkeypatch.setattr("hdrmetrics.improve.gains.list_metrics", lambda **_: [])
    with pytest.raises(UnknownNameError, match="what enhancement would bring"):
        gain_metrics()


def test_alert_names_what_would_gain_and_writes_nothing(photos: Path) -> None:
    before = digests(photos)
    rows = run(photos)
    assert {name: row.status for name, row in rows.items()} == {
        "much.jpg": "alert", "some.png": "alert", "fine.png": "fine",
    }  # fmt: skip
    assert rows["much.jpg"].triggers == ("overall",)
    assert rows["some.png"].triggers == ("noise",)
    assert rows["some.png"].improvability == pytest.approx(0.2, abs=0.01)
    assert set(rows["fine.png"].scores) == set(gain_metrics().values())
    assert digests(photos) == before
    assert [one.name for one in photos.parent.iterdir()] == ["photos"]


def test_what_is_expected_is_said(photos: Path) -> None:
    rows = run(photos)
    like = "a moderate improvement or more in {} of 100 photographs like this"
    assert rows["much.jpg"].expected == like.format(80)
    assert rows["some.png"].expected == like.format(60) + ", most by noise"
    assert rows["fine.png"].expected == ""


@pytest.mark.parametrize(
    ("probability", "said"), [(0.99999, "more than 99 of 100"), (0.72, "72 of 100"), (0.0, "less")]
)
def test_nothing_is_expected_for_certain(probability: float, said: str) -> None:
    value = hm.Score("improvability", probability, "", (0.0, 1.0), higher_is_better=True)
    scores = {"improvability": value}
    row = Improvement("a.png", None, scores=scores, triggers=("overall",))
    assert f"more in {said}" in row.expected


def test_values_are_those_of_the_house(photos: Path) -> None:
    for name, row in run(photos).items():
        for metric, score in row.scores.items():
            assert score.value == hm.score(photos / name, metric).value
            assert score.conditions["version"] == "1"


def test_thresholds_of_single_degradations(photos: Path) -> None:
    rows = run(photos, thresholds=Thresholds(0.9, {"noise": 0.6 + 0.05}))
    assert {row.status for row in rows.values()} == {"fine"}
    rows = run(photos, thresholds=Thresholds(0.9, {"noise": 0.5}))
    assert [name for name, row in rows.items() if row.triggers == ("noise",)] == ["some.png"]


def test_recommend_tells_the_gain_and_writes_previews_only(photos: Path, tmp_path: Path) -> None:
    before = digests(photos)
    names = [str(one) for one in photos.iterdir()]
    previews = {
        name: {w: tmp_path / "out" / f"{Path(name).stem}.{w}.jpg" for w in ("before", "after")}
        for name in names
    }
    rows = run(photos, mode="recommend", enhancer=less_red, previews=previews)
    assert rows["much.jpg"].status == "recommended"
    assert rows["much.jpg"].verdict.startswith("nima 2.8")
    assert "improvability 0.80" in rows["much.jpg"].verdict
    assert rows["fine.png"].status == "fine"
    assert "nima" not in rows["fine.png"].scores  # nobody needed it
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "much.after.jpg", "much.before.jpg", "some.after.jpg", "some.before.jpg",
    ]  # fmt: skip
    red = [np.asarray(Pillow.open(rows["much.jpg"].previews[w]))[..., 0].mean()
           for w in ("before", "after")]  # fmt: skip
    assert red[1] == pytest.approx(red[0] / 2, abs=2)
    assert digests(photos) == before


def test_auto_writes_what_is_better_under_its_own_name(photos: Path, tmp_path: Path) -> None:
    before = digests(photos)
    rows = auto(photos, tmp_path / "out")
    assert rows["much.jpg"].output == str(tmp_path / "out" / "much.jpg")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["much.jpg", "some.png"]
    assert digests(photos) == before
    # What the row says of the enhanced picture is what its file gets.
    for name in ("much.jpg", "some.png"):
        for metric, score in rows[name].after.items():
            assert score.value == hm.score(tmp_path / "out" / name, metric).value
        assert rows[name].after["nima"].value > rows[name].scores["nima"].value
    assert rows["fine.png"].output is None


def test_the_guard_keeps_the_original_and_says_why(photos: Path, tmp_path: Path) -> None:
    rows = auto(photos, tmp_path / "out", more_red)
    assert rows["much.jpg"].status == "kept"
    assert rows["much.jpg"].verdict.startswith("nima fell from 2.8")
    assert rows["much.jpg"].output is None
    assert list((tmp_path / "out").iterdir()) == []  # no draft either


def test_improvability_guards_in_its_own_direction(photos: Path, tmp_path: Path) -> None:
    # This metric likes red, so it is improvability that speaks against the picture.
    rows = auto(photos, tmp_path / "out", more_red, guard="improvability-noise")
    assert rows["much.jpg"].status == "kept"
    assert rows["much.jpg"].verdict.startswith("improvability rose from 0.80")


def test_without_a_guard_all_is_written(photos: Path, tmp_path: Path) -> None:
    rows = auto(photos, tmp_path / "out", more_red, guard="none")
    assert rows["much.jpg"].status == "enhanced"
    assert rows["much.jpg"].after == {}
    assert (tmp_path / "out" / "much.jpg").exists()


@pytest.mark.parametrize("guard", ["psnr", "pu21-piqe"])
def test_what_cannot_be_a_guard(guard: str) -> None:
    with pytest.raises(OptionError, match="the guard cannot be"):
        Plan("auto", less_red, guard=guard)


def test_sixteen_bits_stay_sixteen(tmp_path: Path) -> None:
    codes = np.linspace(30000, 50000, 40 * 32 * 3).reshape(32, 40, 3).astype(np.uint16)
    photos = tmp_path / "photos"
    photos.mkdir()
    hm.write_image(photos / "deep.png", codes)
    rows = auto(photos, tmp_path / "out")
    assert rows["deep.png"].status == "enhanced"
    made = hm.read_image(tmp_path / "out" / "deep.png")
    assert made.origin.depth == "uint16"
    wanted = np.rint(codes * [0.5, 1, 1])
    assert np.abs(made.pixels * 65535 - wanted).max() <= 1


def test_grey_stays_grey(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Pillow.new("L", (16, 16), 150).save(photos / "grey.jpg", quality=95)
    rows = auto(photos, tmp_path / "out", lambda codes: 0.5 * codes)
    assert rows["grey.jpg"].status == "enhanced"
    assert Pillow.open(tmp_path / "out" / "grey.jpg").mode == "L"


def test_one_bad_file_is_a_row_and_no_more(photos: Path, tmp_path: Path) -> None:
    (photos / "bad.jpg").write_bytes(b"no picture")
    hm.write_image(photos / "light.exr", np.full((8, 8, 3), 100.0))
    light = hm.read_image(photos / "light.exr", scale=1)
    hm.write_image(photos / "pq.png", light, transfer="pq")
    rows = auto(photos, tmp_path / "out")
    assert rows["much.jpg"].status == "enhanced"
    assert "bad.jpg" in rows["bad.jpg"].errors["file"]
    assert "linear light; enhancement is for photographs" in rows["light.exr"].errors["file"]
    assert "PQ-encoded HDR" in rows["pq.png"].errors["file"]
    assert {rows[name].status for name in ("bad.jpg", "light.exr", "pq.png")} == {"failed"}


def test_photographs_of_telephones_are_taken_without_their_gain_map(tmp_path: Path) -> None:
    ultra = create_codec("ultrahdr")
    if ultra.missing():
        pytest.skip(str(ultra.missing()))
    light = torch.full((1, 3, 48, 64), 150.0) * torch.linspace(0.5, 1, 64)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "phone.jpg").write_bytes(ultra.encode(light))
    row = auto(tmp_path / "photos", tmp_path / "out", requested=True)["phone.jpg"]
    assert row.status == "enhanced"
    assert any("gain map was left out" in text for text in row.warnings)
    made = hm.read_image(tmp_path / "out" / "phone.jpg")
    assert (made.origin.format, made.calibration.kind) == ("jpeg", "display")


@pytest.mark.parametrize(
    ("enhancer", "message"),
    [
        (lambda codes: codes[..., 1:], "the enhancer returned"),
        (lambda codes: codes * float("nan"), "NaN or infinite"),
        (lambda codes: None, "NoneType"),
        (lambda codes: torch.zeros(10**15), "memory"),
    ],
)
def test_an_enhancer_that_fails_is_an_error_of_its_row(
    photos: Path, tmp_path: Path, enhancer, message: str
) -> None:
    rows = auto(photos, tmp_path / "out", enhancer)
    assert message in rows["much.jpg"].errors["enhancement"]
    assert rows["much.jpg"].status == "failed"
    assert rows["fine.png"].status == "fine"
    assert not (tmp_path / "out" / "much.jpg").exists()


def test_a_score_that_is_no_probability_is_an_error(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.improve import standins

    def compare(self, test, features, mask):
        return test[:, 0].mean(dim=(1, 2)) * float("nan")

    monkeypatch.setattr(standins.Gain, "compare", compare)
    rows = auto(photos, tmp_path / "out")
    assert {row.status for row in rows.values()} == {"failed"}
    assert "not nan" in rows["much.jpg"].errors["decision"]


def test_a_metric_that_refuses_a_picture_keeps_it_from_being_enhanced(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.improve import standins

    def compare(self, test, features, mask):
        raise DomainError("this is a drawing, not a photograph")

    with monkeypatch.context() as patch:
        patch.setattr(standins.Gain, "compare", compare)
        rows = auto(photos, tmp_path / "out", requested=True)
    assert {row.status for row in rows.values()} == {"failed"}
    assert "a drawing" in rows["much.jpg"].errors["improvability"]
    monkeypatch.setattr(standins.Liked, "compare", compare)
    rows = auto(photos, tmp_path / "out")
    assert rows["much.jpg"].status == "failed"
    assert rows["much.jpg"].verdict == "the guard could not judge it"
    assert "a drawing" in rows["much.jpg"].errors["nima"]
    assert list((tmp_path / "out").iterdir()) == []


def test_an_enhancer_finds_its_pixels_on_the_device(photos: Path) -> None:
    image = hm.read_image(photos / "much.jpg")
    seen: list[str] = []

    def enhancer(codes: torch.Tensor) -> torch.Tensor:
        seen.append(codes.device.type)
        return torch.zeros(codes.shape)

    for device in (None, "cpu", "meta"):
        assert not enhanced(image, enhancer, device).pixels.any()
    assert seen == ["cpu", "cpu", "meta"]


def test_values_outside_are_clipped(photos: Path, tmp_path: Path) -> None:
    rows = auto(photos, tmp_path / "out", lambda codes: 1.5 - 2 * codes, guard="none")
    assert rows["much.jpg"].status == "enhanced"


def test_what_was_asked_for_needs_no_trigger(photos: Path, tmp_path: Path) -> None:
    rows = auto(photos, tmp_path / "out", requested=True)
    assert {row.status for row in rows.values()} == {"enhanced"}
    assert rows["fine.png"].triggers == ()


def test_a_file_that_is_there_is_never_replaced(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "much.jpg").write_text("mine")
    rows = auto(photos, tmp_path / "out")
    assert "is there already" in rows["much.jpg"].errors["enhancement"]
    assert (tmp_path / "out" / "much.jpg").read_text() == "mine"
    assert rows["some.png"].status == "enhanced"
    assert auto(photos, tmp_path / "out", overwrite=True)["much.jpg"].status == "enhanced"
    skip = frozenset(str(one) for one in photos.iterdir())
    assert auto(photos, tmp_path / "out", skip=skip)["much.jpg"].status == "skipped"


def test_originals_are_never_written_over(photos: Path, tmp_path: Path) -> None:
    before = digests(photos)
    with pytest.raises(OptionError, match="originals are never overwritten"):
        auto(photos, photos, overwrite=True)
    os.symlink(photos, tmp_path / "link")
    with pytest.raises(OptionError, match="originals are never overwritten"):
        auto(photos, tmp_path / "link", overwrite=True)
    targets = {str(one): tmp_path / "one.png" for one in photos.iterdir()}
    with pytest.raises(OptionError, match="written twice"):
        run(photos, mode="auto", enhancer=less_red, targets=targets)
    with pytest.raises(OptionError, match="needs a target"):
        run(photos, mode="auto", enhancer=less_red)
    assert digests(photos) == before


def test_thumbnails_of_every_photograph(photos: Path, tmp_path: Path) -> None:
    photograph(photos / "<b>.png", 0.9)
    thumbnails = {str(one): preview_paths(tmp_path / "t", one.name) for one in photos.iterdir()}
    rows = run(photos, mode="recommend", enhancer=less_red, thumbnails=thumbnails)
    assert set(rows["fine.png"].thumbnails) == {"before"}
    assert set(rows["much.jpg"].thumbnails) == {"before", "after"}
    assert all(Path(path).exists() for row in rows.values() for path in row.files)


@pytest.mark.parametrize("jobs", [1, 3])
def test_rows_are_told_as_they_come_and_ctrl_c_keeps_them(
    photos: Path, tmp_path: Path, jobs: int
) -> None:
    files = sorted(photos.iterdir())
    seen: list[Improvement] = []

    def stop(row: Improvement) -> None:
        seen.append(row)
        if len(seen) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        improve_files(files, Plan(), jobs=jobs, on_row=stop)
    assert seen
    assert all(row.status in ("alert", "fine") for row in seen)


def test_plans_that_cannot_be() -> None:
    with pytest.raises(OptionError, match="a mode is"):
        Plan("later")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="needs an enhancer"):
        Plan("auto")
    with pytest.raises(HdrMetricsError):
        Plan("auto", less_red, guard="no-such")
    with pytest.raises(OptionError, match="jobs"):
        improve_files([], Plan(), jobs=0)
