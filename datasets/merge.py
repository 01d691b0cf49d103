"""Shards of a table joined into the whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datasets.table import Row, read_table, rows_of, write_table
from hdrmetrics.errors import OptionError

_GIVEN = ("target", "teacher", "ppd", "display", "libraries")  # write_table adds them again
_SAME = ("recipe_sha256", "teacher", "ppd", "display", "labels")


def merge(tables: Sequence[Path], out: Path) -> int:
    """Join the tables of all shards into one, and fit the target anew; returns its rows.

    Joined from all shards, a table has the same bytes as one built in one piece.

    Parameters
    ----------
    tables
        The shards' files, in any order.
    out
        Where to write the whole.

    Raises
    ------
    OptionError
        If the shards come from different recipes, teachers or libraries, or share items.
    ImageReadError
        If one cannot be read.
    """
    if not tables:
        raise OptionError("no tables to merge")
    rows: list[Row] = []
    first = read_table(tables[0])
    for path in tables:
        table = read_table(path)
        for key in (*_SAME, "libraries"):
            if table.metadata[key] != first.metadata[key]:
                raise OptionError(
                    f"{path} and {tables[0]} were made with different {key.replace('_', ' ')}: "
                    f"{table.metadata[key]} and {first.metadata[key]}"
                )
        frame = table.frame.drop(columns=list(_GIVEN))
        rows += rows_of(frame)
    metadata = {key: value for key, value in first.metadata.items() if key != "target"}
    write_table(out, rows, metadata)
    return len(rows)
