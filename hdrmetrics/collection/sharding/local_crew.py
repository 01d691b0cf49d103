"""The crew of this machine for work in shards: processes, of which one may die without others."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process

from hdrmetrics.collection.sharding.crew import Outcome
from hdrmetrics.collection.sharding.errand import Answer, Job, Order, do
from hdrmetrics.errors import ClusterError
from hdrmetrics.resources.machine import usable_cores

_WAIT_SECONDS = 1.0
_STILLBORN = 3  # processes in a row that die before they can work: then none can


class LocalCrew:
    """Processes of this machine, each with its own PyTorch and weights.

    What ``engine="local"`` is where there are shards; without them it is
    :class:`~hdrmetrics.collection.local.Local`, threads of the calling process.

    Parameters
    ----------
    workers
        How many; by default one for each core that this process may use.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._size = workers or usable_cores()
        self._idle = [_Hand() for _ in range(self._size)]
        self._stillborn = 0
        self._busy: dict[Future[Answer], tuple[_Hand, Job]] = {}

    def free(self) -> int:
        """Return how many processes are idle."""
        return len(self._idle)

    def submit(self, order: Order, job: Job) -> None:
        """Give a job to an idle process."""
        hand = self._idle.pop()
        self._busy[hand.give(order, job)] = (hand, job)

    def outcomes(self) -> Iterator[Outcome]:
        """Yield what became of jobs.

        Raises
        ------
        ClusterError
            If processes die before they have done anything.
        """
        done, _ = wait(self._busy, timeout=_WAIT_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            hand, job = self._busy.pop(future)
            try:
                answer = future.result()
            except BrokenProcessPool as error:
                hand.close()
                self._stillborn = 0 if hand.began() else self._stillborn + 1
                if self._stillborn >= _STILLBORN:
                    raise ClusterError(
                        "worker processes end as they start: a script that scores needs its calls "
                        "below `if __name__ == '__main__':`, and a machine memory for PyTorch"
                    ) from error
                self._idle.append(_Hand())
                yield Outcome(job, None)
                continue
            self._stillborn = 0
            self._idle.append(hand)
            yield Outcome(job, answer)

    def close(self) -> None:
        """End the processes; what they are at is lost, what is written stays."""
        for hand in [*self._idle, *(hand for hand, _ in self._busy.values())]:
            hand.close()


class _Hand:
    """One process, which starts with its first job."""

    def __init__(self) -> None:
        # A fork would copy the threads of PyTorch in a state that nobody knows.
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        self._first: Future[None] | None = None

    def give(self, order: Order, job: Job) -> Future[Answer]:
        if self._first is None:
            self._first = self._pool.submit(_ready)
        return self._pool.submit(do, order, job)

    def began(self) -> bool:
        """Return whether the process came as far as its first job."""
        return self._first is not None and self._first.done() and not self._first.exception()

    def close(self) -> None:
        for process in list((self._pool._processes or {}).values()):
            process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)


def _ready() -> None:
    """Import what takes long, and might fail; end with the process that gives the jobs."""
    import hdrmetrics.collection.worker  # noqa: F401

    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
