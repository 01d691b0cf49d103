from __future__ import annotations

from pathlib import Path

import pytest
import torch

from datasets.scenes.screens import screen_scenes
from hdrmetrics.errors import OptionError
from results.learned.odd import Row, Scored, failures, page, thumbnail, versions
from results.learned.odd_pictures import PICTURES, Odd, Shown, letterboxed, load, surrounded, upper


def _row(untouched: float, blurred: float, noisy: float, teacher: float = 60.0) -> Row:
    scene = screen_scenes(1)[0]
    shown = Shown(Odd("a page", scene.name), scene, torch.rand(1, 3, 130, 160))
    doubts = ("strange",) if untouched < 20 else ()
    return Row(
        shown,
        {
            "untouched": Scored(untouched, untouched - 1, untouched + 1, doubts),
            "blurred": Scored(blurred, 0, 100, (), teacher),
            "noisy": Scored(noisy, 0, 100, (), teacher),
        },
    )


def test_there_are_24_of_as_many_scenes() -> None:
    assert len(PICTURES) == len({odd.scene for odd in PICTURES}) == 24


def test_what_would_embarrass_us_is_listed() -> None:
    assert failures([_row(95, 40, 50)]) == []
    assert failures([_row(95, 96, 50)]) == []  # within a point
    (under,) = failures([_row(95, 50, 97.5)])
    assert "noisy" in under
    assert "sees it (60)" in under
    assert "hardly" in failures([_row(95, 50, 97.5, teacher=97.0)])[0]
    low = failures([_row(10, 5, 5)])
    assert len(low) == 1
    assert "with a warning" in low[0]
    assert "without a warning" in failures([_row(30, 5, 5)])[0]


def test_the_page_tells_scores_and_doubts() -> None:
    text = page([_row(95, 40, 50), _row(10, 40, 5)])
    assert "| 95 | 94–96 | 40 (60) | 50 (60) |  |" in text
    assert "| 10 | 9–11 | 40 (60) | 5 (60) | u–– |" in text
    assert "75% " in text or "50% " in text
    assert "2, untouched: strange." in text


def test_changes_make_what_they_say() -> None:
    picture = torch.rand(1, 3, 300, 400) * 0.5 + 0.25
    boxed = letterboxed(picture)
    assert boxed.shape == picture.shape
    assert float(boxed[..., :60, :].max()) == 0
    assert torch.equal(boxed[..., 70:230, :], picture[..., 70:230, :])
    wide = surrounded(torch.rand(1, 3, 512, 341))
    assert wide.shape == (1, 3, 512, 910)
    assert upper(picture).shape[-2] == 256


def test_drawn_ones_need_no_file_and_unknown_ones_are_named(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (300, 300)).save(tmp_path / "one.png")
    (shown,) = load(tmp_path, [Odd("page", "screen_text_0000")])
    assert shown.domain == "sdr"
    assert shown.may_be_shown
    made = versions(shown)
    assert set(made) == {"untouched", "blurred", "noisy"}
    assert all(float(one.min()) >= 0 and float(one.max()) <= 1 for one in made.values())
    assert max(thumbnail(shown.pixels[0], "sdr").size) == 176
    with pytest.raises(OptionError, match="nothing_here"):
        list(load(tmp_path, [Odd("x", "nothing_here")]))
