"""The command ``evaluate``: exit codes, reports and what it prints."""

from __future__ import annotations

import json
import os
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


REPORTS = ["--junit", "r.xml", "--json", "r.json", "--markdown", "r.md"]


def reports() -> tuple[ET.Element, dict, str]:
    """Return the three reports; each must be whole."""
    return (
        ET.parse("r.xml").getroot(),
        json.loads(Path("r.json").read_text()),
        Path("r.md").read_text(),
    )


def test_a_missing_render_does_not_keep_the_others_from_being_judged(run, folders: Path) -> None:
    Path("test/b.exr").unlink()
    shutil.copy("test/c.exr", "test/extra.exr")
    words = ["evaluate", "test", "-r", "ref", "--fail-below", "pu21-psnr=1", *REPORTS]
    result = run(*words)
    assert result.code == 2
    assert "quality gate not judged: errors (2 passed, 0 failed, 2 with errors)" in result.out
    suite, record, markdown = reports()
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("4", "2")
    found = {check["file"]: check for check in record["checks"]}
    assert {name: check["status"] for name, check in found.items()} == {
        "a.exr": "pass", "c.exr": "pass", "b.exr": "error", "extra.exr": "error",
    }  # fmt: skip
    assert "missing; no test is there for the reference" in found["b.exr"]["message"]
    assert "no reference is called 'extra'" in found["extra.exr"]["message"]
    assert "missing; no test" in markdown


def test_a_missing_render_is_one_error_though_the_baseline_knows_it(run, folders: Path) -> None:
    words = ["evaluate", "test", "-r", "ref", "-m", "pu21-psnr", "--baseline", "q.json"]
    assert run(*words, "--update-baseline").code == 0
    before = Path("q.json").read_bytes()
    Path("test/b.exr").unlink()
    assert run(*words, "--json", "r.json").code == 2
    checks = json.loads(Path("r.json").read_text())["checks"]
    assert [check["file"] for check in checks].count("b.exr") == 1
    assert next(check["baseline"] for check in checks if check["file"] == "b.exr") > 0
    assert run(*words, "--update-baseline").code == 2
    assert Path("q.json").read_bytes() == before


@pytest.mark.parametrize("state", ["empty", "gone", "all bad"])
def test_reports_are_written_when_nothing_can_be_scored(run, folders: Path, state: str) -> None:
    for path in Path("test").iterdir():
        path.write_bytes(b"junk") if state == "all bad" else path.unlink()
    if state == "gone":
        Path("test").rmdir()
    result = run("evaluate", "test", "-r", "ref", "--fail-below", "pu21-psnr=1", *REPORTS)
    assert result.code == 2
    suite, record, markdown = reports()
    extra = 0 if state == "all bad" else 1  # the folder itself
    assert int(suite.attrib["errors"]) == int(suite.attrib["tests"]) == 3 + extra
    assert record["status"] == "error"
    assert record["exit_code"] == 2
    assert "not judged" in markdown.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "needle"),
    [
        (["test", "-r", "nix"], "nix: no such file or folder"),
        (["no/*.exr"], "no file matches"),
        (["test", "-r", "ref", "-m", "nonsense"], "unknown metric 'nonsense'"),
        (["test", "-r", "ref", "--baseline", "nix.json"], "there is no baseline"),
        (["test", "-r", "ref", "--display", "nix"], "nix"),
        (["test", "-r", "ref", "--mask", "nix.png"], "nix.png"),
        (["test", "-m", "pu21-psnr"], "needs a reference"),
        (["test", "--fail-above", "38"], "'38' is not METRIC=NUMBER"),
        (["test", "--nonsense"], "unrecognized arguments: --nonsense"),
        ([], "the following arguments are required: TEST"),
    ],
)
def test_wrong_use_is_told_in_the_reports_too(
    run, folders: Path, words: list[str], needle: str
) -> None:
    for name in ("r.xml", "r.json", "r.md"):
        Path(name).write_text("of an earlier run")
    result = run("evaluate", *words, "--fail-below", "pu21-psnr=1", *REPORTS)
    assert result.code == 2
    assert needle in result.err
    suite, record, markdown = reports()
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("1", "1")
    assert needle in suite.find(".//error").attrib["message"]  # type: ignore[union-attr]
    assert needle in record["problem"]
    assert record["status"] == "error"
    assert needle.split()[0] in markdown
    stdout = run("evaluate", *words, "--fail-below", "pu21-psnr=1", "--json")
    assert needle in json.loads(stdout.out)["problem"]


def test_a_report_is_written_when_the_program_itself_fails(
    run, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*words: object, **settings: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("hdrmetrics.cli.job.score_files", broken)
    with pytest.raises(RuntimeError):
        run("evaluate", "test", "-r", "ref", "--fail-below", "pu21-psnr=1", *REPORTS)
    assert reports()[1]["problem"] == "a fault of ours"


def test_a_report_never_replaces_the_baseline(run, folders: Path) -> None:
    words = ["evaluate", "test", "-r", "ref", "--baseline", "q.json"]
    run(*words, "--update-baseline")
    before = Path("q.json").read_bytes()
    result = run(*words, "--json", "q.json", "--markdown", "r.md")
    assert result.code == 2
    assert "is read, too" in result.err
    assert Path("q.json").read_bytes() == before
    assert "is read, too" in Path("r.md").read_text()


def test_a_name_that_is_no_text_leaves_a_baseline_that_can_be_read(run, folders: Path) -> None:
    for folder in ("test", "ref"):
        try:
            Path(folder, "a.exr").rename(Path(folder, os.fsdecode(b"bad\xff.exr")))
        except OSError as error:
            pytest.skip(f"names are text here: {error}")
    words = ["evaluate", "test", "-r", "ref", "--baseline", "q.json"]
    reports = ["--json", "r.json", "--markdown", "m.md", "--junit", "j.xml"]
    assert run(*words, "-m", "pu21-psnr", "--update-baseline").code == 0
    again = run(*words, *reports)
    assert again.code == 0
    assert "not in the baseline" not in again.err
    for file in ("q.json", "r.json", "m.md", "j.xml"):
        Path(file).read_text(encoding="utf-8")
