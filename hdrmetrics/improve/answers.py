"""The file to which answers are added, one row each, at once."""

from __future__ import annotations

import csv
import io
import os
from datetime import UTC, datetime
from pathlib import Path

from hdrmetrics.errors import ImageWriteError, TableError
from hdrmetrics.improve.blind import Side
from hdrmetrics.improve.labels import COLUMNS, parse_labels
from hdrmetrics.text.csvtable import parse_table, read_bytes


class AnswerFile:
    """Labels on disk; a kill loses at most the answer that was being given.

    A row is written by one call and has reached the disk when :meth:`add` returns. The file is made
    with the first answer.

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
        self._end = 0
        self._broken = False
        if self.path.exists():
            data, name = read_bytes(self.path), str(self.path)
            self.labels, self._end, self._broken = parse_labels(data, name)
            if self._end:
                _check_columns(data[: self._end], name)

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
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not self._end:
            writer.writerow(COLUMNS)
        when = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        writer.writerow([name, label, f"{seconds:.2f}", side, when])
        data = (b"\n" if self._broken else b"") + text.getvalue().encode()
        try:
            self._write(data)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ImageWriteError(f"cannot write {str(self.path)!r}: {reason}") from error
        self._end += len(data)
        self._broken = False
        self.labels.pop(name, None)
        self.labels[name] = label

    def _write(self, data: bytes) -> None:
        # Opened each time: answers are seconds apart, and the file may be looked at meanwhile.
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            os.ftruncate(handle, self._end)
            os.lseek(handle, self._end, os.SEEK_SET)
            if os.write(handle, data) != len(data):  # the disk is full
                os.ftruncate(handle, self._end)
                raise OSError(0, "it was written in part only")
            os.fsync(handle)
        finally:
            os.close(handle)


def _check_columns(data: bytes, name: str) -> None:
    header = data.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode().strip()
    if header != ",".join(COLUMNS):
        raise TableError(
            f"{name} has other columns than {','.join(COLUMNS)}, so no answers are added to it; "
            "choose another file with --out"
        )
