"""The commands ``metrics`` and ``displays``: everything that can be chosen, once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import hdrmetrics as hm


def test_every_metric_has_a_line(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    lines = run("metrics").out.splitlines()
    assert lines[0].split() == [
        "metric", "better", "range", "unit", "domain", "ref.", "grad.", "map", "citation",
    ]  # fmt: skip
    infos = hm.list_metrics()
    assert [line.split()[0] for line in lines[1:]] == [info.name for info in infos]
    for line, info in zip(lines[1:], infos, strict=True):
        assert line.endswith(info.citation)
        assert info.domain in line.split()
        assert ("↑" in line) == info.higher_is_better


@pytest.mark.parametrize(
    ("words", "keep"),
    [
        (["--no-reference"], lambda i: not i.reference),
        (["--reference", "--domain", "sdr"], lambda i: i.reference and i.domain == "sdr"),
        (["--no-differentiable"], lambda i: not i.differentiable),
        (["--differentiable", "--map"], lambda i: i.differentiable and i.has_map),
    ],
)
def test_filters(run, words: list[str], keep) -> None:
    names = [line.split()[0] for line in run("metrics", *words).out.splitlines()[1:]]
    assert names == [info.name for info in hm.list_metrics() if keep(info)]
    assert names


def test_metrics_as_json(run) -> None:
    records = json.loads(run("metrics", "--json").out)
    assert [record["name"] for record in records] == [info.name for info in hm.list_metrics()]
    by_name = {record["name"]: record for record in records}
    assert by_name["pu21-psnr"]["range"] == [None, None]
    assert by_name["pu21-psnr"]["options"]["encoder"]["default"] == "banding_glare"
    mu = by_name["mu-psnr"]["options"]["mu"]
    assert (mu["kind"], mu["default"], mu["bounds"]) == ("real", 5000.0, [1e-6, 1e9])


def test_one_metric_in_full(run) -> None:
    result = run("metrics", "pu21-ssim")
    info = hm.metric_info("pu21-ssim")
    for text in (info.title, info.citation, "-1 … 1, higher is better"):
        assert text in result.out
    assert "lower where enhancement is worth more" in run("metrics", "enhancement-harm").out
    for name in hm.metric_options("pu21-ssim"):
        assert f"\n{name} " in result.out
    assert "banding_glare" in result.out


def test_what_the_general_predictor_takes(run) -> None:
    lines = run("metrics", "norvdpnet").out.splitlines()
    (domain,) = [line for line in lines if line.startswith("domain ")]
    assert "PQ and HLG through a display model" in domain
    assert domain.endswith("SDR: values as they are")
    assert lines[0].endswith(hm.create_metric("norvdpnet").info.title)


def test_an_unknown_metric_suggests_a_near_one(run) -> None:
    result = run("metrics", "pu21-psn")
    assert result.code == 2
    assert "did you mean pu21-psnr" in result.err


@pytest.mark.parametrize("width", [80, 100])
def test_lists_fit_the_terminal(run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for words in (["metrics"], ["displays"], ["metrics", "pu21-ssim", "mpsnr", "hdrvdp2"]):
        longest = max(len(line) for line in run(*words).out.splitlines())
        assert longest <= width, (words, longest)


def test_displays(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    lines = run("displays").out.split("\n\n")[0].splitlines()[1:]
    displays = hm.list_displays()
    assert len(lines) == len(displays)
    for line, display in zip(lines, displays, strict=True):
        cells = line.split()
        assert cells[:3] == [display.name, display.eotf, display.primaries]
        assert float(cells[3]) == display.peak
        assert float(cells[4]) == pytest.approx(display.black, rel=5e-3)
        assert float(cells[5]) == pytest.approx(display.ppd, abs=0.05)
        assert line.endswith(display.title)


def test_displays_of_a_file_as_json(run, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps([{"name": "mine", "peak": 321, "contrast": 100}]))
    records = json.loads(run("displays", "--display-file", path, "--json").out)
    assert [(r["name"], r["peak"], r["black"]) for r in records] == [("mine", 321, 3.21)]
