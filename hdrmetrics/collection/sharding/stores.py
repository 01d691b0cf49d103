"""Files here and objects elsewhere by one kind of address, which fsspec knows."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from hdrmetrics.errors import (
    ClusterError,
    ImageLimitError,
    ImageReadError,
    ImageWriteError,
    MissingPackageError,
    StoreError,
)
from hdrmetrics.text.textfile import replacing

MOST_BYTES = 2**30
"""Of an object that a worker copies to look at it."""

_CHUNK = 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EROFS)
_PAUSES = (0.5, 2.0)  # seconds before a store is asked again
_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, ValueError)
_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory"})
"""Stores where an object is there only when all of it is."""

T = TypeVar("T")


def is_address(path: str) -> bool:
    """Return whether this is an address of a store, no path of this machine.

    Examples
    --------
    >>> is_address("s3://bucket/a.jpg"), is_address("/photos/a.jpg"), is_address("file:///a.jpg")
    (True, False, False)
    """
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*(://|::)", path)) and not _is_file(path)


def local(path: str) -> str:
    """Return the path that a ``file://`` address stands for; other paths are themselves.

    Examples
    --------
    >>> local("file:///photos/a.jpg"), local("photos/a.jpg")
    ('/photos/a.jpg', 'photos/a.jpg')
    """
    return path[7:] if _is_file(path) else path


def _is_file(path: str) -> bool:
    return path.startswith("file://")


def store_of(address: str) -> tuple[Any, str]:
    """Return the file system of fsspec that knows an address, and the object's name there.

    Raises
    ------
    MissingPackageError
        If fsspec, or the package it needs for such addresses, is not installed.
    ImageReadError
        If there are no such addresses, or they need what is not configured.
    """
    protocol = address.partition("://")[0]
    try:
        from fsspec.core import url_to_fs

        found: tuple[Any, str] = url_to_fs(address)
        return found
    except ImportError as error:
        raise MissingPackageError(
            f"{protocol}:// needs a package that is not installed here ({error}): install fsspec "
            "and it on every machine that works"
        ) from error
    except Exception as error:  # each store has its own for a configuration that is wrong
        raise ImageReadError(f"cannot reach {address!r}: {_said(error)}") from error


@contextlib.contextmanager
def copied(path: str, *, most: int = MOST_BYTES) -> Iterator[str]:
    """Give a file of this machine with what is at a path or an address.

    Parameters
    ----------
    path
        A path is given as it is. An object is copied into a file, which goes when the block ends.
    most
        Bytes that an object may have.

    Yields
    ------
    str
        The file, with the ending of the address.

    Raises
    ------
    ImageReadError
        If there is no such object, or it may not be read.
    ImageLimitError
        If the object is larger.
    StoreError
        If the store does not answer; it is asked three times.
    MissingPackageError
        As by :func:`store_of`.
    ClusterError
        If this machine has no room for the copy.

    Examples
    --------
    >>> with copied("photos/a.jpg") as file:
    ...     print(file)
    photos/a.jpg
    """
    if not is_address(path):
        yield local(path)
        return
    try:
        place = tempfile.TemporaryDirectory(prefix="hdrmetrics-")
    except OSError as error:
        raise _no_room(error) from error
    with place as folder:
        file = Path(folder) / f"object{_ending(path)}"
        _patiently(path, lambda: _copy(path, file, most))
        yield str(file)


def _copy(address: str, file: Path, most: int) -> None:
    store, name = store_of(address)
    count = 0
    with store.open(name, "rb") as source, file.open("wb") as target:
        while chunk := source.read(_CHUNK):
            count += len(chunk)
            if count > most:
                raise ImageLimitError(
                    f"{address!r} has more than {most} bytes, the limit for one object"
                )
            target.write(chunk)


def _patiently(address: str, job: Callable[[], T]) -> T:
    """Return what a job returns, done again after a pause where it may help."""
    for pause in (*_PAUSES, None):
        try:
            return job()
        except (ImageReadError, MissingPackageError):
            raise
        except _LASTING as error:
            raise ImageReadError(f"cannot read {address!r}: {_said(error)}") from error
        except Exception as error:  # each store has its own for lines that break
            if isinstance(error, OSError) and error.errno in _FULL:
                raise _no_room(error) from error
            if pause is None:
                raise StoreError(f"no answer about {address!r}: {_said(error)}") from error
        time.sleep(pause)
    raise AssertionError("the last pause is none")


def _no_room(error: OSError) -> ClusterError:
    """Return what is said where no picture is at fault."""
    return ClusterError(
        f"{platform.node()} cannot keep a copy of an object: {error.strerror}; make room in "
        f"{tempfile.gettempdir()!r}, or name another folder by TMPDIR"
    )


def _ending(address: str) -> str:
    found = re.search(r"\.\w{1,8}$", address.partition("?")[0])
    return found[0] if found else ""


def _said(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such object"
    if isinstance(error, PermissionError):
        return f"it may not be read ({error})"
    return str(error) or type(error).__name__


class Folder:
    """A folder of this machine or of a store, whose files appear complete or not at all.

    Parameters
    ----------
    address
        Its path or address; it is made when something is written.

    Raises
    ------
    MissingPackageError, ImageReadError
        As by :func:`store_of`.
    """

    def __init__(self, address: str | os.PathLike[str]) -> None:
        self.address = os.fspath(address).rstrip("/") or "/"
        self._store: Any = None
        if is_address(self.address):
            self._store, self._root = store_of(self.address)
        else:
            # Workers stand in folders of their own.
            self.address = self._root = os.path.abspath(local(self.address))

    def place(self, name: str) -> str:
        """Return the path or address of a file in it."""
        return f"{self.address}/{name}"

    def names(self, below: str = "") -> set[str]:
        """Return the names of the files in it, or in a folder in it; none where it is not there.

        Raises
        ------
        StoreError, ImageReadError
            If it cannot be looked into.
        """
        root = f"{self._root}/{below}" if below else self._root
        if self._store is None:
            try:
                with os.scandir(root) as entries:
                    return {one.name for one in entries if one.is_file()}
            except FileNotFoundError:
                return set()
            except OSError as error:
                raise ImageReadError(f"cannot look into {root!r}: {error.strerror}") from error
        return _patiently(self.place(below), lambda: self._listed(root))

    def _listed(self, root: str) -> set[str]:
        self._store.invalidate_cache()
        try:
            found = self._store.ls(root, detail=True)
        except FileNotFoundError:
            return set()
        return {one["name"].rpartition("/")[2] for one in found if one["type"] == "file"}

    def has(self, name: str) -> bool:
        """Return whether a file is there, complete."""
        if self._store is None:
            return os.path.isfile(self._path(name))
        self._store.invalidate_cache()
        return bool(_patiently(self.place(name), lambda: self._store.isfile(self._path(name))))

    def read(self, name: str) -> bytes:
        """Return what is in a file.

        Raises
        ------
        StoreError, ImageReadError
            If it cannot be read, or is not there.
        """
        if self._store is None:
            try:
                return Path(self._path(name)).read_bytes()
            except OSError as error:
                said = f"cannot read {self.place(name)!r}: {error.strerror}"
                raise ImageReadError(said) from error
        data: bytes = _patiently(self.place(name), lambda: self._store.cat_file(self._path(name)))
        return data

    def write(self, name: str, data: bytes) -> None:
        """Write a file in one step: whoever looks sees all of it or nothing.

        Raises
        ------
        ImageWriteError
            If it cannot be written.
        """
        path = self._path(name)
        if self._store is None:
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
            except OSError as error:
                raise ImageWriteError(f"cannot make {self.address!r}: {error.strerror}") from error
            with replacing(path) as draft:
                draft.write_bytes(data)
            return
        try:
            _patiently(self.place(name), lambda: self._put(path, data))
        except ImageReadError as error:
            raise ImageWriteError(f"cannot write {self.place(name)!r}: {error}") from error

    def _put(self, path: str, data: bytes) -> None:
        protocol = self._store.protocol
        if {protocol, *([] if isinstance(protocol, str) else protocol)} & _WHOLE:
            self._store.pipe_file(path, data)
            return
        folder, _, file = path.rpartition("/")
        self._store.makedirs(folder, exist_ok=True)
        draft = f"{folder}/_draft-{os.getpid()}-{time.time_ns()}-{file}"
        self._store.pipe_file(draft, data)
        self._store.mv(draft, path)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there and that can be done: what stays is litter only."""
        with contextlib.suppress(Exception):
            if self._store is None:
                os.unlink(self._path(name))
            else:
                self._store.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"
