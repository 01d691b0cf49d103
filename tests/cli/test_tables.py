"""Tables are aligned and fit; messages of one kind are one."""

from __future__ import annotations

from hdrmetrics.cli.messages import grouped
from hdrmetrics.cli.tables import Column, cell_width, format_facts, format_table, shortened

COLUMNS = [Column("file", shrinks="start"), Column("one", right=True), Column("two", right=True)]


def test_columns_are_aligned() -> None:
    text = format_table(COLUMNS, [["a", "1.00", "x"], ["long name", "100.00", "y"]], width=None)
    assert text.splitlines() == [
        "file          one  two",
        "a            1.00    x",
        "long name  100.00    y",
    ]


def test_a_footer_is_set_off() -> None:
    lines = format_table(COLUMNS, [["a", "1", "2"]], width=None, footer=[["mean", "1", "2"]])
    assert lines.splitlines()[2] == "─" * len("file  one  two")


def test_long_names_lose_their_start_first() -> None:
    rows = [["folder/" * 10 + "name.exr", "1", "2"]]
    lines = format_table(COLUMNS, rows, width=50).splitlines()
    assert max(map(cell_width, lines)) == 50
    assert "name.exr" in lines[1]
    assert lines[1].startswith("…")


def test_columns_that_do_not_fit_go_below_with_the_first_one() -> None:
    columns = [Column("file"), *(Column(f"metric-{i}", right=True) for i in range(5))]
    text = format_table(columns, [["a.exr", *"12345"]], width=30)
    parts = text.split("\n\n")
    assert len(parts) == 3
    assert all(part.splitlines()[1].startswith("a.exr") for part in parts)
    assert max(map(len, text.splitlines())) <= 30


def test_wide_characters_count_twice() -> None:
    assert cell_width("日本") == 4
    assert cell_width("e\u0301") == 1
    lines = format_table(COLUMNS, [["日本", "1", "2"], ["abcd", "1", "2"]], width=None).splitlines()
    assert lines[1].index("1") + 2 == lines[2].index("1")


def test_shortened_keeps_the_width() -> None:
    assert shortened("abcdef", 4, "start") == "…def"
    assert shortened("abcdef", 4, "end") == "abc…"
    assert shortened("abcdef", 4, "") == "abcdef"


def test_facts_are_wrapped_beside_their_names() -> None:
    text = format_facts([("name", "word " * 20), ("x", "y")], width=40)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 40
    assert all(line.startswith("      word") for line in lines[1:-1])
    assert lines[-1] == "x     y"


def test_messages_that_differ_in_numbers_are_one() -> None:
    lines = grouped(
        [("a", "12 values are odd"), ("b", "3.5e+04 values are odd"), ("b", "all black")]
    )
    assert lines == ["12 values are odd (a, b)", "all black (b)"]
    many = grouped((f"f{i}", f"{i} values") for i in range(9))
    assert many == ["0 values (f0, f1, f2 and 6 more like it)"]
