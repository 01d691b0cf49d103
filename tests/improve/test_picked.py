"""Photographs chosen by name, or by the list of an earlier run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hdrmetrics.errors import OptionError
from hdrmetrics.improve.picked import picked
from hdrmetrics.jobs.pairing import Found

ODD = "breaks\x0b\x0c\x85\u2028.png"  # which Python takes for ends of lines, and CSV does not


@pytest.fixture
def files() -> list[Found]:
    names = ("a.jpg", "sub/b.jpg", "x/c.jpg", "y/c.jpg", 'odd "<,>\n.png', ODD)
    return [Found(Path("photos") / name, name, False) for name in names]


@pytest.mark.parametrize("word", ["b.jpg", "sub/b.jpg", "photos/sub/b.jpg"])
def test_by_name(files: list[Found], word: str) -> None:
    assert [one.name for one in picked(files, [word])] == ["sub/b.jpg"]
    assert [one.name for one in picked(files, [word, "a.jpg", word])] == ["a.jpg", "sub/b.jpg"]


def test_what_is_not_there_or_not_one(files: list[Found]) -> None:
    with pytest.raises(OptionError, match=r"no photograph z\.jpg among"):
        picked(files, ["z.jpg"])
    with pytest.raises(OptionError, match=r"several photographs \(x/c.jpg, y/c.jpg\)"):
        picked(files, ["c.jpg"])
    assert len(picked(files, ["x/c.jpg"])) == 1


def test_lists_of_earlier_runs(files: list[Found], tmp_path: Path) -> None:
    rows = [
        {"input": "photos/a.jpg", "status": "fine"},
        {"input": "photos/sub/b.jpg", "status": "alert"},
        {"input": 'photos/odd "<,>\n.png', "status": "recommended"},
        {"input": f"photos/{ODD}", "status": "alert"},
        {"input": "photos/x/c.jpg", "status": "kept"},
    ]
    wanted = ["sub/b.jpg", 'odd "<,>\n.png', ODD]
    (tmp_path / "l.json").write_text(json.dumps({"rows": rows}))
    assert [one.name for one in picked(files, [str(tmp_path / "l.json")])] == wanted
    import csv

    for name, delimiter in (("l.csv", ","), ("l.tsv", "\t")):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["input", "status"], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
        assert [one.name for one in picked(files, [str(tmp_path / name)])] == wanted
    (tmp_path / "own.csv").write_text("input\na.jpg\n")
    assert [one.name for one in picked(files, [str(tmp_path / "own.csv")])] == ["a.jpg"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.json", "{"), ("a.json", "[1]"), ("a.csv", "file\nx\n"), ("a.json", '{"rows": [{}]}'),
     ("a.csv", 'input\n"a\n')],
)  # fmt: skip
def test_what_is_no_list(files: list[Found], tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(OptionError, match="is no list of photographs"):
        picked(files, [str(tmp_path / name)])


def test_a_list_of_nothing(files: list[Found], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("input,status\na.jpg,fine\n")
    with pytest.raises(OptionError, match="names no photograph that would gain"):
        picked(files, [str(tmp_path / "a.csv")])
    (tmp_path / "b.csv").write_text("input\ngone.jpg\n")
    with pytest.raises(OptionError, match=r"gone.jpg of '.*b.csv'"):
        picked(files, [str(tmp_path / "b.csv")])
