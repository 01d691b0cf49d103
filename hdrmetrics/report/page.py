"""What a page holds, described as data: columns, rows, pictures, and how they start out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hdrmetrics.errors import OptionError

Kind = Literal["number", "share", "score", "state", "tags", "marks", "text"]
"""How a column is shown. ``number``; ``share``: a bar from ``low`` to ``high``; ``score``: such a
bar with whiskers, where the value has an interval; ``state``: one of a few words, by which rows are
filtered; ``tags``: several words; ``marks``: words that warn or tell, each with its sentence, by
which rows are filtered; ``text``: a sentence."""

NUMBERS = frozenset({"number", "share", "score"})
"""Kinds of columns of numbers: they have an order and a histogram, and can be held to a range."""

Tone = Literal["good", "plain", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A value with its interval.

    Parameters
    ----------
    value
        The value, which may be infinite.
    low, high
        Ends of the interval; ``None`` where there is none.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A word about a row.

    Parameters
    ----------
    label
        The word: rows with the same one are found by it.
    text
        What it means of this row, in a sentence; empty where the word says all.
    tone
        Its colour.
    """

    label: str
    text: str = ""
    tone: Tone = "plain"


Cell = float | str | Scored | Sequence[str] | Sequence[Mark] | None


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
        Further pictures, which are loaded when somebody opens them: plots, maps.
    group
        Name of the burst it belongs to; empty for none. All but one row of a group are folded away
        at first.
    keeper
        Whether it is the row of its group that is shown.
    """

    name: str
    cells: Mapping[str, Cell] = field(default_factory=dict)
    pictures: Sequence[Picture] = ()
    notes: Sequence[str] = ()
    figures: Sequence[Picture] = ()
    group: str = ""
    keeper: bool = False


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
        If two columns have one key, a cell has no column or is not of its kind, a row has more
        than two pictures, or a group more than one keeper.
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
        columns = {column.key: column for column in self.columns}
        for row in self.rows:
            if unknown := sorted(set(row.cells) - set(keys)):
                raise OptionError(f"no column of the page is called {', '.join(unknown)}")
            if len(row.pictures) > 2:
                raise OptionError("a row of a page has at most two pictures, which are compared")
            for key, value in row.cells.items():
                if value is not None:
                    _check(value, columns[key])
        keepers = Counter(row.group for row in self.rows if row.keeper)
        if twice := [group for group, count in keepers.items() if count > 1 and group]:
            raise OptionError(f"a group of a page has one keeper, not several: {twice[0]}")


def _check(value: Cell, column: Column) -> None:
    if not _fits(value, column.kind):
        raise OptionError(f"{value!r} is no cell of a column of {column.kind}: {column.key}")
    keys = [state.key for state in column.states]
    if column.kind == "state" and value not in keys:
        raise OptionError(
            f"{value!r} is none of the states of {column.key}: {', '.join(keys) or 'it has none'}"
        )


def _fits(value: Cell, kind: Kind) -> bool:
    """Return whether a value can stand in a column."""
    if kind in NUMBERS:
        return isinstance(value, (int, float)) or (kind != "share" and isinstance(value, Scored))
    if kind in ("state", "text"):
        return isinstance(value, str)
    wanted = Mark if kind == "marks" else str
    # A str is a sequence of its letters, and no list of tags.
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(isinstance(one, wanted) for one in value)
    )
