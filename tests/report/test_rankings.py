"""The page of a ranked collection, from made-up rankings."""

from __future__ import annotations

import dataclasses
import io
import math
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

import hdrmetrics as hm
from hdrmetrics.collection.bursts.look import Look
from hdrmetrics.collection.ranking import Place, Ranking
from hdrmetrics.collection.record import Record
from hdrmetrics.jobs.folders import MADE
from hdrmetrics.report import rankings
from hdrmetrics.report.rankings import ranking_page
from hdrmetrics.report.rendering import render, write_page
from hdrmetrics.result import Score
from tests.report.browser import ask, needs_browser
from tests.report.reading import read_page

pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
EVIL = "<img src=x onerror=alert(1)>\n\u202e'\".jpg"
DOUBT = "text and graphics are unlike photographs"
INFOS = tuple(next(one for one in hm.list_metrics() if one.name == name)
              for name in ("nima", "norvdpnet"))  # fmt: skip


def picture(shade: int, form: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", (60, 40), (shade, 0, 0)).save(file, form)
    return file.getvalue()


def record(name: str, nima: float | None, norvdpnet: float = 70.0, **more: Any) -> Record:
    scores = {"norvdpnet": Score("norvdpnet", norvdpnet, "", (0.0, 100.0), True, low=60, high=80)}
    if nima is not None:
        scores["nima"] = Score("nima", nima, "", (1.0, 10.0), True, warnings=more.pop("doubts", ()))
    given = {"width": 4000, "height": 3000, "preview": picture(len(name)), "scores": scores} | more
    return Record(f"/photos/{name}", name, **given)


def ranking() -> Ranking:
    look = Look(bytes(1024), bytes(128), "2026-05-01T12:00:00")
    return Ranking(INFOS, (
        Place(record("a.jpg", 7.5, look=look), 1, group=1, keeper=True, why="sharpest of 3"),
        Place(record(EVIL, 7.0, doubts=(DOUBT, f"nima: {DOUBT}")), 2, True),
        Place(record("c.jpg", 7.0), 2, True, disagreement="liked, not faithful"),
        Place(record("b.jpg", 6.0), 4, group=1, why="less sharp"),
        Place(record("d.jpg", 5.0), 5, group=1, why="darker"),
        Place(Record("/photos/e.jpg", "e.jpg", errors={"file": "e.jpg: no picture"}), None),
    ))  # fmt: skip


def test_places_marks_bursts_and_errors(tmp_path: Path) -> None:
    found = read_page(render(ranking_page(ranking(), tmp_path / "page.html")))
    rows = found["rows"]
    assert (found["sort"], found["descending"]) == ("nima", True)
    assert [row["name"] for row in rows] == ["a.jpg", EVIL, "c.jpg", "b.jpg", "d.jpg", "e.jpg"]
    assert [row["cells"]["place"] for row in rows] == [1, 2, 2, 4, 5, None]
    assert [row["keeper"] for row in rows] == [True, *[False] * 5]
    assert rows[0]["group"] == rows[3]["group"] == rows[4]["group"] != rows[1]["group"]
    assert [row["cells"]["why"] for row in rows[3:5]] == ["less sharp", "darker"]
    assert rows[0]["cells"]["norvdpnet"] == (70, 60, 80)
    assert rows[0]["cells"]["nima"] == 7.5
    assert rows[0]["cells"]["taken"] == "2026-05-01 12:00:00"
    assert rows[0]["cells"]["megapixels"] == 12
    assert rows[1]["cells"]["marks"] == [
        ("tied", "", "plain"),
        ("warning", f"nima: {DOUBT}", "warning"),  # of whom, once
        ("warning", f"nima: {DOUBT}", "warning"),
    ]
    assert rows[2]["cells"]["marks"][1] == ("axes disagree", "liked, not faithful", "warning")
    assert rows[5]["cells"]["marks"] == [("not scored", "", "bad")]
    assert rows[5]["notes"] == ["e.jpg: no picture"]
    assert rows[5]["pictures"] == []
    assert not (tmp_path / "page_files").exists()  # a few are in the page


def test_what_has_least_to_gain_may_come_first(tmp_path: Path) -> None:
    places = tuple(reversed(ranking().places[:5]))
    assert ranking_page(Ranking(INFOS, places), tmp_path / "p.html").descending is False


def test_a_metric_that_failed_beside_one_that_did_not(tmp_path: Path) -> None:
    one = dataclasses.replace(record("a.jpg", 7.0), errors={"norvdpnet": "not enough memory"})
    del one.scores["norvdpnet"]
    other = record("b.jpg", None, errors={"nima": "too small"})
    page = ranking_page(Ranking(INFOS, (Place(one, 1), Place(other, None))), tmp_path / "p.html")
    first, second = read_page(render(page))["rows"]
    assert first["cells"]["marks"] == [("failed", "", "bad")]
    assert first["notes"] == ["norvdpnet: not enough memory"]
    assert second["cells"]["marks"] == [("not scored", "", "bad")]
    assert second["notes"] == ["nima: too small"]


def test_pictures_beside_the_page_are_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rankings, "EMBEDDED_UP_TO", 4)
    given: dict[str, Any] = {
        "enhanced": {"a.jpg": picture(200)},
        "figures": {"a.jpg": {"map of norvdpnet": picture(9, "PNG")}, "c.jpg": {"map": b"none"}},
    }
    target = tmp_path / "my page.html"
    rows = read_page(render(ranking_page(ranking(), target, **given)))["rows"]
    files = sorted(path.name for path in (tmp_path / "my page_files").iterdir())
    # Names of one length have one preview here: files are called by what is in them.
    assert files[0] == MADE
    assert len(files) == 1 + 4
    assert [one["label"] for one in rows[0]["pictures"]] == ["before", "after"]
    assert rows[0]["pictures"][0]["src"].startswith("my%20page_files/")
    assert rows[0]["pictures"][0]["width"] == 60
    assert [one["label"] for one in rows[0]["figures"]] == ["map of norvdpnet"]
    assert "map: cannot identify" in rows[2]["notes"][0]
    stamps = [path.stat().st_mtime_ns for path in (tmp_path / "my page_files").iterdir()]
    ranking_page(ranking(), target, **given)
    assert stamps == [path.stat().st_mtime_ns for path in (tmp_path / "my page_files").iterdir()]


def test_values_that_are_infinite_or_none_and_no_pictures_at_all(tmp_path: Path) -> None:
    info = next(one for one in hm.list_metrics() if one.name == "psnr")
    scores = [Score("psnr", value, "dB", (-math.inf, math.inf), True) for value in (math.inf, 30.0)]
    places = [Place(Record(f"{i}", f"{i}", scores={"psnr": one}), i + 1)
              for i, one in enumerate(scores)]  # fmt: skip
    page = ranking_page(Ranking((info,), tuple(places)), tmp_path / "p.html")
    assert [row["cells"]["psnr"] for row in read_page(render(page))["rows"]] == ["inf", 30]
    empty = ranking_page(Ranking((info,), ()), tmp_path / "p.html")
    assert read_page(render(empty))["rows"] == []


@needs_browser
def test_chromium_shows_it(tmp_path: Path) -> None:
    figures = {"a.jpg": {"map of norvdpnet": picture(9, "PNG")}}
    path = tmp_path / "page.html"
    write_page(path, ranking_page(ranking(), path, enhanced={"a.jpg": picture(9)}, figures=figures))
    found = ask(path, """
      const names = () => [...page.querySelectorAll(".entry .name")].map((one) => one.textContent);
      const found = { names: names() };
      const first = page.querySelector(".entry");
      found.pictures = first.querySelectorAll("img").length;
      first.querySelector("details").open = true;
      await new Promise((ok) => setTimeout(ok, 100));
      found.opened = first.querySelectorAll("img").length;
      found.whiskers = page.querySelectorAll(".whisker").length;
      found.text = first.textContent;
      page.querySelector(".burst").click();
      found.unfolded = names();
      return found;
    """)  # fmt: skip
    assert isinstance(found, dict), found
    evil = "<img src=x onerror=alert(1)>␊�'\".jpg"
    assert found["names"] == ["a.jpg", "c.jpg", evil, "e.jpg"] or found["names"] == [
        "a.jpg", evil, "c.jpg", "e.jpg"
    ]  # fmt: skip
    assert found["unfolded"][:3] == ["a.jpg", "b.jpg", "d.jpg"]
    assert (found["pictures"], found["opened"]) == (2, 3)
    assert found["whiskers"] == 3
    assert "best of 3" in found["text"]
    assert "burst: sharpest of 3" in found["text"]
