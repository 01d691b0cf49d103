"""Where tables go: the options that name files, and what may not be written over."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from hdrmetrics.errors import OptionError
from hdrmetrics.picture.endings import SUFFIXES, UNREAD
from hdrmetrics.text.textfile import is_special, resolved

_TABLES = ("csv", "json", "parquet", "latex", "markdown", "junit", "report")
_WORKBOOKS = frozenset(
    {".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers", ".parquet", ".feather", ".pkl",
     ".pickle", ".h5", ".hdf5", ".mat", ".docx", ".doc", ".zip", ".gz", ".xz", ".bz2", ".zst"}
)  # fmt: skip
_HEAD = 65536  # bytes looked at to tell a picture from text

# All that folders list or leave out as pictures, and others by which nobody means a table.
_PICTURES = frozenset({*SUFFIXES, *UNREAD, ".avifs", ".heics", ".npy", ".pdf", ".phm"})


def add_tables(parser: argparse._ActionsContainer) -> None:
    """Add ``--latex`` and ``--markdown``."""
    parser.add_argument("--latex", metavar="FILE.tex", help="write a LaTeX table (booktabs)")
    parser.add_argument(
        "--markdown", metavar="FILE.md", help="write a Markdown table (- for stdout)"
    )


def add_resume(parser: argparse._ActionsContainer) -> None:
    """Add ``--resume``."""
    parser.add_argument(
        "--resume", action="store_true",
        help="go on with a run that was stopped: its finished rows are kept beside the table",
    )  # fmt: skip


def table_files(arguments: argparse.Namespace) -> list[str]:
    """Return the regular files that tables are written to, the most complete table first."""
    named = [getattr(arguments, name, None) for name in _TABLES]
    return [
        target
        for target in named
        if target is not None and target != "-" and not is_special(Path(target))
    ]


def check_targets(arguments: argparse.Namespace, inputs: Iterable[str | os.PathLike[str]]) -> None:
    """Refuse, before any work, tables that could not be written or would destroy something.

    Raises
    ------
    OptionError
        If two documents go to one place, a folder is missing, or a target is a picture or an
        input.
    """
    named = _named(arguments)
    streams = [option for option, target in named.items() if target == "-"]
    if len(streams) > 1:
        raise OptionError(f"{' and '.join(streams)} cannot both go to stdout: name a file for one")
    # What is not there yet is not read either: tens of thousands of inputs take a second.
    there = any(os.path.lexists(target) for target in named.values())
    read = {resolved(path) for path in inputs} if there else set()
    taken: dict[Path, str] = {}
    for option, target in named.items():
        path = Path(target)
        if target == "-" or is_special(path):
            continue
        if fault := _fault(path, read, option):
            raise OptionError(f"{option}: {fault}")
        other = taken.setdefault(resolved(path), option)
        if other != option:
            raise OptionError(f"{other} and {option} name one file, {target!r}")


def writable_targets(
    arguments: argparse.Namespace, inputs: Iterable[str | os.PathLike[str]]
) -> dict[str, str]:
    """Return the targets that :func:`check_targets` has nothing against, by option.

    Where two name one place, the first has it.
    """
    read = {resolved(path) for path in inputs}
    found: dict[str, str] = {}
    for option, target in _named(arguments).items():
        free = target not in found.values()
        if free and (
            target == "-" or is_special(Path(target)) or not _fault(Path(target), read, option)
        ):
            found[option] = target
    return found


def _named(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the targets by option."""
    targets = {f"--{name}": getattr(arguments, name, None) for name in _TABLES}
    return {option: target for option, target in targets.items() if target is not None}


def _fault(path: Path, read: Collection[Path], option: str) -> str:
    """Return what is wrong with writing the table of an option to a file; empty for nothing."""
    if path.is_dir():
        return f"{str(path)!r} is a folder; name a file to write"
    if not path.parent.is_dir():
        return f"there is no folder {str(path.parent)!r} to write to"
    if option == "--parquet":
        if path.exists() and not _is_parquet(path):
            return f"{str(path)!r} is no Parquet file; name another one"
    elif path.suffix.lower() in _WORKBOOKS:
        return (
            f"tables are text, which {str(path)!r} would not be; name a .csv, which spreadsheets "
            "and pandas read"
        )
    if picture_name(str(path)) or (option != "--parquet" and _is_picture(path)):
        return f"{str(path)!r} is a picture; name another file for the table"
    if resolved(path) in read:
        return f"{str(path)!r} is read, too; name another file for the table"
    return ""


def _is_picture(path: Path) -> bool:
    """Return whether a path has a picture's ending, or a file that is there is not text."""
    if picture_name(str(path)):
        return True
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        return False
    except OSError:  # writing will tell
        return False
    return b"\0" in head or head.startswith((b"#?", b"PF", b"Pf"))


def _is_parquet(path: Path) -> bool:
    """Return whether a file begins as Parquet files do, or is empty."""
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"", b"PAR1")
    except OSError:  # writing will tell
        return True


def picture_name(word: str) -> bool:
    """Return whether a word ends as the name of a picture does."""
    return os.path.splitext(word)[1].lower() in _PICTURES
