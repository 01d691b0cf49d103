"""Pages: data that cannot break out, a policy that fits, and what a browser makes of both."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import io
import math
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from hdrmetrics.errors import MissingPackageError, OptionError
from hdrmetrics.jobs.page_files import folder_of
from hdrmetrics.report import rendering
from hdrmetrics.report.packing import packed
from hdrmetrics.report.page import Column, Mark, Page, PageRow, Picture, Scored, State
from hdrmetrics.report.pictures import picture
from hdrmetrics.report.rendering import render, write_page
from tests.report.browser import ask, dom, needs_browser
from tests.report.reading import read_page

pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
EVIL = [
    "<img src=x onerror=alert(1)>.png", "</script><script>alert(1)</script>.jpg",
    "<!--<script>.png",
    'a "quoted" \'name\'.png', "two\nlines\r\t.png", "ünïcödé 写真 \u202egnp.exe", "\udcff.png",
    "{{ 7 * 7 }}{% raw %}.png", "&lt;b&gt;&amp;.png", "\u2028\u2029.png", "`${1}`\\u0041.png",
]  # fmt: skip
STATES = (State("good", "recommended", "good"), State("bad", "original kept", "warning"))
COLUMNS = [
    Column("state", "status", "state", states=STATES),
    Column("overall", "improvability", "share", mark=0.4),
    Column("size", "a size that has a long name", digits=0), Column("why", "because of", "tags"),
    Column("verdict", "guard", "text"),
]  # fmt: skip


def jpeg(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGB", (30, 20), colour).save(file, "JPEG")
    return file.getvalue()


def shown(label: str, colour: tuple[int, int, int]) -> Picture:
    data = base64.b64encode(jpeg(colour)).decode()
    return Picture(label, f"data:image/jpeg;base64,{data}", 30, 20)


def page(names: list[str] = EVIL) -> Page:
    rows = [
        PageRow(
            name,
            {"state": "good" if index % 2 else "bad", "overall": index / len(names),
             "size": None if index == 1 else float(index), "why": [name], "verdict": name},
            (shown("before", (200, 0, 0)), shown("after", (0, 0, 200))) if index else (),
            [name] if index % 3 == 0 else [],
        )
        for index, name in enumerate(names)
    ]  # fmt: skip
    return Page(names[0], COLUMNS, rows, summary=names[1], sort="overall",
                facts=[(name, name) for name in names])  # fmt: skip


class Elements(html.parser.HTMLParser):
    """Collects what a page consists of before any script has run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.inside, []).append(data)


def test_no_name_becomes_markup() -> None:
    text = render(page())
    parsed = Elements(text)
    assert [tag for tag, _ in parsed.tags].count("script") == 2
    assert "img" not in {tag for tag, _ in parsed.tags}
    assert not any(name.startswith("on") for _, found in parsed.tags for name in found)
    assert EVIL[0] in "".join(parsed.texts["h1"])
    assert "49" not in "".join(parsed.texts["dt"])  # names are no templates
    rows = read_page(text)["rows"]
    assert [row["name"] for row in rows] == EVIL
    assert rows[1]["cells"] == {
        "state": "good", "overall": pytest.approx(1 / len(EVIL), rel=1e-6), "size": None,
        "why": [EVIL[1]], "verdict": EVIL[1],
    }  # fmt: skip


def test_the_policy_names_what_runs_and_nothing_else() -> None:
    text = render(page())
    parsed = Elements(text)
    (policy,) = [found["content"] for tag, found in parsed.tags
                 if found.get("http-equiv") == "Content-Security-Policy"]  # fmt: skip
    assert "default-src 'none'" in policy
    assert "img-src data:;" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        inside = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(inside) == 1
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not any("style" in found for _, found in parsed.tags)  # the policy forbids them
    assert "http:" not in text
    assert "https:" not in text


def test_a_column_is_a_list_and_a_text_stands_once() -> None:
    columns = [Column("x", "x", "score"), Column("m", "m", "marks"), Column("t", "t", "text")]
    mark = Mark("doubtful", "unlike", "warning")
    long = "a sentence that many rows share"
    rows = [PageRow(str(i), {"x": Scored(i / 3, 0.0, 1.0), "m": [mark], "t": long}, notes=[long],
                    group="g", keeper=i == 1) for i in range(50)]  # fmt: skip
    text = render(Page("t", columns, rows))
    assert text.count(long) == 1
    read = read_page(text)["rows"]
    assert read[1]["cells"]["x"] == (pytest.approx(1 / 3, abs=1e-6), 0, 1)
    assert read[49]["cells"]["m"] == [("doubtful", "unlike", "warning")]
    assert read[49]["notes"] == [long]
    assert [row["keeper"] for row in read].index(True) == 1


def test_numbers_that_are_none_or_infinite() -> None:
    values = [float("nan"), math.inf, -math.inf, None, 3]
    rows = [PageRow("a", {"overall": one, "size": one}) for one in values]
    first, second = packed(Page("t", COLUMNS, rows))["columns"][1:3]
    assert first["values"] == second["values"] == [None, "inf", "-inf", None, 3]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"x": 1.0}, "no column of the page is called x"),
        ({"overall": "good"}, "is no cell of a column of share: overall"),
        ({"why": "one"}, "is no cell of a column of tags: why"),
        ({"why": [Mark("one")]}, "is no cell of a column of tags: why"),
        ({"overall": Scored(1.0)}, "is no cell of a column of share"),
        ({"state": "unheard of"}, "'unheard of' is none of the states of state: good, bad"),
    ],
)
def test_cells_that_cannot_be(cells: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Page("t", COLUMNS, [PageRow("a", cells)])


def test_rows_that_cannot_be() -> None:
    with pytest.raises(OptionError, match="one key"):
        Page("t", [*COLUMNS, COLUMNS[0]], [])
    with pytest.raises(OptionError, match="at most two"):
        Page("t", COLUMNS, [PageRow("a", pictures=[shown("x", (0, 0, 0))] * 3)])
    with pytest.raises(OptionError, match="one keeper"):
        Page("t", COLUMNS, [PageRow(name, group="g", keeper=True) for name in "ab"])


def test_without_jinja_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rendering._template.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'hdrmetrics\[report\]'"):
        render(page())
    rendering._template.cache_clear()


def test_pictures_in_the_page_or_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "my page.html"
    folder = folder_of(target)
    folder.mkdir()
    file = folder / "a #1.jpg"
    file.write_bytes(jpeg((9, 9, 9)))
    inside = picture("before", file, target, embed=True)
    assert base64.b64decode(inside.src.partition(",")[2]) == file.read_bytes()
    assert (inside.width, inside.height) == (30, 20)
    beside = picture("before", file, target, embed=False)
    assert beside.src == "my%20page_files/a%20%231.jpg"
    text = render(Page("t", COLUMNS, [PageRow("a", pictures=[beside])]))
    assert "img-src data: &#39;self&#39; file:" in text
    file.write_bytes(b"no picture")
    with pytest.raises(OSError, match="cannot identify"):
        picture("before", file, target, embed=True)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    write_page(path, page())
    return path


@needs_browser
def test_chromium_shows_the_rows_and_runs_no_name(written: Path) -> None:
    text = dom(written)
    assert text.count('<article class="card entry') == len(EVIL)
    assert '<img src="x"' not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "␊" in text  # line breaks are seen
    assert "\u202e" not in text.partition("<main>")[2].partition("</main>")[0]


@needs_browser
def test_order_filters_and_sliders(written: Path) -> None:
    found = ask(written, """
      const names = () =>
        [...page.querySelectorAll(".card.entry h2")].map((h) => h.textContent);
      const set = (id, value, kind) => {
        page.getElementById(id).value = value;
        page.getElementById(id).dispatchEvent(new view.Event(kind));
      };
      const found = { first: names() };
      page.getElementById("direction").click();
      found.turned = names();
      set("order", "size", "change");
      found.size = names();
      set("order", "", "change");
      found.named = names();
      set("search", "QUOTED", "input");
      found.searched = names();
      found.count = page.getElementById("count").textContent;
      set("search", "no such thing", "input");
      found.nothing = !page.getElementById("nothing").hidden;
      set("search", "", "input");
      page.querySelector("#states input").click();
      found.filtered = names().length;
      const slider = page.querySelector(".card.entry input[type=range]");
      slider.value = 20;
      slider.dispatchEvent(new view.Event("input"));
      const pair = slider.parentElement;
      found.clip = view.getComputedStyle(pair.querySelector(".second")).clipPath;
      found.label = slider.getAttribute("aria-valuetext");
      slider.focus();
      found.focus = view.getComputedStyle(pair).outlineStyle;
      found.loaded = [...page.images].every((one) => !one.complete || one.naturalWidth === 30);
      found.font = view.getComputedStyle(page.body).fontSize;
      return found;
    """)  # fmt: skip
    assert isinstance(found, dict), found
    count = len(EVIL)
    assert len(found["first"]) == count
    assert found["first"][-1].startswith("<img")  # the least improvability
    assert found["turned"] == found["first"][::-1]
    assert found["size"][-1].startswith("</script>")  # what is not known comes last
    assert sorted(found["named"]) == sorted(found["first"])
    assert len(found["searched"]) == 1
    assert found["count"] == f"1 of {count} photographs"
    assert found["nothing"] is True
    assert found["filtered"] in (count // 2, count - count // 2)
    assert "20%" in found["clip"]
    assert found["label"] == "20 % before"
    assert found["focus"] == "solid"
    assert found["loaded"] is True
    assert found["font"] == "15px"  # the style is let in


@needs_browser
@pytest.mark.parametrize("width", [320, 400, 1800])
def test_nothing_is_wider_than_the_window(written: Path, width: int) -> None:
    found = ask(written, """
      return [page.documentElement.scrollWidth, view.innerWidth,
              Math.max(...[...page.querySelectorAll("h2, .card, .pair, .controls *")]
                .map((one) => one.getBoundingClientRect().right))];
    """, width)  # fmt: skip
    assert found[0] <= found[1]
    assert found[2] <= found[1]
