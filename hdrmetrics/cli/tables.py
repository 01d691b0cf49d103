"""Tables for the terminal: aligned, and no wider than it is."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from hdrmetrics.text.plaintext import one_line

_GAP = "  "
_LEAST = {"end": 12, "start": 28}  # characters that a column keeps, by the end that is cut


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    header
        Its title.
    right
        Whether its cells are aligned at the right.
    shrinks
        ``"end"`` or ``"start"``: the end of a cell that is cut when the table is too wide.
    """

    header: str
    right: bool = False
    shrinks: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """What a table holds, wherever it is written.

    Parameters
    ----------
    columns
        Their titles and how they are aligned.
    rows
        Cells.
    footer
        Further rows, set off by a line.
    keep
        Leading columns that say what a row is about.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    footer: Sequence[Sequence[str]] = ()
    keep: int = 1

    def text(self, width: int | None) -> str:
        """Return the table for the terminal, see :func:`format_table`."""
        return format_table(
            self.columns, self.rows, width=width, footer=self.footer, keep=self.keep
        )


def terminal_width() -> int | None:
    """Return the number of characters in a line, ``None`` when the output is no terminal."""
    if "COLUMNS" in os.environ or sys.stdout.isatty():
        return shutil.get_terminal_size((80, 24)).columns
    return None


def format_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    width: int | None,
    footer: Sequence[Sequence[str]] = (),
    keep: int = 1,
) -> str:
    """Return a table as lines of text.

    Parameters
    ----------
    columns
        Those that do not fit side by side go to further parts below.
    rows
        Cells.
    width
        Characters in a line; ``None`` for no limit.
    footer
        Further rows, set off by a line.
    keep
        Leading columns that stand in every part.
    """
    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [
        max(cell_width(cell) for cell in (column.header, *(r[i] for r in (*rows, *footer))))
        for i, column in enumerate(columns)
    ]
    if width is not None:
        widths = _shrink(columns, widths, width)
    parts = []
    for part in _parts(widths, width, keep):
        lines = [_line(columns, [column.header for column in columns], widths, part)]
        lines += [_line(columns, row, widths, part) for row in rows]
        if footer:
            lines.append("─" * (sum(widths[i] for i in part) + len(_GAP) * (len(part) - 1)))
            lines += [_line(columns, row, widths, part) for row in footer]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _shrink(columns: Sequence[Column], widths: list[int], width: int) -> list[int]:
    """Take what is too much from the columns that may shrink, the widest first."""
    widths = list(widths)
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        able = [i for i, c in enumerate(columns) if widths[i] > _LEAST.get(c.shrinks, 10**6)]
        if not able:
            break
        widths[max(able, key=lambda i: widths[i])] -= 1
    return widths


def _parts(widths: Sequence[int], width: int | None, keep: int) -> list[list[int]]:
    """Return the columns of each part: as many as fit, the first ones in each."""
    leading = list(range(keep))
    start = sum(widths[:keep]) + len(_GAP) * (keep - 1)
    parts: list[list[int]] = [leading.copy()]
    used = start
    for index in range(keep, len(widths)):
        need = len(_GAP) + widths[index]
        if width is not None and used + need > width and len(parts[-1]) > keep:
            parts.append(leading.copy())
            used = start
        parts[-1].append(index)
        used += need
    return parts


def _line(
    columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int], part: Sequence[int]
) -> str:
    padded = []
    for index in part:
        text = shortened(cells[index], widths[index], columns[index].shrinks)
        blank = " " * (widths[index] - cell_width(text))
        padded.append(blank + text if columns[index].right else text + blank)
    return _GAP.join(padded).rstrip()


def shortened(text: str, width: int, side: str) -> str:
    """Return the text cut to a width at one side, with a sign that it was."""
    if cell_width(text) <= width or not side:
        return text
    while text and cell_width(text) > width - 1:
        text = text[1:] if side == "start" else text[:-1]
    return f"…{text}" if side == "start" else f"{text.rstrip()}…"


def cell_width(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def format_facts(facts: Sequence[tuple[str, str]], width: int | None) -> str:
    """Return names with what there is to say about each, wrapped beside them."""
    import textwrap

    left = max(cell_width(name) for name, _ in facts)
    room = 10**6 if width is None else max(30, width - left - len(_GAP))
    lines = []
    for name, text in facts:
        wrapped = textwrap.wrap(
            one_line(text), room, break_long_words=False, break_on_hyphens=False
        )
        for index, piece in enumerate(wrapped or [""]):
            head = name if index == 0 else ""
            lines.append(f"{head}{' ' * (left - cell_width(head))}{_GAP}{piece}".rstrip())
    return "\n".join(lines)
