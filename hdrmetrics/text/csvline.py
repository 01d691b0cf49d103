"""A line of a CSV table, as any reader takes it apart again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable


def csv_line(cells: Iterable[object], delimiter: str = ",") -> str:
    r"""Return a line of CSV with its end.

    Parameters
    ----------
    cells
        Their texts may hold anything: what a reader would stumble over is quoted, a carriage
        return in the name of a file too. ``None`` is empty.
    delimiter
        One character.

    Examples
    --------
    >>> csv_line(["a,b", "roof\r", 1.5, None])
    '"a,b","roof\r",1.5,\n'
    """
    text = io.StringIO(newline="")
    # Only characters of its own line ends are quoted by the writer of older Pythons.
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"
