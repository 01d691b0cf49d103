"""What follows --csv and --json is the file to write; no picture is ever lost to a table or map."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path

import pytest

import hdrmetrics as hm
from hdrmetrics.cli.parser import separate_outputs
from hdrmetrics.cli.targets import picture_name
from hdrmetrics.picture.endings import SUFFIXES, UNREAD
from tests.cli.conftest import scene


def test_every_ending_that_is_read_is_a_picture() -> None:
    assert all(picture_name(f"a{suffix}") for suffix in (*SUFFIXES, *UNREAD))
    assert picture_name("A.EXR")
    assert not any(picture_name(name) for name in ("a.csv", "out", "exr", ".exr", "a.txt"))


@pytest.mark.parametrize("name", ["r.tsv", "r.csv", "r.txt", "out", "new.v2"])
def test_the_next_word_is_the_file(run, folders: Path, name: str) -> None:
    result = run("compare", "test", "ref", "--csv", name, "-m", "mu-psnr")
    assert result.code == 0
    assert "a.exr" in result.out
    text = Path(name).read_text()
    delimiter = "\t" if name.endswith(".tsv") else ","
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    assert rows[0][:3] == ["test", "reference", "mu-psnr"]
    assert len(rows) == 4
    assert run("compare", "--json", f"j{name}", "test", "ref").code == 0
    assert len(json.loads(Path(f"j{name}").read_text())["rows"]) == 3


def test_devices_and_stdout(run, folders: Path) -> None:
    quiet = run("compare", "test", "ref", "--csv", os.devnull)
    assert quiet.code == 0
    assert "a.exr" in quiet.out
    assert not Path(os.devnull).is_file()
    for words in (["--csv", "-"], ["--csv=-"], ["--csv"]):
        assert run("compare", "test", "ref", *words).out.startswith("test,reference")
    assert run("compare", "--csv", "test/a.exr", "ref/a.exr").out.startswith("test,reference")


def test_folders_patterns_and_pictures_stay_inputs(folders: Path) -> None:
    for word in ("test", "test/", "a.EXR", "*.exr", "--peak", "x?.hdr"):
        assert separate_outputs(["score", "--json", word]) == ["score", "--json=-", word]
    assert separate_outputs(["metrics", "--json", "pu21-psnr"])[1] == "--json=-"
    assert separate_outputs(["metrics", "--json", "m.json"]) == ["metrics", "--json=m.json"]


def test_an_option_that_a_command_does_not_have_is_named_as_typed(run) -> None:
    result = run("displays", "--csv")
    assert result.code == 2
    assert "--csv=-" not in result.err
    assert "--csv" in result.err


def test_a_table_never_replaces_a_picture(run, folders: Path) -> None:
    shutil.copy("test/a.exr", "unnamed")
    before = Path("unnamed").read_bytes()
    for words in (["--csv", "unnamed"], ["--json=test/a.exr"], ["--latex", "unnamed"]):
        result = run("compare", "test", "ref", *words)
        assert result.code == 2
        assert "is a picture" in result.err
        assert result.out == ""
    gate = ["evaluate", "test", "-r", "ref", "--fail-below", "pu21-psnr=3"]
    assert run(*gate, "--junit", "test/a.exr", "--json", "j.json").code == 2
    assert Path("test/a.exr").read_bytes() == Path("unnamed").read_bytes() == before
    assert "is a picture" in json.loads(Path("j.json").read_text())["problem"]


@pytest.mark.parametrize(
    ("words", "needle"),
    [
        (["--csv", "no/such/x.csv"], "there is no folder"),
        (["--csv=test"], "is a folder"),
        (["--csv", "x", "--json", "x"], "name one file"),
        (["--csv", "-", "--markdown", "-"], "cannot both go to stdout"),
        (["--csv", "scores.xlsx"], "name a .csv"),
        (["--csv", "scores.csv.gz"], "name a .csv"),
    ],
)
def test_targets_are_checked_before_the_work(
    run, folders: Path, words: list[str], needle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hdrmetrics.cli.job.score_files", None)
    result = run("compare", "test", "ref", *words)
    assert (result.code, result.out) == (2, "")
    assert needle in result.err


def test_maps_are_never_overwritten_without_a_word(run, folders: Path) -> None:
    words = ["compare", "test", "ref", "-m", "pu21-psnr", "--map", "maps"]
    assert run(*words).code == 0
    old = {path: path.read_bytes() for path in Path("maps").iterdir()}
    again = run(*words, "--peak", "300")
    assert (again.code, again.out) == (2, "")
    assert "a.pu21-psnr.png" in again.err
    assert "--overwrite" in again.err
    assert {path: path.read_bytes() for path in Path("maps").iterdir()} == old
    assert run(*words, "--peak", "300", "--overwrite").code == 0
    assert Path("maps/a.pu21-psnr.png").read_bytes() != old[Path("maps/a.pu21-psnr.png")]


def test_two_maps_of_one_name_are_an_error_before_the_work(run, folders: Path) -> None:
    for folder in ("test", "ref"):
        shutil.copy(f"{folder}/a.exr", f"{folder}/A.exr")
    if len(list(Path("test").iterdir())) == 3:
        pytest.skip("upper and lower case are the same here")
    result = run("compare", "test", "ref", "-m", "pu21-psnr", "--map", "maps")
    assert (result.code, result.out) == (2, "")
    assert "twice" in result.err
    assert not Path("maps").exists()


def test_pictures_of_one_stem_have_maps_of_their_own(run, folders: Path) -> None:
    for folder in ("test", "ref"):
        hm.write_image(f"{folder}/a.hdr", scene())
    assert run("compare", "test", "ref", "-m", "pu21-psnr", "--map", "maps").code == 0
    names = sorted(path.name for path in Path("maps").iterdir())
    assert names[:2] == ["a.exr.pu21-psnr.png", "a.hdr.pu21-psnr.png"]


@pytest.mark.parametrize("name", ["m.jpg", "m.tif", "m.GIF", "m.svg"])
def test_a_map_of_another_format_is_refused(run, folders: Path, name: str) -> None:
    result = run("compare", "test/a.exr", "ref/a.exr", "--map", name)
    assert (result.code, result.out) == (2, "")
    assert ".png, .exr or .pfm" in result.err
    assert not Path(name).exists()


def test_the_files_left_out_of_a_folder_are_counted(run, folders: Path) -> None:
    for name in ("a.txt", "b.txt", "README", ".hidden"):
        Path("test", name).touch()
    Path("test/d.psd").write_bytes(b"8BPS")
    for words in (["compare", "test", "ref"], ["rank", "test", "-m", "pu21-piqe"],
                  ["evaluate", "test", "-r", "ref", "--fail-below", "pu21-psnr=3"]):  # fmt: skip
        result = run(*words)
        assert result.code == 0
        assert result.err.count("\n") == 1
        assert "1 picture was left out: d.psd (Photoshop" in result.err
        assert "3 files that are no pictures were left out" in result.err
        assert "1 without ending, 2 .txt" in result.err
        assert run(*words, "--quiet").err == ""


def test_metrics_without_the_correction_say_so(run, folders: Path) -> None:
    words = ["compare", "test", "ref", "-m", "pu21-psnr,mpsnr", "--crf-correction"]
    result = run(*words)
    assert result.code == 0
    assert "--crf-correction is not applied to mpsnr" in result.err
    assert "mpsnr      without the CRF correction" in result.out
    row = json.loads(run(*words, "--json").out)["rows"][0]["scores"]
    assert any("not applied" in w for w in row["mpsnr"]["warnings"])
    assert not row["pu21-psnr"]["warnings"]
    gate = run("evaluate", "test", "-r", "ref", "--fail-below", "mpsnr=0", "--fail-below",
               "pu21-psnr=0", "--crf-correction", "--json", "g.json")  # fmt: skip
    assert gate.code == 0
    assert "not applied to mpsnr" in gate.err
    assert any("not applied" in n for n in json.loads(Path("g.json").read_text())["notices"])
