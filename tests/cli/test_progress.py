"""A bar appears at a terminal, after a while, and nowhere else."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from hdrmetrics.cli import progress
from hdrmetrics.jobs.batch import Row


class Terminal(io.StringIO):
    """A stream that says it is a terminal, or not."""

    def __init__(self, answer: bool) -> None:
        super().__init__()
        self.answer = answer

    def isatty(self) -> bool:
        return self.answer


@pytest.mark.parametrize(
    ("terminal", "quiet", "patience", "shown"),
    [
        (True, False, 0.0, True),
        (False, False, 0.0, False),
        (True, True, 0.0, False),
        (True, False, 60.0, False),
    ],
)
def test_when_the_bar_is_shown(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, quiet: bool, patience: float, shown: bool
) -> None:
    stream = Terminal(terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "_PATIENCE", patience)
    with progress.Progress(3, quiet=quiet) as step:
        for name in "abc":
            step(Row(name, None))
    assert bool(stream.getvalue()) == shown
    assert ("3/3" in stream.getvalue() or "0/3" in stream.getvalue()) == shown


def path(row: Any) -> str:
    """Return the file that a row or record is of."""
    return str(row.test if isinstance(row, Row) else row.path)


def test_every_row_is_counted(run, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    monkeypatch.setattr(progress.Progress, "_step", lambda self, row: steps.append(path(row)))
    run("compare", "test", "ref")
    run("rank", "test", "-m", "pu21-piqe")
    run("evaluate", "test", "-r", "ref", "--fail-below", "pu21-psnr=0")
    assert [Path(step).stem for step in steps] == list("abc") * 3
