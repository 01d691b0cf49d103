"""An engine without processes, and jobs that end the processes they run in."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from hdrmetrics.collection.sharding.crew import Outcome
from hdrmetrics.collection.sharding.errand import Answer, Job, Order, do


class Inline:
    """Does jobs one after the other in this process; ``dies`` says which end their worker."""

    def __init__(self, dies: Callable[[Job], bool] = lambda job: False, most: int = 2) -> None:
        self.dies, self.most = dies, most
        self.jobs: list[tuple[Order, Job]] = []
        self.seen: list[Job] = []
        self.closed = False

    def free(self) -> int:
        return self.most - len(self.jobs)

    def submit(self, order: Order, job: Job) -> None:
        self.jobs.append((order, job))

    def outcomes(self) -> Iterator[Outcome]:
        if self.jobs:
            order, job = self.jobs.pop()  # the last first: in no order that could be relied on
            self.seen.append(job)
            yield Outcome(job, None if self.dies(job) else do(order, job))

    def close(self) -> None:
        self.closed = True


def names(job: Job) -> list[str]:
    return [Path(path).stem for path, _ in job.items]


def deadly(order: Order, job: Job) -> Answer:
    """Do a job, but die at a picture called ``poison``, and once at one called ``once``."""
    for path, _ in job.items:
        stem = Path(path).stem
        died = Path(path.removeprefix("file://")).with_suffix(".died")
        if stem == "poison" or (stem == "once" and not died.exists()):
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return do(order, job)
