"""Which files a collection has, and what is wrong with what was said to be one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.sharding.manifest import distinct, is_manifest, items_in
from hdrmetrics.collection.sharding.stores import is_address
from hdrmetrics.errors import ImageReadError, OptionError, TableError
from hdrmetrics.jobs.pairing import look_for

Source = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a collection.

    Parameters
    ----------
    items
        Those to look at.
    problems
        Folders without a picture, patterns that match none and lists that cannot be read, as
        records with that error.
    """

    items: tuple[Item, ...]
    problems: tuple[Record, ...] = ()


def list_collection(
    paths: Source | Iterable[Source], *, recursive: bool = True, stores: bool = False
) -> Listing:
    """Return the files that folders, files, patterns and lists stand for, each once.

    Parameters
    ----------
    paths
        As for :func:`hdrmetrics.jobs.pairing.find_files`: links to folders are not followed, and
        hidden files are left out. Among them may be lists, as of
        :class:`~hdrmetrics.collection.sharding.manifest.Manifest`; what these name comes last.
    recursive
        Look into the folders of a folder, too.
    stores
        Whether who scores can read addresses (``s3://…``), as workers in shards do.

    Raises
    ------
    ImageReadError
        If there is nothing at all.
    OptionError
        For addresses that nobody would read.
    MissingPackageError
        For a list or an address that needs a package which is not installed.

    Examples
    --------
    >>> list_collection(__file__).items[0].name
    'listing.py'
    """
    sources = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    further = [one for one in sources if is_manifest(one) or is_address(os.fspath(one))]
    found, problems = look_for([one for one in sources if one not in further], recursive=recursive)
    items = [Item(str(one.path), one.name) for one in found]
    if further:
        items = [Item(os.path.abspath(one.path), one.name) for one in items]
        for one in further:
            try:
                named = list(items_in(one, recursive=recursive))  # all of it, or nothing
                if not named:
                    raise TableError(f"the list {os.fspath(one)!r} names no picture")
                items += named
            except (ImageReadError, TableError) as error:
                problems[os.fspath(one)] = str(error)
        items = distinct(items)
    if not items:
        raise ImageReadError(next(iter(problems.values()), "no files were given"))
    if not stores and (there := [one.path for one in items if is_address(one.path)]):
        raise OptionError(
            f"{there[0]!r} is read by workers that write shards: name a folder for these by "
            "--shards DIR (in Python shards=)"
        )
    names = {one.name for one in items}
    return Listing(
        tuple(items),
        tuple(
            Record(one, one if one not in names else f"{one} (as a whole)", errors={"file": text})
            for one, text in problems.items()
        ),
    )
