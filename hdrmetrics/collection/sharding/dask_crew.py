"""Workers of a Dask cluster."""

from __future__ import annotations

import contextlib
import logging
import queue
import time
from collections.abc import Iterator
from typing import Any

from hdrmetrics.collection.sharding.crew import Outcome
from hdrmetrics.collection.sharding.errand import Job, Order, do
from hdrmetrics.errors import ClusterError, MissingPackageError
from hdrmetrics.resources.machine import usable_cores

_CONNECT_SECONDS = 30.0
_ANSWER_SECONDS = 60.0
_WAIT_SECONDS = 1.0
_PATIENCE = 300.0  # seconds without any worker: machines come and go


class DaskCrew:
    """Workers of a Dask cluster, as many jobs at a time as they have threads.

    More jobs would wait at workers, and count as suspects when one dies.

    Parameters
    ----------
    workers
        How many to use at most, by default all; of a cluster of this machine how many to start,
        by default one for each core.
    address
        Of the scheduler; without it a cluster is started on this machine.

    Raises
    ------
    MissingPackageError
        If Dask is not installed.
    ClusterError
        If the scheduler cannot be reached, or no cluster be started.
    """

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        distributed = _dask()
        self._killed: type[Exception] = distributed.KilledWorker
        self._most = workers
        self._address = address or "the cluster on this machine"
        self._cluster: Any = None
        self._jobs: dict[Any, Job] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._alone_since: float | None = None
        try:
            if address is None:
                self._cluster = _start(distributed, workers or usable_cores())
            self._client = distributed.Client(
                address or self._cluster, timeout=_CONNECT_SECONDS, set_as_default=False
            )
        except (OSError, TimeoutError, RuntimeError, ValueError) as error:
            self._end_cluster()
            raise ClusterError(f"cannot reach {self._address} by Dask: {error}") from error

    def free(self) -> int:
        """Return how many threads of workers have no job.

        Raises
        ------
        ClusterError
            If there has been no worker for five minutes, or the scheduler is lost.
        """
        threads = self._threads()
        if threads:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = time.monotonic()
        elif time.monotonic() - self._alone_since > _PATIENCE:
            raise ClusterError(f"{self._address} has no worker: start some (`dask worker ADDRESS`)")
        most = threads if self._most is None else min(threads, self._most)
        return most - len(self._jobs)

    def submit(self, order: Order, job: Job) -> None:
        """Begin a job.

        Raises
        ------
        ClusterError
            If the scheduler is lost.
        """
        try:
            # A job is done for its file, not for its value: one that is asked for twice runs twice.
            future = self._client.submit(do, order, job, pure=False)
        except Exception as error:  # Dask has its own, and those of tornado
            raise self._lost() from error
        self._jobs[future] = job
        future.add_done_callback(self._done.put)

    def outcomes(self) -> Iterator[Outcome]:
        """Yield what became of jobs.

        Raises
        ------
        ClusterError
            If the scheduler is lost, or workers lack this package.
        """
        try:
            future = self._done.get(timeout=_WAIT_SECONDS)
        except queue.Empty:
            if self._client.status != "running":
                raise self._lost() from None
            return
        yield self._outcome(future)
        with contextlib.suppress(queue.Empty):
            while True:  # what else came meanwhile: asking for free threads takes a while
                yield self._outcome(self._done.get_nowait())

    def close(self) -> None:
        """Let go of jobs that are not done, and end the cluster of this machine."""
        with contextlib.suppress(Exception):
            self._client.cancel(list(self._jobs), reason="no longer wanted")
        with contextlib.suppress(Exception):
            self._client.close(timeout=_WAIT_SECONDS)
        self._end_cluster()

    def _outcome(self, future: Any) -> Outcome:
        job = self._jobs.pop(future)
        if future.status == "finished":
            try:
                return Outcome(job, future.result(timeout=_ANSWER_SECONDS))
            except Exception as error:  # of a scheduler that goes at this moment
                raise self._lost() from error
        if future.status != "error":
            raise self._lost()
        found = future.exception(timeout=_ANSWER_SECONDS)
        if isinstance(found, self._killed):
            return Outcome(job, None)
        raise ClusterError(
            f"workers of {self._address} cannot work: {type(found).__name__}: {found}. They need "
            "the same version of hdrmetrics with the extra dask"
        ) from found

    def _threads(self) -> int:
        if self._client.status != "running":  # asking it would wait for a connection
            raise self._lost()
        try:
            return sum(self._client.nthreads().values())
        except Exception as error:  # Dask has its own, and those of tornado
            raise self._lost() from error

    def _lost(self) -> ClusterError:
        return ClusterError(f"the scheduler of {self._address} was lost")

    def _end_cluster(self) -> None:
        if self._cluster is not None:
            with contextlib.suppress(Exception):
                self._cluster.close(timeout=10)


def _dask() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise MissingPackageError(
            "the engine dask needs Dask: pip install 'hdrmetrics[dask]'"
        ) from error
    return distributed


def _start(distributed: Any, workers: int) -> Any:
    import dask.config

    # The first death of a worker is told; who gives the jobs decides what is tried again.
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        return distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # none would take a port that others may have
            silence_logs=logging.CRITICAL,
        )
