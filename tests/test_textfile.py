"""Text files appear complete or not at all; text for ASCII-only places stays readable."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

from hdrmetrics.errors import ImageWriteError
from hdrmetrics.text.csvline import csv_line
from hdrmetrics.text.formatting import format_value
from hdrmetrics.text.plaintext import ascii_only, one_line
from hdrmetrics.text.textfile import json_text, readable, remove_drafts, write_text


def test_text_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for text in ("one\n", "zwei µ\n"):
        write_text(path, text)
        assert path.read_bytes() == text.encode()
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def full(*where: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ImageWriteError, match="No space left"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    try:
        (tmp_path / "link.txt").symlink_to("real.txt")
    except OSError as error:
        pytest.skip(f"no symbolic links here: {error}")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_devices_are_written_to_not_replaced() -> None:
    write_text(os.devnull, "text")
    assert not os.path.isfile(os.devnull)


def test_folders_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ImageWriteError, match="No such file or directory"):
        write_text(tmp_path / "no" / "a.txt", "text")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("µ-law ≥ 5 cd/m² …", "u-law >= 5 cd/m2 ..."),
        ("Zoë 日本", "Zoe ??"),
        ("a\x1b[0m\n", "a?[0m?"),
        ("\udcff", "?"),
    ],
)
def test_ascii(text: str, plain: str) -> None:
    assert ascii_only(text) == plain


def test_one_line_keeps_letters_of_all_scripts() -> None:
    assert one_line("Zoë 日本\n\x1b\udcff") == "Zoë 日本???"


@pytest.mark.parametrize(
    ("value", "unit", "scale", "text"),
    [
        (38.216, "dB", (-float("inf"), float("inf")), "38.22"),
        (float("inf"), "dB", (-float("inf"), float("inf")), "inf"),
        (0.97123, "", (-1.0, 1.0), "0.9712"),
        (35.887, "", (0.0, 100.0), "35.89"),
        (0.0001234567, "of peak²", (0.0, float("inf")), "0.0001235"),
        (646.6123, "PU²", (0.0, float("inf")), "646.6"),
    ],
)
def test_values_have_the_digits_that_mean_something(
    value: float, unit: str, scale: tuple[float, float], text: str
) -> None:
    assert format_value(value, unit, scale) == text


def test_names_that_are_no_text_leave_a_file_that_every_program_reads(tmp_path: Path) -> None:
    write_text(tmp_path / "a.csv", "bad\udcff\udcfe.jpg,\N{SUNRISE},1\n")
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "bad\\xff\\xfe.jpg,\N{SUNRISE},1\n"
    assert readable("half \ud800 and \udcff") == "half \\ud800 and \\udcff"
    name = "bad\udcff.jpg"
    write_text(tmp_path / "a.json", json_text({name: 1, "a": 2}, sort_keys=True))
    assert list(json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))) == ["a", name]


def test_drafts_that_a_kill_left_are_removed(tmp_path: Path) -> None:
    keep = ["a.png", ".hidden.png", ".a.png", "a.0123abcd.png", ".b.0123abcd.png", ".a.01234567"]
    gone = [".a.0123abcd.png", "..a.0123abcd.89abcdef.png", ".x\ny.00000000", ".e.f.0123abcd.g"]
    for name in (*keep, *gone):
        (tmp_path / name).touch()
    remove_drafts([tmp_path / "a.png", tmp_path / "x\ny", tmp_path / "e.f.g", "no/where.png"])
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(keep)


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_line_of_csv_is_read_as_it_was(delimiter: str) -> None:
    odd = ["Icon\r", "a\r\nb", "c\nd", 'the "roof", red', "tab\t", "\u2028\x0b", " ", ""]
    text = csv_line(odd, delimiter) + csv_line(["next", *odd[1:]], delimiter)
    read = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    assert read == [odd, ["next", *odd[1:]]]
    assert csv_line(["a", 1, None], delimiter) == f"a{delimiter}1{delimiter}\n"
