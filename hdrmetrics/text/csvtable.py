"""CSV tables with a header, read strictly: a fault is named with its line."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from hdrmetrics.errors import TableError

_BOM = b"\xef\xbb\xbf"  # that spreadsheets put before UTF-8


class Line(NamedTuple):
    """A line of a table: its number in the file, from 1, and its cells by column."""

    number: int
    cells: dict[str, str]


def read_table(path: str | os.PathLike[str], needed: Collection[str]) -> list[Line]:
    r"""Return the lines of a CSV file in UTF-8 below its header; empty lines are passed over.

    Parameters
    ----------
    path
        The file.
    needed
        Columns that it must have; it may have others.

    Raises
    ------
    TableError
        If the file cannot be read or is not UTF-8; if a column is missing or stands twice; if a
        line has more or fewer cells than the header, or a quote that does not end.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "labels.csv"
    >>> _ = path.write_text("name,label\nroof\n")
    >>> read_table(path, ["name"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    hdrmetrics.errors.TableError: ...labels.csv, line 2: 1 cells, but there are 2 columns
    """
    return list(parse_table(read_bytes(path), os.fspath(path), needed))


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return what a file holds.

    Raises
    ------
    TableError
        If it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TableError(f"cannot read {os.fspath(path)!r}: {error.strerror or error}") from error


def parse_table(data: bytes, name: str, needed: Collection[str]) -> Iterator[Line]:
    r"""Yield the lines of a table below its header, as :func:`read_table` does.

    Parameters
    ----------
    data
        What the file holds.
    name
        Of the file, for messages.
    needed
        As for :func:`read_table`.

    Raises
    ------
    TableError
        As :func:`read_table`, when the line is reached.

    Examples
    --------
    >>> list(parse_table(b"name,label\nroof,2\n", "labels.csv", ["name"]))
    [Line(number=2, cells={'name': 'roof', 'label': '2'})]
    """
    header: list[str] | None = None
    for number, raw in enumerate(data.removeprefix(_BOM).split(b"\n"), 1):
        cells = _cells(raw, f"{name}, line {number}")
        if not cells:
            continue
        if header is None:
            header = _header(cells, name, needed)
        elif len(cells) != len(header):
            raise TableError(
                f"{name}, line {number}: {len(cells)} cells, but there are {len(header)} columns"
            )
        else:
            yield Line(number, dict(zip(header, cells, strict=True)))
    if header is None:
        raise TableError(f"{name} is empty; it begins with a line of columns: {','.join(needed)}")


def _cells(raw: bytes, where: str) -> list[str]:
    # Line by line, so that a quote that does not end spoils no more than its line.
    try:
        line = raw.decode("utf-8").removesuffix("\r")
        return next(csv.reader([line], strict=True)) if line else []
    except UnicodeDecodeError:
        raise TableError(f"{where}: not UTF-8; save the table as CSV in UTF-8") from None
    except csv.Error as error:
        raise TableError(f"{where}: not CSV ({error})") from None


def _header(cells: list[str], name: str, needed: Collection[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    missing = [column for column in needed if column not in header]
    if missing:
        raise TableError(
            f"{name} has no column {missing[0]!r}; its first line names, with commas between them, "
            f"at least {','.join(needed)}"
        )
    twice = next((column for column in header if header.count(column) > 1), None)
    if twice is not None:
        raise TableError(f"{name} has two columns {twice!r}: remove or rename one")
    return header
