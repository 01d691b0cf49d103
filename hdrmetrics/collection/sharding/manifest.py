"""Which pictures there are, from lists too long to keep in memory, folders, patterns and stores."""

from __future__ import annotations

import csv
import io
import itertools
import os
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import IO, Any

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.sharding.arrow import arrow
from hdrmetrics.collection.sharding.stores import is_address, local, store_of
from hdrmetrics.errors import HdrMetricsError, ImageReadError, TableError
from hdrmetrics.io.kinds import is_listed
from hdrmetrics.jobs.pairing import find_files

_ROWS = 8192  # of a Parquet file at a time


class Manifest:
    r"""The pictures that a list names, read anew each time it is gone through.

    Parameters
    ----------
    path
        A path or an address. Of a text file (``.txt``, ``.lst``) each line is a path or an
        address; a table (``.csv``, ``.parquet``) has them in its column ``path``, and may have a
        column ``name``. Relative paths start at the folder of the list.

    Raises
    ------
    TableError
        When it is gone through: if it cannot be read, or has no column ``path``, or a row is
        empty or no path.
    MissingPackageError
        Then, too: if a Parquet file needs pyarrow, or an address a package, that is not there.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp(), "list.txt")
    >>> count = file.write_text("s3://photographs/a.jpg\n")
    >>> [item.path for item in Manifest(str(file))]
    ['s3://photographs/a.jpg']
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._folder = _folder_of(self.path)

    def __iter__(self) -> Iterator[Item]:
        kind = posixpath.splitext(self.path)[1].lower()
        try:
            with _opened(self.path) as file:
                for number, (path, name) in enumerate(_READERS[kind](file), 1):
                    if not path:
                        raise TableError(f"row {number} of {self.path!r} names no picture")
                    if "\0" in path:
                        raise TableError(
                            f"row {number} of {self.path!r} has a zero byte, which no path has: "
                            "write the list as UTF-8, not as UTF-16"
                        )
                    yield Item(self._from_here(path), name or path)
        except HdrMetricsError:
            raise
        # What pyarrow raises is a ValueError; stores have their own.
        except Exception as error:
            raise TableError(f"cannot read the list {self.path!r}: {error}") from error

    def _from_here(self, path: str) -> str:
        if is_address(path):
            return path
        path = local(path)
        return path if os.path.isabs(path) else f"{self._folder}/{path}"


def is_manifest(source: str | os.PathLike[str]) -> bool:
    """Return whether a path or an address is that of a list, by its ending; no folder is.

    Examples
    --------
    >>> is_manifest("all.csv"), is_manifest("s3://photographs/a.jpg")
    (True, False)
    """
    ending = posixpath.splitext(os.fspath(source))[1].lower()
    return ending in _READERS and not os.path.isdir(source)


def items_in(
    sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str] | Item],
    *,
    recursive: bool = True,
) -> Iterable[Item]:
    """Return the pictures that lists, folders, patterns, files and addresses stand for.

    Parameters
    ----------
    sources
        One or several: lists as of :class:`Manifest`; folders (``photos``,
        ``s3://bucket/photos``), which stand for the pictures below them by their endings; patterns
        (``s3://bucket/**/*.jpg``); files and objects; items, which are taken as they are.
    recursive
        Whether to look into folders of folders.

    Returns
    -------
    iterable of Item
        Which can be gone through several times; each time the same where no list has changed.
        A list is not kept in memory. Pictures of folders and patterns are in the order of their
        names. A picture that is named twice is there twice.

    Raises
    ------
    ImageReadError
        If a folder or pattern holds no picture, or a store cannot be reached.
    MissingPackageError
        If an address needs a package that is not installed.

    Examples
    --------
    >>> [item.name for item in items_in([Item("a.jpg", "first"), "s3://photographs/b.jpg"])]
    ['first', 's3://photographs/b.jpg']
    """
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    parts: list[Iterable[Item]] = []
    named: list[Item] = []
    for one in sources:
        if isinstance(one, Item):
            if not named:
                parts.append(named)
            named.append(Item(_absolute(one.path), one.name))
        else:
            named = []
            parts.append(_part(one, recursive))
    return _Parts(parts)


def distinct(items: Iterable[Item]) -> list[Item]:
    """Return pictures each once, and those that share a name by their paths.

    A ranking is of pictures that can be told apart; lists may name one twice.

    Examples
    --------
    >>> twins = [Item("/a/1.jpg", "1.jpg"), Item("/b/1.jpg", "1.jpg"), Item("/a/1.jpg", "one")]
    >>> [one.name for one in distinct(twins)]
    ['/a/1.jpg', '/b/1.jpg']
    """
    found: dict[str, Item] = {}
    real = cache(os.path.realpath)
    for one in items:
        # By whatever way it is reached; a link is a file of its own.
        folder, name = os.path.split(one.path)
        place = one.path if is_address(one.path) else os.path.join(real(folder), name)
        found.setdefault(place, one)
    count = Counter(one.name for one in found.values())
    taken = {one.path for one in found.values()}
    return [
        Item(one.path, one.path) if count[one.name] > 1 or one.name in taken else one
        for one in found.values()
    ]


class _Parts:
    """Several lists, one after the other."""

    def __init__(self, parts: list[Iterable[Item]]) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[Item]:
        return itertools.chain.from_iterable(self.parts)


def _part(source: str | os.PathLike[str], recursive: bool) -> Iterable[Item]:
    text = os.fspath(source)
    if is_manifest(text):
        return Manifest(text)
    if is_address(text):
        return _objects(text, recursive)
    found = find_files(local(text), recursive=recursive)
    return [Item(os.path.abspath(one.path), one.name) for one in found]


def _absolute(path: str) -> str:
    return path if is_address(path) else os.path.abspath(local(path))


def _objects(address: str, recursive: bool) -> list[Item]:
    pattern = any(sign in address for sign in "*[")
    folder = address.endswith("/")
    if not (pattern or folder) and is_listed(posixpath.splitext(address)[1]):
        return [Item(address, address)]
    store, name = store_of(address)
    try:
        if not (pattern or folder or store.isdir(name)):
            return [Item(address, address)]
        depth = None if recursive else 1
        found = store.glob(name) if pattern else store.find(name, maxdepth=depth)
    except Exception as error:  # each store has its own
        raise ImageReadError(f"cannot look into {address!r}: {error}") from error
    names = sorted(one for one in found if is_listed(posixpath.splitext(one)[1]))
    if not names:
        raise ImageReadError(f"{address!r} holds no picture")
    root = name if not pattern else name[: min(name.find(s) for s in "*[" if s in name)]
    root = root[: root.rfind("/") + 1] if pattern else root.rstrip("/") + "/"
    return [Item(store.unstrip_protocol(one), one.removeprefix(root)) for one in names]


def _folder_of(path: str) -> str:
    return posixpath.dirname(path) if is_address(path) else os.path.dirname(_absolute(path))


def _opened(path: str) -> Any:
    if is_address(path):
        store, name = store_of(path)
        return store.open(name, "rb")
    return open(local(path), "rb")


Rows = Iterator[tuple[str, str]]


def _text(file: IO[bytes]) -> io.TextIOWrapper:
    # Names of files need not be UTF-8, and Windows begins files with a mark.
    return io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _lines(file: IO[bytes]) -> Rows:
    for line in _text(file):
        path = line.rstrip("\r\n")
        if path.strip():
            yield path, ""


def _csv(file: IO[bytes]) -> Rows:
    rows = csv.DictReader(_text(file))
    if "path" not in (rows.fieldnames or ()):
        raise TableError(
            "a list of pictures has a column 'path' (and may have 'name'), and this one has "
            f"{', '.join(rows.fieldnames or ()) or 'none'}"
        )
    for row in rows:
        yield row["path"] or "", row.get("name") or ""


def _parquet(file: IO[bytes]) -> Rows:
    table = arrow().parquet.ParquetFile(file)
    names = table.schema_arrow.names
    if "path" not in names:
        raise TableError(
            "a list of pictures has a column 'path' (and may have 'name'), and this one has "
            f"{', '.join(names) or 'none'}"
        )
    columns = [name for name in ("path", "name") if name in names]
    types = arrow().types
    for column in columns:
        kind = table.schema_arrow.field(column).type
        kind = kind.value_type if types.is_dictionary(kind) else kind
        if not (types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind)):
            raise TableError(f"the column {column!r} of a list of pictures is text, not {kind}")
    for batch in table.iter_batches(batch_size=_ROWS, columns=columns):
        for row in batch.to_pylist():
            yield row["path"] or "", row.get("name") or ""


_READERS: dict[str, Callable[[IO[bytes]], Rows]] = {
    ".txt": _lines, ".lst": _lines, ".csv": _csv, ".parquet": _parquet,
}  # fmt: skip
