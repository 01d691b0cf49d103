"""A page as compact JSON: a list for each column, and every text once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from hdrmetrics.report.page import NUMBERS, Cell, Column, Mark, Page, PageRow, Picture, Scored

_DIGITS = 7  # of numbers: what single precision holds


def packed(page: Page) -> dict[str, Any]:
    """Return what the page's script reads, JSON-ready.

    Parameters
    ----------
    page
        See :class:`~hdrmetrics.report.page.Page`.

    Returns
    -------
    dict
        ``names``; ``texts``, of which all others are numbers; ``columns`` with their ``values`` in
        the order of the rows: numbers with seven digits (``"inf"`` and ``"-inf"`` where they are
        infinite, none where they are not a number), numbers of states, texts or marks. What few
        rows have (notes, figures, groups) is by the row's number.

    Examples
    --------
    >>> from hdrmetrics.report.page import Column, Page, PageRow
    >>> found = packed(Page("t", [Column("x", "x")], [PageRow("a", {"x": 1.5}), PageRow("b")]))
    >>> found["names"], found["columns"][0]["values"]
    (['a', 'b'], [1.5, None])
    """
    texts = _Pool()
    marks = _Pool()
    rows = page.rows
    groups = _Pool()
    return {
        "columns": [_column(column, rows, texts, marks) for column in page.columns],
        "sort": page.sort,
        "descending": page.descending,
        "unit": list(page.unit),
        "names": [row.name for row in rows],
        "pictures": [_pictures(row.pictures, texts) for row in rows],
        "notes": {i: [texts[one] for one in row.notes] for i, row in enumerate(rows) if row.notes},
        "figures": {i: _pictures(row.figures, texts) for i, row in enumerate(rows) if row.figures},
        "groups": {i: groups[row.group] for i, row in enumerate(rows) if row.group},
        "keepers": [i for i, row in enumerate(rows) if row.group and row.keeper],
        "marks": [[texts[m.label], texts[m.text], m.tone] for m in marks.values],
        "texts": texts.values,  # last: the others fill it
    }


class _Pool:
    """Values by number, each once."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def __getitem__(self, value: Any) -> int:
        return self.numbers.setdefault(value, len(self.numbers))

    @property
    def values(self) -> list[Any]:
        return list(self.numbers)


def _column(column: Column, rows: Sequence[PageRow], texts: _Pool, marks: _Pool) -> dict[str, Any]:
    record = asdict(column)
    cells = [row.cells.get(column.key) for row in rows]
    if column.kind in NUMBERS:
        scores = [one if isinstance(one, Scored) else None for one in cells]
        record["values"] = [_number(_value(one)) for one in cells]
        if any(one is not None and one.low is not None for one in scores):
            record["lows"] = [one and _number(one.low) for one in scores]
            record["highs"] = [one and _number(one.high) for one in scores]
    elif column.kind == "state":
        keys = {state.key: place for place, state in enumerate(column.states)}
        record["values"] = [keys.get(one) if isinstance(one, str) else None for one in cells]
    elif column.kind == "text":
        record["values"] = [texts[one] if one else None for one in cells]
    else:
        pool = marks if column.kind == "marks" else texts
        record["values"] = [[pool[tag] for tag in _listed(one)] or None for one in cells]
    return record


def _listed(cell: Cell) -> Iterable[str | Mark]:
    return cell if isinstance(cell, Sequence) else ()


def _value(cell: Cell) -> float | None:
    if isinstance(cell, Scored):
        return cell.value
    return float(cell) if isinstance(cell, (int, float)) else None


def _number(value: float | None) -> float | str | None:
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short == int(short) else short


def _pictures(pictures: Sequence[Picture], texts: _Pool) -> list[list[Any]]:
    return [[texts[one.label], one.src, one.width, one.height] for one in pictures]
