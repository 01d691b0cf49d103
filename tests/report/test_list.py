"""The virtual list of a page: what is in the document, what stays in place, and the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdrmetrics.report.page import Column, Mark, Page, PageRow, Scored
from hdrmetrics.report.rendering import write_page
from tests.report.browser import ask, needs_browser

pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
pytestmark = needs_browser
COUNT = 2000
HELPERS = """
  const get = (id) => page.getElementById(id);
  const entries = () => [...page.querySelectorAll(".entry:not(.away)")];
  const named = (row) => page.querySelector(`.entry[data-row="${row}"]`);
  const at = (row) => named(row)?.getBoundingClientRect().top;
  const scrolled = () => view.dispatchEvent(new view.Event("scroll"));
  const edge = () => get("controls").getBoundingClientRect().bottom;
  const first = () => entries().find((one) => one.getBoundingClientRect().bottom > edge() + 20);
  const set = (id, value, kind) => {
    get(id).value = value;
    get(id).dispatchEvent(new view.Event(kind));
  };
  const press = (key) => page.activeElement.dispatchEvent(
    new view.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const place = () => Number(page.activeElement.getAttribute("aria-posinset"));
  const wait = (time) => new Promise((ok) => setTimeout(ok, time));
"""


def name(index: int) -> str:
    return f"{'holiday ' * (index * 7 % 23)}{index:04d}.jpg"  # of one line and of several


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    columns = [Column("value", "value", "score", low=0, high=COUNT), Column("marks", "", "marks")]
    rows = [
        PageRow(
            name(index),
            {"value": Scored(COUNT - index, COUNT - index - 5.0, COUNT - index + 5.0),
             "marks": [Mark("tied")] if index % 10 == 0 else None},
            notes=["a sentence that is rather long, " * (index * 5 % 7)] if index % 5 else [],
            group=f"{index // 7}" if index < 70 else "", keeper=index < 70 and index % 7 == 3,
        )
        for index in range(COUNT)
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("list") / "page.html"
    write_page(path, Page("t", columns, rows, sort="value"))
    return path


def test_what_is_seen_stays_in_place(written: Path) -> None:
    found = ask(written, HELPERS + """
      const found = { begin: entries().length, worst: 0, most: 0, empty: 0 };
      const steps = [...Array(30).fill(333), ...Array(30).fill(-333), 20000,
        ...Array(40).fill(-211), 40000, -17000, ...Array(20).fill(-97)];
      for (const step of steps) {
        const seen = new Map(entries().map((one) => [one, one.getBoundingClientRect().top]));
        const before = view.scrollY;
        view.scrollBy(0, step);
        const moved = view.scrollY - before;
        scrolled();
        for (const [one, top] of seen)
          if (one.isConnected && Math.abs(step) < 1000)
            found.worst = Math.max(
              found.worst, Math.abs(top - moved - one.getBoundingClientRect().top));
        found.most = Math.max(found.most, entries().length);
        const boxes = entries().map((one) => one.getBoundingClientRect());
        if (Math.min(...boxes.map((one) => one.top)) > 100 + edge()) found.empty++;
        if (Math.max(...boxes.map((one) => one.bottom)) < view.innerHeight) found.empty++;
      }
      const kept = (act) => {
        const row = first().dataset.row, top = at(row);
        act();
        return Math.abs(at(row) - top);
      };
      found.filtered = kept(() => set("largest", "1990", "input"));
      found.sorted = kept(() => set("order", "", "change"));
      found.turned = kept(() => get("direction").click());
      found.again = kept(() => set("order", "value", "change"));
      const row = first().dataset.row, top = at(row);
      view.frameElement.style.width = "500px";
      await wait(300);
      found.resized = Math.abs(at(row) - top);
      found.columns = view.getComputedStyle(get("shown")).getPropertyValue("--columns");
      return found;
    """)  # fmt: skip
    assert isinstance(found, dict), found
    assert found["worst"] <= 1.0
    assert found["empty"] == 0
    assert found["begin"] < 80
    assert found["most"] < 80
    for act in ("filtered", "sorted", "turned", "again", "resized"):
        assert found[act] is not None, act
        assert found[act] <= 1.0, act
    assert found["columns"] == "1"


def test_the_keyboard(written: Path) -> None:
    found = ask(written, HELPERS + """
      const found = {};
      const go = (...keys) => { keys.forEach(press); return place(); };
      page.body.dispatchEvent(new view.KeyboardEvent("keydown", { key: "/", bubbles: true }));
      found.search = page.activeElement.id;
      found.first = go("Enter");
      found.right = go("ArrowRight", "ArrowRight");
      found.down = go("ArrowDown");
      found.up = go("ArrowUp", "ArrowLeft");
      found.last = go("End");
      found.seen = page.activeElement.getBoundingClientRect().bottom <= view.innerHeight;
      found.size = page.activeElement.getAttribute("aria-setsize");
      found.back = go("PageUp") < found.last && go("PageDown");
      found.home = go("Home");
      // What has the focus keeps it while it is scrolled out of sight.
      const held = page.activeElement;
      view.scrollTo(0, 90000);
      scrolled();
      found.kept = held === page.activeElement && held.classList.contains("away");
      found.next = go("ArrowRight");
      press("Enter");
      found.opened = get("details").open;
      found.heading = get("detailed").textContent;
      press("ArrowRight");
      found.behind = get("where").textContent;
      get("details").close();
      await wait(50);
      found.returned = place();
      found.tabs = page.querySelectorAll('.entry[tabindex="0"]').length;
      return found;
    """)  # fmt: skip
    assert isinstance(found, dict), found
    shown = COUNT - 60  # of ten bursts of seven, only the keepers
    expected = {
        "search": "search", "first": 1, "right": 3, "down": 5, "up": 2, "last": shown, "seen": True,
        "size": str(shown), "back": shown, "home": 1, "kept": True, "next": 2, "opened": True,
        "heading": name(10), "behind": f"3 of {shown}", "returned": 3, "tabs": 1,
    }  # fmt: skip
    assert found == expected


def test_bursts_ranges_marks_and_forms(written: Path) -> None:
    found = ask(written, HELPERS + """
      const found = { count: get("count").textContent };
      const burst = () => page.querySelector(".entry .burst");
      found.best = burst().textContent;
      const top = burst().getBoundingClientRect().top;
      burst().click();
      found.moved = Math.abs(burst().getBoundingClientRect().top - top);
      found.opened = burst().getAttribute("aria-expanded");
      found.followers = entries().filter((one) => one.classList.contains("follow")).length;
      burst().click();
      found.closed = page.querySelectorAll(".follow").length;
      set("least", "1000.5", "input");
      found.least = get("count").textContent;
      found.bars = page.querySelectorAll("rect.out").length / page.querySelectorAll("rect").length;
      found.held = get("held").textContent;
      get("held").querySelector("button").click();
      page.querySelector("#marks input").click();
      found.tied = get("count").textContent;
      page.querySelector("#marks input").click();
      page.querySelector("#bursts input").click();
      found.all = entries().length && get("count").textContent;
      page.querySelector("input[value=grid]").click();
      found.tile = entries()[0].textContent;
      page.querySelector("input[value=table]").click();
      found.roles = [get("board").getAttribute("role"), entries()[0].getAttribute("role"),
        get("board").getAttribute("aria-rowcount")];
      const heads = () => [...page.querySelectorAll("[role=columnheader]")];
      heads().find((one) => one.textContent.startsWith("value")).querySelector("button").click();
      found.sorts = heads().map((one) => one.getAttribute("aria-sort"));
      found.lowest = entries()[0].querySelector(".name").textContent;
      return found;
    """)  # fmt: skip
    assert isinstance(found, dict), found
    assert found["count"] == "2000 photographs, 60 folded into bursts"
    assert found["best"] == "best of 7"
    assert found["moved"] <= 1.0
    assert found["opened"] == "true"
    assert (found["followers"], found["closed"]) == (6, 0)
    assert found["least"] == "1000 of 2000 photographs, 60 folded into bursts"
    assert found["bars"] == pytest.approx(0.5, abs=0.03)
    assert found["held"] == "value at least 1000.50 ×"
    assert found["tied"].startswith("200 of 2000 photographs")
    assert found["all"] == "2000 photographs"
    assert found["tile"].startswith("0000.jpg2000.00")
    assert found["roles"] == ["table", "row", str(COUNT + 1)]
    assert found["sorts"][:3] == [None, None, "ascending"]
    assert found["lowest"] == name(COUNT - 1)
