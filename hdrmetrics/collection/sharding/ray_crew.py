"""Actors of a Ray cluster."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hdrmetrics.collection.sharding.crew import Outcome
from hdrmetrics.collection.sharding.errand import Answer, Job, Order, do
from hdrmetrics.errors import ClusterError, MissingPackageError
from hdrmetrics.resources.machine import usable_cores

_WAIT_SECONDS = 1.0
_STILLBORN = 5  # actors in a row that die before they can work: then none can
_STORE_BYTES = 2**27  # of a cluster that is started here: what passes through it is small


class RayCrew:
    """Actors of a Ray cluster, each with one core, and one accelerator where that is wanted.

    Actors, not Ray Data: its blocks are tried again as they are, and a picture that ends whoever
    looks at it would end the work.

    Parameters
    ----------
    workers
        How many actors; by default one for each core (or accelerator) of the cluster.
    address
        Of the cluster (``auto``, ``host:6379``, ``ray://host:10001``); without it one is started
        on this machine. Where this process is connected to one, that is used.
    accelerated
        Whether each actor gets an accelerator of its own.

    Raises
    ------
    MissingPackageError
        If Ray is not installed.
    ClusterError
        If the cluster cannot be reached or started, or has no accelerator where one is wanted.
    """

    def __init__(
        self, workers: int | None = None, address: str | None = None, *, accelerated: bool = False
    ) -> None:
        # Ray tells its makers of clusters that it starts, unless it is told not to.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray = _ray()
        self._ray = ray
        self._own = not ray.is_initialized()
        self._idle: list[_Actor] = []
        self._busy: dict[Any, tuple[_Actor, Job]] = {}
        self._stillborn = 0
        if self._own:
            try:
                _connect(ray, workers or usable_cores(), address)
            except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
                raise ClusterError(f"cannot reach or start a Ray cluster: {error}") from error
        self._wants = {"num_cpus": 1, "num_gpus": int(accelerated)}
        there = int(ray.cluster_resources().get("GPU" if accelerated else "CPU", 0))
        self._size = workers or there
        if self._size < 1 or (accelerated and not there):
            self.close()
            raise ClusterError(
                f"the Ray cluster has no {'accelerator' if accelerated else 'core'} for this: "
                "add machines, or say how many workers there will be"
            )

    def free(self) -> int:
        """Return how many actors have no job, those among them that are not started yet."""
        return self._size - len(self._busy)

    def submit(self, order: Order, job: Job) -> None:
        """Begin a job; an actor that must wait for a machine begins it then."""
        actor = self._idle.pop() if self._idle else self._new()
        self._busy[actor.handle.work.remote(do, order, job)] = (actor, job)

    def outcomes(self) -> Iterator[Outcome]:
        """Yield what became of jobs.

        Raises
        ------
        ClusterError
            If actors cannot start or work.
        """
        if not self._busy:
            return
        done, _ = self._ray.wait(list(self._busy), num_returns=1, timeout=_WAIT_SECONDS)
        for reference in done:
            actor, job = self._busy.pop(reference)
            yield Outcome(job, self._answer(reference, actor))

    def close(self) -> None:
        """End the actors, and the cluster of this machine or the connection to another."""
        with contextlib.suppress(Exception):
            for actor in [*self._idle, *(actor for actor, _ in self._busy.values())]:
                self._ray.kill(actor.handle)
        if self._own:
            with contextlib.suppress(Exception):
                self._ray.shutdown()

    def _new(self) -> _Actor:
        kind = self._ray.remote(max_restarts=0, max_task_retries=0, **self._wants)(_Hand)
        handle = kind.remote()
        return _Actor(handle, handle.ready.remote())

    def _answer(self, reference: Any, actor: _Actor) -> Answer | None:
        """Return an actor's answer, ``None`` if it died."""
        errors = self._ray.exceptions
        try:
            answer: Answer = self._ray.get(reference)
        except (
            errors.RayActorError, errors.WorkerCrashedError, errors.OutOfMemoryError,
            errors.NodeDiedError, errors.ObjectLostError,
        ) as error:  # fmt: skip
            with contextlib.suppress(Exception):
                self._ray.kill(actor.handle)
            self._stillborn = 0 if self._began(actor) else self._stillborn + 1
            if self._stillborn >= _STILLBORN:
                raise ClusterError(
                    f"actors die as they start; they need the same version of hdrmetrics with the "
                    f"extra ray: {error}"
                ) from error
            return None
        except errors.RayError as error:
            raise ClusterError(f"the Ray cluster cannot work: {error}") from error
        self._stillborn = 0
        self._idle.append(actor)
        return answer

    def _began(self, actor: _Actor) -> bool:
        try:
            self._ray.get(actor.ready, timeout=_WAIT_SECONDS)
        except Exception:  # whatever it died of
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Actor:
    """An actor, and what is there once it has started."""

    handle: Any
    ready: Any


class _Hand:
    """What an actor is made of."""

    def ready(self) -> None:
        """Import what takes long, and might fail."""
        import hdrmetrics.collection.worker  # noqa: F401

    def work(self, task: Any, order: Order, job: Job) -> Answer:
        answer: Answer = task(order, job)
        return answer


def _ray() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise MissingPackageError(
            "the engine ray needs Ray: pip install 'hdrmetrics[ray]'"
        ) from error
    return ray


def _connect(ray: Any, workers: int, address: str | None) -> None:
    own = {
        "num_cpus": workers, "include_dashboard": False, "object_store_memory": _STORE_BYTES,
    }  # fmt: skip
    ray.init(
        address=address or "local",
        logging_level=logging.ERROR,
        log_to_driver=False,
        **({} if address else own),
    )
