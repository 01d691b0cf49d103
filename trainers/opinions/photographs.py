"""The photographs of a set that are there, and the opinions on those."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.scenes.splits import split_of
from hdrmetrics.errors import HdrMetricsWarning, OptionError
from trainers.opinions.opinions import Opinions, assumed_spread

MOST_MISSING = 0.02
"""Part of a set's photographs that may be absent; more of them mean another folder or half a copy.

AVA has always lost a few.
"""

LEAST_SPREAD = 0.1
"""In points of ten: of some photographs all people said the same, the next might not."""


MOST_SPREAD = 6.4
"""In points of ten: of two opinions, 1 and 10, with n − 1."""


def file_at(path: Path) -> Path | None:
    """Return a path that a file is at, or ``None``; empty files, as in :func:`in_folder`, are none.

    Examples
    --------
    >>> file_at(Path("no such photograph")) is None
    True
    """
    return path if path.is_file() and path.stat().st_size > 0 else None


def in_folder(folder: Path, names: Sequence[str]) -> list[Path | None]:
    """Return the files of a folder that have these names but for case; ``None`` where none has.

    Empty files, which broken downloads leave, are none.

    Raises
    ------
    OptionError
        If the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            there = [one.name for one in entries if one.is_file() and one.stat().st_size > 0]
    except OSError as error:
        raise OptionError(
            f"{folder} cannot be read as a folder of photographs ({error})"
        ) from error
    # A name as the table has it goes before one in another case.
    files = {name.lower(): folder / name for name in there}
    files |= {name: folder / name for name in there}
    return [files.get(name, files.get(name.lower())) for name in names]


def split_by_group(group: Sequence[str]) -> NDArray[np.str_]:
    """Return the splits of photographs by the names of their groups alone, ``(N,)``.

    For sets whose authors publish none: about a tenth is for validation, a fifth for the test. All
    photographs of a group share its split, also with another set's of that name.

    Examples
    --------
    >>> found = split_by_group(["i01", "i02", "i01"])
    >>> bool(found[0] == found[2])
    True
    """
    splits = {name: split_of(name) for name in set(group)}
    return np.array([splits[name] for name in group], dtype="<U10")


def opinions_on(
    name: str,
    names: Sequence[str],
    files: Sequence[Path | None],
    *,
    mean: NDArray[np.float64],
    group: Sequence[str],
    terms: str,
    spread: NDArray[np.float64] | None = None,
    distribution: NDArray[np.float64] | None = None,
    split: NDArray[np.str_] | None = None,
) -> Opinions:
    """Return the opinions on those photographs that are there.

    Parameters
    ----------
    name
        Of the set.
    names, files
        Of the ``N`` photographs of its table, and where they are, if they are.
    mean, spread
        ``(N,)`` on [1, 10]; without a spread it is assumed.
    group
        Photographs that show the same share one.
    terms
        What the set may be used for.
    distribution
        ``(N, 10)``, where it was published.
    split
        ``(N,)``; without one it follows from the groups (:func:`split_by_group`).

    Raises
    ------
    OptionError
        If more than :data:`MOST_MISSING` of the photographs are absent, the table names one twice,
        or a spread is negative or larger than opinions on ten scores can have.

    Warns
    -----
    HdrMetricsWarning
        If fewer are absent: with their number.
    """
    seen: set[str] = set()
    for one in names:
        if one in seen:
            raise OptionError(f"{name}: the table names {one} twice: leave one of the rows")
        seen.add(one)
    missing = [one for one, file in zip(names, files, strict=True) if file is None]
    if len(missing) > MOST_MISSING * len(names):
        raise OptionError(
            f"{name}: {len(missing)} of {len(names)} photographs are absent, {missing[0]} for one: "
            "name the folder of a whole copy"
        )
    if spread is not None and not np.all(spread >= 0):
        raise OptionError(f"{name}: a standard deviation is negative: name the authors' table")
    if spread is not None and spread.max() > MOST_SPREAD:
        raise OptionError(
            f"{name}: a standard deviation of {spread.max():g} on 1 to 10 is more than opinions "
            "can have: say deviations of single opinions, on the scale of the means; not variances"
        )
    found = Opinions(
        name=name,
        paths=tuple(file or Path() for file in files),
        mean=mean,
        spread=assumed_spread(mean) if spread is None else np.maximum(spread, LEAST_SPREAD),
        split=split_by_group(group) if split is None else split,
        group=np.array(group),
        terms=terms,
        measured=spread is not None,
        distribution=distribution,
    )
    if not missing:
        return found
    warnings.warn(
        f"{name}: {len(missing)} of {len(names)} photographs are absent, {missing[0]} for one, and "
        "left out",
        HdrMetricsWarning,
        stacklevel=3,
    )
    return found.select(np.array([file is not None for file in files]))
