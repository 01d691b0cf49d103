"""Rows are kept as they come: a run that was stopped goes on, and ends in the same table."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hdrmetrics as hm
from hdrmetrics.cli import job, journal
from tests.cli.conftest import noisy, scene

ROOT = Path(__file__).parents[2]
COMPARE = ["compare", "test", "ref", "--csv", "out.csv"]
SCORE = ["score", "test", "-m", "pu21-piqe", "--csv", "out.csv"]
KEPT = Path("out.csv.partial.jsonl")


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int, error: BaseException) -> list[str]:
    """Let the next run end after some rows; return the list of tests that are computed."""
    real = hm.score_files
    seen: list[str] = []

    def score_files(files: list, metrics: list, **settings: object) -> list:
        on_row = settings["on_row"]

        def step(row: hm.Row) -> None:
            seen.append(row.test)
            on_row(row)  # type: ignore[operator]
            if len(seen) == count:
                raise error

        return real(files, metrics, **{**settings, "on_row": step})  # type: ignore[arg-type]

    monkeypatch.setattr(job, "score_files", score_files)
    return seen


@pytest.mark.parametrize("words", [COMPARE, SCORE, ["score", *COMPARE[1:2], "-r", *COMPARE[2:]]])
def test_an_interrupted_run_goes_on(
    run, folders: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    run(*words)
    whole = Path("out.csv").read_bytes()
    Path("out.csv").write_text("older\n")
    with monkeypatch.context() as patch:
        stop_after(patch, 2, KeyboardInterrupt())
        stopped = run(*words)
    assert (stopped.code, stopped.out) == (130, "")
    assert "interrupted: 2 of 3 rows are kept in 'out.csv.partial.jsonl'; go on" in stopped.err
    assert f"hdrmetrics {words[0]} --resume {' '.join(words[1:])}" in stopped.err
    assert stopped.err.count("\n") == 1
    assert Path("out.csv").read_text() == "older\n"
    assert len(KEPT.read_text().splitlines()) == 3
    with monkeypatch.context() as patch:
        seen = stop_after(patch, 99, AssertionError())
        again = run(*words, "--resume")
    assert len(seen) == 1
    assert again.code == 0
    assert "going on: 2 of 3 files are done" in again.err
    assert Path("out.csv").read_bytes() == whole
    assert not KEPT.exists()


def test_a_failing_run_keeps_its_rows_and_the_older_table(
    run, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("out.csv").write_text("older\n")
    with monkeypatch.context() as patch:
        stop_after(patch, 1, MemoryError())
        failed = run(*COMPARE)
    assert failed.code == 2
    assert "1 of 3 rows are kept" in failed.err
    assert Path("out.csv").read_text() == "older\n"
    assert KEPT.exists()


def test_a_torn_last_line_is_left_out(run, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(*COMPARE)
    whole = Path("out.csv").read_bytes()
    with monkeypatch.context() as patch:
        stop_after(patch, 2, KeyboardInterrupt())
        run(*COMPARE)
    KEPT.write_bytes(KEPT.read_bytes()[:-9])
    again = run(*COMPARE, "--resume")
    assert "going on: 1 of 3" in again.err
    assert Path("out.csv").read_bytes() == whole


def test_other_conditions_are_refused_and_named(
    run, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, 2, KeyboardInterrupt())
        run(*COMPARE, "--peak", "500", "-m", "pu21-psnr")
    before = KEPT.read_bytes()
    refused = run(*COMPARE, "--resume", "-m", "pu21-ssim")
    assert refused.code == 2
    assert "peak was 500, is not set" in refused.err
    assert "metrics.pu21-psnr was 1, is not set" in refused.err
    assert refused.err.count("\n") == 1
    assert KEPT.read_bytes() == before
    same = run(*COMPARE, "--resume", "--peak", "500", "-m", "pu21-psnr", "--jobs", "2")
    assert "going on: 2 of 3" in same.err


def test_changed_files_and_rows_with_errors_are_computed_again(
    run, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("test/b.exr").write_bytes(b"junk")
    with monkeypatch.context() as patch:
        stop_after(patch, 3, KeyboardInterrupt())
        run(*COMPARE)
    hm.write_image("test/a.exr", noisy(scene(0), 0.3), depth="float")
    with monkeypatch.context() as patch:
        seen = stop_after(patch, 99, AssertionError())
        again = run(*COMPARE, "--resume")
    assert sorted(seen) == ["test/a.exr", "test/b.exr"]
    assert "going on: 1 of 3 files are done; 2 are tried again" in again.err
    resumed = Path("out.csv").read_bytes()
    run(*COMPARE)
    assert Path("out.csv").read_bytes() == resumed


def test_a_metric_that_refuses_a_picture_is_not_asked_again(
    run, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*COMPARE, "-m", "pu21-psnr,pu21-ms-ssim"]  # too small for the second
    run(*words)
    whole = Path("out.csv").read_bytes()
    with monkeypatch.context() as patch:
        stop_after(patch, 2, KeyboardInterrupt())
        run(*words)
    again = run(*words, "--resume")
    assert "going on: 2 of 3" in again.err
    assert again.code == 2
    assert Path("out.csv").read_bytes() == whole


def test_without_resume_kept_rows_are_set_aside(
    run, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        with monkeypatch.context() as patch:
            stop_after(patch, 2, KeyboardInterrupt())
            run(*COMPARE)
    result = run(*COMPARE)
    assert result.code == 0
    assert "2 finished rows of a run that was stopped" in result.err
    assert "--resume" in result.err
    assert sorted(p.name for p in Path().glob("out.csv*")) == [
        "out.csv", "out.csv.partial-1.jsonl", "out.csv.partial-2.jsonl",
    ]  # fmt: skip


def test_nothing_kept_is_said_and_leaves_no_file(
    run, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = run(*COMPARE, "--resume")
    assert fresh.code == 0
    assert "no rows of an earlier run" in fresh.err
    assert run("compare", "test", "ref", "--resume").code == 2
    assert run(*COMPARE, "--mask", "nix.png").code == 2
    assert not KEPT.exists()
    KEPT.write_text("something else\n")
    refused = run(*COMPARE, "--resume")
    assert refused.code == 2
    assert "holds no rows of hdrmetrics" in refused.err
    assert run(*COMPARE).code == 0
    assert Path("out.csv.partial-1.jsonl").read_text() == "something else\n"


def test_without_a_file_the_rows_done_are_shown(
    run, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["compare", "test", "ref"], ["score", "test", "-m", "pu21-piqe"],
                  ["evaluate", "test", "-r", "ref", "--fail-below", "pu21-psnr=3"]):  # fmt: skip
        with monkeypatch.context() as patch:
            stop_after(patch, 2, KeyboardInterrupt())
            stopped = run(*words)
        assert stopped.code == 130
        assert "partial: 2 of 3 files" in stopped.out
        assert "b.exr" in stopped.out
        assert "c.exr" not in stopped.out
        assert "interrupted: 2 of 3 files were done" in stopped.err
    with monkeypatch.context() as patch:
        stop_after(patch, 2, KeyboardInterrupt())
        stopped = run("compare", "test", "ref", "--json")
    assert json.loads(stopped.out)["partial"] == {"done": 2, "of": 3}


def test_the_gate_goes_on_too(run, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["evaluate", "test", "-r", "ref", "--fail-below", "pu21-psnr=3", "--json", "g.json"]
    run(*words)
    whole = Path("g.json").read_bytes()
    with monkeypatch.context() as patch:
        stop_after(patch, 2, KeyboardInterrupt())
        assert run(*words).code == 130
    again = run(*words, "--resume")
    assert again.code == 0
    assert "going on: 2 of 3" in again.err
    assert Path("g.json").read_bytes() == whole


def test_maps_of_rows_that_are_done_stay(
    run, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*COMPARE, "-m", "pu21-psnr", "--map", "maps", "--json", "o.json"]
    with monkeypatch.context() as patch:
        stop_after(patch, 2, KeyboardInterrupt())
        run(*words)
    old = Path("maps/a.pu21-psnr.png").stat().st_mtime_ns
    Path("maps/b.pu21-psnr.png").unlink()
    again = run(*words, "--resume")
    assert again.code == 0, again.err
    assert Path("maps/a.pu21-psnr.png").stat().st_mtime_ns == old
    assert len(json.loads(Path("o.json").read_text())["maps"]) == 3
    assert len(list(Path("maps").iterdir())) == 3


def test_resume_alone_overwrites_no_map(run, folders: Path) -> None:
    words = [*COMPARE, "-m", "pu21-psnr", "--map", "maps"]
    assert run(*words).code == 0
    again = run(*words, "--resume")
    assert again.code == 2
    assert "--overwrite" in again.err


def test_a_row_comes_back_as_it_was() -> None:
    score = hm.Score(
        "x", math.inf, "dB", (-math.inf, math.inf), True,
        conditions={"a": (1, 2), "b": [0.1, math.nan], "c": {"d": None, "e": True}},
        warnings=("one", "zwei µ"), low=0.1 + 0.2, test="a\udcff.exr",
    )  # fmt: skip
    row = hm.Row("a\udcff.exr", None, {"x": score}, {"y": "failed"})
    text = json.dumps(journal._record(row))
    assert "Infinity" not in text
    assert "NaN" not in text
    again = journal._row(json.loads(text))
    assert repr(again) == repr(row)


@pytest.mark.parametrize("words", [COMPARE, SCORE])
def test_a_killed_process_loses_no_finished_row(folders: Path, words: list[str], run) -> None:
    for index in range(3, 9):
        hm.write_image(f"ref/{index}.exr", scene(index), depth="float")
        hm.write_image(f"test/{index}.exr", noisy(scene(index), 0.1), depth="float")
    run(*words)
    whole = Path("out.csv").read_bytes()
    Path("out.csv").write_text("older\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "hdrmetrics", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if KEPT.exists() and KEPT.read_bytes().count(b"\n") > 2:
            break
        time.sleep(0.002)
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait(60)
    if KEPT.exists():  # else it was done before the signal came
        assert Path("out.csv").read_bytes() in (b"older\n", whole)
        kept = KEPT.read_bytes().count(b"\n") - 1
        again = run(*words, "--resume")
        assert f"going on: {kept} of 9" in again.err
    assert Path("out.csv").read_bytes() == whole
    assert not KEPT.exists()
