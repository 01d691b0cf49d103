"""The command tonemap: a picture out, or one line that says why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hdrmetrics import read_image, sample_images, score
from hdrmetrics.cli import main
from hdrmetrics.tonemap import list_operators, tonemap

COURTYARD = str(sample_images()["courtyard"])


def test_it_writes_what_the_function_returns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.png"
    arguments = ["tonemap", COURTYARD, str(out), "--operator", "drago03", "--set", "bias=0.8"]
    assert main([*arguments, "--scale", "50", "--depth", "16"]) == 0
    assert "drago03" in capsys.readouterr().out
    light = read_image(COURTYARD, scale=50).tensor()
    want = tonemap(light, "drago03", bias=0.8)[0].movedim(0, 2).numpy()
    got = read_image(out)
    np.testing.assert_allclose(got.pixels, want, atol=1 / 65535)
    assert got.calibration.transfer == "srgb"


def test_its_picture_is_scored_by_tmqi(tmp_path: Path) -> None:
    values = {}
    for operator in ("reinhard02", "normalize"):
        out = tmp_path / f"{operator}.png"
        assert main(["tonemap", COURTYARD, str(out), "--operator", operator, "--quiet"]) == 0
        values[operator] = score(out, "tmqi", reference=COURTYARD).value
    assert values["reinhard02"] > values["normalize"]


def test_list(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert main(["tonemap", "--list"]) == 0
    printed = capsys.readouterr().out
    for info in list_operators():
        assert info.name in printed
        assert info.citation in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--operator", "reinhard20"], "reinhard02"),
        (["--set", "key"], "KEY=VALUE"),
        (["--set", "key=bright"], "number"),
        (["--set", "colour=3"], "no parameter"),
        (["--set", "key=-3"], "key"),
        (["--color", "loud"], "per-channel"),
        (["--transfer", "vhs"], "srgb"),
    ],
)
def test_bad_arguments(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.png"
    assert main(["tonemap", COURTYARD, str(out), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_missing_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tonemap", COURTYARD]) == 2
    assert "file to write" in capsys.readouterr().err


def test_an_sdr_picture_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sdr.png"
    assert main(["tonemap", COURTYARD, str(out), "--quiet"]) == 0
    assert main(["tonemap", str(out), str(tmp_path / "again.png")]) == 2
    assert "SDR" in capsys.readouterr().err
