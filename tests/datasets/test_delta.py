"""The command that makes sets of gains: what is told, what goes on, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from datasets.cli import main
from hdrmetrics.improve.pairs import find_pairs, read_pairs
from tests.improve import standins
from tests.improve.standins import photograph


@pytest.fixture(autouse=True)
def foretold(monkeypatch: pytest.MonkeyPatch) -> None:
    standins.install(monkeypatch)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    photograph(folder / "lake.png", 0.4)
    photograph(folder / "roof.png", 0.8)
    return folder


def test_a_folder_becomes_a_set(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "set"
    (photos / "shot.crw").write_bytes(b"II*\0raw")
    assert main(["delta", str(photos), "--out", str(out)]) == 0
    told = capsys.readouterr()
    table = out / "pairs.csv"
    # Red is halved, from .4 and .8; of that nima takes nine times.
    assert told.out.splitlines() == [
        f"{table}: 2 pairs, 0 failures", "nima: +2.7 on average, 100% became better",
    ]  # fmt: skip
    assert "shot.crw" in told.err
    gains = [float(pair.more["delta-nima"]) for pair in read_pairs(out)]
    assert gains == pytest.approx([1.8, 3.6], abs=0.03)
    assert find_pairs(out)[1] == {}


def test_a_set_goes_on_when_asked_to(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["delta", str(photos), "--out", str(tmp_path / "set")]
    (photos / "broken.png").write_bytes(b"nothing")
    assert main(command) == 1
    told = capsys.readouterr()
    assert "2 pairs, 1 failures" in told.out
    assert told.err.startswith("failed: broken.png: ")
    assert main(command) == 2
    assert "--resume goes on" in capsys.readouterr().err
    photograph(photos / "broken.png", 0.6)
    photograph(photos / "tower.png", 0.6)
    assert main([*command, "--resume"]) == 0
    assert "4 pairs, 0 failures" in capsys.readouterr().out
    assert len(read_pairs(tmp_path / "set")) == 4


def test_what_reading_left_out_is_told(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Pillow.open(photos / "lake.png") as picture:
        picture.putalpha(128)
        picture.save(photos / "lake.png")
    assert main(["delta", str(photos), "--out", str(tmp_path / "set")]) == 0
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert told[0].startswith("note: lake.png: ")
    assert "alpha" in told[0]


def test_metrics_against_originals(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("lake", "roof"):
        photograph(tmp_path / "originals" / f"{name}.png", 0.2)
    command = ["delta", str(photos), "--out", str(tmp_path / "set"), "--metric", "ssim"]
    assert main(command) == 2
    assert "--reference" in capsys.readouterr().err
    command += ["--metric", "nima", "--reference", str(tmp_path / "originals")]
    assert main([*command, "--enhancer", "spoil"]) == 0
    assert "nima: -1.076 on average, 0% became better" in capsys.readouterr().out
    for pair in read_pairs(tmp_path / "set"):
        assert float(pair.more["delta-ssim"]) < 0
        assert pair.more["enhancer"] == "spoil"


def test_a_stop_says_how_to_go_on(
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(image: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setitem(standins.ENHANCERS, "restore", stopped)
    assert main(["delta", str(photos), "--out", str(tmp_path / "set")]) == 130
    assert "with --resume goes on" in capsys.readouterr().err


def test_where_nothing_can_be_used_the_reasons_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / f"{number}.png" for number in range(12)]
    for path in files:
        path.write_bytes(b"nothing")
    assert main(["delta", *map(str, files), "--out", str(tmp_path / "set")]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 12
    assert told[-2] == "… and 2 more"
    assert told[-1].startswith("error: no photograph became a pair")


def test_help_is_quick_and_loads_no_torch() -> None:
    code = (
        "import sys; from datasets.cli import main\n"
        "try: main(['delta', '--help'])\n"
        "finally: assert 'torch' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "'tool {input} {output}'" in run.stdout
