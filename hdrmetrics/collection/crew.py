"""What runs jobs on worker processes, here or on other machines, and survives their end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from hdrmetrics.collection.engine import ENGINES
from hdrmetrics.collection.errand import Answer, Job, Order
from hdrmetrics.errors import OptionError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job.

    Parameters
    ----------
    job
        The job.
    answer
        Of the worker; ``None`` where its process ended during the job.
    """

    job: Job
    answer: Answer | None


class Crew(Protocol):
    """Worker processes that do jobs; each loads the networks once.

    An engine tries no job twice of itself: who gives the jobs knows what may be tried again.
    """

    def free(self) -> int:
        """Return how many further jobs would begin at once.

        Raises
        ------
        ClusterError
            If there are no workers, and have been none for long.
        """

    def submit(self, order: Order, job: Job) -> None:
        """Begin a job."""

    def outcomes(self) -> Iterator[Outcome]:
        """Yield what became of jobs since the last call, perhaps nothing; waits a second at most.

        Raises
        ------
        ClusterError
            If workers cannot be set up, or whoever governs them is lost.
        """

    def close(self) -> None:
        """End the workers that are the engine's own, and let go of the others."""


def open_crew(
    name: str,
    *,
    workers: int | None = None,
    address: str | None = None,
    accelerated: bool = False,
) -> Crew:
    """Return an engine by its name.

    Parameters
    ----------
    name
        ``"local"``: processes of this machine. ``"dask"``: workers of a Dask cluster. ``"ray"``:
        actors of a Ray cluster.
    workers
        Number of processes; by default one for each core of this machine, or of the cluster.
    address
        Of the cluster's scheduler (``tcp://host:8786``), or of its head (``ray://host:10001``,
        ``auto``). Without it a cluster is started on this machine, and ended with the engine.
    accelerated
        Whether workers compute on accelerators: of this machine then one works, unless it is said
        how many; actors of Ray get one each. Who starts workers of Dask sees to it that each has
        its own.

    Raises
    ------
    OptionError
        If there is no such engine, or a number or an address it cannot have.
    MissingPackageError
        If the engine's package is not installed.
    ClusterError
        If the cluster cannot be reached or started.
    """
    if workers is not None and workers < 1:
        raise OptionError(f"at least one worker is needed, not {workers}")
    if name not in ENGINES:
        raise OptionError(f"there is no engine {name!r}: it is {', '.join(ENGINES)}")
    if name == "local":
        from hdrmetrics.collection.local_crew import LocalCrew

        if address is not None:
            raise OptionError("the local engine has no address: name engine dask or ray, or none")
        return LocalCrew(workers or (1 if accelerated else None))
    if name == "dask":
        from hdrmetrics.collection.dask_crew import DaskCrew

        alone = accelerated and address is None
        return DaskCrew(workers or (1 if alone else None), address)
    from hdrmetrics.collection.ray_crew import RayCrew

    return RayCrew(workers, address, accelerated=accelerated)
