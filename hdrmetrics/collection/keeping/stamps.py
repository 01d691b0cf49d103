"""By what a file is known again: cheaply by its stamp, surely by its bytes."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from typing import NamedTuple

_SETTLED = 3 * 10**9  # ns: within this a second change may leave no trace in the times of a file


class Stamp(NamedTuple):
    """What the system says of a regular file.

    Parameters
    ----------
    text
        Changes whenever the file is written to, replaced or given another name's bytes.
    size
        In bytes.
    settled
        Whether its last change is long enough ago for the next one to show.
    """

    text: str
    size: int
    settled: bool


def stamp_of(path: str) -> Stamp | None:
    """Return the stamp of a file; ``None`` where there is no regular file.

    Examples
    --------
    >>> stamp_of(__file__) == stamp_of(__file__), stamp_of("no such file")
    (True, None)
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    changed = max(found.st_mtime_ns, found.st_ctime_ns)
    # The time of change of its entry tells of writes whose own time was put back.
    text = f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
    return Stamp(text, found.st_size, time.time_ns() - changed > _SETTLED)


def digest_of(path: str) -> bytes | None:
    """Return the SHA-256 of a file's bytes; ``None`` where they cannot be read.

    Examples
    --------
    >>> len(digest_of(__file__) or b""), digest_of("no such file")
    (32, None)
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except (OSError, ValueError):
        return None
