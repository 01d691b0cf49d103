"""Which files a collection has, and what is wrong with what was said to be one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.record import Record
from hdrmetrics.jobs.pairing import find_cases


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a collection.

    Parameters
    ----------
    items
        Those to look at.
    problems
        Folders without a picture, and patterns that match none, as records with that error.
    """

    items: tuple[Item, ...]
    problems: tuple[Record, ...] = ()


def list_collection(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, recursive: bool = True
) -> Listing:
    """Return the files that folders, files and patterns stand for, each once.

    Parameters
    ----------
    paths
        As for :func:`hdrmetrics.jobs.pairing.find_files`: links to folders are not followed, and
        hidden files are left out.
    recursive
        Look into the folders of a folder, too.

    Raises
    ------
    ImageReadError
        If there is nothing at all.
    """
    cases = find_cases(paths, recursive=recursive)
    return Listing(
        tuple(Item(str(case.test), case.name) for case in cases if not case.problem),
        tuple(
            Record(str(case.test), case.name, errors={"file": case.problem})
            for case in cases
            if case.problem
        ),
    )
