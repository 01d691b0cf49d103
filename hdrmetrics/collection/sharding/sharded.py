"""A collection scored in shards, by whatever workers there are, however often they end."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.sharding.arrow import arrow, records_of
from hdrmetrics.collection.sharding.crew import Crew, Outcome
from hdrmetrics.collection.sharding.crews import open_crew
from hdrmetrics.collection.sharding.errand import Job, Order, parquet_of
from hdrmetrics.collection.sharding.manifest import items_in
from hdrmetrics.collection.sharding.shard_reader import Shards, table_in
from hdrmetrics.collection.sharding.shards import (
    PIECES,
    Cut,
    cut,
    keep_apart,
    plan_text,
    shards,
    usual_size,
)
from hdrmetrics.collection.sharding.stores import Folder
from hdrmetrics.errors import ClusterError, ImageReadError, ImageWriteError, StoreError

_PARTS = 8  # into which pictures are parted of which one ends its worker
_SHARD_TRIES = 2  # a worker may die of something else
_FILE_TRIES = 3
_LOST_IN_A_ROW = 5  # pictures that end their workers: then it is the workers
_UNSEEN = 8  # files that workers say they wrote
_SECONDS_TO_SEE = 10.0  # what a shared folder may take to show a file


def score_shards(
    items: str | os.PathLike[str] | Iterable[str | os.PathLike[str] | Item],
    plan: Plan,
    output: str | os.PathLike[str],
    *,
    engine: str | Crew = "local",
    workers: int | None = None,
    address: str | None = None,
    shard: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Shards:
    """Score a collection on one machine or many, and leave its records as Parquet files.

    What is finished is never done again: after whatever end, the same call goes on. A shard whose
    worker dies is tried again, and then parted, until the picture is found that ends workers; it
    becomes a record with an error.

    Parameters
    ----------
    items
        The pictures, as of :func:`~hdrmetrics.collection.sharding.manifest.items_in`: lists,
        folders, patterns, addresses, items.
    plan
        What is wanted of each. Files that it names (displays, masks) are on every machine.
    output
        Folder of the shards, a path or an address, which all workers write and this process
        reads. Several calls may share it where they are for the same pictures and plan.
    engine
        ``"local"``, ``"dask"`` or ``"ray"``; or one that is open, which stays so.
    workers, address
        Of the engine, as of :func:`~hdrmetrics.collection.sharding.crews.open_crew`.
    shard
        Pictures of a shard; by default 256, and fewer of few pictures, so that all workers have
        some (:func:`~hdrmetrics.collection.sharding.shards.usual_size`).
    on_progress
        Called with how many pictures are finished, with those of earlier calls, and how many
        there are.

    Returns
    -------
    Shards
        To read the records; their values are the same for every engine and number of workers.

    Raises
    ------
    OptionError
        If the folder holds shards of something else, or metrics, options or numbers are wrong.
    UnknownNameError
        If there is no metric of a name.
    ImageReadError, TableError
        If there are no pictures, a list cannot be read, or a store does not answer.
    ImageWriteError
        If the folder cannot be written.
    MissingPackageError
        If a package is not installed here, or where the work is done.
    ClusterError
        If workers cannot be had, were lost, or die of five pictures in a row. What is finished
        stands.

    Examples
    --------
    >>> found = score_shards("photos", Plan(("nima",)), "shards")  # doctest: +SKIP
    >>> found.frame()[["path", "nima"]]  # doctest: +SKIP
    """
    arrow()
    pictures = items_in(items)
    folder = Folder(output)
    wanted = cut(pictures, plan, usual_size(pictures, folder) if shard is None else shard)
    keep_apart(folder, wanted)
    done = folder.names()
    if any(wanted.name(index) not in done for index in range(wanted.count)):
        order = Order(plan_text(plan), folder.address)
        with _opened(engine, workers, address, plan) as used:
            run = _Run(used, order, folder, wanted, done, on_progress)
            try:
                run.finish(pictures)
            except (ClusterError, StoreError, ImageWriteError) as error:
                raise type(error)(f"{error}. {run.standing()}") from error
            except KeyboardInterrupt:
                raise KeyboardInterrupt(f"interrupted: {run.standing()}") from None
    for name in folder.names(PIECES):  # of a call that was killed as it put them together
        if wanted.digest[:12] in name:
            folder.remove(f"{PIECES}/{name}")
    return Shards(folder.address)


class _Run:
    """One call: what is begun, what came back, and what is to be tried again."""

    def __init__(
        self,
        engine: Crew,
        order: Order,
        folder: Folder,
        wanted: Cut,
        done: set[str],
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        self.engine, self.order, self.folder, self.wanted = engine, order, folder, wanted
        self.on_progress = on_progress
        self.before = done
        self.finished = 0  # shards
        self.pictures = 0  # in them
        self.open = 0  # jobs
        self.again: deque[Job] = deque()
        self.parted: dict[int, _Parted] = {}
        self.unseen: list[str] = []
        self.lost = 0  # pictures in a row

    def finish(self, pictures: Iterable[Item]) -> None:
        """Do all that is not done."""
        source = self._jobs(pictures)
        for index in range(self.wanted.count):
            if self.wanted.name(index) in self.before:
                self._count(index)
        self._tell()
        job = self._next(source)
        while job is not None or self.open:
            room = self.engine.free()
            while job is not None and room > 0:
                self.engine.submit(self.order, job)
                self.open += 1
                room -= 1
                job = self._next(source)
            for outcome in self.engine.outcomes():
                self.open -= 1
                self._take(outcome)
            if job is None:
                job = self._next(source)
        self._look_for_unseen(_SECONDS_TO_SEE)

    def standing(self) -> str:
        """Return what stands, and how to go on."""
        return (
            f"{self.finished} of {self.wanted.count} shards stand in {self.folder.address!r}; the "
            "same call goes on from there"
        )

    def _jobs(self, pictures: Iterable[Item]) -> Iterator[Job]:
        index = -1
        for index, part in enumerate(shards(pictures, self.wanted.size)):
            if index >= self.wanted.count or len(part) != self.wanted.rows(index):
                break
            name = self.wanted.name(index)
            if name not in self.before:
                rows = tuple((item.path, item.name) for item in part)
                yield Job(index, 0, len(rows), name, rows)
        else:
            if index + 1 == self.wanted.count:
                return
        raise ImageReadError("the list of pictures changed while it was worked on: begin anew")

    def _next(self, source: Iterator[Job]) -> Job | None:
        return self.again.popleft() if self.again else next(source, None)

    def _take(self, outcome: Outcome) -> None:
        job = outcome.job
        if outcome.answer is None:
            self._died(Job(job.shard, job.start, job.stop, job.name, job.items, job.tries + 1))
            return
        outcome.answer.check()
        self.lost = 0
        parted = self.parted.get(job.shard)
        if parted is None:
            self._stands(job.shard)
        else:
            parted.left -= 1
            parted.pieces[job.start] = job.name
            self._put_together(job.shard, parted)

    def _died(self, job: Job) -> None:
        """Try again what ended a worker, in smaller parts if it may be one of its pictures."""
        one = len(job.items) == 1
        whole = job.shard not in self.parted
        if job.tries < (_FILE_TRIES if one else _SHARD_TRIES if whole else 1):
            self.again.append(job)
            return
        parted = self.parted.setdefault(job.shard, _Parted())
        parted.left -= not whole
        if one:
            self._give_up(job, parted)
            return
        for start, stop in _cuts(job.start, job.stop):
            items = job.items[start - job.start : stop - job.start]
            name = self.wanted.piece(job.shard, start, stop)
            self.again.append(Job(job.shard, start, stop, name, items))
            parted.left += 1

    def _give_up(self, job: Job, parted: _Parted) -> None:
        self.lost += 1
        if self.lost >= _LOST_IN_A_ROW:
            raise ClusterError(
                f"worker processes end at whatever they score, at last {job.items[0][0]!r}: look "
                "whether they have the memory, and what they print"
            )
        path, name = job.items[0]
        text = (
            f"scoring it ended its worker's process {_FILE_TRIES} times: it crashed, was killed, "
            "or ran out of memory"
        )
        parted.poison[job.start] = Record(path, name, errors={"file": text})
        self._put_together(job.shard, parted)

    def _put_together(self, index: int, parted: _Parted) -> None:
        """Make the file of a shard of its pieces, once all are there."""
        if parted.left:
            return
        name = self.wanted.name(index)
        if not self.folder.has(name):  # of another call that shares the folder
            plan = self.wanted.plan
            found = {start: [record] for start, record in parted.poison.items()}
            for start, piece in parted.pieces.items():
                found[start] = list(records_of(table_in(self.folder, piece), plan))
            # Of records, not of tables: a table that was read is not written as it was.
            records = [record for start in sorted(found) for record in found[start]]
            self.folder.write(name, parquet_of(records, plan))
        for piece in parted.pieces.values():
            self.folder.remove(piece)
        del self.parted[index]
        self._stands(index)

    def _stands(self, index: int) -> None:
        name = self.wanted.name(index)
        if not self.folder.has(name):
            self.unseen.append(name)
            if len(self.unseen) >= _UNSEEN:
                self._look_for_unseen(_SECONDS_TO_SEE)
        self._count(index)
        self._tell()

    def _count(self, index: int) -> None:
        self.finished += 1
        self.pictures += self.wanted.rows(index)

    def _tell(self) -> None:
        if self.on_progress is not None:
            self.on_progress(self.pictures, self.wanted.items)

    def _look_for_unseen(self, seconds: float) -> None:
        """Wait for files that workers say they wrote."""
        end = time.monotonic() + seconds
        while self.unseen:
            there = self.folder.names()
            self.unseen = [name for name in self.unseen if name not in there]
            if self.unseen and time.monotonic() > end:
                self.finished -= len(self.unseen)
                raise ClusterError(
                    f"workers wrote {self.unseen[0]!r}, and from here it cannot be seen in "
                    f"{self.folder.address!r}: name a folder or a store that all machines share"
                )
            time.sleep(0.2 if self.unseen else 0)


class _Parted:
    """A shard that ended its workers, and was cut."""

    def __init__(self) -> None:
        self.left = 0  # pieces that are not done
        self.pieces: dict[int, str] = {}
        self.poison: dict[int, Record] = {}


def _cuts(start: int, stop: int) -> list[tuple[int, int]]:
    """Return the ends of at most eight parts, as even as can be.

    >>> _cuts(0, 10)[:3]
    [(0, 1), (1, 2), (2, 3)]
    """
    count = min(_PARTS, stop - start)
    ends = [start + (stop - start) * i // count for i in range(count + 1)]
    return list(itertools.pairwise(ends))


@contextlib.contextmanager
def _opened(
    engine: str | Crew, workers: int | None, address: str | None, plan: Plan
) -> Iterator[Crew]:
    """Give an engine, and close it unless it was open."""
    if not isinstance(engine, str):
        yield engine
        return
    accelerated = str(plan.viewing.get("device") or "cpu").partition(":")[0] != "cpu"
    own = open_crew(engine, workers=workers, address=address, accelerated=accelerated)
    try:
        yield own
    finally:
        own.close()
