"""Tables of opinions as their authors write them, with errors that say what to name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.rows import read_rows
from hdrmetrics.errors import MissingPackageError, OptionError

Row = dict[str, str]


def first_of(folder: Path, names: Iterable[str], what: str) -> Path:
    """Return the first of some files or folders that is there.

    Parameters
    ----------
    folder
        Of the set.
    names
        In order of preference.
    what
        What they are, for the error.

    Raises
    ------
    OptionError
        If none is there.
    """
    names = list(names)
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise OptionError(
        f"{folder} holds no {what} ({' or '.join(names)}): name the folder that holds it"
    )


def read_table(path: Path, needed: Sequence[str]) -> list[Row]:
    """Return the rows of a CSV file, or of an Excel file's first sheet, by column.

    Parameters
    ----------
    path
        Of the file.
    needed
        Columns that it must have.

    Raises
    ------
    OptionError
        If it cannot be read, holds no rows, lacks a column or has one twice, or if a row has more
        cells than there are columns, as where numbers have commas.
    MissingPackageError
        If it is an Excel file, and what reads such is not installed.
    """
    rows = _excel_rows(path) if path.suffix.lower() == ".xlsx" else _csv_rows(path)
    if not rows:
        raise OptionError(f"{path} holds no rows: name a table of opinions")
    missing = [name for name in needed if name not in rows[0]]
    if missing:
        raise OptionError(
            f"{path} lacks the column {', '.join(missing)} (it has {', '.join(rows[0])}): name the "
            "table as its authors publish it, separated by commas"
        )
    return rows


def texts(rows: Sequence[Row], column: str, path: Path) -> list[str]:
    """Return a column of texts.

    Raises
    ------
    OptionError
        If one is empty.
    """
    found = [row[column].strip() for row in rows]
    if "" in found:
        raise OptionError(f"{path}: row {found.index('') + 1} says nothing under {column}")
    return found


def numbers(rows: Sequence[Row], column: str, path: Path) -> NDArray[np.float64]:
    """Return a column of numbers.

    Raises
    ------
    OptionError
        If one is no number, or not finite.
    """
    return np.array([number(row[column], column, i, path) for i, row in enumerate(rows, start=1)])


def number(text: str, what: str, row: int, path: Path) -> float:
    """Return a finite number that a row of a table says.

    Raises
    ------
    OptionError
        If it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise OptionError(f"{path}: row {row} says {text!r} under {what}, which is no number")
    return value


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text that say something.

    Raises
    ------
    OptionError
        If it cannot be read or says nothing.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} cannot be read as text ({error})") from error
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        raise OptionError(f"{path} is empty: name the file as its authors publish it")
    return found


def _csv_rows(path: Path) -> list[Row]:
    found: list[Row] = []
    for number, row in enumerate(read_rows(path, "cannot be read as a table of opinions"), start=1):
        # Under None is what a row has beyond the header: nothing but commas may be there.
        beyond: Sequence[str] = row.pop(None, ())  # type: ignore[call-overload]
        if any(beyond):
            raise OptionError(
                f"{path}: row {number} has more cells than there are columns: write numbers with "
                "points, and texts that hold commas in quotes"
            )
        found.append({name.strip(): value or "" for name, value in row.items()})
    return found


def _excel_rows(path: Path) -> list[Row]:
    if find_spec("pandas") is None or find_spec("openpyxl") is None:
        raise MissingPackageError(
            f"{path} needs pandas and openpyxl (pip install pandas openpyxl); or save its sheet as "
            f"{path.with_suffix('.csv').name} beside it"
        )
    import pandas as pd

    try:
        frame = pd.read_excel(path, dtype=str, keep_default_na=False)
    except Exception as error:  # zip files, XML and cells each fail in their own way
        raise OptionError(f"{path} cannot be read as a table of opinions ({error!r})") from error
    rows = [
        {str(name).strip(): str(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
    return [row for row in rows if any(row.values())]
