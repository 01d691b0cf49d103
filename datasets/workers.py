"""Worker processes that may die or hang without taking the run with them."""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from hdrmetrics.errors import HdrMetricsError, OptionError

Job = TypeVar("Job")

_SET_UP_LIMIT = 300.0  # seconds to start and import, on a machine that is busy
_ATTEMPTS = 2  # a job may die of its neighbour's memory once


class WorkerError(HdrMetricsError, RuntimeError):
    """Worker processes cannot be set up."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Job]):
    """What became of a job: its result, or why there is none."""

    job: Job
    result: Any = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Ready:
    """What a process sends after its set-up; its first job's time counts from here."""


@dataclass(frozen=True, slots=True)
class _NotReady:
    """What a process sends whose set-up failed: no other process would fare better."""

    reason: str


class _Worker:
    """A process with the job it is at."""

    def __init__(self, setup: Callable[[Any], Callable[[Any], Any]], argument: Any) -> None:
        context = mp.get_context("spawn")  # a fork would copy torch's threads in an unknown state
        self.link, other = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(other, setup, argument, os.getpid()), daemon=True
        )
        self.process.start()
        other.close()
        self.job: Any = None
        self.since = time.monotonic()
        self.ready = False

    def give(self, job: Any) -> None:
        self.job, self.since = job, time.monotonic()
        # A process that died idle has closed its end; whoever waits for its answer finds out.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.link.send(job)

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.link.close()


def run_jobs(
    setup: Callable[[Any], Callable[[Job], Any]],
    argument: Any,
    jobs: Sequence[Job],
    *,
    workers: int,
    limit_s: float = 900.0,
) -> Iterator[Outcome[Job]]:
    """Run jobs in processes and yield their outcomes as they come, in no fixed order.

    Parameters
    ----------
    setup
        Called once in each process with ``argument``; returns the function that does a job. Both
        must be importable by name.
    argument
        For ``setup``; pickled.
    jobs
        Pickled one by one.
    workers
        Number of processes, at least 1; each computes with one thread.
    limit_s
        A job that takes longer is stopped with its process, and reported; so is one whose process
        died, after a second attempt.

    Raises
    ------
    OptionError
        Unless there is at least one worker.
    WorkerError
        If ``setup`` raises.
    """
    if workers < 1:
        raise OptionError(f"at least one worker is needed, not {workers}")
    crew = _Crew[Job](partial(_Worker, setup, argument), jobs, workers, limit_s)
    try:
        while crew.waiting or crew.busy:
            crew.fill()
            yield from crew.answers()
            yield from crew.late()
    finally:
        crew.stop()


class _Crew(Generic[Job]):
    """Processes, busy and idle, and the jobs that wait for them with the number of the attempt."""

    def __init__(
        self, start: Callable[[], _Worker], jobs: Sequence[Job], size: int, limit_s: float
    ) -> None:
        self.start, self.size, self.limit_s = start, size, limit_s
        self.waiting: deque[tuple[Job, int]] = deque((job, 1) for job in jobs)
        self.busy: dict[Connection, tuple[_Worker, int]] = {}
        self.idle: list[_Worker] = []

    def fill(self) -> None:
        """Give jobs to processes, as many as there may be."""
        while self.waiting and len(self.busy) < self.size:
            worker = self.idle.pop() if self.idle else self.start()
            job, attempt = self.waiting.popleft()
            self.busy[worker.link] = (worker, attempt)
            worker.give(job)

    def answers(self) -> Iterator[Outcome[Job]]:
        """Wait a little, and yield what became of jobs; a job whose process died waits again."""
        # A Connection is an object that can be waited for; so is its process, but a process
        # that dies closes its end, which says the same.
        for link in wait(list(self.busy), timeout=1.0):
            assert isinstance(link, Connection)
            worker, attempt = self.busy.pop(link)
            try:
                result = link.recv()
            except (EOFError, OSError):
                worker.stop()
                if attempt < _ATTEMPTS:
                    self.waiting.append((worker.job, attempt + 1))
                else:
                    code = worker.process.exitcode
                    yield Outcome(worker.job, reason=f"its process died twice (exit {code})")
                continue
            if isinstance(result, _Ready):
                worker.ready, worker.since = True, time.monotonic()
                self.busy[link] = (worker, attempt)
                continue
            if isinstance(result, _NotReady):
                worker.stop()
                raise WorkerError(f"workers cannot start: {result.reason}")
            self.idle.append(worker)
            yield Outcome(worker.job, result)

    def late(self) -> Iterator[Outcome[Job]]:
        """Stop processes that take too long, and yield the jobs they were at."""
        for link, (worker, _) in list(self.busy.items()):
            allowed = self.limit_s if worker.ready else _SET_UP_LIMIT
            if time.monotonic() - worker.since > allowed:
                del self.busy[link]
                worker.stop()
                yield Outcome(worker.job, reason=f"took longer than {allowed:g} s")

    def stop(self) -> None:
        """End all processes."""
        for worker in [*self.idle, *(worker for worker, _ in self.busy.values())]:
            worker.stop()


def _serve(
    link: Connection, setup: Callable[[Any], Callable[[Any], Any]], argument: Any, parent: int
) -> None:
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    import torch

    torch.set_num_threads(1)  # the results must not depend on how many share the machine
    try:
        work = setup(argument)
    except Exception as error:
        link.send(_NotReady(f"{type(error).__name__}: {error}"))
        return
    link.send(_Ready())
    while True:
        try:
            job = link.recv()
        except (EOFError, KeyboardInterrupt):
            return
        link.send(work(job))


def _follow(parent: int) -> None:
    """End with the parent: one killed outright can tell its children nothing."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
