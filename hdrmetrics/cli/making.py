"""Many pictures made of many: a record for each, whatever happens to the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from hdrmetrics.cli.variants import Variant
from hdrmetrics.errors import HdrMetricsError
from hdrmetrics.jobs.batch import usual_jobs
from hdrmetrics.resources.machine import torch_threads
from hdrmetrics.resources.room import Room

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one picture that was to be written.

    Parameters
    ----------
    source, target
        What was read, and what was to be written.
    variant
        How.
    state
        ``skipped``: it was there already.
    error
        Why it failed.
    details
        JSON-ready facts about it.
    warnings
        About the picture that was read.
    """

    source: Path
    target: Path
    variant: Variant
    state: Literal["written", "skipped", "failed"]
    error: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "input": str(self.source),
            "output": str(self.target),
            "status": self.state,
            "error": self.error,
            "operator": self.variant.operator,
            "set": dict(self.variant.settings),
            **self.details,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read, with what is to be made of it.

    Parameters
    ----------
    source
        The file.
    targets
        Variant, path, and whether it is to be written or is there already.
    """

    source: Path
    targets: tuple[tuple[Variant, Path, bool], ...]


@dataclass(frozen=True)
class Maker(Generic[T]):
    """How a command makes its pictures.

    Parameters
    ----------
    read
        Returns the picture of a file, ready for :attr:`write`, its number of pixels, and warnings
        about it.
    write
        Writes one variant of it and returns facts about that.
    """

    read: Callable[[Path], tuple[T, int, Sequence[str]]]
    write: Callable[[T, Variant, Path], dict[str, Any]]

    def make(
        self, job: Job, keep: Callable[[Made], None], stop: threading.Event, room: Room
    ) -> None:
        """Make the pictures of one file, and hand on what became of each."""
        waiting = []
        for variant, path, wanted in job.targets:
            if wanted:
                waiting.append((variant, path))
            else:
                keep(Made(job.source, path, variant, "skipped"))
        if not waiting:
            return
        with room.place(job.source) as place:
            if stop.is_set():
                return
            try:
                picture, pixels, warnings = self.read(job.source)
            except (HdrMetricsError, OSError, MemoryError) as error:
                for variant, path in waiting:
                    keep(Made(job.source, path, variant, "failed", _message(error)))
                return
            room.learn(job.source, pixels)
            room.put_right(place, pixels)
            for variant, path in waiting:
                if stop.is_set():
                    return
                try:
                    details = self.write(picture, variant, path)
                except (HdrMetricsError, OSError, RuntimeError, MemoryError) as error:
                    keep(Made(job.source, path, variant, "failed", _message(error)))
                    continue
                keep(Made(job.source, path, variant, "written", None, details, tuple(warnings)))


def make_all(
    maker: Maker[Any],
    jobs: Sequence[Job],
    *,
    workers: int | None,
    on_made: Callable[[object], None],
    retell: Callable[[Made], Made],
) -> tuple[list[Made], bool]:
    """Make all pictures; after Ctrl-C those that are finished are kept.

    Parameters
    ----------
    maker
        How.
    jobs
        The files.
    workers
        Files worked on at a time; by default one for each core. Large ones wait for memory.
    on_made
        Called with each picture as it is done (for progress), from one thread at a time.
    retell
        Called before it, likewise; returns what is to be told of the picture.

    Returns
    -------
    tuple
        What became of each, in the order of the jobs; and whether Ctrl-C ended it early.
    """
    import torch

    done: list[list[Made]] = [[] for _ in jobs]
    lock, stop, room = threading.Lock(), threading.Event(), Room()

    def make(index: int) -> None:
        def keep(made: Made) -> None:
            with lock:
                made = retell(made)
                done[index].append(made)
                on_made(made)

        maker.make(jobs[index], keep, stop, room)

    workers = min(workers or usual_jobs(None), max(1, len(jobs)))
    interrupted = False
    try:
        with torch_threads(torch.get_num_threads() // workers):
            if workers > 1:
                _side_by_side(make, len(jobs), workers, stop)
            else:
                for index in range(len(jobs)):
                    make(index)
    except KeyboardInterrupt:
        interrupted = True
    return [made for some in done for made in some], interrupted


def _side_by_side(
    make: Callable[[int], None], count: int, workers: int, stop: threading.Event
) -> None:
    pool = ThreadPoolExecutor(workers)
    futures = [pool.submit(make, index) for index in range(count)]
    try:
        wait(futures)
    finally:
        stop.set()  # the pictures being written are finished, no other is begun
        pool.shutdown(wait=True, cancel_futures=True)
    for future in futures:
        future.result()


def _message(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory for this picture"
    return " ".join(str(error).split()) or type(error).__name__
