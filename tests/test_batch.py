"""Many files by many metrics: the numbers of score(), whatever happens to single files."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import hdrmetrics as hm
from hdrmetrics import io as hm_io
from hdrmetrics.errors import HdrMetricsError, ImageReadError, OptionError, UnknownNameError
from hdrmetrics.jobs import batch as hm_batch
from hdrmetrics.picture.image import Origin


@pytest.fixture
def files(tmp_path: Path) -> list[tuple[Path, Path]]:
    rng = np.random.default_rng(0)
    pairs = []
    for index in range(4):
        picture = (10 ** rng.uniform(-1, 2, (24, 20, 3))).astype(np.float32)
        test, reference = tmp_path / f"test{index}.exr", tmp_path / f"ref{index}.exr"
        hm.write_image(reference, picture, depth="float")
        hm.write_image(test, picture * rng.uniform(0.8, 1.2, picture.shape), depth="float")
        pairs.append((test, reference))
    return pairs


@pytest.mark.parametrize("jobs", [1, 3])
def test_rows_hold_the_values_of_score(files: list[tuple[Path, Path]], jobs: int) -> None:
    metrics = ["pu21-psnr", "pu21-ssim", "pu21-piqe"]
    seen: list[str] = []
    rows = hm.score_files(files, metrics, jobs=jobs, on_row=lambda row: seen.append(row.test))
    assert sorted(seen) == [row.test for row in rows] == [str(test) for test, _ in files]
    for row, (test, reference) in zip(rows, files, strict=True):
        assert row.ok
        for name in metrics:
            wanted = reference if hm.metric_info(name).reference else None
            assert row.scores[name] == hm.score(test, name, reference=wanted)


def test_mask_region_and_isolation_reach_every_file(
    files: list[tuple[Path, Path]], tmp_path: Path
) -> None:
    mask = np.zeros((24, 20), np.uint8)
    mask[4:] = 255
    hm.write_image(tmp_path / "mask.png", mask)
    region = (2, 3, 15, 16)
    for given, isolate in ((tmp_path / "mask.png", True), (mask > 0, False)):
        rows = hm.score_files(files[:2], ["pu21-psnr"], mask=given, region=region, isolate=isolate)
        for row, (test, reference) in zip(rows, files[:2], strict=True):
            direct = hm.score(test, "pu21-psnr", reference=reference, mask=mask > 0, region=region)
            assert row.scores["pu21-psnr"].value == direct.value
            assert row.scores["pu21-psnr"].conditions["region"] == list(region)


def test_isolate_is_handed_to_the_reader(
    files: list[tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool | None] = []
    real = hm_io.read_image

    def spy(path: Path, *, isolate: bool | None = None) -> hm.Image:
        asked.append(isolate)
        return real(path)

    monkeypatch.setattr(hm_io, "read_image", spy)
    hm.score_files(files[:1], ["pu21-psnr"], isolate=True)
    hm.score_files(files[:1], ["pu21-psnr"])
    hm.score_files(files[:1], ["pu21-psnr"], isolate=False)
    assert asked == [True, True, None, None, False, False]


def test_a_shared_reference_is_read_once(
    files: list[tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = hm_io.read_image

    def spy(path: Path, *, isolate: bool | None = None) -> hm.Image:
        read.append(Path(path).name)
        return real(path)

    monkeypatch.setattr(hm_io, "read_image", spy)
    reference = files[0][1]
    rows = hm.score_files([(test, reference) for test, _ in files], ["pu21-psnr"])
    assert read.count("ref0.exr") == 1
    monkeypatch.undo()
    for row, (test, _) in zip(rows, files, strict=True):
        assert row.scores["pu21-psnr"] == hm.score(test, "pu21-psnr", reference=reference)


def test_images_in_memory_are_taken_as_by_score() -> None:
    rng = np.random.default_rng(3)
    reference = rng.random((16, 16, 3)).astype(np.float32) * 200
    test = reference * 1.1
    rows = hm.score_files(
        [(test, reference), (torch.from_numpy(test).movedim(2, 0), reference)],
        ["pu21-psnr"],
    )
    direct = hm.score(test, "pu21-psnr", reference=reference)
    assert [row.scores["pu21-psnr"].value for row in rows] == [direct.value] * 2
    assert [row.test for row in rows] == ["image 1", "image 2"]
    coded = (test / 220).clip(0, 1)
    row = hm.score_files([(coded, coded * 0.9)], ["psnr"])[0]
    assert row.scores["psnr"].value == hm.score(coded, "psnr", reference=coded * 0.9).value


def test_failures_stay_in_their_row(files: list[tuple[Path, Path]], tmp_path: Path) -> None:
    (tmp_path / "cut.exr").write_bytes(files[0][0].read_bytes()[:300])
    rows = hm.score_files(
        [files[0], (tmp_path / "cut.exr", files[0][1]), (files[1][0], tmp_path / "no.exr")],
        ["pu21-psnr", "pu21-ms-ssim"],
    )
    assert list(rows[0].scores) == ["pu21-psnr"]
    assert list(rows[0].errors) == ["pu21-ms-ssim"]  # too small for its five scales
    assert [list(row.errors) for row in rows[1:]] == [["file"], ["file"]]
    assert "cut.exr" in rows[1].errors["file"]
    assert "no.exr" in rows[2].errors["file"]
    assert rows[1].to_dict()["errors"] == rows[1].errors


def test_running_out_of_memory_is_said(
    files: list[tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(path: Path, *, isolate: bool | None = None) -> hm.Image:
        raise MemoryError

    monkeypatch.setattr(hm_io, "read_image", exhausted)
    assert hm.score_files(files[:1], ["pu21-psnr"])[0].errors == {
        "file": "not enough memory for this image"
    }


def test_maps_are_those_of_score_map(files: list[tuple[Path, Path]]) -> None:
    found: dict[tuple[int, str], hm.ScoreMap] = {}

    def keep(index: int, one: hm.ScoreMap) -> None:
        found[index, one.score.metric] = one

    hm.score_files(files, ["pu21-psnr", "mpsnr", "pu21-ssim"], on_map=keep, jobs=2)
    assert sorted(found) == [(i, m) for i in range(4) for m in ("pu21-psnr", "pu21-ssim")]
    for (index, metric), one in found.items():
        test, reference = files[index]
        direct = hm.score_map(test, metric, reference=reference)
        np.testing.assert_array_equal(one.values, direct.values)
        assert one.score == direct.score


def test_a_map_that_fails_does_not_take_its_score(files: list[tuple[Path, Path]]) -> None:
    def refuse(index: int, one: hm.ScoreMap) -> None:
        raise HdrMetricsError("disk full")

    row = hm.score_files(files[:1], ["pu21-psnr"], on_map=refuse)[0]
    assert row.scores["pu21-psnr"].value > 0
    assert row.errors == {"map of pu21-psnr": "disk full"}


def test_what_is_wrong_for_every_file_is_raised(
    files: list[tuple[Path, Path]], tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match="jobs must be at least 1"):
        hm.score_files(files, ["pu21-psnr"], jobs=0)
    with pytest.raises(UnknownNameError):
        hm.score_files(files, ["nonsense"])
    with pytest.raises(OptionError):
        hm.score_files(files, ["pu21-psnr"], options={"pu21-psnr": {"foo": 1}})
    with pytest.raises(ImageReadError, match=r"nix\.png"):
        hm.score_files(files, ["pu21-psnr"], mask=tmp_path / "nix.png")
    with pytest.raises(OptionError, match="not both"):
        hm.score_files(files, ["pu21-psnr"], peak=1, scale=1)


def test_the_number_of_threads_is_put_back(files: list[tuple[Path, Path]]) -> None:
    before = torch.get_num_threads()
    hm.score_files(files, ["pu21-psnr"], jobs=2)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("threads", [1, 3])
def test_jobs_are_as_many_as_threads_unless_told(
    files: list[tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    names: set[str] = set()
    seen: list[int] = []
    real = hm_io.read_image
    together = threading.Barrier(threads, timeout=30)

    def spy(path: Path, *, isolate: bool | None = None) -> hm.Image:
        if path.name[:4] == "test" and path.name[4] in "012"[:threads]:
            together.wait()  # passes only if so many files are worked on at a time
        names.add(threading.current_thread().name)
        seen.append(torch.get_num_threads())
        return real(path)

    monkeypatch.setattr(hm_io, "read_image", spy)
    monkeypatch.setattr("hdrmetrics.jobs.batch.usable_cores", lambda: 8)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        rows = hm.score_files(files[:3], ["pu21-psnr"])
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert all(row.ok for row in rows)
    assert len(names) == threads
    assert set(seen) == {1}


def test_rows_come_as_they_are_done(
    files: list[tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, later = hm_io.read_image, threading.Event()

    def slow(path: Path, *, isolate: bool | None = None) -> hm.Image:
        if path == files[0][0]:
            assert later.wait(30)
        return real(path)

    monkeypatch.setattr(hm_io, "read_image", slow)
    seen: list[str] = []

    def done(row: hm.Row) -> None:
        seen.append(row.test)
        if len(seen) == 3:
            later.set()

    rows = hm.score_files(files, ["pu21-psnr"], jobs=2, on_row=done)
    assert seen[-1] == str(files[0][0])
    assert [row.test for row in rows] == [str(test) for test, _ in files]


@pytest.mark.parametrize("jobs", [1, 3])
def test_an_interrupted_job_has_handed_over_every_finished_row(
    files: list[tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    finished: list[str] = []
    pictures = [hm.read_image(path) for path, _ in files]
    many = [(one.replace(origin=Origin(f"{i}")), one) for i, one in enumerate(pictures * 5)]
    work = hm_batch._Task.row

    def row(*arguments: Any) -> hm.Row:
        made = work(*arguments)
        finished.append(made.test)
        return made

    monkeypatch.setattr(hm_batch._Task, "row", row)
    seen: list[str] = []

    def done(row: hm.Row) -> None:
        seen.append(row.test)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hm.score_files(many, ["pu21-psnr", "pu21-ssim"], jobs=jobs, on_row=done)
    assert set(seen) == set(finished)
    assert len(finished) <= 2 + jobs


def test_a_reference_is_read_once_by_threads_too(
    files: list[tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = hm_io.read_image

    def slow(path: Path, *, isolate: bool | None = None) -> hm.Image:
        read.append(Path(path).name)
        time.sleep(0.05)
        return real(path)

    monkeypatch.setattr(hm_io, "read_image", slow)
    rows = hm.score_files([(test, files[0][1]) for test, _ in files], ["pu21-psnr"], jobs=4)
    assert all(row.ok for row in rows)
    assert read.count("ref0.exr") == 1


def test_a_reference_that_fails_fails_every_row(files: list[tuple[Path, Path]]) -> None:
    lacking = files[0][0].with_name("no.exr")
    rows = hm.score_files([(test, lacking) for test, _ in files], ["pu21-psnr"], jobs=3)
    assert all("no.exr: no such file" in row.errors["file"] for row in rows)


@pytest.mark.parametrize("wrong", ["renders", ["renders"], [Path("a.exr")], [("a.exr",)], [None]])
def test_files_that_are_no_pairs_are_told_what_pairs_are(wrong: Any) -> None:
    with pytest.raises(OptionError, match=r"pairs \(test, reference\).*\(test, None\)"):
        hm.score_files(wrong, "pu21-psnr")


def test_no_metric_at_all_is_no_success(files: list[tuple[Path, Path]]) -> None:
    with pytest.raises(OptionError, match="not an empty list"):
        hm.score_files(files, [])
