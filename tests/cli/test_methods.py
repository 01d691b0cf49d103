"""Several folders over the same references are methods: one table, paired differences."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import hdrmetrics as hm
from hdrmetrics.cli.methods import find_methods, method_pairs
from tests.cli.conftest import noisy, scene

NAMES = "abcdef"


@pytest.fixture
def methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with ``ref/``, ``good/``, ``bad_one/`` and ``other/``, six pictures each."""
    monkeypatch.chdir(tmp_path)
    for index, name in enumerate(NAMES):
        for folder, picture in (
            ("ref", scene(index)),
            ("good", noisy(scene(index), 0.02)),
            ("bad_one", noisy(scene(index), 0.1 + 0.02 * index)),
            ("other", noisy(scene(index), 0.05)),
        ):
            Path(folder).mkdir(exist_ok=True)
            hm.write_image(f"{folder}/{name}.exr", picture, depth="float")
    return tmp_path


def psnr(folder: str, names: str = NAMES) -> np.ndarray:
    return np.array(
        [hm.score(f"{folder}/{n}.exr", "pu21-psnr", reference=f"ref/{n}.exr").value for n in names]
    )


def test_one_table_with_means_and_paired_differences(run, methods: Path) -> None:
    result = run("compare", "good", "bad_one", "-r", "ref", "-m", "pu21-psnr")
    assert (result.code, result.err) == (0, "")
    head, good, bad = result.out.split("\n\n")[0].splitlines()
    assert head.split()[:5] == ["metric", "method", "n", "mean", "worst"]
    assert "− good [95 %]" in head
    first, second = psnr("good"), psnr("bad_one")
    assert good.split() == [
        "pu21-psnr", "[dB]", "↑", "good", "6", f"{first.mean():.2f}", f"{first.min():.2f}",
    ]  # fmt: skip
    assert bad.split()[:4] == ["bad_one", "6", f"{second.mean():.2f}", f"{second.min():.2f}"]
    assert f"−{(first - second).mean():.2f} [−" in bad
    assert "intervals from fewer than 10 files are too narrow" in result.out
    assert "10000 resamples, seed 0" in result.out


def test_csv_json_and_frame_say_the_same(run, methods: Path) -> None:
    words = ["compare", "good/", "bad_one", "other", "-r", "ref", "-m", "pu21-psnr,pu21-ssim"]
    rows = list(csv.DictReader(io.StringIO(run(*words, "--csv").out)))
    assert list(rows[0]) == [
        "method", "test", "reference", "pu21-psnr", "pu21-ssim", "errors", "warnings",
        "conditions",
    ]  # fmt: skip
    assert [row["method"] for row in rows] == ["good"] * 6 + ["bad_one"] * 6 + ["other"] * 6
    assert [float(row["pu21-psnr"]) for row in rows[6:12]] == psnr("bad_one").tolist()
    document = json.loads(run(*words, "--json").out)
    assert [row["method"] for row in document["rows"]] == [row["method"] for row in rows]
    sums = {(s["method"], s["metric"]): s for s in document["summary"]}
    assert sums["other", "pu21-psnr"]["mean"] == pytest.approx(psnr("other").mean())
    pairs = [(d["method"], d["minus"]) for d in document["differences"]][:3]
    assert pairs == [("bad_one", "good"), ("other", "good"), ("other", "bad_one")]
    difference = document["differences"][0]
    assert difference["mean"] == pytest.approx((psnr("bad_one") - psnr("good")).mean())
    assert difference["low"] < difference["mean"] < difference["high"] < 0
    pandas = pytest.importorskip("pandas", reason="the extra 'report' is not installed")
    sets = {
        name: hm.score_files([(f"{name}/{n}.exr", f"ref/{n}.exr") for n in NAMES], ["pu21-psnr"])
        for name in ("good", "bad_one")
    }
    frame = hm.rows_to_dataframe(sets)
    assert list(frame.columns)[:4] == ["method", "test", "reference", "pu21-psnr"]
    assert frame["pu21-psnr"].dtype == np.float64
    means = frame.groupby("method")["pu21-psnr"].mean()
    assert means["good"] == pytest.approx(psnr("good").mean())
    assert isinstance(hm.rows_to_dataframe([]), pandas.DataFrame)


def test_a_missing_render_leaves_the_other_method_whole(run, methods: Path) -> None:
    Path("bad_one/c.exr").unlink()
    shutil.copy("ref/a.exr", "bad_one/a.exr")
    result = run("compare", "good", "bad_one", "-r", "ref", "-m", "pu21-psnr")
    assert result.code == 2
    assert "bad_one/c.exr: missing" in result.err
    bad = result.out.split("\n\n")[0].splitlines()[2]
    assert "4 of 6" in bad
    assert "1 infinite, 1 failed" in bad
    shared = psnr("bad_one", "bdef") - psnr("good", "bdef")
    assert f"−{-shared.mean():.2f} [" in bad
    assert "are of different files" in result.out


def test_folders_with_nothing_in_common_are_one_set(run, methods: Path) -> None:
    for name in "abc":
        Path(f"good/{name}.exr").unlink()
        Path(f"other/{chr(ord(name) + 3)}.exr").unlink()
    result = run("compare", "good", "other", "-r", "ref", "-m", "pu21-psnr")
    assert result.code == 0
    assert "method" not in result.out
    assert "6 of 6" in result.out


def test_methods_may_be_patterns_or_the_files_a_shell_makes_of_them(run, methods: Path) -> None:
    words = ["-r", "ref", "-m", "pu21-psnr", "--quiet"]
    whole = run("compare", "good", "bad_one", *words).out
    assert run("compare", "good/*.exr", "bad_one/*.exr", *words).out == whole
    files = [f"{folder}/{name}.exr" for folder in ("good", "bad_one") for name in NAMES]
    assert run("compare", *files, *words).out == whole


def test_names_are_unique(methods: Path) -> None:
    for name in ("x/out", "y/out"):
        Path(name).mkdir(parents=True)
        shutil.copy("good/a.exr", f"{name}/a.exr")
    found = find_methods(["x/out", "y/out"], ["ref"], recursive=False)
    assert found is not None
    assert list(found) == ["x/out", "y/out"]
    assert find_methods(["good"], ["ref"], recursive=False) is None
    assert find_methods(["good", "good/"], ["ref"], recursive=False) is None


def test_which_pairs() -> None:
    assert method_pairs(["a", "b", "c"]) == [("b", "a"), ("c", "a"), ("c", "b")]
    assert method_pairs(list("abcde")) == [("b", "a"), ("c", "a"), ("d", "a"), ("e", "a")]


def test_maps_of_methods_have_folders_of_their_own(run, methods: Path) -> None:
    result = run("compare", "good", "bad_one", "-r", "ref", "-m", "pu21-psnr", "--map", "maps")
    assert result.code == 0
    assert len(list(Path("maps/good").iterdir())) == len(list(Path("maps/bad_one").iterdir())) == 6


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_and_says_its_method_in_each_part(
    run, methods: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    Path("bad_one/c.exr").unlink()
    out = run("compare", "good", "bad_one", "other", "-r", "ref").out
    assert max(len(line) for line in out.splitlines()) <= width
    for part in out.split("\n\n")[:-1]:
        assert "method" in part.splitlines()[0]


def test_latex_and_markdown_hold_the_table(run, methods: Path) -> None:
    words = ["compare", "good", "bad_one", "-r", "ref", "-m", "pu21-psnr"]
    assert run(*words, "--latex", "t.tex", "--markdown", "t.md").code == 0
    latex = Path("t.tex").read_text()
    assert "bad\\_one & 6 & " in latex
    assert latex.count("\\toprule") == latex.count("\\bottomrule") == 1
    assert r"pu21-psnr {[}dB{]} $\uparrow$" in latex
    assert all(line.startswith("%") for line in latex.split("\\begin{tabular}")[0].splitlines())
    markdown = Path("t.md").read_text().splitlines()
    assert markdown[0].startswith("| metric | method | n | mean |")
    assert markdown[3].startswith("|  | bad\\_one | 6 | ")
    assert run(*words, "--markdown", "-").out == Path("t.md").read_text()
    files = run("score", "good", "-r", "ref", "-m", "pu21-psnr", "--latex", "f.tex")
    assert files.code == 0
    assert f"a.exr & {psnr('good')[0]:.2f} " in Path("f.tex").read_text()
    assert "covers & 6 of 6 " in Path("f.tex").read_text()
