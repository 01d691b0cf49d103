"""The script that compares readers: what it finds, what it says, and how it goes on."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hdrmetrics import write_image

tifffile = pytest.importorskip("tifffile", reason="tifffile, one of the other readers, is absent")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the script is for Linux only")
FOLDER = Path(__file__).parents[2] / "results" / "readers"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import compare

    return compare


def test_verdicts(script) -> None:
    from verdict import compare

    rng = np.random.default_rng(0)
    ours = rng.random((6, 9, 3))
    for theirs, word in (
        (ours, "equal"),
        (np.dstack([ours, ours[..., :1]]), "equal"),
        (ours + 0.005, "close"),
        (ours[:, ::-1], "turned"),
        (np.rot90(ours), "turned"),
        (3 * ours, "scaled"),
        (1 - ours, "curve"),
        (ours @ np.array([[2, 0.3, 0.1], [0.1, 1, 0.2], [0, 0.4, 3]]), "matrix"),
        (ours[:5], "size"),
        (rng.random((6, 9, 3)), "different"),
    ):
        assert compare(ours, theirs).word == word


def test_a_folder(script, tmp_path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    codes = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    tifffile.imwrite(folder / "a.tif", codes, photometric="rgb")
    Image.fromarray(codes).save(folder / "b.bmp")
    Image.fromarray(codes).convert("CMYK").save(folder / "c.tif")
    write_image(folder / "d.pfm", codes.astype(np.float32))
    (folder / "e.txt").write_text("no picture")
    out = tmp_path / "run.jsonl"
    rows = script.run(folder, out, ["tifffile", "Pillow"], jobs=1)
    found = {row["file"]: row for row in rows}
    assert found["a.tif"]["readers"]["tifffile"]["outcome"] == "equal"
    assert found["b.bmp"]["readers"]["Pillow"]["outcome"] == "equal"
    assert found["c.tif"]["ours"]["outcome"] == "refused"
    odd = {row["file"]: script.worth_a_look(row) for row in rows}
    assert [name for name, words in odd.items() if words] == ["c.tif", "d.pfm"]
    assert odd["d.pfm"] == ["read by nobody else"]
    assert "| tiff | 1 | 0 |" in script.report(rows, "title")
    before = out.read_text()
    out.write_text(before[:-20])  # a run that was stopped in the middle of a line
    again = script.run(folder, out, ["tifffile", "Pillow"], jobs=1)
    assert sorted(row["file"] for row in again) == sorted(found)
    assert sorted(out.read_text().splitlines()) == sorted(before.splitlines())


def test_the_colours_of_other_readers_are_found_in_layers(script) -> None:
    from peers import _colours

    assert _colours(["R", "G", "B", "diffuse.R", "diffuse.G", "diffuse.B"]) == [0, 1, 2]
    blender = ["V.Combined.B", "V.Combined.G", "V.Combined.R", "V.Depth.Z", "V.Diff.R", "V.Diff.G",
               "V.Diff.B"]  # fmt: skip
    assert _colours(blender) == [2, 1, 0]
    assert _colours(["N.X", "N.Y", "N.Z"]) == []
    assert _colours(["a.Y", "b.Y"]) == []


def test_names_that_are_no_text_are_shown(script) -> None:
    row = {
        "file": "a\udcff\n.hdr",
        "ours": {"outcome": "crash", "why": "exit code -6"},
        "readers": {},
    }
    text = script.report([row], "title")
    assert "`a\\udcff\\n.hdr`: hdrmetrics: crash" in text
    text.encode()
