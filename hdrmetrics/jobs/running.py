"""Rows made of many files, several at a time: each is told as it is done, after Ctrl-C too."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import torch

from hdrmetrics.io.processes import workers
from hdrmetrics.resources.machine import torch_threads

R = TypeVar("R")


class StoppedError(Exception):
    """The job ends before this row is finished."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Tells the threads of a job that it ends."""

    event: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raise :class:`StoppedError` if the job ends: called between two pieces of work."""
        if self.event.is_set():
            raise StoppedError


def make_rows(
    make: Callable[[int], R],
    count: int,
    *,
    jobs: int,
    stop: Stop,
    on_row: Callable[[R], None] | None = None,
) -> list[R]:
    """Return the rows of all files, and tell each one as soon as it is done.

    Parameters
    ----------
    make
        Returns the row of the file of this number, in a thread of its own where there are several.
    count
        How many files there are.
    jobs
        Files worked on at a time, each with its share of PyTorch's threads.
    stop
        Set when the job ends before its time; ``make`` asks it.
    on_row
        Called with each row from the calling thread, in any order. After Ctrl-C too it is called
        for every row that was finished; for one it may then be called twice.

    Examples
    --------
    >>> make_rows(lambda index: index**2, 4, jobs=2, stop=Stop())
    [0, 1, 4, 9]
    """
    rows: dict[int, R] = {}

    def done(index: int, row: R) -> None:
        if index in rows:
            return
        if on_row is not None:
            try:
                on_row(row)
            except KeyboardInterrupt:  # perhaps before anything was kept: twice beats never
                on_row(row)
                raise
        rows[index] = row

    if jobs == 1:
        for index in range(count):
            done(index, make(index))
    else:
        with torch_threads(torch.get_num_threads() // jobs):
            _in_threads(make, count, jobs, stop, done)
    return [rows[index] for index in range(count)]


def _in_threads(
    make: Callable[[int], R],
    count: int,
    jobs: int,
    stop: Stop,
    done: Callable[[int, R], None],
) -> None:
    """Call ``done`` with the rows of all files as they come."""
    pool = ThreadPoolExecutor(jobs)
    running: dict[Future[R], int] = {}
    rest = iter(range(count))
    try:
        while True:
            # No queue: when the work is stopped, nothing has been begun that nobody waits for.
            for index in islice(rest, jobs - len(running)):
                running[pool.submit(make, index)] = index
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                done(running[future], future.result())
                del running[future]
    except KeyboardInterrupt:
        stop.event.set()
        pool.shutdown()
        for future, index in running.items():
            if future.exception() is None:
                done(index, future.result())
        raise
    finally:
        stop.event.set()
        pool.shutdown(cancel_futures=True)
        workers.keep(1)
