"""Pictures are never written over by accident: what all commands that write some ask first."""

from __future__ import annotations

import argparse
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from hdrmetrics.errors import OptionError
from hdrmetrics.text.textfile import is_special, resolved


def add_overwrite(parser: argparse._ActionsContainer) -> None:
    """Add ``--overwrite``."""
    parser.add_argument(
        "--overwrite", action="store_true", help="replace pictures that are there already"
    )


def refuse_overwriting(
    paths: Iterable[str | os.PathLike[str]],
    overwrite: bool,
    *,
    sources: Sequence[str | os.PathLike[str]] | None = None,
    inputs: Iterable[str | os.PathLike[str]] = (),
    skippable: bool = False,
) -> None:
    """Refuse, before any work, to lose a picture by writing.

    Parameters
    ----------
    paths
        The files that will be written. Devices such as ``/dev/null`` may be named at any time.
    overwrite
        Whether files that are there already may be replaced.
    sources
        What each of ``paths`` is made of, for the message.
    inputs
        Files that are read: never replaced, whatever ``overwrite`` says. ``sources`` count too.
    skippable
        Whether the command has ``--skip-existing``.

    Raises
    ------
    OptionError
        If two of ``paths`` are one file (or would be where upper and lower case are the same, as
        on Windows and macOS), if one is a folder or an input, or is there already and
        ``overwrite`` is false.
    """
    targets = [Path(path) for path in paths]
    firsts: dict[str, int] = {}
    for index, target in enumerate(targets):
        if is_special(target):
            continue
        first = firsts.setdefault(_place(target), index)
        if first != index:
            raise OptionError(_clash(targets, sources, first, index))
    read = {resolved(path) for path in (*(sources or ()), *inputs)}
    for target in targets:
        if target.is_dir():
            raise OptionError(f"{str(target)!r} is a folder; name a file to write")
        if resolved(target) in read and not is_special(target):
            raise OptionError(f"{str(target)!r} is read as well: write to another file")
    there = [str(target) for target in targets if target.exists() and not is_special(target)]
    if there and not overwrite:
        from hdrmetrics.jobs.pairing import listed

        count, it, they = ("is", "it", "it is") if len(there) == 1 else ("are", "them", "they are")
        skip = f", --skip-existing leaves {it} as {they}" if skippable else ""
        raise OptionError(f"{listed(there)} {count} there already: --overwrite replaces {it}{skip}")


def _place(path: Path) -> str:
    """Return the same text for two paths to one file, also where case does not count."""
    return unicodedata.normalize("NFC", str(resolved(path))).casefold()


def _clash(
    targets: Sequence[Path],
    sources: Sequence[str | os.PathLike[str]] | None,
    first: int,
    second: int,
) -> str:
    names = list(dict.fromkeys(str(targets[i]) for i in (first, second)))
    what = f"the file {names[0]!r}" if len(names) == 1 else f"the files {' and '.join(names)}"
    alike = "" if len(names) == 1 else ", which are one where upper and lower case are the same"
    whose = ""
    if sources is not None:
        whose = f" for {os.fspath(sources[first])!r} and {os.fspath(sources[second])!r}"
    return f"{what} would be written twice{whose}{alike}: rename one, or work on each by itself"
