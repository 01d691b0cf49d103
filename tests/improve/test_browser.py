"""The page in a real browser, by real keys."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from hdrmetrics.improve.labels import read_labels
from tests.improve.conftest import Client, save
from tests.improve.devtools import Chromium, browser

Serve = Callable[..., Client]

pytestmark = pytest.mark.skipif(
    browser() is None or os.name == "nt", reason="no Chromium that can be driven"
)

NOTE = "document.getElementById('note').textContent"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = browser()
    assert program is not None
    try:
        one = Chromium(program, tmp_path_factory.mktemp("profile"))
    except (OSError, EOFError) as error:  # a browser in name only, as some systems have
        pytest.skip(f"{program} does not start: {error}")
    yield one
    one.close()


def opened(chromium: Chromium, client: Client) -> None:
    chromium.look(800, 600, dark=False)
    chromium.open(client.server.url)
    shown(chromium, 0)


def shown(chromium: Chromium, labelled: int) -> None:
    """Wait until a pair is shown with so many labelled."""
    chromium.until(f"ready && document.getElementById('bar').value === {labelled}")


def text(chromium: Chromium) -> str:
    return chromium.value("document.body.innerText")


def levels(chromium: Chromium) -> tuple[float, float]:
    """Return how bright the middles of the left and the right half of the stage are."""
    box = chromium.value(
        "(() => { const b = document.getElementById('stage').getBoundingClientRect();"
        " return [b.left, b.top, b.right, b.bottom]; })()"
    )
    pixels = np.asarray(PillowImage.open(io.BytesIO(chromium.screenshot())).convert("L"))
    y = round((box[1] + box[3]) / 2) - 14  # the captions are below
    quarter = (box[2] - box[0]) / 4
    found = [pixels[y - 2 : y + 3, round(box[0] + x * quarter) - 2 :][:, :5] for x in (1, 3)]
    return float(found[0].mean()), float(found[1].mean())


def test_every_key_answers_as_it_says(folder: Path, serve: Serve, chromium: Chromium) -> None:
    client = serve(folder, linger=30)
    opened(chromium, client)
    arrows = ("Shift+ArrowLeft", "ArrowLeft", "ArrowDown", "ArrowRight", "Shift+ArrowRight")
    sides = set()
    for number in range(5):
        name, side = client.annotation.pairs[number].name, client.annotation.side(number)
        if side not in sides:
            for choice, key in enumerate(arrows if sides else "12345", 1):
                chromium.until("ready")
                chromium.press(key)
                chromium.until(f"ready && state.current === {number + 1}")
                preference = choice - 3 if side == "right" else 3 - choice
                assert read_labels(client.labels)[name] == max(preference, -1), key
                chromium.press("z")
                chromium.until(f"ready && state.current === {number}")
        sides.add(side)
        chromium.press("3")
        chromium.until(f"!busy && state.labelled === {number + 1} && !state.again")
        chromium.until("ready || state.current === null")
    assert sides == {"left", "right"}
    assert "All pairs are labelled" in text(chromium)
    assert "5 of 5 labelled" in text(chromium)
    assert chromium.complaints() == []


def test_left_is_what_the_labels_call_left(folder: Path, serve: Serve, chromium: Chromium) -> None:
    """A person who always takes the brighter picture labels every pair 2: those are enhanced."""
    for path in [*(folder / "input").iterdir(), *(folder / "enhanced").iterdir()]:
        save(path, 60 if path.parent.name == "input" else 200, (400, 300))
    client = serve(folder, linger=30)
    opened(chromium, client)
    for number in range(5):
        shown(chromium, number)
        left, right = levels(chromium)
        assert abs(left - right) > 60
        chromium.press("1" if left > right else "5")
        chromium.until(f"document.getElementById('bar').value === {number + 1}")
    assert set(read_labels(client.labels).values()) == {2}
    assert {client.annotation.side(number) for number in range(5)} == {"left", "right"}


def test_space_flips_at_the_same_place(folder: Path, serve: Serve, chromium: Chromium) -> None:
    for path in [*(folder / "input").iterdir(), *(folder / "enhanced").iterdir()]:
        save(path, 60 if path.parent.name == "input" else 200, (700, 300))
    client = serve(folder)
    opened(chromium, client)
    both = levels(chromium)
    found = []
    for _ in range(4):
        chromium.press(" ")
        found.append(levels(chromium))
    brighter = [left + right > sum(both) for left, right in found]
    first = both[0] > both[1]  # the left one comes first
    assert brighter == [first, not first, first, not first]
    place = (
        "(() => { const b = document.querySelector('#stage .seen img').getBoundingClientRect();"
        " return [b.left, b.top, b.width, b.height].join(); })()"
    )
    places = set()
    for _ in range(2):
        chromium.press(" ")
        places.add(chromium.value(place))
    assert len(places) == 1
    chromium.press("Escape")  # side by side again
    assert levels(chromium) == both
    assert client.thread.is_alive()
    chromium.press(" ")
    chromium.press("3")  # the next pair is side by side
    shown(chromium, 1)
    assert chromium.value("document.querySelector('#stage.flip')") is None


def test_a_key_that_is_held_or_pressed_twice_answers_once(
    folder: Path, serve: Serve, chromium: Chromium
) -> None:
    client = serve(folder)
    opened(chromium, client)
    chromium.press("3", repeats=8)
    shown(chromium, 1)
    assert client.annotation.given == 1
    chromium.press("z")
    chromium.until("ready && state.again")
    assert "answer anew" in chromium.value(NOTE)
    assert chromium.value("document.querySelector('.given').value") == "3"


def test_help_and_escape_in_layers(folder: Path, serve: Serve, chromium: Chromium) -> None:
    client = serve(folder)
    opened(chromium, client)
    chromium.press("?")
    chromium.until("document.getElementById('help').open")
    chromium.press("3")
    chromium.press("Escape")
    chromium.until("!document.getElementById('help').open")
    assert client.annotation.given == 0
    chromium.press("2")
    shown(chromium, 1)
    chromium.press("Escape")
    assert client.ended()
    chromium.until("document.getElementById('end-title').textContent === 'Ended'")
    assert "1 of 5 labelled" in text(chromium)
    chromium.press("3")
    assert "Ended" in text(chromium)


def test_buttons_have_names_and_a_visible_focus(
    folder: Path, serve: Serve, chromium: Chromium
) -> None:
    client = serve(folder)
    opened(chromium, client)
    nodes = chromium.call("Accessibility.getFullAXTree")["nodes"]
    names: dict[str, list[str]] = {}
    for node in nodes:
        role = node.get("role", {}).get("value", "")
        names.setdefault(role, []).append(node.get("name", {}).get("value", ""))
    assert names["image"] == ["Left picture", "Right picture"]
    assert len(names["button"]) == 5
    assert names["button"][2].endswith("No difference")
    assert "Which is better?" in names["heading"]
    assert (
        "Pairs labelled" in names["progressbar" if "progressbar" in names else "ProgressIndicator"]
    )
    chromium.press("Tab")
    assert chromium.value("document.activeElement.value") == "1"
    assert chromium.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    chromium.press(" ")  # flips, and does not press the button
    assert chromium.value("document.querySelector('#stage.flip') !== null")
    assert client.annotation.given == 0
    chromium.press("Enter")
    shown(chromium, 1)
    assert client.annotation.given == 1


def test_names_are_text_and_what_cannot_be_shown_is_passed_over(
    folder: Path, serve: Serve, chromium: Chromium
) -> None:
    evil = "<img src=x onerror=alert(1)>&amp;"
    (folder / "input" / "roof.png").rename(folder / "input" / f"{evil}.png")
    (folder / "enhanced" / "roof.jpg").rename(folder / "enhanced" / f"{evil}.jpg")
    head = (folder / "input" / "lake.png").read_bytes()[:60]
    (folder / "input" / "lake.png").write_bytes(head)  # torn
    client = serve(folder, linger=30)
    opened(chromium, client)
    notes = []
    while client.state()["current"] is not None:
        chromium.until("ready || state.current === null")
        if client.state()["current"] is None:
            break
        notes.append(chromium.value(NOTE))
        given = client.annotation.given
        chromium.press("3")
        chromium.until(f"state.labelled === {given + 1} && (ready || state.current === null)")
    assert evil in notes
    assert len(notes) == 4
    assert "lake.png" in client.annotation.problems["lake"]
    assert chromium.value("document.querySelectorAll('img').length") == 2
    assert "4 of 4 labelled" in text(chromium)


def test_a_server_that_is_gone_is_told(folder: Path, serve: Serve, chromium: Chromium) -> None:
    client = serve(folder)
    opened(chromium, client)
    client.server.end()
    assert client.ended()
    chromium.press("3")
    chromium.until("document.getElementById('end-title').textContent === 'hdrmetrics has ended'")


def test_everything_fits_and_can_be_read(folder: Path, serve: Serve, chromium: Chromium) -> None:
    for path in [*(folder / "input").iterdir(), *(folder / "enhanced").iterdir()]:
        # Both are seen at one size, though one has fewer pixels.
        save(path, 128, (1600, 900) if path.parent.name == "input" else (320, 180))
    opened(chromium, serve(folder))
    for width, height, dark in (
        (400, 720, False), (400, 720, True), (1280, 720, False), (1280, 720, True),
        (900, 420, False), (2200, 1000, True),
    ):  # fmt: skip
        chromium.look(width, height, dark=dark)
        boxes = chromium.value(BOXES)
        assert len(boxes) > 12
        for left, top, right, bottom, hidden in boxes:
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height
            assert hidden <= 1
        images = chromium.value(
            "[...document.querySelectorAll('img')].map(e => [e.width, e.height])"
        )
        assert images[0] == images[1]
        assert images[0][0] / images[0][1] == pytest.approx(16 / 9, rel=0.02)
        assert chromium.value(CONTRAST) > 4.5
    assert chromium.complaints() == []


BOXES = """[...document.querySelectorAll('h1, #progress, img, figcaption, button, #others li')].map(
  (e) => {
    const box = e.getBoundingClientRect();
    return [box.left, box.top, box.right, box.bottom, e.scrollWidth - e.clientWidth];
  })"""
CONTRAST = """(() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map((part) => {
      const v = Number(part) / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!colour.endsWith(", 0)")) return colour;
    }
  };
  const texts = 'h1, #progress, #note, figcaption, button, kbd, li';
  return Math.min(...[...document.querySelectorAll(texts)].map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
})()"""
