"""What runs jobs on worker processes, here or on other machines, and survives their end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from hdrmetrics.collection.sharding.errand import Answer, Job, Order


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
