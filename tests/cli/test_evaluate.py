"""The command ``evaluate``: exit codes, reports and what it prints."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import hdrmetrics as hm


def psnr(name: str) -> float:
    return hm.score(f"test/{name}.exr", "pu21-psnr", reference=f"ref/{name}.exr").value


def test_limits_decide_the_exit_code(run, folders: Path) -> None:
    words = ["evaluate", "test", "--reference", "ref"]
    low = psnr("c") - 0.1
    passed = run(*words, "--fail-below", f"pu21-psnr={low}")
    assert (passed.code, passed.err) == (0, "")
    assert "quality gate passed (3 passed, 0 failed)" in passed.out
    failed = run(*words, "--fail-below", f"pu21-psnr={low + 0.2}")
    assert failed.code == 1
    first = failed.out.splitlines()[1].split()
    assert first[0] == "c.exr"
    assert first[-1] == "FAIL"
    assert "quality gate failed: quality fell (2 passed, 1 failed)" in failed.out
    assert run(*words).code == 2


def test_a_baseline_from_first_run_to_drop(run, folders: Path) -> None:
    words = ["evaluate", "test", "-r", "ref", "--baseline", "quality.json"]
    missing = run(*words)
    assert missing.code == 2
    assert "--update-baseline" in missing.err
    made = run(*words, "--update-baseline")
    assert made.code == 0
    assert "baseline written: 6 values, 6 of them new" in made.err
    assert run(*words).code == 0
    shutil.copy("test/c.exr", "test/a.exr")  # much worse than a was
    shutil.copy("ref/c.exr", "ref/a.exr")
    changed = run(*words, "-m", "pu21-psnr", "--max-drop", "0.3")
    assert changed.code == 2  # its reference is another one, so the calibration differs
    assert "calibration.factor was" in changed.err
    run(*words, "--scale", "10", "--update-baseline")
    shutil.copy("test/b.exr", "test/c.exr")
    dropped = run(*words, "--scale", "10", "--max-drop", "pu21-psnr=0.3")
    assert dropped.code == 1
    line = dropped.out.splitlines()[1].split()
    assert line[0] == "c.exr"
    assert line[-1] == "FAIL"


def test_reports_go_where_they_are_wanted(run, folders: Path) -> None:
    words = ["evaluate", "test", "-r", "ref", "--fail-below", "pu21-psnr=500"]
    result = run(*words, "--junit", "r.xml", "--json", "r.json", "--markdown", "r.md")
    assert result.code == 1
    assert ET.parse("r.xml").getroot().attrib["failures"] == "3"
    record = json.loads(Path("r.json").read_text())
    assert record["counts"] == {"pass": 0, "fail": 3, "error": 0}
    assert Path("r.md").read_text().startswith("## ❌ Quality gate failed")
    assert json.loads(run(*words, "--json").out) == record
    assert run(*words, "--markdown", "-").out == Path("r.md").read_text()
    assert run(*words, "--markdown", "-", "--json").code == 2


def test_no_reference_metrics_and_their_direction(run, folders: Path) -> None:
    worst = max(hm.score(f"test/{n}.exr", "pu21-piqe").value for n in "abc")
    assert run("evaluate", "test", "--fail-above", f"pu21-piqe={worst}").code == 0
    assert run("evaluate", "test", "--fail-above", f"pu21-piqe={worst * 0.99}").code == 1
    wrong = run("evaluate", "test", "--fail-below", "pu21-piqe=3")
    assert wrong.code == 2
    assert "better when lower" in wrong.err


def test_broken_files_are_code_2_with_one_line_each(run, folders: Path) -> None:
    Path("test/b.exr").write_bytes(b"junk")
    result = run("evaluate", "test", "-r", "ref", "--fail-below", "pu21-psnr=500")
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "test/b.exr: " in result.err
    assert "quality gate not judged: errors (0 passed, 2 failed, 1 with errors)" in result.out


def test_options_may_be_for_the_metrics_of_the_baseline(run, folders: Path) -> None:
    words = ["evaluate", "test", "-r", "ref", "--baseline", "q.json", "--option",
             "pu21-mae.encoder=peaks"]  # fmt: skip
    assert run(*words, "-m", "pu21-mae", "--update-baseline").code == 0
    assert run(*words).code == 0
    other = run("evaluate", "test", "-r", "ref", "--baseline", "q.json")
    assert other.code == 2
    assert other.err.count("encoder was peaks, is banding_glare") == 1  # one line for all files


@pytest.mark.parametrize(
    ("words", "needle"),
    [
        (["--max-drop", "1"], "baseline"),
        (["--baseline", "q.json", "--max-drop", "1", "--max-drop", "pu21-psnr=1"], "one number"),
        (["--fail-below", "nonsense=3"], "unknown metric 'nonsense'"),
    ],
)
def test_wrong_use(run, folders: Path, words: list[str], needle: str) -> None:
    run("evaluate", "test", "-r", "ref", "--baseline", "q.json", "--update-baseline")
    result = run("evaluate", "test", "-r", "ref", *words)
    assert result.code == 2
    assert needle in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_fits(run, folders: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    words = ["evaluate", "test", "-r", "ref", "--baseline", "q.json"]
    run(*words, "--update-baseline")
    assert max(len(line) for line in run(*words).out.splitlines()) <= width


def test_a_baseline_of_a_linear_and_a_coded_picture_holds(run, folders: Path) -> None:
    Path("pq").mkdir()
    hm.write_image("pq/a.png", hm.read_image("test/a.exr", scale=10.0), transfer="pq", depth=16)
    words = ["evaluate", "pq/a.png", "-r", "ref/a.exr", "--baseline", "q.json"]
    assert run(*words, "--scale", "10", "--update-baseline").code == 0
    assert run(*words, "--scale", "10").code == 0
    other = run(*words, "--scale", "11")
    assert other.code == 2
    assert "calibration.reference.factor was 10, is 11" in other.err
