"""What a run says of itself: CSV files, TensorBoard where it is installed, a line of progress."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from datasets.rows import write_rows

_PATIENCE = 10.0  # seconds between lines of progress


class CsvLog:
    """A CSV file to which rows are added; a resumed run drops those after its checkpoint.

    Parameters
    ----------
    path
        Of the file.
    columns
        Its header; the first is ``step``.
    keep
        Rows of later steps are dropped; the run that wrote them takes these steps again.
    """

    def __init__(self, path: Path, columns: Sequence[str], *, keep: int = 0) -> None:
        self.path, self.columns = path, list(columns)
        lines: list[dict[str, str]] = []
        if keep and path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                # A killed run may leave half a row.
                lines = [
                    row
                    for row in csv.DictReader(file)
                    if None not in row.values() and (row["step"] or "").isdigit()
                ]
        earlier = (row for row in lines if int(row["step"]) <= keep)
        write_rows(path, self.columns, ({k: row.get(k, "") for k in columns} for row in earlier))

    def add(self, row: Mapping[str, Any]) -> None:
        """Append a row; floats with six digits."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


class RunLog:
    """The logs of a run; silent in all processes but the first.

    Parameters
    ----------
    folder
        ``log.csv`` and ``validation.csv`` go there, and TensorBoard's events into ``events``.
    steps
        Of the run.
    start
        Steps done before.
    active
        Whether this process writes.
    quiet
        No lines of progress.
    """

    def __init__(
        self, folder: Path, steps: int, *, start: int = 0, active: bool = True, quiet: bool = False
    ) -> None:
        self.steps, self.active, self.quiet = steps, active, quiet
        self._first, self._began = start, time.perf_counter()
        self._told = self._began
        self._events: Any = None
        if not active:
            return
        training = ("step", "seconds", "learning_rate", "loss", "gradient_norm", "terms")
        self._training = CsvLog(folder / "log.csv", training, keep=start)
        validation = ("step", "seconds", "head", "set", "items", "plcc", "srocc", "mae")
        self._validation = CsvLog(folder / "validation.csv", validation, keep=start)
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._events = SummaryWriter(str(folder / "events"), purge_step=start)

    def training(self, step: int, row: Mapping[str, Any]) -> None:
        """Note the means since the last row."""
        if not self.active:
            return
        self._training.add({"step": step, **row})
        if self._events is not None:
            for name in ("learning_rate", "loss", "gradient_norm"):
                self._events.add_scalar(f"training/{name}", row[name], step)

    def validation(self, step: int, seconds: float, rows: Sequence[Mapping[str, Any]]) -> None:
        """Note the agreement on the validation split."""
        if not self.active:
            return
        for row in rows:
            self._validation.add({"step": step, "seconds": seconds, **row})
            if self._events is not None:
                for name in ("plcc", "srocc", "mae"):
                    self._events.add_scalar(f"{name}/{row['head']}-{row['set']}", row[name], step)
        if not self.quiet:
            found = ", ".join(
                f"{r['head']} on {r['set']} PLCC {r['plcc']:.3f} SROCC {r['srocc']:.3f}"
                for r in rows
            )
            print(f"step {step}: validation {found}", file=sys.stderr, flush=True)

    def progress(self, done: int, loss: float) -> None:
        """Tell every few seconds how far the run is."""
        now = time.perf_counter()
        if not self.active or self.quiet or now - self._told < _PATIENCE:
            return
        self._told = now
        rate = (done - self._first) / (now - self._began)
        left = (self.steps - done) / rate if rate else 0.0
        print(
            f"step {done}/{self.steps}, {rate:.2f} steps/s, {clock(left)} left, loss {loss:.4f}",
            file=sys.stderr,
            flush=True,
        )

    def close(self) -> None:
        """Finish TensorBoard's file."""
        if self._events is not None:
            self._events.close()


def clock(seconds: float) -> str:
    """Return seconds as ``h:mm:ss``.

    Examples
    --------
    >>> clock(3723.4)
    '1:02:03'
    """
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
