"""The file to which answers are added, one row each, at once."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

from hdrmetrics.errors import ImageWriteError, TableError
from hdrmetrics.improve.blind import Side
from hdrmetrics.improve.labels import COLUMNS, parse_labels
from hdrmetrics.text.csvline import csv_line
from hdrmetrics.text.csvtable import read_bytes


class AnswerFile:
    """Labels on disk; a kill loses at most the answer that was being given.

    A row is written by one call and has reached the disk when :meth:`add` returns. The file is made
    with the first answer. What others change in it meanwhile, such as a second page on the same
    pairs, is taken over with the next answer.

    Parameters
    ----------
    path
        The file; one that is there is added to, after what was torn of its last line is removed.

    Raises
    ------
    TableError
        If the file is there and cannot be read, is damaged, or has other columns.

    Examples
    --------
    >>> import tempfile
    >>> file = AnswerFile(Path(tempfile.mkdtemp()) / "labels.csv")
    >>> file.add("roof", 1, seconds=3.25, side="left")
    >>> file.path.read_text().splitlines()[1].rpartition(",")[0], file.labels
    ('roof,1,3.25,left', {'roof': 1})
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.labels: dict[str, int] = {}
        """By name, in the order of the last answers."""
        self._size = -1  # of the file, when it was last looked at; it was not yet
        self._end = 0  # of what stays of it when a row is added
        self.follow()

    def follow(self) -> None:
        """Take over what others changed in the file; one that is gone holds nothing.

        Raises
        ------
        TableError
            If it is none of labels now.
        """
        if _size(self.path) == self._size:
            return
        data, name = read_bytes(self.path) if self.path.exists() else b"", str(self.path)
        labels, end = parse_labels(data, name)
        if end:
            _check_columns(data[:end], name)
        self.labels, self._size, self._end = labels, len(data), end

    def add(self, name: str, label: int, *, seconds: float, side: Side) -> None:
        """Add an answer.

        Parameters
        ----------
        name, label
            Of the pair.
        seconds
            From showing to answering, kept to the hundredth.
        side
            Where the enhanced picture was.

        Raises
        ------
        ImageWriteError
            If it cannot be written; the file then ends where it did.
        TableError
            If others changed the file meanwhile, and it is none of labels now.
        """
        self.follow()
        when = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        try:
            self._append(_row(name, label, f"{seconds:.2f}", side, when))
        except OSError as error:
            reason = error.strerror or str(error)
            raise ImageWriteError(f"cannot write {str(self.path)!r}: {reason}") from error
        self.labels.pop(name, None)
        self.labels[name] = label

    def _append(self, row: bytes) -> None:
        # Opened each time: answers are seconds apart, and the file may be looked at meanwhile.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        handle = os.open(self.path, flags, 0o666)
        try:
            size = os.fstat(handle).st_size
            alone = size == self._size  # otherwise others have added since it was looked at
            if alone and self._end < size:
                size = self._end
                os.ftruncate(handle, size)
            row = _start(handle, size) + row
            if os.write(handle, row) != len(row):
                os.ftruncate(handle, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if alone:
                self._size = self._end = size + len(row)
            os.fsync(handle)
        finally:
            os.close(handle)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # none, or out of reach, which writing will tell
        return 0


def _row(*cells: object) -> bytes:
    return csv_line(cells).encode()


def _start(handle: int, size: int) -> bytes:
    """Return what comes before a row: the columns, or the line break that an editor left out."""
    if not size:
        return _row(*COLUMNS)
    os.lseek(handle, size - 1, os.SEEK_SET)
    return b"" if os.read(handle, 1) == b"\n" else b"\n"


def _check_columns(data: bytes, name: str) -> None:
    header = data.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode().strip()
    if header != ",".join(COLUMNS):
        raise TableError(
            f"{name} has other columns than {','.join(COLUMNS)}, so no answers are added to it; "
            "choose another file with --out"
        )
