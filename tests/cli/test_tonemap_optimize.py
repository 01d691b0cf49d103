"""tonemap --optimize: settings found, told, refused; pages; runs that were killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hdrmetrics import create_metric, read_image, write_image
from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.folders import MADE
from hdrmetrics.optimize import Budget
from hdrmetrics.tonemap import tonemap
from tests.cli.conftest import scene
from tests.cli.processes import ROOT
from tests.report.reading import read_page

Run = Callable[..., Any]
QUICK = ("--optimize", "norvdpnet-tmo", "--operator", "reinhard_free", "--budget", "8")


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "in").mkdir()
    for index, name in enumerate("abc"):
        light = np.kron(scene(index), np.ones((2, 2, 1), np.float32))  # 96×128
        write_image(tmp_path / "in" / f"{name}.exr", light, depth="float")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_settings_told_make_the_picture_written(pictures: Path, run: Run) -> None:
    words = ("tonemap", "in/a.exr", "a.png", *QUICK, "--scale", "10", "--json", "a.json")
    found = run(*words)
    assert found.code == 0, found.err
    assert "norvdpnet-tmo" in found.out
    assert "judge: fsitm" in found.out
    row = json.loads(Path("a.json").read_text())["rows"][0]
    record = row["optimization"]
    assert record["settings"] == row["parameters"]
    assert record["evaluations"] == len(record["trace"]) <= 9
    assert record["tuned"] is (record["reason"] == "")
    light = read_image("in/a.exr", scale=10).tensor()
    want = tonemap(light, "reinhard_free", **record["settings"])[0].movedim(0, 2).numpy()
    np.testing.assert_allclose(read_image("a.png").pixels, want, atol=0.51 / 255)


def test_the_same_seed_writes_the_same_bytes(pictures: Path, run: Run) -> None:
    for name in ("1.png", "2.png"):
        assert run("tonemap", "in/a.exr", name, *QUICK, "--seed", "5", "--quiet").code == 0
    assert Path("1.png").read_bytes() == Path("2.png").read_bytes()


def test_a_folder_with_a_page(pictures: Path, run: Run) -> None:
    (pictures / "in" / "broken.exr").write_bytes(b"no picture")
    write_image(pictures / "in" / "black.exr", np.zeros((64, 64, 3), np.float32))
    found = run("tonemap", "in", "-o", "out", *QUICK, "--report", "page.html", "--set", "mu=2")
    assert found.code == 2  # the broken one, and the black one
    assert "black" in found.err
    assert sorted(p.name for p in Path("out").iterdir()) == ["a.png", "b.png", "c.png"]
    assert "→" in found.out or "default kept" in found.out
    data = read_page(Path("page.html").read_text(encoding="utf-8"))
    states = [row["cells"]["status"] for row in data["rows"]]
    assert states.count("failed") == 2
    for row in data["rows"]:
        if row["cells"]["status"] == "failed":
            assert row["notes"]
            continue
        assert "mu=2 " in row["cells"]["settings"]
        assert [one["label"] for one in row["pictures"]] == ["default", "tuned"]
        assert len(row["figures"]) == 1
        assert all(one["src"].startswith("data:image/jpeg") for one in row["figures"])
    assert not Path("page_files").exists()  # the page holds them itself
    assert not list(pictures.glob("*.jsonl"))


def test_the_best_operator(pictures: Path, run: Run) -> None:
    words = ("--optimize", "norvdpnet-tmo", "--operator", "best", "--budget", "4")
    found = run("tonemap", "in/a.exr", "a.png", *words, "--json", "a.json")
    assert found.code == 0, found.err
    row = json.loads(Path("a.json").read_text())["rows"][0]
    record = row["optimization"]
    assert len(record["standing"]) == len(record["promise"]) > 20
    assert record["name"] in found.out
    assert record["after"]["norvdpnet-tmo"] >= record["before"]["norvdpnet-tmo"]
    assert len(record["tried"]) == 3


def test_a_judge_that_refuses_is_told(pictures: Path, run: Run) -> None:
    words = ("--optimize", "piqe", "--operator", "reinhard_free", "--judge", "tmqi")
    found = run("tonemap", "in", "-o", "out", *words, "--budget", "12", "--json", "o.json")
    assert found.code == 0, found.err
    records = [row["optimization"] for row in json.loads(Path("o.json").read_text())["rows"]]
    for record in records:
        if not record["tuned"]:
            assert record["reason"]
            assert record["settings"] == record["default"]
            assert "default kept" in found.out


def test_several_judges_are_named_and_told(pictures: Path, run: Run) -> None:
    words = ("tonemap", "in/a.exr", "a.png", *QUICK, "--judge", "fsitm,chromaticity")
    found = run(*words, "--json", "a.json")
    assert found.code == 0, found.err
    assert "fsitm" in found.out
    assert "chromaticity" in found.out
    verdict = json.loads(Path("a.json").read_text())["rows"][0]["optimization"]["judge"]
    assert [verdict["metric"], verdict["beside"][0]["metric"]] == ["fsitm", "chromaticity"]


def test_options_reach_what_is_optimised_and_the_judge(pictures: Path, run: Run) -> None:
    goal = create_metric("fsitm", softness=0.2, channel="red")
    words = (
        "--optimize", "fsitm", "--option", "fsitm.softness=0.2", "--option", "fsitm.channel=red",
        "--judge", "norvdpnet-tmo", "--option", "norvdpnet-tmo.precision=bfloat16",
        "--operator", "reinhard_free", "--budget", "8",
    )  # fmt: skip
    found = run("tonemap", "in/a.exr", "a.png", *words, "--scale", "10", "--json", "a.json")
    assert found.code == 0, found.err
    assert "fsitm.softness=0.2" in found.out
    assert "norvdpnet-tmo.precision=bfloat16" in found.out
    record = json.loads(Path("a.json").read_text())["rows"][0]["optimization"]
    assert record["options"] == {
        "fsitm": {"softness": 0.2, "channel": "red"},
        "norvdpnet-tmo": {"precision": "bfloat16"},
    }
    light = read_image("in/a.exr", scale=10).tensor()
    before = tonemap(light, "reinhard_free", **record["default"])
    assert record["before"]["fsitm"] == pytest.approx(float(goal(before, light)), abs=1e-4)
    if record["judge"]:
        judge = create_metric("norvdpnet-tmo", precision="bfloat16")
        assert record["judge"]["before"] == pytest.approx(float(judge(before)), abs=1e-3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--operator", "best"], "needs --optimize"),
        (["--option", "tmqi.window=valid"], "--option goes with --optimize"),
        (["--optimize", "tmqi", "--option", "window=valid"], "METRIC.KEY=VALUE"),
        (["--optimize", "tmqi", "--option", "nima.x=1"], "computed are tmqi, fsitm"),
        (["--optimize", "tmqi", "--option", "tmqi.nosuch=1"], "it has window"),
        (["--optimize", "tmqi", "--option", "tmqi.window=wide"], "one of same, valid"),
        (
            ["--optimize", "tmqi", "--judge", "none", "--option", "fsitm.channel=red"],
            "is for fsitm",
        ),
        (["--budget", "9"], "--budget goes with --optimize"),
        (["--judge", "tmqi"], "--judge goes with --optimize"),
        (["--seed", "1"], "--seed goes with --optimize"),
        (["--report", "p.html"], "--report goes with --optimize"),
        ([*QUICK[:2], "--operator", "best,drago03"], "no others beside it"),
        ([*QUICK[:2], "--operator", "best", "--set", "key=1"], "leave --set out"),
        (["--optimize", "nosuch"], "nosuch"),
        (["--optimize", "tmqi=0"], "weight"),
        (["--optimize", "tmqi="], "METRIC=WEIGHT"),
        (["--optimize", "tmqi,tmqi"], "twice"),
        (["--optimize", "pu21-psnr"], "judges hdr pictures"),
        (["--optimize", "tmqi", "--judge", "tmqi"], "cannot be the judge"),
        (["--optimize", "tmqi", "--judge", "fsitm,none"], "none"),
        (["--optimize", "tmqi", "--judge", "fsitm,fsitm"], "a judge is there twice"),
        (["--optimize", "tmqi", "--budget", "soon"], "--budget is a number"),
        (["--optimize", "tmqi", "--budget", "2"], "at least 4"),
        (["--optimize", "tmqi", "--budget=-3s"], "above 0"),
        (["--optimize", "tmqi", "--report", "page.txt"], "page.html"),
        (
            ["--optimize", "tmqi", "--operator", "reinhard_robust", "--set", "key=0.2"],
            "no setting that could be optimised",
        ),
    ],
)
def test_what_cannot_be_is_said_before_any_work(
    pictures: Path, run: Run, words: list[str], message: str
) -> None:
    found = run("tonemap", "in/a.exr", "a.png", *words)
    assert found.code == 2
    assert message in found.err
    assert "Traceback" not in found.err
    assert not Path("a.png").exists()


def test_an_sdr_picture_is_refused(pictures: Path, run: Run) -> None:
    write_image("sdr.png", np.zeros((64, 64, 3), np.uint8))
    found = run("tonemap", "sdr.png", "a.png", *QUICK)
    assert found.code == 2
    assert "SDR picture already" in found.err


def test_budgets_as_they_are_typed() -> None:
    from hdrmetrics.cli.tuning import read_budget

    assert read_budget(None) == Budget()
    assert read_budget("30") == Budget(30)
    assert read_budget("2.5s") == Budget(seconds=2.5)
    with pytest.raises(OptionError):
        read_budget("s")


def test_a_stopped_run_keeps_what_the_page_of_the_next_shows(
    pictures: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hdrmetrics.cli.tuned import TonemapTuner

    words = ("tonemap", "in", "-o", "out", *QUICK, "--jobs", "1", "--report", "page.html",
             "--skip-existing")  # fmt: skip
    whole, count = TonemapTuner.tune, iter(range(9))

    def stopped(*given: Any) -> Any:
        if next(count) == 2:
            raise KeyboardInterrupt
        return whole(*given)

    with monkeypatch.context() as patch:
        patch.setattr(TonemapTuner, "tune", stopped)
        assert run(*words).code == 130
    assert (Path("page_files") / MADE).exists()
    assert run(*words).code == 0
    rows = read_page(Path("page.html").read_text(encoding="utf-8"))["rows"]
    assert [len(row["pictures"]) for row in rows] == [2, 2, 2]
    assert not Path("page_files").exists()


@pytest.mark.skipif(os.name == "nt", reason="sends SIGKILL")
def test_a_killed_run_goes_on_and_tells_all(pictures: Path, run: Run) -> None:
    words = [
        "tonemap", "in", "-o", "out", *QUICK, "--jobs", "1", "--report", "page.html", "--json",
        "rows.json", "--skip-existing",
    ]  # fmt: skip
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": paths}
    process = subprocess.Popen(
        [sys.executable, "-m", "hdrmetrics", *words], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    kept = Path("rows.json.made.jsonl")
    for _ in range(1200):
        if kept.exists() and kept.read_text().count("\n") >= 1:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {path.name: path.stat().st_mtime_ns for path in Path("out").glob("*.png")}
    assert before
    kept.write_text(kept.read_text() + '{"output": "out/x')  # a line that was being written
    found = run(*words)
    assert found.code == 0, found.err
    rows = json.loads(Path("rows.json").read_text())["rows"]
    assert len(rows) == 3
    told = json.loads(kept.read_text().splitlines()[0])["output"] if kept.exists() else None
    assert told is None  # nothing is left beside the table
    again = {path.name: path.stat().st_mtime_ns for path in Path("out").glob("*.png")}
    assert all(again[name] == at for name, at in before.items())  # not made twice
    assert all("optimization" in row for row in rows if row["status"] == "written")
    skipped = [row for row in rows if row["status"] == "skipped"]
    assert skipped
    assert any("optimization" in row for row in skipped)
    page = read_page(Path("page.html").read_text(encoding="utf-8"))
    shown = [one["label"] for row in page["rows"] for one in row["pictures"]]
    assert shown.count("default") >= 2 + len([r for r in skipped if "optimization" in r])
