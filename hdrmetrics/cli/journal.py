"""Finished rows on disk before the table is: a job that stops can go on where it was."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from hdrmetrics import __version__
from hdrmetrics.catalogue.metrics import metric_info
from hdrmetrics.errors import ImageWriteError, OptionError
from hdrmetrics.gate.baseline import differences, flatten
from hdrmetrics.jobs.batch import Row
from hdrmetrics.jobs.kept import scores_of, scores_record
from hdrmetrics.photometry.display import Display

FORMAT = 1
SUFFIX = ".partial.jsonl"

File = tuple[Any, Any]
"""A test and its reference, ``None`` where there is none."""

# How the work is shared out changes no value, and functions are no conditions.
_NO_CONDITIONS = frozenset({"jobs", "workers", "isolate", "on_row", "on_map"})


def journal_path(target: str) -> Path:
    """Return where the rows for a table are kept until it is complete."""
    return Path(f"{target}{SUFFIX}")


def describe(
    command: str, metrics: Sequence[str], settings: Mapping[str, Any], more: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the values of a job depend on beside its files, JSON-ready.

    Parameters
    ----------
    command, metrics
        What is computed.
    settings
        As for :func:`hdrmetrics.score_files`; those that are ``None`` are left out.
    more
        Further conditions, such as where maps go.
    """
    known = {
        key: _plain(value)
        for key, value in (*settings.items(), *more.items())
        if key not in _NO_CONDITIONS and value is not None and value != {}
    }
    mask = settings.get("mask")
    if isinstance(mask, (str, Path)):
        known["mask"] = [str(mask), *(stamp(mask) or [])]
    return {
        "hdrmetrics": __version__,
        "command": command,
        "metrics": {name: metric_info(name).version for name in metrics},
        **known,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Display):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def stamp(path: Any) -> list[int] | None:
    """Return a file's size and time of change, ``None`` where there is no file."""
    try:
        found = os.stat(path)
    except (OSError, TypeError, ValueError):
        return None
    return [found.st_size, found.st_mtime_ns]


@dataclass(frozen=True, slots=True)
class Form:
    """How rows of one kind are written to a line, and read again.

    Parameters
    ----------
    record
        Returns a row as JSON.
    row
        Returns the row of what :attr:`record` gave; raises ``ValueError``, ``KeyError`` or
        ``TypeError`` for anything else.
    passing
        Errors that may be gone when the row is computed again, beside those of files and memory.
    """

    record: Callable[[Any], dict[str, Any]]
    row: Callable[[Mapping[str, Any]], Row]
    passing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Kept:
    """What an earlier run left.

    Parameters
    ----------
    conditions
        Of :func:`describe`.
    rows
        By (test, reference): the files' stamps and the row.
    damaged
        Lines that could not be read; a torn last line is not counted.
    end
        Bytes up to the end of the last whole line.
    """

    conditions: dict[str, Any]
    rows: dict[tuple[str, str | None], tuple[Any, Row]]
    damaged: int
    end: int


def read_journal(path: Path, form: Form | None = None) -> Kept:
    """Read the rows of an earlier run; a line that was being written when it ended is left out.

    Parameters
    ----------
    path
        Of :func:`journal_path`.
    form
        Of the rows; by default scores and errors.

    Raises
    ------
    OptionError
        If the file cannot be read, is of another format, or is no journal.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise OptionError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    end = data.rfind(b"\n") + 1
    lines = data[:end].splitlines()
    try:
        head = json.loads(lines[0])
        number, conditions = head["journal of hdrmetrics"], dict(head["conditions"])
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise OptionError(
            f"{str(path)!r} holds no rows of hdrmetrics; remove it to start anew"
        ) from error
    if number != FORMAT:
        raise OptionError(
            f"{str(path)!r} has format {number!r}; this version of hdrmetrics goes on with format "
            f"{FORMAT} only. Remove the file to start anew"
        )
    rows: dict[tuple[str, str | None], tuple[Any, Row]] = {}
    read = (form or SCORES).row
    damaged = 0
    for line in lines[1:]:
        try:
            record = json.loads(line)
            row = read(record["row"])
            rows[row.test, row.reference] = record["files"], row
        except (ValueError, KeyError, TypeError):
            damaged += 1
    return Kept(conditions, rows, damaged, end)


class Journal:
    """The file to which finished rows are added, one line each, at once.

    Parameters
    ----------
    path
        Of :func:`journal_path`.
    conditions
        Of :func:`describe`.
    files
        All pairs of the job.
    kept
        What an earlier run left there, to add to; ``None`` for a new file.
    form
        Of the rows; by default scores and errors.

    Raises
    ------
    ImageWriteError
        If it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        conditions: Mapping[str, Any],
        files: Sequence[File],
        kept: Kept | None = None,
        form: Form | None = None,
    ) -> None:
        self.path = path
        self._form = form or SCORES
        self.empty = kept is None or not kept.rows
        # Taken before the work: a picture that changes meanwhile is scored again.
        self._stamps = {(str(t), r and str(r)): [stamp(t), stamp(r)] for t, r in files}
        try:
            self._file: IO[bytes] = path.open("wb" if kept is None else "r+b", buffering=0)
            self._identity = os.fstat(self._file.fileno())
            if kept is None:
                listed = json.dumps([[str(t), r and str(r)] for t, r in files])
                self._write(
                    {
                        "journal of hdrmetrics": FORMAT,
                        "conditions": conditions,
                        "files": len(files),
                        "files_sha256": hashlib.sha256(listed.encode()).hexdigest(),
                    }
                )
            else:
                self._file.truncate(kept.end)
                self._file.seek(kept.end)
        except OSError as error:
            raise self._failed(error) from error

    def done(self, kept: Kept) -> dict[tuple[str, str | None], Row]:
        """Return the rows of an earlier run that need not be computed again.

        Those of files that have changed do, and those with an error that may be gone: a file that
        could not be read (perhaps a package was missing), memory, a map that could not be written.
        """
        return {
            key: row
            for key, (stamps, row) in kept.rows.items()
            if _final(row, self._form.passing) and self._stamps.get(key) == stamps
        }

    def add(self, row: Row) -> None:
        """Keep a row.

        Raises
        ------
        ImageWriteError
            If it cannot be written.
        """
        try:
            self._write(
                {"files": self._stamps[row.test, row.reference], "row": self._form.record(row)}
            )
        except OSError as error:
            raise self._failed(error) from error
        self.empty = False

    def _write(self, record: Mapping[str, Any]) -> None:
        # In one call, without a buffer: a kill leaves whole lines, or a torn last one.
        line = json.dumps(record).encode() + b"\n"
        while line:
            line = line[self._file.write(line) or 0 :]

    def _failed(self, error: OSError) -> ImageWriteError:
        reason = error.strerror or str(error)
        return ImageWriteError(f"cannot keep finished rows in {str(self.path)!r}: {reason}")

    def close(self) -> None:
        """Leave the file for a later run."""
        self._file.close()

    def remove(self) -> None:
        """Remove the file: the table is complete."""
        self._file.close()
        try:
            if os.path.samestat(self._identity, self.path.stat()):  # not another run's
                self.path.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._failed(error) from error


def _final(row: Row, passing: frozenset[str]) -> bool:
    """Return whether computing a row again would give the same: a metric's refusal does."""
    return not any(
        what == "file" or what in passing or what.startswith("map of ") or "memory" in text
        for what, text in row.errors.items()
    )


def set_aside(path: Path) -> Path:
    """Give an earlier run's rows another name and return it."""
    number = 1
    while (to := path.with_name(path.name.replace(SUFFIX, f".partial-{number}.jsonl"))).exists():
        number += 1
    path.rename(to)
    return to


def changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words what differs between two descriptions of a job."""
    return differences(flatten(then), flatten(now))


def _record(row: Row) -> dict[str, Any]:
    scores = scores_record(row.scores)
    return {"test": row.test, "reference": row.reference, "scores": scores, "errors": row.errors}


def _row(record: Mapping[str, Any]) -> Row:
    scores = scores_of(record["scores"])
    return Row(record["test"], record["reference"], scores, dict(record["errors"]))


SCORES = Form(_record, _row)
"""Rows of scores and errors, which most commands have."""
