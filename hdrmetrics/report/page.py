"""What a page holds, described as data: columns, rows, pictures, and how they start out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from hdrmetrics.errors import OptionError

Kind = Literal["number", "share", "state", "tags", "text"]
"""How a column is shown. ``number``; ``share``: a bar from ``low`` to ``high``; ``state``: one of a
few words, by which rows are filtered; ``tags``: several words; ``text``: a sentence."""

Tone = Literal["good", "plain", "warning", "bad"]
Cell = float | str | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class State:
    """One of the words of a column of states.

    Parameters
    ----------
    key
        What rows say.
    label
        What people read.
    tone
        Its colour.
    """

    key: str
    label: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Column:
    """One value of every row.

    Parameters
    ----------
    key
        What rows call it.
    label
        Its title.
    kind
        See :data:`Kind`.
    help
        What it means, in a sentence.
    digits
        Behind the point.
    low, high
        The ends of a bar.
    mark
        Where a bar has a mark, such as a threshold.
    sortable
        Whether rows can be put in its order.
    states
        Of a column of states, in the order of its filters.
    """

    key: str
    label: str
    kind: Kind = "number"
    help: str = ""
    digits: int = 2
    low: float = 0.0
    high: float = 1.0
    mark: float | None = None
    sortable: bool = True
    states: tuple[State, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a row.

    Parameters
    ----------
    label
        ``before`` or ``after``, say: two pictures of one row are compared by a slider.
    src
        A ``data:`` address, or a path from the page.
    width, height
        In pixels.
    """

    label: str
    src: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PageRow:
    """One photograph.

    Parameters
    ----------
    name
        What it is called.
    cells
        By the column's key; ``None`` and missing ones are shown as a dash.
    pictures
        None, one, or two to compare.
    notes
        Sentences: errors and warnings.
    figures
        Further pictures, which open below the others: plots.
    """

    name: str
    cells: Mapping[str, Cell] = field(default_factory=dict)
    pictures: Sequence[Picture] = ()
    notes: Sequence[str] = ()
    figures: Sequence[Picture] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Parameters
    ----------
    title
        Its heading.
    summary
        One sentence below it.
    columns
        What rows have.
    rows
        In any order.
    sort
        The column by which rows are ordered at first; empty for their names.
    descending
        Whether the highest comes first.
    facts
        What the values depend on: names and sentences.
    unit
        What rows are, in singular and plural.

    Raises
    ------
    OptionError
        If two columns have one key, a cell has no column, or a row has more than two pictures.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[PageRow]
    summary: str = ""
    sort: str = ""
    descending: bool = True
    facts: Sequence[tuple[str, str]] = ()
    unit: tuple[str, str] = ("photograph", "photographs")

    def __post_init__(self) -> None:
        keys = [column.key for column in self.columns]
        if len(set(keys)) < len(keys):
            raise OptionError(f"two columns of a page have one key: {', '.join(keys)}")
        for row in self.rows:
            if unknown := sorted(set(row.cells) - set(keys)):
                raise OptionError(f"no column of the page is called {', '.join(unknown)}")
            if len(row.pictures) > 2:
                raise OptionError("a row of a page has at most two pictures, which are compared")

    def data(self) -> dict[str, Any]:
        """Return what the page's script reads, JSON-ready; numbers that are not finite are none."""
        return {
            "columns": [asdict(column) for column in self.columns],
            "sort": self.sort,
            "descending": self.descending,
            "unit": list(self.unit),
            "rows": [
                {
                    "name": row.name,
                    "cells": {key: _finite(value) for key, value in row.cells.items()},
                    "pictures": [asdict(picture) for picture in row.pictures],
                    "notes": list(row.notes),
                    "figures": [asdict(picture) for picture in row.figures],
                }
                for row in self.rows
            ],
        }


def _finite(value: Cell) -> Cell:
    return None if isinstance(value, float) and not math.isfinite(value) else value
