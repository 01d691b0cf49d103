"""The table of pairs: what is read, written, and refused."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from hdrmetrics.errors import PairingError, TableError
from hdrmetrics.improve.pairs import Pair, find_pairs, inside, read_pairs, write_pairs
from tests.improve.conftest import NAMES, save

HEAD = "name,input,enhanced"


def table(folder: Path, text: str, **options: str) -> Path:
    (folder / "pairs.csv").write_text(text, encoding=options.get("encoding", "utf-8"))
    return folder


def test_a_table_is_read_in_its_order_with_its_other_columns(tmp_path: Path) -> None:
    text = 'delta,enhanced,name,input\n0.5,out/b.png,"roof, red",in/b.jpg\n\n,a.png,Ä,in/a.jpg\n'
    pairs = read_pairs(table(tmp_path, text, encoding="utf-8-sig"))
    assert pairs == [
        Pair("roof, red", tmp_path / "in/b.jpg", tmp_path / "out/b.png", {"delta": "0.5"}),
        Pair("Ä", tmp_path / "in/a.jpg", tmp_path / "a.png", {"delta": ""}),
    ]


def test_a_table_that_was_written_is_read_by_us_and_by_python(tmp_path: Path) -> None:
    pairs = [
        Pair('say "a, b"', tmp_path / "in" / "a 1.png", tmp_path / "out" / "ä.png", {"kind": "x"}),
        Pair("c", tmp_path / "c.png", tmp_path / "d.png", {"delta": "-1.5"}),
    ]
    path = write_pairs(tmp_path, pairs)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "name": 'say "a, b"', "input": "in/a 1.png", "enhanced": "out/ä.png", "kind": "x",
        "delta": "",
    }  # fmt: skip
    again = read_pairs(tmp_path)
    assert [(p.name, p.input, p.enhanced) for p in again] == [
        (p.name, p.input, p.enhanced) for p in pairs
    ]
    assert again[1].more == {"kind": "", "delta": "-1.5"}


@pytest.mark.parametrize(
    "path",
    ["../a.png", "in/../../a.png", "/etc/passwd", "C:\\a.png", "c:a.png", "\\\\host\\a.png",
     "in\\..\\..\\a.png", "", ".", "in/a\0.png"],
)  # fmt: skip
def test_paths_stay_in_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(TableError):
        inside(tmp_path, path)
    if path.isprintable():
        table(tmp_path, f"{HEAD}\nok,a.png,b.png\nroof,a.png,{path}\n")
        with pytest.raises(TableError, match="line 3: "):
            read_pairs(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="links need rights")
def test_links_may_lead_elsewhere_in_the_folder_only(tmp_path: Path) -> None:
    outside = save(tmp_path / "secret.png", 10)
    folder = tmp_path / "set"
    save(folder / "a.png", 10)
    (folder / "near.png").symlink_to("a.png")
    (folder / "far.png").symlink_to(outside)
    (folder / "up").symlink_to(tmp_path)
    assert inside(folder, "near.png") == folder / "near.png"
    for path in ("far.png", "up/secret.png"):
        with pytest.raises(TableError, match="a link that leads out"):
            inside(folder, path)
    # The folder itself may be reached by a link.
    (tmp_path / "link").symlink_to(folder)
    assert inside(tmp_path / "link", "a.png").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        (f"{HEAD}\n", "no pairs"),
        ("name,input\na,b\n", "no column 'enhanced'"),
        ("name;input;enhanced\n", "no column 'name'"),
        (f"{HEAD},name\n", "two columns 'name'"),
        (f"{HEAD}\na,b.png\n", "line 2: 2 cells, but there are 3 columns"),
        (f"{HEAD}\na,b.png,c.png\n\na,d.png,e.png\n", "line 4: 'a' stands in line 2, too"),
        (f"{HEAD}\n,b.png,c.png\n", "line 2: '' is no name"),
        (f"{HEAD}\n a,b.png,c.png\n", "line 2: ' a' is no name"),
        (f"{HEAD}\na\x1b,b.png,c.png\n", "line 2: 'a.x1b' is no name"),
        (f'{HEAD}\n"a,b.png,c.png\n', "line 2: not CSV"),
    ],
)
def test_damaged_tables_are_refused_by_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        read_pairs(table(tmp_path, text))


def test_a_table_in_another_encoding_is_refused_by_line(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"pairs.csv, line 2: not UTF-8"):
        read_pairs(table(tmp_path, f"{HEAD}\nÄ,b.png,c.png\n", encoding="latin-1"))


def test_a_table_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    a = tmp_path / "a.png"
    for pairs, words in (
        ([], "no pair to write"),
        ([Pair("a", a, a), Pair("a", a, a)], "two pairs are called 'a'"),
        ([Pair("a\n", a, a)], "is no name"),
        ([Pair("a", a, tmp_path.parent / "b.png")], "does not lie in"),
        ([Pair("a", a, a, {"note": "two\nlines"})], "no line breaks"),
        ([Pair("a", a, a, {"input": "x"})], "'input' cannot be a further column"),
    ):
        with pytest.raises(TableError, match=words):
            write_pairs(tmp_path, pairs)
    assert not (tmp_path / "pairs.csv").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user without all rights")
def test_pictures_that_may_not_be_read_are_told_as_such(folder: Path) -> None:
    (folder / "input" / "roof.png").chmod(0)
    closed = folder / "closed"
    save(closed / "a.png", 10)
    rows = ("roof,input/roof.png,enhanced/roof.jpg", "a,closed/a.png,closed/a.png")
    rows = (*rows, "lake,input/lake.png,enhanced/lake.jpg")
    (folder / "pairs.csv").write_text("\n".join(["name,input,enhanced", *rows]) + "\n")
    closed.chmod(0)
    try:
        pairs, problems = find_pairs(folder)
    finally:
        closed.chmod(0o700)
    assert [pair.name for pair in pairs] == ["lake"]
    assert all("cannot be opened (Permission denied)" in problems[name] for name in ("roof", "a"))


def test_two_folders_are_paired_by_name(folder: Path) -> None:
    save(folder / "input" / "alone.png", 10)
    save(folder / "enhanced" / "lake.png", 10)
    (folder / "input" / "notes.txt").write_text("no picture")
    (folder / "enhanced" / "roof.jpg").write_bytes(b"no picture, too")
    pairs, problems = find_pairs(folder)
    assert [pair.name for pair in pairs] == ["bridge", "garden", "harbour"]
    assert pairs[0].input == folder / "input" / "bridge.png"
    assert pairs[0].enhanced == folder / "enhanced" / "bridge.jpg"
    assert "has no picture called 'alone'" in problems.pop("alone")
    assert "two pictures called 'lake'" in problems.pop("lake")
    assert "no picture of a known format" in problems.pop("roof")
    assert not problems


def test_a_table_goes_before_the_folders_and_lacking_pictures_are_told(folder: Path) -> None:
    table(folder, f"{HEAD}\nr,input/roof.png,enhanced/roof.jpg\nx,input/roof.png,nowhere.png\n")
    pairs, problems = find_pairs(folder)
    assert [pair.name for pair in pairs] == ["r"]
    assert list(problems) == ["x"]
    assert problems["x"].endswith("nowhere.png: no such file")


def test_folders_without_pairs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PairingError, match=r"holds neither a table pairs.csv nor the folders"):
        find_pairs(tmp_path)
    with pytest.raises(PairingError, match="is no folder"):
        find_pairs(tmp_path / "nowhere")
    save(tmp_path / "input" / "a.png", 1)
    save(tmp_path / "enhanced" / "b.png", 1)
    with pytest.raises(PairingError, match=r"no pair that can be shown: .* no picture called 'a'"):
        find_pairs(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="links need rights")
def test_linked_pictures_of_folders_stay_inside_as_well(folder: Path, tmp_path: Path) -> None:
    outside = save(tmp_path.parent / f"{tmp_path.name}-outside.png", 10)
    (folder / "input" / "roof.png").unlink()
    (folder / "input" / "roof.png").symlink_to(outside)
    pairs, problems = find_pairs(folder)
    assert "a link that leads out" in problems["roof"]
    assert sorted(pair.name for pair in pairs) == sorted({*NAMES} - {"roof"})
