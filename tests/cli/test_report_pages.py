"""``--report`` of score, compare and evaluate: the page that shows what was scored."""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from hdrmetrics.report import scored
from hdrmetrics.report.thumbnails import thumbnail
from tests.cli.conftest import Result
from tests.report.reading import read_page

pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
Run = Callable[..., Result]


def rows(page: str = "page.html") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_page(Path(page).read_text(encoding="utf-8"))["rows"]
    return found


def test_the_worst_comes_first_with_its_reference(run: Run, folders: Path) -> None:
    Path("test/c.exr").write_bytes(b"no picture")
    found = run("compare", "test", "-r", "ref", "-m", "pu21-psnr", "--report", "page.html")
    assert found.code == 2
    assert "page       page.html" in found.out
    page = read_page(Path("page.html").read_text(encoding="utf-8"))
    assert (page["sort"], page["descending"]) == ("pu21-psnr", False)
    first, second, bad = page["rows"]
    assert [one["label"] for one in first["pictures"]] == ["reference", "test"]
    assert first["cells"]["pu21-psnr"] > second["cells"]["pu21-psnr"]
    assert bad["cells"]["marks"] == [("failed", "", "bad")]
    assert bad["pictures"] == []
    assert "c.exr" in bad["notes"][0]
    assert sorted(path.name for path in Path().iterdir()) == ["page.html", "ref", "test"]


def test_methods_are_told_apart(run: Run, folders: Path) -> None:
    Path("test").rename("one")
    Path("other").mkdir()
    for name in "abc":
        Path(f"other/{name}.exr").write_bytes(Path(f"ref/{name}.exr").read_bytes())
    run("compare", "one", "other", "-r", "ref", "-m", "pu21-psnr", "--report", "page.html")
    found = [(row["name"], row["cells"]["method"], row["cells"]["pu21-psnr"]) for row in rows()]
    assert [one[:2] for one in found] == [(n, m) for m in ("one", "other") for n in "abc"]
    assert [one[2] for one in found[3:]] == ["inf"] * 3  # identical to the reference


def test_pictures_of_many_lie_beside_the_page(
    run: Run, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scored, "EMBEDDED_UP_TO", 2)
    run("score", "test", "-r", "ref/a.exr", "-m", "pu21-psnr", "--report", "page.html")
    sources = {one["src"] for row in rows() for one in row["pictures"]}
    assert len(sources) == 4  # the reference of all once
    assert all(Path(source).exists() for source in sources)


def test_the_gate(run: Run, folders: Path) -> None:
    gate = ("evaluate", "test", "-r", "ref", "-m", "pu21-psnr", "--report", "page.html")
    run(*gate, "--baseline", "base.json", "--update-baseline")
    assert [row["cells"]["status"] for row in rows()] == ["pass"] * 3
    Path("test/b.exr").write_bytes(Path("test/c.exr").read_bytes())
    Path("test/c.exr").unlink()
    found = run(*gate, "--baseline", "base.json")
    assert found.code == 2
    by = {row["name"]: row for row in rows()}
    assert {name: row["cells"]["status"] for name, row in by.items()} == {
        "a.exr": "pass", "b.exr": "fail", "c.exr": "error"
    }  # fmt: skip
    assert by["b.exr"]["cells"]["pu21-psnr change"] < 0
    assert by["b.exr"]["cells"]["pu21-psnr was"] > by["b.exr"]["cells"]["pu21-psnr"]
    assert by["b.exr"]["notes"][0].startswith("pu21-psnr: ")
    assert by["c.exr"]["pictures"] == []
    assert len(by["c.exr"]["notes"]) == 1


def test_a_gate_that_could_not_be_judged_leaves_no_older_page(run: Run, folders: Path) -> None:
    Path("page.html").write_text("passed")
    words = ("evaluate", "nowhere", "-m", "pu21-piqe", "--fail-below", "pu21-piqe=1")
    assert run(*words, "--report", "page.html").code == 2
    text = Path("page.html").read_text(encoding="utf-8")
    assert "Quality gate not judged" in text
    assert rows() == []
    Path("page.html").write_text("passed")
    assert run("evaluate", "--report", "page.html", "--no-such-option").code == 2
    assert "Quality gate not judged" in Path("page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [("score", "test"), ("compare", "test", "-r", "ref"),
                                     ("evaluate", "test", "-r", "ref")])  # fmt: skip
def test_what_is_no_page_is_refused_before_the_work(
    run: Run, folders: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(*command, "--report", "page.txt")
    assert found.code == 2
    assert "--report is a page, as page.html; not 'page.txt'" in found.err
    assert not Path("page.txt").exists()
    from hdrmetrics.report import rendering

    rendering._template.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert "hdrmetrics[report]" in run(*command, "--report", "page.html").err
    rendering._template.cache_clear()


def colour(data: bytes) -> list[int]:
    with Pillow.open(io.BytesIO(data)) as opened:
        return [int(one) for one in np.asarray(opened.convert("RGB")).reshape(-1, 3).mean(0)]


def test_codes_are_shown_as_they_are_and_light_is_tone_mapped(run: Run, folders: Path) -> None:
    Pillow.new("RGB", (64, 48), (200, 100, 50)).save("a.png")
    assert np.allclose(colour(thumbnail("a.png")), [200, 100, 50], atol=3)
    run("score", "test/a.exr", "-m", "pu21-piqe", "--report", "page.html")
    (row,) = rows()
    head, _, data = row["pictures"][0]["src"].partition(",")
    assert head == "data:image/jpeg;base64"
    assert 20 < np.mean(colour(base64.b64decode(data))) < 235


def test_pictures_of_a_page_are_none_of_the_collection(
    run: Run, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("rankings", "scored"):
        monkeypatch.setattr(f"hdrmetrics.report.{module}.EMBEDDED_UP_TO", 1)
    words = ("rank", "test", "--by", "pu21-piqe", "--no-bursts", "--csv", "-")
    alone = run(*words).out
    assert alone.count("\n") > 3
    assert run(*words, "--report", "test/page.html").out == alone
    assert len(list(Path("test/page_files").glob("*.jpg"))) > 1
    assert run(*words).out == alone  # whatever the page is called, or without one
    assert run(*words, "--report", "test/other.html").out == alone
    whole = run("score", "test", "-m", "pu21-piqe", "--recursive", "--csv", "-").out
    assert "page_files" not in whole
    named = run("rank", "test/page_files", "--by", "piqe", "--csv", "-")  # who asks for them
    assert "page_files" in named.out
