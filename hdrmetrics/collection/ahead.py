"""Pictures are read ahead by threads, while networks see those before them in batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.opened import Opened
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.worker import Worker
from hdrmetrics.io.processes import workers
from hdrmetrics.resources.machine import usable_cores
from hdrmetrics.resources.room import Room


@dataclass(slots=True)
class _Way:
    """How far a picture has come."""

    item: Item
    pixels: int  # that it takes, or is thought to take
    reading: Future[Opened]
    finishing: Future[Record] | None = None


class Ahead:
    """Scores pictures in batches, in the thread that calls it; used once.

    While a batch is scored, other threads read the next one, and make the looks and previews of the
    one before. No more pixels are held than there is room for, so a batch may be smaller than it
    might be.

    Parameters
    ----------
    worker
        Who scores; its ``batch`` says how many pictures at once.
    failed
        Returns the record of a picture of which an error was raised, or raises what is wrong for
        all.
    opened
        Reads a picture; by default the worker does.
    threads
        That read; by default as many as there are cores, and at most one for each picture of two
        batches.
    room
        For pixels.
    """

    def __init__(
        self,
        worker: Worker,
        failed: Callable[[Item, Exception], Record],
        *,
        opened: Callable[[Item], Opened] | None = None,
        threads: int | None = None,
        room: Room | None = None,
    ) -> None:
        self.worker, self.failed = worker, failed
        self.opened = opened or worker.open
        self.room = room or Room()
        self._pool = ThreadPoolExecutor(threads or min(usable_cores(), 2 * worker.batch))
        self._reading: deque[_Way] = deque()
        self._finishing: list[_Way] = []
        self._open: dict[int, Opened] = {}
        self._held = self._largest = 0

    def __call__(self, items: Sequence[Item], tell: Callable[[Record], None]) -> None:
        """Make the records of items, and tell each as soon as it is there, in any order.

        After Ctrl-C those that are finished are told before it goes on; one may be told twice.

        Raises
        ------
        HdrMetricsError
            What ``failed`` raises.
        """

        def told(record: Record) -> None:
            try:
                tell(record)
            except KeyboardInterrupt:  # perhaps before anything was kept: twice beats never
                tell(record)
                raise

        rest = deque(items)
        try:
            while rest or self._reading or self._finishing:
                self._read(rest)
                batch = self._next_batch(told)
                self._read(rest)
                if batch:
                    self.worker.score([way.reading.result() for way in batch])
                for way in batch:
                    way.finishing = self._pool.submit(self._finished, way.reading.result())
                self._finishing += batch
                self._tell(told, wait_for_one=not self._reading)
        except KeyboardInterrupt:
            self._pool.shutdown(cancel_futures=True)
            self._tell(told, wait_for_one=False)
            raise
        finally:
            self._pool.shutdown(cancel_futures=True)
            for one in self._open.values():
                one.needs.close()
            workers.keep(1)

    def _read(self, rest: deque[Item]) -> None:
        """Begin to read as many pictures as make a batch, if there is room for them."""
        while rest and len(self._reading) < self.worker.batch:
            pixels = max(self._largest, self.room.guess(rest[0].path))
            # What fits nowhere goes alone.
            if self._held and self._held + pixels > self.room.size:
                return
            item = rest.popleft()
            self._held += pixels
            self._reading.append(_Way(item, pixels, self._pool.submit(self._opened, item)))

    def _opened(self, item: Item) -> Opened:
        opened = self.opened(item)
        self._open[id(opened)] = opened
        return opened

    def _finished(self, opened: Opened) -> Record:
        try:
            return self.worker.finish(opened)
        finally:
            opened.needs.close()
            del self._open[id(opened)]

    def _next_batch(self, tell: Callable[[Record], None]) -> list[_Way]:
        """Return what is being read, once it is; what cannot be is told."""
        batch = []
        for _ in range(len(self._reading)):
            way = self._reading.popleft()
            try:
                record = way.reading.result().record
            except Exception as error:
                self._held -= way.pixels
                tell(self.failed(way.item, error))
                continue
            pixels = record.width * record.height
            self._held += pixels - way.pixels
            self._largest = max(self._largest, pixels)
            way.pixels = pixels
            batch.append(way)
        return batch

    def _tell(self, tell: Callable[[Record], None], *, wait_for_one: bool) -> None:
        """Tell the records that are finished."""
        there = [way.finishing for way in self._finishing if way.finishing is not None]
        if wait_for_one and there:
            wait(there, return_when=FIRST_COMPLETED)
        for way in list(self._finishing):
            found = way.finishing
            if found is None or not found.done() or found.cancelled():
                continue
            self._finishing.remove(way)
            self._held -= way.pixels
            error = found.exception()
            if error is None:
                tell(found.result())
            elif isinstance(error, Exception):
                tell(self.failed(way.item, error))
            else:
                raise error
