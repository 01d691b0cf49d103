"""The loader of anyone's opinions: a CSV file that names photographs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import OptionError
from trainers.opinions.opinions import SPLITS, Opinions
from trainers.opinions.photographs import file_at, opinions_on
from trainers.opinions.scales import Scale, moments, on_ten, shares, spread_on_ten
from trainers.opinions.tables import Row, numbers, read_table, texts

TERMS = "not said: whose opinions these are is known to who made the table"
TABLE = "opinions.csv"
COUNTS = tuple(str(score) for score in range(1, 11))


def opinions_of_table(path: Path, scale: Scale | None = None) -> Opinions:
    """Return the photographs that a CSV file names, with the opinions that it says.

    ===============  ===============================================================================
    column           what
    ===============  ===============================================================================
    ``path``         of a photograph, from the folder of the CSV file
    ``mean``         mean opinion on the scale; or instead
    ``1`` … ``10``   how many people gave each score
    ``spread``       optional, with ``mean``: standard deviation of single opinions, on the scale
    ``group``        optional: photographs that show the same share one; otherwise each is its own
    ``split``        optional: ``train``, ``validation`` or ``test``; otherwise groups decide
    ===============  ===============================================================================

    Parameters
    ----------
    path
        Of the file, or of a folder with ``opinions.csv``.
    scale
        Worst opinion and best, such as (0, 100), or (100, 0) where less is better. It must be said
        of means, and cannot be of counts.

    Raises
    ------
    OptionError
        If the file cannot be read, lacks a column or has one too many, says no number or a number
        out of scale, names photographs that are not there, or has a group in two splits.
    """
    table = path / TABLE if path.is_dir() else path
    rows = read_table(table, ["path"])
    names = [os.path.normpath(one) for one in texts(rows, "path", table)]
    mean, spread, distribution = _said(rows, table, scale)
    group = texts(rows, "group", table) if "group" in rows[0] else names
    split = _split(texts(rows, "split", table), group, table) if "split" in rows[0] else None
    files = [file_at(table.parent / one) for one in names]
    return opinions_on(
        table.stem,
        names,
        files,
        mean=mean,
        spread=spread,
        distribution=distribution,
        split=split,
        group=group,
        terms=TERMS,
    )


_Said = tuple[NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.float64] | None]


def _said(rows: Sequence[Row], table: Path, scale: Scale | None) -> _Said:
    there = [name for name in COUNTS if name in rows[0]]
    if ("mean" in rows[0]) == bool(there):
        raise OptionError(f"{table} has either a column mean or the ten columns 1 to 10")
    if not there:
        if scale is None:
            raise OptionError(
                f"{table} says means: say their scale, worst opinion and best, as --scale 0 100"
            )
        mean = on_ten(numbers(rows, "mean", table), scale, str(table))
        if "spread" not in rows[0]:
            return mean, None, None
        return mean, spread_on_ten(numbers(rows, "spread", table), scale), None
    if len(there) != len(COUNTS):
        absent = ", ".join(name for name in COUNTS if name not in there)
        raise OptionError(f"{table} lacks the counts of {absent}")
    if scale is not None or "spread" in rows[0]:
        raise OptionError(f"{table} counts scores from 1 to 10: it has no other scale or spread")
    counts = np.stack([numbers(rows, name, table) for name in COUNTS], axis=1)
    parts = shares(counts, str(table))
    mean, spread = moments(parts, np.arange(1.0, 11.0))
    return on_ten(mean, (1, 10), str(table)), spread, parts


def _split(said: Sequence[str], group: Sequence[str], table: Path) -> NDArray[np.str_]:
    unknown = sorted(set(said) - set(SPLITS))
    if unknown:
        raise OptionError(f"{table}: split is one of {', '.join(SPLITS)}, not {unknown[0]}")
    of: dict[str, str] = {}
    for one, name in zip(said, group, strict=True):
        if of.setdefault(name, one) != one:
            raise OptionError(
                f"{table}: the group {name} is in {of[name]} and in {one}: a group has one split, "
                "so that nothing is tested on what was learnt from"
            )
    return np.array(said)
