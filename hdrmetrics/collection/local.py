"""The engine of ranking without shards: threads of this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hdrmetrics.collection.ahead import Ahead
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
    other. On an accelerator threads read ahead while networks see pictures in batches
    (:mod:`hdrmetrics.collection.ahead`).

    Parameters
    ----------
    jobs
        Pictures worked on at a time; where networks see several at once, threads that read them. By
        default as many as there are cores.
    batch
        Pictures that networks see at once: by default one on a CPU, and on an accelerator as many
        as :func:`~hdrmetrics.jobs.together.usual_batch` says, fewer where its memory is short. From
        2 on values may differ by rounding.

    Raises
    ------
    OptionError
        If ``jobs`` or ``batch`` is not positive.
    """

    jobs: int | None = None
    batch: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("jobs", self.jobs), ("batch", self.batch)):
            if value is not None and value < 1:
                raise OptionError(f"{name} must be at least 1, not {value}")

    def __call__(self, items: Sequence[Item], plan: Plan, tell: Callable[[Record], None]) -> None:
        """Make the records; see :class:`~hdrmetrics.collection.engine.Engine`."""
        if not items:
            return
        worker, room, stop = Worker(plan, self.batch), Room(), Stop()
        if worker.batch > 1:
            with torch_threads(1):
                Ahead(worker, _failed, threads=self.jobs, room=room)(items, tell)
            return

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
    except Exception as error:
        return _failed(item, error)


def _failed(item: Item, error: Exception) -> Record:
    if isinstance(error, (OptionError, UnknownNameError)):  # of the plan
        raise error
    # One picture that nobody foresaw must not end a night's work.
    return Record(item.path, item.name, errors={"file": f"{type(error).__name__}: {error}"})
