"""What is known of pictures, kept from one run to the next in a file of SQLite."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from hdrmetrics.collection.keeping.cachefile import (
    APPLICATION,
    SCHEMA,
    Kind,
    kind_of,
    remove,
    set_aside,
)
from hdrmetrics.resources.folders import cache_folder

T = TypeVar("T")

LIMIT = 4 << 30
"""Bytes that a cache may take: of some million photographs, or forty thousand with previews."""

_PATIENCE = 10.0  # seconds that a write waits for another process
_TRIES = 3  # writes in a row that may wait in vain
_HOUR = 3600  # seconds: as often it is noted that a picture was asked for
_PART = 0.9  # of the limit, to which a full cache is cut
_DOOMED = 500  # pictures removed at a time
_GARBLED = ("Could not decode", "no such table", "no such column")
_LOOKED = 1000  # pictures between two looks at the size

_TABLES = """
CREATE TABLE IF NOT EXISTS pictures (
    digest BLOB PRIMARY KEY, size INTEGER NOT NULL, kind TEXT NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pictures_by_use ON pictures (used);
CREATE INDEX IF NOT EXISTS pictures_by_size ON pictures (size);
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY, stamp TEXT NOT NULL, digest BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_by_digest ON files (digest);
CREATE TABLE IF NOT EXISTS parts (
    digest BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (digest, key)
);
CREATE TABLE IF NOT EXISTS meanings (
    asked BLOB PRIMARY KEY, value TEXT NOT NULL
) WITHOUT ROWID;
"""


class Picture(NamedTuple):
    """What is known of the bytes of a file.

    Parameters
    ----------
    digest
        SHA-256 of the bytes.
    size
        How many there are.
    kind
        Their format; empty for one that is not known.
    width, height
        In pixels.
    """

    digest: bytes
    size: int
    kind: str
    width: int
    height: int


class Info(NamedTuple):
    """What a cache holds.

    Parameters
    ----------
    pictures, parts
        How many pictures, and how many scores, looks and previews of them.
    size
        Bytes of its file in use.
    """

    pictures: int
    parts: int
    size: int


def usual_file() -> Path:
    """Return where the cache of collections lies, in the user's cache folder."""
    return cache_folder() / f"collections-{SCHEMA}.sqlite"


class Cache:
    """The cache in a file, for one thread; other processes may use the file at the same time.

    Whatever is wrong with the file, there is never an error: what cannot be read is not known, and
    what cannot be written is not kept. A damaged file is set aside; one of a newer version, or that
    is no cache at all, is left alone. The first trouble is told, once.

    Parameters
    ----------
    file
        Where it is, or is to be; by default that of :func:`usual_file`.
    note
        Called with a sentence about the first trouble.
    limit
        Bytes from which on the pictures that were not asked for longest are removed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Cache(Path(folder, "a.sqlite"), print) as one:
    ...     one.add(Picture(b"digest", 10, "jpeg", 4, 3), {b"key": b"value"}, Path("a.jpg"), "1")
    ...     one.picture_of(Path("a.jpg"), "1").width, one.parts(b"digest", [b"key", b"other"])
    (4, {b'key': b'value'})
    """

    def __init__(
        self, file: str | os.PathLike[str] | None, note: Callable[[str], None], limit: int = LIMIT
    ) -> None:
        self.file = usual_file() if file is None else Path(file)
        self.limit = limit
        self._usual = file is None
        self._note: Callable[[str], None] | None = note
        self._db: sqlite3.Connection | None = None
        self._writes = True
        self._mended = False
        self._late = 0
        self._waiting: list[tuple[str, Sequence[Sequence[Any]]]] = []
        self._asked: set[bytes] = set()
        self._added = 0
        self._open()

    # -- asking ---------------------------------------------------------------------------

    def picture_of(self, path: Path, stamp: str) -> Picture | None:
        """Return what is known of a file that was not changed since."""
        return self._picture(
            "SELECT p.digest, p.size, p.kind, p.width, p.height, p.used FROM files f JOIN pictures "
            "p ON p.digest = f.digest WHERE f.path = ? AND f.stamp = ?",
            (_name(path), stamp),
        )

    def picture(self, digest: bytes) -> Picture | None:
        """Return what is known of bytes, whatever the file is called."""
        return self._picture(
            "SELECT digest, size, kind, width, height, used FROM pictures WHERE digest = ?",
            (digest,),
        )

    def has_size(self, size: int) -> bool:
        """Return whether there is a picture of so many bytes: others need not be looked for."""
        return bool(self._rows("SELECT 1 FROM pictures WHERE size = ? LIMIT 1", (size,)))

    def parts(self, digest: bytes, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return those parts of a picture that are kept, by their keys."""
        marks = ", ".join("?" * len(keys))
        rows = self._rows(
            f"SELECT key, value FROM parts WHERE digest = ? AND key IN ({marks})", (digest, *keys)
        )
        return {bytes(key): bytes(value) for key, value in rows}

    def meaning(self, asked: bytes) -> str | None:
        """Return what was kept of a question."""
        rows = self._rows("SELECT value FROM meanings WHERE asked = ?", (asked,))
        return str(rows[0][0]) if rows else None

    def info(self) -> Info:
        """Return what the cache holds."""
        (pictures,), (parts,) = (
            self._rows(f"SELECT count(*) FROM {table}", ()) or [(0,)]
            for table in ("pictures", "parts")
        )
        return Info(pictures[0], parts[0], self._guarded(self._size) or 0)

    # -- telling --------------------------------------------------------------------------

    def add(
        self, picture: Picture, parts: Mapping[bytes, bytes], path: Path, stamp: str | None
    ) -> None:
        """Keep parts of a picture, at once.

        Parameters
        ----------
        picture
            What they are of.
        parts
            By their keys.
        path, stamp
            The file with these bytes; ``None`` for a stamp that may hide a later change.
        """
        self._write(
            "INSERT OR REPLACE INTO pictures VALUES (?, ?, ?, ?, ?, ?)", [(*picture, _now())]
        )
        found = [(picture.digest, key, value) for key, value in parts.items()]
        self._write("INSERT OR REPLACE INTO parts VALUES (?, ?, ?)", found)
        if stamp is not None:
            self.add_name(picture.digest, path, stamp)
        self.flush()
        self._added += 1
        if self._added % _LOOKED == 0:
            self._cut()

    def add_name(self, digest: bytes, path: Path, stamp: str) -> None:
        """Keep which bytes a file holds, with what is kept next."""
        row = (_name(path), stamp, digest)
        self._write("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", [row])

    def add_meaning(self, asked: bytes, value: str) -> None:
        """Keep what a question means; where a hundred are kept already, these go."""
        self._write("DELETE FROM meanings WHERE (SELECT count(*) FROM meanings) > 99", [()])
        self._write("INSERT OR REPLACE INTO meanings VALUES (?, ?)", [(asked, value)])
        self.flush()

    def flush(self) -> None:
        """Write what was not written yet, in one transaction."""
        if self._waiting and self._writes and self._guarded(self._commit):
            self._waiting.clear()
        if not self._writes or self._db is None:
            self._waiting.clear()

    def close(self) -> None:
        """Note what was asked for, keep to the limit, and let go of the file."""
        if self._asked:
            rows = [(_now(), digest) for digest in self._asked]
            self._write("UPDATE pictures SET used = ? WHERE digest = ?", rows)
        self.flush()
        self._cut()
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
        self._db = None

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    # -- the file -------------------------------------------------------------------------

    def _open(self) -> None:
        try:
            kind = kind_of(self.file)
            if kind is Kind.DAMAGED and self._usual:
                self._put_aside("it is damaged")
                kind = Kind.NEW
            if kind in (Kind.OTHER, Kind.DAMAGED):
                self._tell(f"{str(self.file)!r} is no cache of collections, and is left alone")
                return
            if kind is Kind.NEWER:
                self._tell(
                    f"the cache {str(self.file)!r} is of a newer version of hdrmetrics, and is "
                    "left alone"
                )
                return
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._tell(f"there is no cache: {error}")
            return
        self._guarded(self._connect)

    def _connect(self) -> None:
        db = sqlite3.connect(self.file, timeout=_PATIENCE, isolation_level=None)
        try:
            self._prepare(db)
        except sqlite3.OperationalError as error:
            if _code(error) not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                db.close()
                raise
            db.close()
            db = self._read_only()
            self._writes = False
            self._tell(f"the cache {str(self.file)!r} cannot be written: nothing new is kept")
        except BaseException:
            db.close()
            raise
        self._db = db

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a file that is made now
        db.execute("PRAGMA synchronous = NORMAL")
        if db.execute("PRAGMA user_version").fetchone() != (SCHEMA,):
            # Before there is a log, so that the first bytes of the file tell what it is.
            with _transaction(db):
                for statement in _TABLES.split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {APPLICATION}")
                db.execute(f"PRAGMA user_version = {SCHEMA}")
        with contextlib.suppress(sqlite3.OperationalError):  # another process is at it
            db.execute("PRAGMA journal_mode = WAL")
        with _transaction(db):  # a file that cannot be written says so
            db.execute("DELETE FROM meanings WHERE asked = x''")

    def _read_only(self) -> sqlite3.Connection:
        address = self.file.absolute().as_uri()
        # Where no log can be made beside it, nobody else writes it either.
        for how in ("mode=ro", "mode=ro&immutable=1"):
            db = sqlite3.connect(f"{address}?{how}", uri=True, timeout=_PATIENCE)
            try:
                db.execute("SELECT count(*) FROM meanings").fetchone()
            except sqlite3.OperationalError:
                db.close()
            else:
                return db
        raise sqlite3.OperationalError("it can be neither written nor read")

    def _put_aside(self, why: str) -> None:
        aside = set_aside(self.file)
        self._tell(f"the cache {str(self.file)!r} is set aside as {str(aside)!r}: {why}")

    # -- statements -----------------------------------------------------------------------

    def _picture(self, query: str, values: Sequence[Any]) -> Picture | None:
        for digest, size, kind, width, height, used in self._rows(query, values):
            if used != _now():
                self._asked.add(bytes(digest))
            return Picture(bytes(digest), size, kind, width, height)
        return None

    def _rows(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        def ask() -> list[tuple[Any, ...]]:
            assert self._db is not None
            return self._db.execute(query, values).fetchall()

        return (self._guarded(ask) if self._db is not None else None) or []

    def _write(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        if self._db is not None and self._writes and rows:
            self._waiting.append((statement, rows))

    def _commit(self) -> bool:
        if self._db is None:
            return False
        with _transaction(self._db):
            for statement, rows in self._waiting:
                self._db.executemany(statement, rows)
        self._late = 0
        return True

    def _size(self) -> int:
        if self._db is None:
            return 0
        pages, free, size = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _cut(self) -> None:
        """Remove what was not asked for longest, until the rest keeps to the limit."""

        def cut() -> None:
            if self._size() <= self.limit or self._db is None:
                return
            while self._size() > _PART * self.limit:
                with _transaction(self._db):
                    doomed = self._db.execute(
                        "SELECT digest FROM pictures ORDER BY used LIMIT ?", (_DOOMED,)
                    ).fetchall()
                    for table in ("parts", "files", "pictures"):
                        self._db.executemany(f"DELETE FROM {table} WHERE digest = ?", doomed)
                if not doomed:
                    break
            self._db.executescript("PRAGMA incremental_vacuum")  # execute() takes one page only

        if self._writes:
            self._guarded(cut)

    def _guarded(self, job: Callable[[], T]) -> T | None:
        """Return what a job returns; ``None`` if there was trouble, after which we do without."""
        try:
            return job()
        except (sqlite3.Error, OSError) as error:
            self._trouble(error)
            return None

    def _trouble(self, error: sqlite3.Error | OSError) -> None:
        code = _code(error)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or _is_garbled(error):
            self._drop()
            try:
                self._put_aside("it is damaged")
            except OSError as other:
                self._tell(f"the cache {str(self.file)!r} is damaged, and stays there: {other}")
                return
            if not self._mended:  # what comes from now on is worth keeping
                self._mended = True
                self._waiting.clear()
                self._open()
        elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and self._db is not None:
            self._late += 1
            if self._late >= _TRIES:
                self._writes = False
                self._tell(
                    f"another process holds the cache {str(self.file)!r}: nothing new is kept"
                )
        elif self._db is not None and code not in (sqlite3.SQLITE_IOERR,):
            self._writes = False
            self._tell(f"the cache {str(self.file)!r} cannot be written ({error})")
        else:
            self._drop()
            self._tell(f"the cache {str(self.file)!r} cannot be used ({error})")

    def _drop(self) -> None:
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
        self._db = None

    def _tell(self, text: str) -> None:
        if self._note is not None:
            note, self._note = self._note, None
            note(text)


def clear(file: str | os.PathLike[str] | None = None) -> bool:
    """Remove a cache, by default the usual one; return whether there was one.

    Raises
    ------
    OptionError
        For a file that is no cache of collections.
    OSError
        If it cannot be removed.
    """
    return remove(usual_file() if file is None else Path(file), sure=file is None)


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _code(error: BaseException) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _is_garbled(error: BaseException) -> bool:
    """Return whether SQLite reads the file, and what it reads is not what was written."""
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith(_GARBLED)


def _name(path: Path) -> bytes:
    return os.fsencode(os.path.abspath(path))


def _now() -> int:
    return int(time.time()) // _HOUR
