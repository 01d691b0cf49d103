"""The command ``improve`` with stand-in metrics: its modes, its files, and going on."""

from __future__ import annotations

import csv
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

import hdrmetrics as hm
from hdrmetrics.cli import improve, job
from hdrmetrics.improve import job as improving
from hdrmetrics.improve.enhancer import ENHANCER
from hdrmetrics.improve.guard import GUARD
from hdrmetrics.improve.trigger import THRESHOLD
from tests.cli.processes import ROOT, process
from tests.improve.standins import Gain, install, photograph

PROGRAM = """
import sys
from tests.improve.standins import install
install()
from hdrmetrics.cli import main
sys.exit(main(sys.argv[1:]))
"""
PATENTS = ("WO2024076611A1", "US11356623B2", "check before commercial use")


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with photos/: much.jpg, some.png and fine.png."""
    install(monkeypatch)
    monkeypatch.chdir(tmp_path)
    photograph(Path("photos/much.jpg"), 0.8, quality=95)
    photograph(Path("photos/some.png"), 0.2, 0.6)
    photograph(Path("photos/fine.png"), 0.1)
    return tmp_path / "photos"


def tree(folder: Path = Path()) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def list_of(*names: str) -> str:
    Path("a.csv").write_text("\n".join(["input", *names]) + "\n")
    return "a.csv"


def rows_of(text: str) -> dict[str, dict[str, Any]]:
    return {Path(row["input"]).name: row for row in json.loads(text)["rows"]}


def test_alert_is_the_default_and_writes_nothing(run: Callable[..., Any]) -> None:
    before = tree()
    found = run("improve", "photos")
    assert (found.code, found.err) == (0, "")
    lines = found.out.splitlines()
    assert lines[0].split() == ["photograph", "improvability", "because", "of"]
    assert lines[1].split() == ["much.jpg", "0.80", "overall", "0.80", "would", "gain"]
    assert lines[2].split() == ["some.png", "0.20", "noise", "0.60", "would", "gain"]
    assert "fine.png" not in found.out
    assert "2 would gain, 1 nothing to gain" in found.out
    assert tree() == before


def test_whose_gains_they_are_and_who_guards_is_told(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gain, "conditions", lambda *_: {"enhancer": "restore 1"})
    words = ["improve", "photos", "--mode", "recommend", "--out", "shown"]
    told = " ".join(run(*words).out.split())
    assert "gains those that restore 1 brings" in told
    assert "guard nima and improvability: whatever is worse" in told
    words += ["--overwrite", "--guard", "improvability"]
    assert "guard improvability: what would gain more" in " ".join(run(*words).out.split())


def test_help_says_what_must_be_said(run: Callable[..., Any]) -> None:
    text = " ".join(run("improve", "--help").out.split())
    assert "originals are never overwritten" in text
    assert all(word in text for word in PATENTS)


def test_defaults_are_those_of_the_room() -> None:
    assert (improve._ENHANCER, improve._GUARD, improve._THRESHOLD) == (ENHANCER, GUARD, THRESHOLD)


def test_help_loads_nothing_heavy() -> None:
    done = process(
        "-c",
        "import sys; from hdrmetrics.cli import main; main(['improve', '--help']); "
        "print([m for m in ('torch', 'numpy', 'PIL', 'jinja2') if m in sys.modules])",
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_thresholds(run: Callable[..., Any]) -> None:
    found = json.loads(run("improve", "photos", "--threshold", "0.9", "--threshold",
                           "noise=0.55", "--json").out)  # fmt: skip
    assert found["thresholds"] == {"overall": 0.9, "motion-blur": 0.9, "noise": 0.55}
    assert [row["triggers"] for row in found["rows"]] == [[], ["noise"], []]
    for text, message in (
        ("fog=0.5", "no degradation 'fog'; there are overall, motion-blur, noise"),
        ("noise=x", "is NUMBER or NAME=NUMBER"), ("1.5", "from 0 to 1"), ("nan", "from 0 to 1"),
    ):  # fmt: skip
        bad = run("improve", "photos", "--threshold", text)
        assert bad.code == 2
        assert message in bad.err


def test_auto_writes_beside_and_leaves_the_originals(run: Callable[..., Any]) -> None:
    before = tree()
    found = run("improve", "photos", "--mode", "auto", "--out", "out", "--csv", "t.csv")
    assert (found.code, found.err) == (0, "")
    after = tree()
    assert {name: after[name] for name in before} == before
    assert sorted(set(after) - set(before)) == ["out/much.jpg", "out/some.png", "t.csv"]
    with Path("t.csv").open() as file:
        rows = {Path(row["input"]).name: row for row in csv.DictReader(file)}
    assert list(rows) == ["much.jpg", "some.png", "fine.png"]  # what would gain most comes first
    assert rows["much.jpg"]["output"] == "out/much.jpg"
    assert float(rows["much.jpg"]["nima after"]) > float(rows["much.jpg"]["nima before"])
    assert rows["fine.png"]["status"] == "fine"


def test_the_guard_keeps_the_original(run: Callable[..., Any]) -> None:
    words = ("improve", "photos", "--mode", "auto", "--out", "out", "--enhancer", "spoil", "--json")
    found = run(*words)
    rows = rows_of(found.out)
    assert rows["much.jpg"]["status"] == "kept"
    assert "nima fell from" in rows["much.jpg"]["verdict"]
    assert not list(Path("out").iterdir())
    free = run(*words, "--guard", "none")
    assert rows_of(free.out)["much.jpg"]["output"] == "out/much.jpg"


def test_no_file_is_ever_lost(run: Callable[..., Any]) -> None:
    words = ("improve", "photos", "--mode", "auto", "--out")
    before = tree(Path("photos"))
    for out in ("photos", "photos/../photos"):
        refused = run(*words, out, "--overwrite")
        assert refused.code == 2
        assert "is read as well" in refused.err
    # Nor over one that is not asked for this time.
    photograph(Path("photos/fine.bmp"), 0.8)
    refused = run(*words, "photos", "--overwrite", "--only", "fine.bmp")
    assert "is read as well" in refused.err
    Path("photos/fine.bmp").unlink()
    assert "is read, too" in run("improve", "photos", "--mode", "auto", "--out", "o", "--csv",
                                 "a.csv", "--only", list_of("much.jpg")).err  # fmt: skip
    assert tree(Path("photos")) == before
    Path("out").mkdir()
    Path("out/some.png").write_text("mine")
    refused = run(*words, "out")
    assert refused.code == 2
    assert "is there already: --overwrite replaces it, --skip-existing" in refused.err
    skipped = run(*words, "out", "--skip-existing", "--json")
    assert rows_of(skipped.out)["some.png"]["status"] == "skipped"
    assert Path("out/some.png").read_text() == "mine"
    assert Path("out/much.jpg").exists()
    assert run(*words, "out", "--overwrite").code == 0
    assert hm.read_image("out/some.png").width == 40


def test_a_folder_that_cannot_be_made_is_told_before_any_work(
    run: Callable[..., Any], monkeypatch: Any
) -> None:
    seen = stop_after(monkeypatch, 9)
    Path("file").write_text("no folder")
    for mode in ("auto", "recommend"):
        refused = run("improve", "photos", "--mode", mode, "--out", "file/out", "--csv", "t.csv")
        assert refused.code == 2
        assert "cannot make the folder 'file/out'" in refused.err
    assert not seen
    assert not Path("t.csv").exists()


def test_names_and_folders_are_kept(run: Callable[..., Any]) -> None:
    photograph(Path("photos/sub/IMG.JPG"), 0.8)
    photograph(Path("photos/sub/a.bmp"), 0.8)
    photograph(Path("photos/sub/a.png"), 0.8)
    assert (
        run("improve", "photos", "--mode", "auto", "--out", "photos/out", "--recursive").code == 0
    )
    made = ["a.bmp.png", "a.png", "IMG.JPG"]
    assert sorted(p.name for p in Path("photos/out/sub").iterdir()) == sorted(made)
    # What was made is not taken for photographs when the command is given again.
    again = run("improve", "photos", "--mode", "auto", "--out", "photos/out", "--recursive",
                "--overwrite", "--json")  # fmt: skip
    assert len(rows_of(again.out)) == 6
    assert not Path("photos/out/out").exists()


def test_recommend_shows_and_says(run: Callable[..., Any]) -> None:
    assert (
        "name --report PAGE.html, or --out" in run("improve", "photos", "--mode", "recommend").err
    )
    found = run("improve", "photos", "--mode", "recommend", "--out", "look")
    assert "recommended" in found.out
    assert "nima 2.8" in found.out
    assert sorted(p.name for p in Path("look").iterdir()) == [
        "much.after.jpg", "much.before.jpg", "some.after.jpg", "some.before.jpg",
    ]  # fmt: skip


def test_on_request(run: Callable[..., Any]) -> None:
    run("improve", "photos", "--csv", "a.csv", "--json", "a.json")
    for only in (["fine.png"], ["a.csv"], ["a.json"], ["photos/fine.png", "a.csv"]):
        out = "to-" + "-".join(only).replace("/", "")
        found = run("improve", "photos", "--mode", "auto", "--out", out, "--json", "o.json",
                    "--only", *only)  # fmt: skip
        assert found.code == 0
        rows = rows_of(Path("o.json").read_text())
        wanted = {"fine.png"} if any("fine" in one for one in only) else set()
        wanted |= {"much.jpg", "some.png"} if "a.csv" in only or "a.json" in only else set()
        assert set(rows) == wanted == {p.name for p in Path(out).iterdir()}
        assert all(row["requested"] for row in rows.values())
    assert "no photograph x.png" in run("improve", "photos", "--mode", "auto", "--out", "o",
                                        "--only", "x.png").err  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "out"], "--out goes with --mode recommend or auto"),
        (["--only", "a.jpg"], "--only goes with"),
        (["--guard", "nima"], "--guard goes with"),
        (["--skip-existing"], "--skip-existing goes with"),
        (["--mode", "auto"], "needs --out FOLDER"),
        (["--mode", "auto", "--out", "photos/much.jpg"], "is a file"),
        (["--mode", "auto", "--out", "o", "--guard", "psnr"], "compares with a reference"),
        (["--mode", "auto", "--out", "o", "--skip-existing", "--resume"], "give one of them"),
        (["--report", "page.pdf"], "--report is a page"),
        (["--report", "no/page.html"], "there is no folder"),
        (["--resume"], "name the same file"),
        (["--device", "nonsense"], "the device 'nonsense' cannot be used"),
    ],
)
def test_what_cannot_be(run: Callable[..., Any], words: list[str], message: str) -> None:
    before = tree()
    found = run("improve", "photos", *words)
    assert found.code == 2
    assert message in found.err
    assert tree() == before


def test_the_device_is_that_of_networks_and_of_the_enhancer(
    run: Callable[..., Any], monkeypatch: Any
) -> None:
    seen: list[Any] = []
    real = improving.enhanced

    def enhanced(image: Any, enhancer: Any, device: Any) -> Any:
        seen.append(device)
        return real(image, enhancer, device)

    words = ("improve", "photos", "--mode", "auto", "--csv", "t.csv", "--jobs", "1", "--out")
    assert run(*words, "usual").code == 0
    usual = Path("t.csv").read_text().replace("usual/", "cpu/")
    monkeypatch.setattr(improving, "enhanced", enhanced)
    assert run(*words, "cpu", "--device", "cpu").code == 0
    assert seen == ["cpu", "cpu"]
    assert Path("t.csv").read_text() == usual
    # Rows of one device are not gone on with on another.
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        run("improve", "photos", "--csv", "a.csv", "--jobs", "1", "--device", "cpu")
    refused = run("improve", "photos", "--csv", "a.csv", "--resume")
    assert refused.code == 2
    assert "device" in refused.err


def test_bad_files_are_rows(run: Callable[..., Any]) -> None:
    Path("photos/bad.jpg").write_bytes(b"no picture")
    hm.write_image("photos/light.exr", np.full((8, 8, 3), 100.0))
    found = run("improve", "photos", "--mode", "auto", "--out", "out", "--json")
    assert found.code == 2
    rows = rows_of(found.out)
    assert rows["much.jpg"]["status"] == "enhanced"
    assert rows["bad.jpg"]["status"] == rows["light.exr"]["status"] == "failed"
    assert rows["bad.jpg"]["improvability"] is None
    assert "tone-map it first" in rows["light.exr"]["errors"]["file"]
    assert "bad.jpg" in found.err
    assert "error: light.exr: this is linear light" in found.err


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int) -> list[str]:
    """Let the next run be stopped by Ctrl-C after some rows; return what was worked on."""
    seen: list[str] = []
    real = improving._Work.row

    def row(self: Any, index: int) -> Any:
        if len(seen) == count:
            raise KeyboardInterrupt
        made = real(self, index)
        seen.append(Path(made.test).name)
        return made

    monkeypatch.setattr(improving._Work, "row", row)
    return seen


def test_ctrl_c_keeps_what_is_done(run: Callable[..., Any], monkeypatch: Any) -> None:
    words = ("improve", "photos", "--jobs", "1", "--mode", "auto", "--csv", "t.csv", "--out")
    run(*words, "whole")
    whole = Path("t.csv").read_text().replace("whole/", "part/")
    Path("t.csv").unlink()
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        stopped = run(*words, "part")
    assert stopped.code == 130
    assert "2 of 3 rows are kept in 't.csv.partial.jsonl'; go on with" in stopped.err
    with monkeypatch.context() as patch:
        seen = stop_after(patch, 9)
        again = run(*words, "part", "--resume")
    assert again.code == 0
    assert seen == ["some.png"]
    assert Path("t.csv").read_text() == whole
    assert tree(Path("part")).keys() == {"part/much.jpg", "part/some.png"}
    assert not Path("t.csv.partial.jsonl").exists()


def test_without_a_table_what_is_done_is_told(run: Callable[..., Any], monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        stopped = run("improve", "photos", "--jobs", "1")
    assert stopped.code == 130
    assert "partial: 2 of 3 photographs" in stopped.out


def test_other_conditions_are_refused(run: Callable[..., Any], monkeypatch: Any) -> None:
    words = ("improve", "photos", "--jobs", "1", "--csv", "t.csv")
    with monkeypatch.context() as patch:
        stop_after(patch, 1)
        run(*words)
    refused = run(*words, "--resume", "--threshold", "0.7")
    assert refused.code == 2
    assert "thresholds.all was 0.4, is 0.7" in refused.err


def test_an_output_that_is_gone_is_made_again(run: Callable[..., Any], monkeypatch: Any) -> None:
    words = ("improve", "photos", "--jobs", "1", "--mode", "auto", "--out", "o", "--json", "t.json")
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        run(*words)
    Path("o/much.jpg").unlink()
    again = run(*words, "--resume")
    assert again.code == 0
    assert sorted(p.name for p in Path("o").iterdir()) == ["much.jpg", "some.png"]


def test_a_killed_run_goes_on_and_ends_the_same(photos: Path, run: Callable[..., Any]) -> None:
    for index in range(12):
        photograph(photos / f"{index}.png", 0.05 * index + 0.2)
    table, words = Path("t.json"), ["improve", "photos", "--mode", "auto", "--jobs", "2"]
    words += ["--json", "t.json", "--report", "page.html", "--out"]
    assert run(*words, "whole").code == 0
    whole, page = json.loads(table.read_text()), Path("page.html").read_text()
    table.unlink()
    Path("page.html").unlink()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words, "part"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
    )
    kept, end = Path("t.json.partial.jsonl"), time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if kept.exists() and kept.read_bytes().count(b"\n") > 3:
            break
        time.sleep(0.002)
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait(60)
    if kept.exists():  # else it was done before the signal came
        assert not table.exists()
        again = run(*words, "part", "--resume")
        assert again.code == 0
        assert "going on: " in again.err
    part = json.loads(table.read_text().replace("part/", "whole/"))
    assert part == whole
    assert Path("page.html").read_text().replace("part/", "whole/") == page
    made = {name.replace("part/", "whole/"): data for name, data in tree(Path("part")).items()}
    assert made == tree(Path("whole"))  # no draft is left, and every picture is the same
    assert not kept.exists()
    assert not Path("page_files").exists()


def test_a_row_comes_back_as_it_was(run: Callable[..., Any], monkeypatch: Any) -> None:
    from hdrmetrics.cli.improvements import FORM

    kept = []
    real = job.Journal.add
    monkeypatch.setattr(job.Journal, "add", lambda self, row: (kept.append(row), real(self, row)))
    run("improve", "photos", "--mode", "auto", "--out", "o", "--csv", "t.csv", "--report", "p.html")
    assert len(kept) == 3
    for row in kept:
        again = FORM.row(json.loads(json.dumps(FORM.record(row))))
        assert repr(again) == repr(row)
        assert type(again) is type(row)
