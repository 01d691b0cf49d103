"""What was said of pictures that an earlier, interrupted run made: it goes into the tables too."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli.journal import journal_path, stamp
from hdrmetrics.errors import ImageWriteError

if TYPE_CHECKING:
    from hdrmetrics.cli.making import Made


class Retold:
    """Facts about pictures, on disk from the moment that they are written.

    Parameters
    ----------
    target
        The table or page that they are for; ``None`` for none, and nothing is kept.
    going_on
        Whether pictures that are there already are left as they are: only then what an earlier run
        said of them is true.

    Raises
    ------
    ImageWriteError
        If nothing can be written there.
    """

    def __init__(self, target: str | None, *, going_on: bool) -> None:
        self.path = None if target is None else journal_path(target)
        self._known: dict[str, Mapping[str, Any]] = {}
        if self.path is None:
            return
        if going_on:
            self._known = _read(self.path)
        try:
            # What was read is written again, so that a torn last line is gone.
            lines = [json.dumps(record) + "\n" for record in self._known.values()]
            self.path.write_text("".join(lines), encoding="utf-8")
        except OSError as error:
            raise ImageWriteError(f"{self.path}: {error.strerror or error}") from error

    def add(self, made: Made) -> Made:
        """Keep what is said of a picture, or return it with what was said before."""
        if self.path is None:
            return made
        target = str(made.target)
        if made.state == "written":
            record = {"output": target, "stamp": stamp(target), "details": made.details}
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        elif made.state == "skipped":
            before = self._known.get(target)
            if before and before["stamp"] == stamp(target):  # else another run has made it since
                details: dict[str, Any] = before["details"]
                return dataclasses.replace(made, details=details)
        return made

    def remove(self) -> None:
        """Remove the file: tables and pages hold everything."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return found
    for line in lines:
        try:
            record = json.loads(line)
            found[record["output"]] = {key: record[key] for key in ("output", "stamp", "details")}
        except (ValueError, KeyError, TypeError):  # the line that was being written
            continue
    return found
