"""What a file is that may be a cache, told by its first bytes, and how it is put away."""

from __future__ import annotations

import contextlib
import os
import time
from enum import Enum, auto
from pathlib import Path

from hdrmetrics.errors import OptionError

SCHEMA = 1
"""Of the tables; it rises when they change."""

APPLICATION = 0x68646D63
"""By which a file of SQLite says that it is ours: "hdmc"."""

_MAGIC = b"SQLite format 3\0"
_YOUNG = 10.0  # seconds: a file that was changed before is being made by nobody
_LOOKS, _PAUSE = 20, 0.1  # at one that may be
_BESIDE = ("-wal", "-shm", "-journal")


class Kind(Enum):
    """What a file is."""

    NEW = auto()
    OURS = auto()
    NEWER = auto()
    DAMAGED = auto()
    OTHER = auto()


def kind_of(file: Path) -> Kind:
    """Return what a file is; ``NEW`` where there is none, or an empty one.

    One that another process is just making is waited for.

    Raises
    ------
    OSError
        If it is there and cannot be read.
    """
    kind = _kind_of(file)
    for _ in range(_LOOKS):
        if kind not in (Kind.DAMAGED, Kind.OTHER) or time.time() - file.stat().st_mtime > _YOUNG:
            break
        time.sleep(_PAUSE)
        kind = _kind_of(file)
    return kind


def _kind_of(file: Path) -> Kind:
    if not file.exists():
        return Kind.NEW
    if not file.is_file():
        raise OSError(f"{str(file)!r} is no regular file")
    with file.open("rb") as opened:
        head = opened.read(100)
    if not head:
        return Kind.NEW
    if len(head) < 100 or not head.startswith(_MAGIC):
        return Kind.DAMAGED
    schema, application = (int.from_bytes(head[at : at + 4], "big") for at in (60, 68))
    if application != APPLICATION:
        return Kind.OTHER
    return Kind.OURS if schema <= SCHEMA else Kind.NEWER


def set_aside(file: Path) -> Path:
    """Give a file another name, and what SQLite keeps beside it; return that name.

    Raises
    ------
    OSError
        If it cannot have one.
    """
    number = 1
    while (aside := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    os.replace(file, aside)
    for end in _BESIDE:
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{file}{end}", f"{aside}{end}")
    return aside


def remove(file: Path, *, sure: bool) -> bool:
    """Remove a cache with what SQLite keeps beside it; return whether there was one.

    Parameters
    ----------
    file
        The cache.
    sure
        Whether the place tells that it is one, though it may be damaged.

    Raises
    ------
    OptionError
        For a file that is none.
    OSError
        If it cannot be removed.
    """
    kind = kind_of(file)
    if kind not in (Kind.NEW, Kind.OURS) and not sure:
        raise OptionError(f"{str(file)!r} is no cache of collections of this version: it stays")
    found = file.exists()
    for end in ("", *_BESIDE):
        Path(f"{file}{end}").unlink(missing_ok=True)
    return found
