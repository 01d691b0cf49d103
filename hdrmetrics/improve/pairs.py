"""The table of pairs: photographs, and what an enhancement made of each."""

from __future__ import annotations

import csv
import io
import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from hdrmetrics.errors import PairingError, TableError
from hdrmetrics.io.kinds import sniff
from hdrmetrics.jobs.pairing import find_files
from hdrmetrics.text.csvtable import read_table
from hdrmetrics.text.textfile import readable, resolved, write_text

TABLE = "pairs.csv"
"""The table's name in its folder."""

FOLDERS = ("input", "enhanced")
"""Folders whose files are paired by name where there is no table."""

_COLUMNS = ("name", *FOLDERS)


@dataclass(frozen=True, slots=True)
class Pair:
    """A photograph before and after enhancement.

    Parameters
    ----------
    name
        What labels call it; unique in its folder, without line breaks or control characters.
    input, enhanced
        The two pictures.
    more
        Further columns of the table, such as the degradation.
    """

    name: str
    input: Path
    enhanced: Path
    more: Mapping[str, str] = field(default_factory=dict)


def read_pairs(folder: str | os.PathLike[str]) -> list[Pair]:
    r"""Return the pairs of a folder's table ``pairs.csv``, in its order.

    The table is CSV in UTF-8 with the columns ``name``, ``input`` and ``enhanced`` and any others;
    paths are relative to the folder, with forward slashes. Whether the pictures are there is not
    asked.

    Parameters
    ----------
    folder
        Where the table lies.

    Returns
    -------
    list of Pair
        Their paths begin with the folder.

    Raises
    ------
    TableError
        If the table cannot be read or has no pairs; with its line, if a name is empty, not
        printable or given twice, or if a path is absolute, has ``..`` or leads out of the folder
        by a link.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "pairs.csv").write_text("name,input,enhanced\nroof,in/1.png,out/1.png\n")
    >>> [(pair.name, pair.enhanced.name) for pair in read_pairs(folder)]
    [('roof', '1.png')]
    """
    folder = Path(folder)
    path = folder / TABLE
    pairs: list[Pair] = []
    known: dict[str, int] = {}
    for number, cells in read_table(path, _COLUMNS):
        try:
            name = check_name(cells.pop("name"))
            if name in known:
                raise TableError(f"{name!r} stands in line {known[name]}, too: names are unique")
            before, after = (inside(folder, cells.pop(column)) for column in FOLDERS)
        except TableError as error:
            raise TableError(f"{path}, line {number}: {error}") from None
        known[name] = number
        pairs.append(Pair(name, before, after, cells))
    if not pairs:
        raise TableError(f"{path} has a header, but no pairs")
    return pairs


def write_pairs(folder: str | os.PathLike[str], pairs: Iterable[Pair]) -> Path:
    r"""Write the table of a folder, replacing it in one step, and return its path.

    Parameters
    ----------
    folder
        Where the table goes; the pictures lie in it.
    pairs
        The pairs. Columns of ``more`` follow in the order in which they come up, empty where a
        pair has none.

    Raises
    ------
    TableError
        If there is no pair, a name is no good or given twice, a picture is not in the folder, or a
        cell has a line break.
    ImageWriteError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> table = write_pairs(folder, [Pair("roof", folder / "a.png", folder / "b.png")])
    >>> table.read_text()
    'name,input,enhanced\nroof,a.png,b.png\n'
    """
    folder = Path(folder)
    rows: list[dict[str, str]] = []
    for pair in pairs:
        row = {"name": check_name(pair.name)}
        for column, path in zip(FOLDERS, (pair.input, pair.enhanced), strict=True):
            row[column] = _relative(folder, path)
        if clash := set(_COLUMNS) & set(pair.more):
            raise TableError(f"{pair.name}: {min(clash)!r} cannot be a further column")
        rows.append(row | dict(pair.more))
    for name, count in Counter(row["name"] for row in rows).items():
        if count > 1:
            raise TableError(f"two pairs are called {name!r}: names are unique")
    if not rows:
        raise TableError("there is no pair to write")
    text = io.StringIO()
    columns = dict.fromkeys(column for row in rows for column in row)
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    if text.getvalue().count("\n") != len(rows) + 1 or "\r" in text.getvalue():
        raise TableError("cells of a table of pairs have no line breaks")
    write_text(folder / TABLE, text.getvalue())
    return folder / TABLE


def find_pairs(folder: str | os.PathLike[str]) -> tuple[list[Pair], dict[str, str]]:
    """Return the pairs of a folder whose pictures are there, and what is wrong with the others.

    Parameters
    ----------
    folder
        With a table ``pairs.csv``; or with two folders ``input`` and ``enhanced`` whose files are
        paired by their names without endings.

    Returns
    -------
    pairs
        Those of which both pictures are files of a known format.
    problems
        By name: a sentence about each of the others.

    Raises
    ------
    TableError
        As :func:`read_pairs`.
    PairingError
        If there is neither the table nor the two folders, or not one pair.
    ImageReadError
        If one of the two folders holds no picture.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("input/lake.png", "input/roof.png", "enhanced/roof.jpg"):
    ...     (folder / name).parent.mkdir(exist_ok=True)
    ...     Image.new("RGB", (8, 8)).save(folder / name)
    >>> pairs, problems = find_pairs(folder)
    >>> [pair.name for pair in pairs], list(problems)
    (['roof'], ['lake'])
    """
    folder = Path(folder)
    pairs, problems = _listed(folder)
    good = []
    for pair in pairs:
        problem = problems.get(pair.name) or _problem(pair.input) or _problem(pair.enhanced)
        if problem:
            problems[pair.name] = problem
        else:
            good.append(pair)
    if not good:
        raise PairingError(
            f"{str(folder)!r} has no pair that can be shown: {next(iter(problems.values()))}"
        )
    return good, problems


def _listed(folder: Path) -> tuple[list[Pair], dict[str, str]]:
    if (folder / TABLE).exists():
        return read_pairs(folder), {}
    before, after = (folder / name for name in FOLDERS)
    if not (before.is_dir() and after.is_dir()):
        what = "holds" if folder.is_dir() else "is no folder: it has to hold"
        neither = "neither " if folder.is_dir() else ""
        joint = "nor" if neither else "or"
        raise PairingError(
            f"{str(folder)!r} {what} {neither}a table {TABLE} {joint} the folders input and "
            "enhanced with pictures of the same names"
        )
    pairs: list[Pair] = []
    problems: dict[str, str] = {}
    files = [_by_stem(folder, path, problems) for path in (before, after)]
    for stem in sorted(files[0].keys() | files[1].keys()):
        lacking = next((p for p, some in zip((before, after), files, strict=True)
                        if stem not in some), None)  # fmt: skip
        if lacking is None:
            pairs.append(Pair(stem, files[0][stem], files[1][stem]))
        else:
            problems.setdefault(stem, f"{lacking} has no picture called {stem!r}")
    return pairs, problems


def _by_stem(folder: Path, source: Path, problems: dict[str, str]) -> dict[str, Path]:
    """Return the pictures of one of the two folders by name; what is wrong is a problem."""
    found: dict[str, Path] = {}
    for one in find_files(source):
        name = readable(one.stem)
        if name in found:
            problems[name] = f"{source} has two pictures called {name!r}: rename one"
            continue
        found[name] = one.path
        try:
            check_name(name)
            inside(folder, one.path.relative_to(folder).as_posix())
        except TableError as error:
            problems.setdefault(name, str(error))
    return found


def check_name(name: str) -> str:
    """Return a pair's name if it can be one.

    Raises
    ------
    TableError
        If it is empty, or has characters that are not printable or spaces at its ends.

    Examples
    --------
    >>> check_name("roof 1")
    'roof 1'
    """
    if not name or not name.isprintable() or name != name.strip():
        raise TableError(
            f"{name!r} is no name of a pair: names are not empty, have no control characters, and "
            "do not begin or end with a space"
        )
    return name


def inside(folder: str | os.PathLike[str], text: str) -> Path:
    """Return the path of a file that a table names, which must lie in the table's folder.

    Parameters
    ----------
    folder
        Of the table.
    text
        Path relative to it.

    Raises
    ------
    TableError
        If the path is empty or absolute, climbs by ``..``, or leads out of the folder by a link:
        a table that came from elsewhere must not show what lies outside.

    Examples
    --------
    >>> inside("set", "input/roof.png").as_posix()
    'set/input/roof.png'
    """
    # As Windows reads it, too: a table travels, and ``C:`` or a backslash is harmless elsewhere.
    posix, windows = PurePosixPath(text), PureWindowsPath(text)
    if not text.isprintable() or not posix.parts:
        raise TableError(f"{text!r} is no path of a picture")
    if posix.is_absolute() or windows.anchor:
        raise TableError(f"{text!r} is absolute: paths are relative to the folder of the table")
    if ".." in posix.parts or ".." in windows.parts:
        raise TableError(f"{text!r} climbs out with '..': pictures lie in the folder of the table")
    path = Path(folder) / posix
    if resolved(folder) not in resolved(path).parents:
        raise TableError(f"{text!r} is a link that leads out of the folder of the table")
    return path


def _relative(folder: Path, path: Path) -> str:
    try:
        text = Path(os.path.abspath(path)).relative_to(os.path.abspath(folder)).as_posix()
    except ValueError:
        raise TableError(f"{str(path)!r} does not lie in {str(folder)!r}") from None
    inside(folder, text)
    return text


def _problem(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return f"{path}: no picture, but a folder or a device"
        path.open("rb").close()
    except FileNotFoundError:
        return f"{path}: no such file"
    except OSError as error:
        return f"{path}: cannot be opened ({error.strerror or error})"
    return "" if sniff(path) else f"{path}: no picture of a known format"
