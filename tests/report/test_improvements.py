"""The page of ``improve``, as the command writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hdrmetrics.cli import main
from hdrmetrics.jobs.folders import MADE
from hdrmetrics.report import improvements
from tests.improve.standins import install, photograph
from tests.report.browser import dom, needs_browser
from tests.report.reading import read_page

EVIL = "<img src=x onerror=alert(1)>.png"


@pytest.fixture(autouse=True)
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch)
    monkeypatch.chdir(tmp_path)
    photograph(Path("photos/much.jpg"), 0.8, quality=95)
    photograph(Path("photos") / EVIL, 0.6)
    photograph(Path("photos/fine.png"), 0.1)
    Path("photos/bad.jpg").write_bytes(b"no picture")
    return tmp_path


def data(page: str = "page.html") -> dict[str, Any]:
    return read_page(Path(page).read_text(encoding="utf-8"))


def test_what_would_gain_most_comes_first_with_before_and_after() -> None:
    words = ["improve", "photos", "--mode", "recommend", "--report", "page.html", "--quiet"]
    assert main(words) == 2  # for the bad file
    found = data()
    assert found["sort"] == "overall"
    assert [row["name"] for row in found["rows"]] == ["much.jpg", EVIL, "fine.png", "bad.jpg"]
    much, _, fine, bad = found["rows"]
    assert [one["label"] for one in much["pictures"]] == ["before", "after"]
    assert all(one["src"].startswith("data:image/jpeg;base64,") for one in much["pictures"])
    assert [one["label"] for one in fine["pictures"]] == ["before"]
    assert much["cells"]["status"] == "recommended"
    assert "nima" in much["cells"]["verdict"]
    assert bad["pictures"] == []
    assert "bad.jpg" in bad["notes"][0]
    marks = {one["key"]: one["mark"] for one in found["columns"] if one["kind"] == "share"}
    assert marks == {"overall": 0.4, "motion-blur": 0.4, "noise": 0.4}
    assert sorted(p.name for p in Path().iterdir()) == ["page.html", "photos"]


def test_the_guard_is_told() -> None:
    main(["improve", "photos", "--mode", "recommend", "--enhancer", "spoil", "--report", "p.html",
          "--only", "much.jpg", "--quiet"])  # fmt: skip
    (row,) = data("p.html")["rows"]
    assert row["cells"]["status"] == "kept"
    assert "nima fell" in row["cells"]["verdict"]
    assert row["cells"]["request"] == ["asked for"]
    assert len(row["pictures"]) == 2  # what it would have been can be seen


def test_alert_shows_the_photographs_alone() -> None:
    main(["improve", "photos", "--report", "page.html", "--quiet"])
    assert [len(row["pictures"]) for row in data()["rows"]] == [1, 1, 1, 0]


def test_pictures_of_many_lie_beside_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(improvements, "EMBEDDED_UP_TO", 2)
    words = ["improve", "photos", "--mode", "auto", "--out", "o", "--report", "photos/p.html"]
    main([*words, "--quiet", "--recursive"])
    sources = [one["src"] for row in data("photos/p.html")["rows"] for one in row["pictures"]]
    assert len(sources) == 5
    assert all(source.startswith("p_files/") for source in sources)
    assert all((Path("photos") / source).exists() for source in sources)
    # The thumbnails are not taken for photographs the next time, nor by other commands.
    assert Path("photos/p_files", MADE).exists()
    main([*words, "--quiet", "--recursive", "--overwrite"])
    assert len(data("photos/p.html")["rows"]) == 4


@needs_browser
def test_chromium_shows_it() -> None:
    main(["improve", "photos", "--mode", "recommend", "--report", "page.html", "--quiet"])
    text = dom(Path("page.html"))
    assert text.count('type="range"') == 2
    assert text.count('<article class="card entry"') == 4
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
