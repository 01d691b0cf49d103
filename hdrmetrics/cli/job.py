"""Many files scored for a table: rows are kept as they come, and nothing is lost by stopping."""

from __future__ import annotations

import argparse
import contextlib
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from hdrmetrics.cli import messages
from hdrmetrics.cli.journal import (
    SCORES,
    File,
    Form,
    Journal,
    Kept,
    changed,
    describe,
    journal_path,
    read_journal,
    set_aside,
)
from hdrmetrics.cli.progress import Progress
from hdrmetrics.cli.targets import table_files
from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.batch import Row, score_files, usual_jobs
from hdrmetrics.resources.machine import torch_threads

if TYPE_CHECKING:
    from hdrmetrics.jobs.batch import BatchSettings
    from hdrmetrics.jobs.scoring import ScoreMap

Key = tuple[str, str | None]


def will_resume(arguments: argparse.Namespace) -> bool:
    """Return whether there are rows that the command is asked to go on with."""
    targets = table_files(arguments)
    return bool(arguments.resume and targets and journal_path(targets[0]).exists())


@dataclass
class Job:
    """One run of a command over many files.

    Parameters
    ----------
    arguments
        With ``command``, ``resume``, ``quiet``, ``words`` and the targets of tables.
    metrics
        Names.
    settings
        As for :func:`hdrmetrics.score_files`.
    more
        Further conditions that a resumed run must share.
    already
        What else must be there for a row of an earlier run to count, such as its maps.
    form
        How rows are kept.
    work
        What makes the rows of some of the files, called with these and the settings, ``on_row``
        among them; by default they are scored.
    """

    arguments: argparse.Namespace
    metrics: Sequence[str]
    settings: BatchSettings
    more: Mapping[str, Any] = field(default_factory=dict)
    already: Callable[[int, Row], bool] = lambda index, row: True
    form: Form = SCORES
    work: Callable[[Sequence[File], BatchSettings], Sequence[Row]] | None = None

    def run(
        self,
        files: Sequence[File],
        finish: Callable[[dict[int, Row]], int],
        *,
        on_map: Callable[[int, ScoreMap], None] | None = None,
    ) -> int:
        """Score the files, hand the rows to ``finish`` and return what it returns.

        Parameters
        ----------
        files
            Pairs (test, reference).
        finish
            Called with the rows by their place in ``files``: with all of them, or, where a job
            that writes no file is interrupted, with those that are done.
        on_map
            As for :func:`hdrmetrics.score_files`.

        Raises
        ------
        OptionError
            If rows of an earlier run are of other conditions.
        KeyboardInterrupt
            If the user stopped it; with a message that says where the rows are.
        """
        journal, rows = self._journal(files)
        todo = [index for index in range(len(files)) if index not in rows]
        places = {_key(files[index]): index for index in todo}
        placed = None if on_map is None else _Placed(on_map, todo)

        def keep(row: Row) -> None:
            index = places[row.test, row.reference]
            if index in rows:  # a row may come twice when it is interrupted here
                return
            if journal is not None:
                journal.add(row)
            rows[index] = row
            step(row)

        try:
            with (
                Progress(len(files), quiet=self.arguments.quiet, done=len(rows)) as step,
                _threads_of_whole(self.settings, len(files), len(todo)),
            ):
                given: BatchSettings = {**self.settings, "on_row": keep}
                wanted = [files[index] for index in todo]
                scored = (
                    score_files(wanted, self.metrics, **given, on_map=placed)
                    if self.work is None
                    else self.work(wanted, given)
                )
            rows |= dict(zip(todo, scored, strict=True))
            code = finish(rows)
        except KeyboardInterrupt:
            if journal is None and rows:
                finish(rows)
            raise KeyboardInterrupt(f"interrupted: {self._kept(rows, files, journal)}") from None
        except BaseException:
            if journal is not None and rows:
                messages.say(self._kept(rows, files, journal))
            raise
        finally:
            if journal is not None:
                journal.remove() if journal.empty else journal.close()
        if journal is not None:
            journal.remove()
        return code

    def _journal(self, files: Sequence[File]) -> tuple[Journal | None, dict[int, Row]]:
        targets = table_files(self.arguments)
        if not targets:
            if self.arguments.resume:
                raise OptionError(
                    "--resume goes on with the rows kept beside a table: name the same file "
                    "(--csv FILE) as the run that was stopped"
                )
            return None, {}
        path = journal_path(targets[0])
        conditions = describe(self.arguments.command, self.metrics, self.settings, self.more)
        if not self.arguments.resume:
            if path.exists():
                self._leave(path)
            return Journal(path, conditions, files, form=self.form), {}
        if not path.exists():
            messages.say(f"no rows of an earlier run are kept in {str(path)!r}: all are computed")
            return Journal(path, conditions, files, form=self.form), {}
        kept = read_journal(path, self.form)
        if other := changed(kept.conditions, conditions):
            raise OptionError(
                f"the rows in {str(path)!r} are of other conditions: {'; '.join(other)}. Resume "
                "with those of the first run; without --resume all is computed anew and those "
                "rows are set aside"
            )
        journal = Journal(path, conditions, files, kept, self.form)
        return journal, self._resumed(files, journal, kept)

    def _resumed(self, files: Sequence[File], journal: Journal, kept: Kept) -> dict[int, Row]:
        done = journal.done(kept)
        rows = {
            index: done[_key(file)]
            for index, file in enumerate(files)
            if _key(file) in done and self.already(index, done[_key(file)])
        }
        text = f"going on: {len(rows)} of {len(files)} files are done"
        reasons = []
        again = sum(_key(file) in kept.rows for file in files) - len(rows)
        if again:
            reasons.append(f"{again} are tried again, which had errors or have changed")
        if kept.damaged:
            reasons.append(f"{kept.damaged} damaged lines are left out")
        if not self.arguments.quiet:
            messages.say("; ".join([text, *reasons]))
        return rows

    def _leave(self, path: Path) -> None:
        """Start anew without losing what an earlier run has kept."""
        try:
            count = len(read_journal(path, self.form).rows)
        except OptionError:
            count = -1
        if count == 0:
            return
        aside = set_aside(path)
        what = "the rows" if count < 0 else f"{count} finished rows"
        messages.warning(
            f"{what} of a run that was stopped were in {str(path)!r}, for --resume to go on with; "
            f"all is computed anew, and they are set aside as {str(aside)!r}"
        )

    def _kept(self, rows: Mapping[int, Row], files: Sequence[File], journal: Journal | None) -> str:
        if journal is None:
            return f"{len(rows)} of {len(files)} files were done"
        if journal.empty:
            return f"none of {len(files)} files was done"
        words = list(getattr(self.arguments, "words", []))
        if words and "--resume" not in words:
            words.insert(1, "--resume")
        command = shlex.join(["hdrmetrics", *words])
        return (
            f"{len(rows)} of {len(files)} rows are kept in {str(journal.path)!r}; go on with: "
            f"{command}"
        )


@contextlib.contextmanager
def _threads_of_whole(settings: BatchSettings, total: int, todo: int) -> Iterator[None]:
    """Give each file as many threads as in a run over all: the last digits depend on them."""
    jobs = settings.get("jobs") or usual_jobs(settings.get("device"))
    share = max(1, torch.get_num_threads() // min(jobs, max(1, total)))
    left = min(jobs, todo)
    if todo == total or left < 1:
        yield
        return
    settings["jobs"] = left
    with torch_threads(share * left):
        yield


@dataclass(frozen=True)
class _Placed:
    """Hands maps on with their place among all files, not among those still to do."""

    on_map: Callable[[int, ScoreMap], None]
    places: Sequence[int]

    def __call__(self, index: int, found: ScoreMap) -> None:
        self.on_map(self.places[index], found)


def _key(file: File) -> Key:
    test, reference = file
    return str(test), None if reference is None else str(reference)
