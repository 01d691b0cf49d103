"""What a worker process does with pictures of a shard: it leaves a file of their records."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hdrmetrics import __version__, errors
from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.sharding.arrow import arrow, table_of
from hdrmetrics.collection.sharding.shards import plan_of
from hdrmetrics.collection.sharding.stores import Folder, copied
from hdrmetrics.errors import (
    ClusterError,
    HdrMetricsError,
    MissingPackageError,
    OptionError,
    StoreError,
)

if TYPE_CHECKING:
    from hdrmetrics.collection.opened import Opened
    from hdrmetrics.collection.worker import Worker

Failed = Callable[[Item, Exception], Record]

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Job:
    """Some pictures of one shard.

    Parameters
    ----------
    shard
        Its number.
    start, stop
        Which of its pictures.
    name
        The file to leave, in the folder of the order.
    items
        The pictures: paths and names.
    tries
        How often it ended its worker's process.
    """

    shard: int
    start: int
    stop: int
    name: str
    items: tuple[tuple[str, str], ...]
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What is the same for every job.

    Parameters
    ----------
    plan
        As of :func:`~hdrmetrics.collection.sharding.shards.plan_text`.
    output
        The folder for the files, a path or an address.
    version
        Of the package, where the order comes from.
    """

    plan: str
    output: str
    version: str = __version__


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a job.

    Parameters
    ----------
    refused
        Name of the error and message, where it is wrong for every picture.
    """

    refused: tuple[str, str] | None = None

    def check(self) -> None:
        """Raise the error that is wrong for every picture, if there is one."""
        if self.refused:
            name, message = self.refused
            kind = getattr(errors, name, HdrMetricsError)
            raise kind(message)


def do(order: Order, job: Job) -> Answer:
    """Score the pictures of a job, and write their records to a file that appears complete.

    A file that is there is not made again. Networks are loaded once in a process, which computes
    with one thread: values must not depend on how many share a machine.

    Returns
    -------
    Answer
        A picture that cannot be read, or that a metric cannot score, is a record with an error;
        what is wrong for all of them is the answer's.
    """
    try:
        return _done(order, job)
    except HdrMetricsError as error:
        return Answer(refused=(_public(error), str(error)))


def _done(order: Order, job: Job) -> Answer:
    if order.version != __version__:
        raise OptionError(
            f"the work comes from hdrmetrics {order.version}, and a worker has {__version__}: "
            "install one version everywhere"
        )
    folder = Folder(order.output)
    if folder.has(job.name):
        return Answer()
    plan = plan_of(order.plan)
    items = [Item(path, name) for path, name in job.items]
    folder.write(job.name, parquet_of(records_of(_worker(order.plan), items), plan))
    return Answer()


def records_of(worker: Worker, items: Sequence[Item]) -> list[Record]:
    """Return what a worker says of pictures, wherever they lie, in their order.

    Raises
    ------
    StoreError
        If no store answers for any of them.
    MissingPackageError
        If an address needs a package that is not installed.
    ClusterError
        If this machine has no room for a copy.
    """
    unreached: list[StoreError] = []

    def failed(item: Item, error: Exception) -> Record:
        if isinstance(error, StoreError):
            unreached.append(error)
        elif isinstance(error, (MissingPackageError, ClusterError)):
            raise error
        # A picture that a decoder or metric stumbles over must not cost the others.
        kind = "" if isinstance(error, HdrMetricsError) else f"{type(error).__name__}: "
        return Record(item.path, item.name, errors={"file": f"{kind}{error}"})

    found = (_in_batches if worker.batch > 1 else _one_by_one)(worker, items, failed)
    if unreached and len(unreached) == len(items):
        # Not the pictures are wrong, but the way to them: a file would say so for ever.
        raise unreached[0]
    return found


def _one_by_one(worker: Worker, items: Sequence[Item], failed: Failed) -> list[Record]:
    found = []
    for item in items:
        try:
            with copied(item.path) as file:
                record = worker(Item(file, item.name))
        except Exception as error:
            record = failed(item, error)
        found.append(called(record, record.path, item.path))
    return found


def _in_batches(worker: Worker, items: Sequence[Item], failed: Failed) -> list[Record]:
    from hdrmetrics.collection.ahead import Ahead

    def opened(item: Item) -> Opened:
        with contextlib.ExitStack() as needs:
            one = worker.open(Item(needs.enter_context(copied(item.path)), item.name))
            one.needs = needs.pop_all()
        return one

    found: dict[str, Record] = {}

    def keep(record: Record) -> None:
        found[record.name] = record

    # Numbers, since names of a list need not differ.
    Ahead(worker, failed, opened=opened)(
        [Item(item.path, str(number)) for number, item in enumerate(items)], keep
    )
    records = [found[str(number)] for number in range(len(items))]
    return [
        dataclasses.replace(called(record, record.path, item.path), name=item.name)
        for record, item in zip(records, items, strict=True)
    ]


def called(record: Record, file: str, path: str) -> Record:
    """Return a record of a file under another path, in its scores and errors, too.

    Parameters
    ----------
    record
        Of a copy, or of a file by its whole path.
    file
        What it calls the file.
    path
        What to call it.

    Examples
    --------
    >>> failed = Record("/tmp/copy.jpg", "a.jpg", errors={"file": "/tmp/copy.jpg: no picture"})
    >>> called(failed, "/tmp/copy.jpg", "s3://photographs/a.jpg").errors
    {'file': 's3://photographs/a.jpg: no picture'}
    """
    if file == path:
        return record
    scores = {
        name: score if score.test != file else dataclasses.replace(score, test=path)
        for name, score in record.scores.items()
    }
    found = {name: text.replace(file, path) for name, text in record.errors.items()}
    return dataclasses.replace(record, path=path, scores=scores, errors=found)


def parquet_of(records: Sequence[Record], plan: Plan) -> bytes:
    """Return a Parquet file of records, the same bytes for the same records."""
    target = io.BytesIO()
    arrow().parquet.write_table(table_of(records, plan), target, compression="zstd")
    return target.getvalue()


def _worker(plan: str) -> Worker:
    with _lock:  # threads of one process must not load the networks twice
        return _made(plan)


@functools.lru_cache(maxsize=2)
def _made(plan: str) -> Worker:
    import torch

    from hdrmetrics.collection.worker import Worker

    torch.set_num_threads(1)
    with contextlib.suppress(RuntimeError):  # once work has begun it stays as it is
        torch.set_num_interop_threads(1)
    return Worker(plan_of(plan))


def _public(error: HdrMetricsError) -> str:
    return next(one.__name__ for one in type(error).__mro__ if hasattr(errors, one.__name__))
