"""The engine of ranking without shards: threads of this process, each with a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.worker import Worker
from hdrmetrics.errors import OptionError, UnknownNameError
from hdrmetrics.jobs.batch import usual_jobs
from hdrmetrics.jobs.running import Stop, make_rows
from hdrmetrics.resources.machine import torch_threads
from hdrmetrics.resources.room import Room


@dataclass(frozen=True)
class Local:
    """Scores pictures in threads of this process, which share one set of weights.

    What is usual on one machine. A picture that ends the process ends the run; where that may be,
    worker processes (:mod:`hdrmetrics.collection.sharding.local_crew`) survive it.

    Each picture is worked on by one thread of PyTorch's, so that no digit depends on how many are
    worked on at a time. Those that would not fit into half of the memory together wait for each
    other.

    Parameters
    ----------
    jobs
        Pictures at a time; by default as many as there are cores, and one on another device.

    Raises
    ------
    OptionError
        If ``jobs`` is not positive.
    """

    jobs: int | None = None

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise OptionError(f"jobs must be at least 1, not {self.jobs}")

    def __call__(self, items: Sequence[Item], plan: Plan, tell: Callable[[Record], None]) -> None:
        """Make the records; see :class:`~hdrmetrics.collection.engine.Engine`."""
        if not items:
            return
        worker, room, stop = Worker(plan), Room(), Stop()

        def make(index: int) -> Record:
            stop.check()
            item = items[index]
            with room.place(item.path):
                record = _record(worker, item)
            room.learn(item.path, record.width * record.height)
            return record

        jobs = min(self.jobs or usual_jobs(plan.viewing.get("device")), len(items))
        with torch_threads(1):
            make_rows(make, len(items), jobs=jobs, stop=stop, on_row=tell)


def _record(worker: Worker, item: Item) -> Record:
    try:
        return worker(item)
    except (OptionError, UnknownNameError):  # of the plan
        raise
    except Exception as error:  # one picture that nobody foresaw must not end a night's work
        return Record(item.path, item.name, errors={"file": f"{type(error).__name__}: {error}"})
