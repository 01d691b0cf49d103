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
        If it cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OptionError(f"{path} {refusal} ({error})") from error


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
