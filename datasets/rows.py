"""CSV files as rows of texts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hdrmetrics.errors import OptionError
from hdrmetrics.text.textfile import write_text


def read_rows(path: Path, refusal: str = "cannot be read as CSV") -> list[dict[str, str | None]]:
    """Return the rows of a file by column.

    Parameters
    ----------
    path
        Of the file, in UTF-8.
    refusal
        What its error says of it.

    Raises
    ------
    OptionError
        If it cannot be read, or has two columns of one name.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OptionError(f"{path} {refusal} ({error})") from error
    columns = [name.strip() for name in reader.fieldnames or ()]
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice is not None:
        raise OptionError(f"{path} has two columns {twice!r}: remove or rename one")
    return rows


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows below a header, replacing the file in one step.

    Raises
    ------
    ImageWriteError
        If the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
