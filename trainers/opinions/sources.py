"""The sets of opinions that can be learnt from, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hdrmetrics.errors import OptionError
from trainers.opinions.anyones import opinions_of_table
from trainers.opinions.ava import ava
from trainers.opinions.biq2021 import biq2021
from trainers.opinions.kadid10k import kadid10k
from trainers.opinions.koniq10k import koniq10k
from trainers.opinions.opinions import Opinions
from trainers.opinions.scales import Scale
from trainers.opinions.spaq import spaq
from trainers.opinions.tid2013 import tid2013

TABLE = "csv"
"""Name of anyone's own table, whose scale must be said."""

SOURCES: dict[str, Callable[[Path], Opinions]] = {
    "ava": ava,
    "biq2021": biq2021,
    TABLE: opinions_of_table,
    "kadid10k": kadid10k,
    "koniq10k": koniq10k,
    "spaq": spaq,
    "tid2013": tid2013,
}
"""Loaders by name: a copy of the set as its authors publish it in, opinions out."""


def load_opinions(name: str, folder: Path, *, scale: Scale | None = None) -> Opinions:
    r"""Return the photographs of a set with the opinions on them.

    Parameters
    ----------
    name
        Of :data:`SOURCES`.
    folder
        Of a copy of the set as its authors publish it; for ``csv`` the file.
    scale
        For ``csv`` with means alone: worst opinion and best.

    Raises
    ------
    OptionError
        If there is no such set or folder, a scale is said of a set that has its own, or the folder
        holds something else: the message says what to name.
    MissingPackageError
        If the table is an Excel file, and what reads such is not installed.

    Warns
    -----
    HdrMetricsWarning
        If a few of the photographs are absent.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a.jpg").write_bytes(b"a photograph")
    ...     _ = (Path(folder) / "mine.csv").write_text("path,mean\na.jpg,75\n")
    ...     load_opinions("csv", Path(folder) / "mine.csv", scale=(0, 100)).mean
    array([7.75])
    """
    if name not in SOURCES:
        raise OptionError(f"no set of opinions is called {name!r}: one of {', '.join(SOURCES)}")
    if not folder.exists():
        raise OptionError(f"{folder} does not exist: name the folder of a copy of {name}")
    if name == TABLE:
        return opinions_of_table(folder, scale)
    if scale is not None:
        raise OptionError(f"{name} has its own scale: say one with {TABLE} only")
    return SOURCES[name](folder)
