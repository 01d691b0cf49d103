"""expand --optimize: settings found and told, pages, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hdrmetrics import create_metric, read_image, write_image
from hdrmetrics.expand import expand
from tests.cli.conftest import scene
from tests.report.reading import read_page

Run = Callable[..., Any]
QUICK = ("--optimize", "norvdpnet-itmo", "--operator", "akyuz07", "--budget", "5")


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "in").mkdir()
    for index, name in enumerate("ab"):
        light = np.kron(scene(index), np.ones((2, 2, 1), np.float32))  # 96×128
        codes = np.clip(light / np.quantile(light, 0.9), 0, 1) ** (1 / 2.2)
        write_image(tmp_path / "in" / f"{name}.png", np.rint(255 * codes).astype(np.uint8))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_settings_told_make_the_picture_written(pictures: Path, run: Run) -> None:
    words = ("expand", "in/a.png", "a.exr", *QUICK, "--peak", "600", "--depth", "float")
    found = run(*words, "--json", "a.json")
    assert found.code == 0, found.err
    assert "expanded by akyuz07" in found.out
    assert "judge: norvdpnet" in found.out
    row = json.loads(Path("a.json").read_text())["rows"][0]
    record = row["optimization"]
    assert row["parameters"].items() >= record["settings"].items()
    codes = read_image("in/a.png").tensor()
    want = expand(codes, "akyuz07", peak=600, **record["settings"])[0].movedim(0, 2).numpy()
    np.testing.assert_allclose(read_image("a.exr").pixels, want, rtol=1e-4, atol=1e-4)


def test_a_folder_with_a_page(pictures: Path, run: Run) -> None:
    (pictures / "in" / "broken.png").write_bytes(b"no picture")
    words = (*QUICK, "--judge", "none", "--report", "page.html")
    found = run("expand", "in", "-o", "out", *words)
    assert found.code == 2  # the broken one
    assert sorted(p.name for p in Path("out").iterdir()) == ["a.exr", "b.exr"]
    data = read_page(Path("page.html").read_text(encoding="utf-8"))
    assert len(data["rows"]) == 3
    for row in data["rows"]:
        if row["cells"]["status"] != "failed":
            assert [one["label"] for one in row["pictures"]] == ["default", "tuned"]


def test_options_reach_the_metrics(pictures: Path, run: Run) -> None:
    words = ("--option", "norvdpnet-itmo.precision=bfloat16", "--judge", "none")
    found = run("expand", "in/a.png", "a.exr", *QUICK, *words, "--json", "a.json")
    assert found.code == 0, found.err
    assert "options: norvdpnet-itmo.precision=bfloat16" in found.out
    record = json.loads(Path("a.json").read_text())["rows"][0]["optimization"]
    assert record["options"] == {"norvdpnet-itmo": {"precision": "bfloat16"}}
    codes = read_image("in/a.png").tensor()
    light = expand(codes, "akyuz07", **record["default"])
    metric = create_metric("norvdpnet-itmo", precision="bfloat16")
    assert record["before"]["norvdpnet-itmo"] == pytest.approx(float(metric(light)), abs=1e-3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--option", "norvdpnet-itmo.precision=float32"], "--option goes with --optimize"),
        ([*QUICK[:2], "--option", "norvdpnet-itmo.precision=1"], "one of float32, bfloat16"),
        (["--optimize", "pu21-psnr"], "optimize_expansion in Python"),
        (["--optimize", "norvdpnet-itmo", "--judge", "pu21-psnr"], "optimize_expansion in Python"),
        (["--optimize", "tmqi"], "judges tonemapped pictures"),
        (["--budget", "9"], "--budget goes with --optimize"),
        (["--optimize", "norvdpnet-itmo", "--operator", "best"], "for tonemap"),
        (["--optimize", "norvdpnet-itmo", "--judge", "norvdpnet-itmo"], "cannot be the judge"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(
    pictures: Path, run: Run, words: list[str], message: str
) -> None:
    found = run("expand", "in/a.png", "a.exr", *words)
    assert found.code == 2
    assert message in found.err
    assert "Traceback" not in found.err
    assert not Path("a.exr").exists()
