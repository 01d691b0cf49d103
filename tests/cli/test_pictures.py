"""Pictures made of folders by several operators: names, what is refused, what is kept."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

import hdrmetrics as hm
from hdrmetrics.cli import making
from hdrmetrics.cli.tables import cell_width
from hdrmetrics.expand import list_expansions
from hdrmetrics.tonemap import list_operators, tonemap
from tests.cli.conftest import scene


@pytest.fixture
def scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder ``scenes`` with a.exr, b.exr and sub/c.exr, as working folder's child."""
    monkeypatch.chdir(tmp_path)
    for index, name in enumerate(("a", "b", "sub/c")):
        path = tmp_path / "scenes" / f"{name}.exr"
        path.parent.mkdir(parents=True, exist_ok=True)
        hm.write_image(path, scene(index), depth="float")
    return tmp_path


def names(folder: str = "out") -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in Path(folder).rglob("*") if p.is_file())


def codes(path: str) -> Any:
    return hm.read_image(path).pixels


def test_a_folder_becomes_a_folder(run: Any, scenes: Path) -> None:
    result = run("tonemap", "scenes", "-o", "out")
    assert (result.code, result.err) == (0, "")
    assert names() == ["a.png", "b.png"]
    assert "2 of 2" in result.out
    assert run("tonemap", "scenes/", "last/").code == 0  # the last word is the output
    assert names("last") == names()
    for name in names():
        assert Path("last", name).read_bytes() == Path("out", name).read_bytes()


def test_sub_folders_are_kept(run: Any, scenes: Path) -> None:
    assert run("tonemap", "scenes", "-o", "out", "--recursive").code == 0
    assert names() == ["a.png", "b.png", "sub/c.png"]


def test_an_output_folder_inside_is_not_read_again(run: Any, scenes: Path) -> None:
    words = ["tonemap", "scenes", "-o", "scenes/out", "--recursive"]
    assert run(*words).code == 0
    again = run(*words, "--overwrite")
    assert (again.code, again.err) == (0, "")
    assert names("scenes/out") == ["a.png", "b.png", "sub/c.png"]


def test_what_is_no_picture_by_its_ending_is_counted(run: Any, scenes: Path) -> None:
    Path("scenes/notes.txt").touch()
    assert "1 .txt" in run("tonemap", "scenes", "-o", "out").err
    assert run("tonemap", "scenes", "-o", "two", "--quiet").err == ""


@pytest.mark.parametrize(
    ("target", "message"),
    [("scenes/a.exr", "is a picture"), ("scenes", "is a folder"), ("none/x.json", "no folder")],
)
def test_the_json_document_destroys_nothing(
    run: Any, scenes: Path, target: str, message: str
) -> None:
    before = Path("scenes/a.exr").read_bytes()
    result = run("tonemap", "scenes", "-o", "out", f"--json={target}")
    assert result.code == 2
    assert message in result.err
    assert Path("scenes/a.exr").read_bytes() == before
    assert not Path("out").exists()


def test_patterns_and_several_files(run: Any, scenes: Path) -> None:
    assert run("tonemap", "scenes/*.exr", "-o", "out").code == 0
    assert run("tonemap", "scenes/a.exr", "scenes/sub/c.exr", "-o", "two").code == 0
    assert names() == ["a.png", "b.png"]
    assert names("two") == ["a.png", "c.png"]


def test_each_operator_and_value_has_a_picture_that_is_the_functions(
    run: Any, scenes: Path
) -> None:
    result = run("tonemap", "scenes", "-o", "out", "--operator", "reinhard02,drago03",
                 "--operator", "durand02", "--set", "key=0.09,0.36", "--scale", "20",
                 "--depth", "16", "--json", "made.json")  # fmt: skip
    assert result.code == 0
    stems = ("drago03", "durand02", "reinhard02.key=0.09", "reinhard02.key=0.36")
    assert names() == sorted(f"{n}.{stem}.png" for n in "ab" for stem in stems)
    assert "key=0.09,0.36 does not concern drago03, durand02" in result.out
    light = hm.read_image("scenes/a.exr", scale=20).tensor()
    for name, settings in (("reinhard02", {"key": 0.36}), ("drago03", {})):
        label = name + "".join(f".{k}={v}" for k, v in settings.items())
        want = tonemap(light, name, **settings)[0].movedim(0, 2).numpy()
        np.testing.assert_allclose(codes(f"out/a.{label}.png"), want, atol=1 / 65535)
    record = json.loads(Path("made.json").read_text())
    assert (record["command"], record["planned"], record["interrupted"]) == ("tonemap", 8, False)
    row = next(r for r in record["rows"] if r["output"].endswith("b.reinhard02.key=0.09.png"))
    assert (row["input"], row["status"]) == (str(Path("scenes/b.exr")), "written")
    assert row["set"] == {"key": 0.09}
    assert row["parameters"]["key"] == 0.09
    assert (row["transfer"], row["depth"], row["size"]) == ("srgb", 16, [64, 48])
    assert row["calibration"]["factor"] == 20
    assert [r["output"] for r in record["rows"]] == [
        str(Path("out", f"{n}.{stem}.png")) for n in "ab"
        for stem in (stems[2], stems[3], stems[0], stems[1])
    ]  # fmt: skip


def test_one_file_and_several_operators_go_beside_the_name(run: Any, scenes: Path) -> None:
    assert run("tonemap", "scenes/a.exr", "x.png", "--operator", "gamma,drago03").code == 0
    assert sorted(p.name for p in scenes.glob("*.png")) == ["x.drago03.png", "x.gamma.png"]


def test_all_operators(run: Any, scenes: Path) -> None:
    result = run("tonemap", "scenes/a.exr", "-o", "out", "--operator", "all")
    assert result.code == 0
    assert names() == sorted(f"a.{info.name}.png" for info in list_operators())


def test_workers_change_nothing(run: Any, scenes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["--operator", "reinhard02,durand02", "--recursive"]
    before = torch.get_num_threads()
    assert run("tonemap", "scenes", "-o", "one", "--jobs", "1", *words).code == 0
    assert run("tonemap", "scenes", "-o", "three", "--jobs", "3", *words).code == 0
    assert torch.get_num_threads() == before
    for name in names("one"):
        assert Path("one", name).read_bytes() == Path("three", name).read_bytes()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_bad_file_is_a_row(run: Any, scenes: Path, jobs: str) -> None:
    Path("scenes/torn.exr").write_bytes(Path("scenes/a.exr").read_bytes()[:400])
    run("tonemap", "scenes/a.exr", "scenes/sdr.png")
    result = run("tonemap", "scenes", "-o", "out", "--operator", "gamma,drago03", "--json",
                 "made.json", "--jobs", jobs)  # fmt: skip
    assert result.code == 2
    assert result.err.count("torn.exr") == 1  # once, although two pictures are missing
    assert "SDR picture already" in result.err
    assert names() == ["a.drago03.png", "a.gamma.png", "b.drago03.png", "b.gamma.png"]
    assert result.out.count("failed") == 4
    assert "4 of 8" in result.out
    rows = json.loads(Path("made.json").read_text())["rows"]
    failed = [row for row in rows if row["status"] == "failed"]
    assert [Path(row["input"]).name for row in failed] == ["sdr.png"] * 2 + ["torn.exr"] * 2
    assert all(row["error"] for row in failed)


def test_nothing_is_replaced_unasked(run: Any, scenes: Path) -> None:
    Path("out").mkdir()
    Path("out/b.png").write_bytes(b"precious")
    refused = run("tonemap", "scenes", "-o", "out")
    assert refused.code == 2
    assert "--overwrite replaces it, --skip-existing leaves it as it is" in refused.err
    assert names() == ["b.png"]  # before the first pixel: a.png is not there
    skipped = run("tonemap", "scenes", "-o", "out", "--skip-existing")
    assert skipped.code == 0
    assert "1 of 2; 1 there already" in skipped.out
    assert Path("out/b.png").read_bytes() == b"precious"
    replaced = run("tonemap", "scenes", "-o", "out", "--overwrite")
    assert replaced.code == 0
    assert Path("out/b.png").read_bytes() != b"precious"
    assert run("tonemap", "scenes/a.exr", "out/a.png").code == 2
    both = run("tonemap", "scenes", "-o", "out", "--overwrite", "--skip-existing")
    assert both.code == 2


@pytest.mark.parametrize("twin", ["a.hdr", "A.exr"])
def test_two_inputs_of_one_name_are_refused(run: Any, scenes: Path, twin: str) -> None:
    if Path("scenes", twin).exists():
        pytest.skip("upper and lower case are the same here")
    hm.write_image(Path("scenes", twin), scene())
    result = run("tonemap", "scenes", "-o", "out")
    assert result.code == 2
    assert "a.exr" in result.err
    assert twin in result.err
    assert not Path("out").exists()


@pytest.mark.parametrize("more", [[], ["--overwrite"], ["--skip-existing"]])
def test_what_is_read_is_never_written(run: Any, scenes: Path, more: list[str]) -> None:
    hm.write_image("scenes/pq.png", hm.read_image("scenes/a.exr", peak=5000), transfer="pq")
    before = Path("scenes/pq.png").read_bytes()
    os.symlink("scenes", "link")
    for words in (
        ["scenes/pq.png", "scenes/pq.png"],
        ["scenes/pq.png", "link/pq.png"],
        ["scenes", "-o", "link"],
    ):
        result = run("tonemap", *words, *more)
        assert result.code == 2
        assert "is read as well" in result.err
    assert Path("scenes/pq.png").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["scenes", "-o", "x.png"], "name one"),
        (["scenes/*.exr", "x.png"], "name one"),
        (["scenes/a.exr", "x.jpg"], "written as .png"),
        (["scenes/a.exr", "x.tif"], "written as .png"),
        (["scenes", "-o", "x.jpg"], "written as .png"),
        (["scenes/a.exr", "scenes/b.exr"], "written as .png"),
        (["scenes/a.exr", "x.pgn"], "written as .png"),
        (["scenes/a.exr"], "-o OUTPUT"),
        (["-o", "x.png"], "file to write"),
        (["none/", "-o", "out"], "none"),
        (["scenes/*.tif", "-o", "out"], "no file matches"),
        (["scenes/a.exr", "-o", "scenes/b.exr/x.png"], "cannot make the folder"),
        (["scenes", "-o", "out", "--operator", "gamma,reinhard20"], "did you mean reinhard02"),
        (["scenes", "-o", "out", "--operator", "gamma,durand02", "--color", "per-channel"],
         "durand02 is not one curve"),
        (["scenes", "-o", "out", "--saturation", "0.5"], "--color schlick"),
        (["scenes", "-o", "out", "--color", "schlick", "--saturation", "3"], "0 and 2"),
        (["scenes", "-o", "out", "--set", "key=50"], "between 0.001 and 10"),
        (["--list", "scenes"], "no files"),
    ],
)  # fmt: skip
def test_refused_before_the_first_pixel(
    run: Any, scenes: Path, words: list[str], message: str
) -> None:
    result = run("tonemap", *words)
    assert result.code == 2
    assert message in result.err
    assert result.err.count("\n") == 1
    assert not list(scenes.rglob("*.png"))


@pytest.mark.parametrize(
    ("transfer", "kind", "power"), [("srgb", "srgb", None), ("gamma2.2", "gog", 2.2),
                                    ("linear", None, 1.0)],
)  # fmt: skip
def test_files_say_how_they_are_encoded(
    run: Any, scenes: Path, transfer: str, kind: str | None, power: float | None
) -> None:
    assert run("tonemap", "scenes/a.exr", "x.png", "--transfer", transfer).code == 0
    found = hm.read_image("x.png")
    assert found.calibration.transfer == kind
    assert found.origin.depth == ("uint16" if transfer == "linear" else "uint8")
    with PillowImage.open("x.png") as other:  # a reader that does not know cICP
        assert ("srgb" in other.info) == (transfer == "srgb")
        if power is not None:
            assert other.info["gamma"] == pytest.approx(1 / power, abs=1e-5)
    if power is not None:
        run("tonemap", "scenes/a.exr", "y.png", "--transfer", "linear")
        np.testing.assert_allclose(found.pixels**power, codes("y.png"), atol=5e-3)
        assert found.pixels.max() > 0.5


def test_operators_of_code_values_say_srgb(run: Any, scenes: Path) -> None:
    result = run("tonemap", "scenes/a.exr", "x.png", "--operator", "gamma", "--transfer", "linear")
    assert result.code == 0
    assert "written as sRGB, not linear" in result.out
    assert hm.read_image("x.png").calibration.transfer == "srgb"


def test_a_scale_is_for_linear_files_only(run: Any, scenes: Path) -> None:
    hm.write_image("scenes/pq.png", hm.read_image("scenes/a.exr", scale=10), transfer="pq")
    result = run("tonemap", "scenes", "-o", "out", "--scale", "10", "--depth", "16")
    assert result.code == 0
    assert "--scale does not concern it: its PQ values stand for cd/m²" in result.err
    np.testing.assert_allclose(codes("out/pq.png"), codes("out/a.png"), atol=2e-3)
    other = run("tonemap", "scenes/pq.png", "x.png", "--display", "pq-1000", "--depth", "16")
    assert other.code == 0
    assert np.abs(codes("x.png") - codes("out/pq.png")).max() > 0.01


@pytest.mark.parametrize("command", ["tonemap", "expand"])
def test_lists_show_what_a_parameter_may_be(run: Any, command: str) -> None:
    text = run(command, "--list").out
    infos = list_operators() if command == "tonemap" else list_expansions()
    for info in infos:
        assert info.name in text
        for parameter in info.parameters:
            assert f"  {parameter.name}=" in text
    records = json.loads(run(command, "--list", "--json").out)
    assert [record["name"] for record in records] == [info.name for info in infos]
    for record, info in zip(records, infos, strict=True):
        assert record["citation"] == info.citation
        for parameter in info.parameters:
            assert parameter.to_dict() in json.loads(json.dumps(record["parameters"]))
    one = run(command, "--list", "--operator", infos[0].name).out
    assert infos[0].citation.split(",")[0] in one
    assert infos[1].name not in one


@pytest.mark.parametrize("width", [80, 100])
def test_lists_and_tables_fit_the_terminal(
    run: Any, scenes: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for words in (["tonemap", "--list"], ["expand", "--list"],
                  ["tonemap", "scenes", "-o", "out", "--operator", "reinhard02,drago03",
                   "--set", "key=0.09,0.18", "--set", "white=100000,200000"]):  # fmt: skip
        assert max(cell_width(line) for line in run(*words).out.splitlines()) <= width


def test_range_of_a_parameter_in_words(run: Any) -> None:
    text = run("tonemap", "--list", "--operator", "drago03").out
    assert "bias=0.85  0.5 … 0.99; " in text
    assert "gamma or srgb or linear" in run("expand", "--list").out


def test_expand_makes_folders_too(run: Any, scenes: Path) -> None:
    run("tonemap", "scenes", "-o", "sdr")
    result = run("expand", "sdr", "-o", "out", "--operator", "akyuz07,landis02", "--set",
                 "exponent=1,1.5", "--peak", "500", "--json", "made.json")  # fmt: skip
    assert result.code == 0
    assert "for a display of 500 cd/m²" in result.out
    assert names() == sorted(
        f"{n}.{label}.exr" for n in "ab"
        for label in ("akyuz07.exponent=1", "akyuz07.exponent=1.5", "landis02")
    )  # fmt: skip
    rows = json.loads(Path("made.json").read_text())["rows"]
    assert {row["parameters"]["peak"] for row in rows} == {500.0}
    for row in rows:
        found = hm.read_image(row["output"])
        assert found.calibration.kind == "absolute"
        assert float(found.pixels.max()) == pytest.approx(row["range"][1], rel=1e-3)
    again = run("expand", "sdr", "-o", "out", "--operator", "akyuz07,landis02")
    assert again.code == 2
    assert "--overwrite" in again.err


def test_depth_and_format_of_expanded_pictures(run: Any, scenes: Path) -> None:
    run("tonemap", "scenes", "-o", "sdr")
    too_bright = run("expand", "sdr/a.png", "x.exr", "--peak", "200000")
    assert too_bright.code == 2
    assert "65504" in too_bright.err
    assert run("expand", "sdr/a.png", "x.exr", "--peak", "200000", "--depth", "float").code == 0
    assert run("expand", "sdr", "-o", "out", "--format", "hdr").code == 0
    assert names() == ["a.hdr", "b.hdr"]
    refused = run("expand", "sdr", "-o", "other", "--format", "hdr", "--depth", "float")
    assert refused.code == 2
    assert "is for EXR files" in refused.err
    assert not Path("other").exists()


def test_ctrl_c_keeps_what_is_finished(
    run: Any, scenes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = making.Maker.make

    def interrupted(self: Any, job: Any, keep: Any, stop: Any, room: Any) -> None:
        if job.source.name == "b.exr":
            raise KeyboardInterrupt
        make(self, job, keep, stop, room)

    monkeypatch.setattr(making.Maker, "make", interrupted)
    result = run("tonemap", "scenes", "-o", "out", "--json", "made.json", "--jobs", "1")
    assert result.code == 130
    assert "interrupted: 1 of 2 pictures were written" in result.err
    assert names() == ["a.png"]
    record = json.loads(Path("made.json").read_text())
    assert record["interrupted"]
    assert [row["output"] for row in record["rows"]] == [str(Path("out/a.png"))]
    monkeypatch.setattr(making.Maker, "make", make)
    assert run("tonemap", "scenes", "-o", "out", "--skip-existing").code == 0
    assert names() == ["a.png", "b.png"]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_signal_leaves_whole_pictures_only(scenes: Path) -> None:
    for index in range(40):
        shutil.copy("scenes/a.exr", f"scenes/more{index:02d}.exr")
    command = [sys.executable, "-m", "hdrmetrics", "tonemap", "scenes", "-o", "out", "--operator",
               "all", "--jobs", "2"]  # fmt: skip
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        # Tests that run in the background ignore Ctrl-C, and so would what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    while not (Path("out").exists() and len(names()) > 5):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    written = list(Path("out").iterdir())
    planned = 42 * len(list_operators())
    assert f"interrupted: {len(written)} of {planned} pictures" in err.decode()
    for path in written:
        assert hm.read_image(path).pixels.shape == (48, 64, 3)


def test_merge_takes_a_folder_and_replaces_nothing(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bracket").mkdir()
    light = scene()
    for index in range(4):
        code = np.round(255 * np.clip(light / 2.0 ** (2 * index), 0, 1) ** (1 / 2.2))
        hm.write_image(f"bracket/{index}.png", code.astype(np.uint8))
    times = ["--times", "1,1/4,1/16,1/64"]
    assert run("merge", "bracket", "-o", "x.exr", *times, "--json", "x.json").code == 0
    assert run("merge", "bracket/*.png", "-o", "y.exr", *times, "--depth", "float").code == 0
    np.testing.assert_allclose(codes("x.exr"), codes("y.exr"), rtol=1e-3)
    record = json.loads(Path("x.json").read_text())
    assert [row["exposure"] for row in record["inputs"]] == [1, 1 / 4, 1 / 16, 1 / 64]
    assert 0 <= record["saturated"] < 1
    for words, message in (
        (["bracket", "-o", "x.exr", *times], "--overwrite"),
        (["bracket", "-o", "bracket/0.png", *times], "cannot write"),
        (["bracket", "-o", "x.hdr", *times, "--depth", "float"], "EXR"),
        (["bracket", "-o", "x.jpg", *times], ".exr or .hdr or .pfm"),
    ):
        result = run("merge", *words)
        assert result.code == 2
        assert message in result.err
    assert run("merge", "bracket", "-o", "x.exr", *times, "--overwrite").code == 0


def test_the_demo_replaces_nothing(run: Any, tmp_path: Path) -> None:
    (tmp_path / "courtyard.exr").write_bytes(b"precious")
    result = run("demo", "--out", tmp_path)
    assert result.code == 2
    assert "--overwrite" in result.err
    assert [p.name for p in tmp_path.iterdir()] == ["courtyard.exr"]


def test_pictures_do_not_go_to_stdout(run: Any, scenes: Path) -> None:
    result = run("tonemap", "scenes", "-")
    assert result.code == 2
    assert "stdout" in result.err
    assert not Path("-").exists()
