"""The engine that works in shards, here or on many machines: they are made, then told."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.sharding.crew import Crew
from hdrmetrics.collection.sharding.errand import called
from hdrmetrics.collection.sharding.sharded import score_shards

_FILES = ("display", "mask")  # of what is given, these may be files


@dataclass(frozen=True)
class ShardEngine:
    """Scores pictures by :func:`~hdrmetrics.collection.sharding.sharded.score_shards`.

    The shards are what is kept between runs, so no cache is used beside them: which pictures are
    left to score would depend on it, and a folder of shards belongs to one list of pictures. For
    pictures whose records fit into memory; for more, read the shards themselves.

    Parameters
    ----------
    output, engine, workers, address, shard, on_progress
        As of :func:`~hdrmetrics.collection.sharding.sharded.score_shards`.
    """

    output: str | os.PathLike[str]
    engine: str | Crew = "dask"
    workers: int | None = None
    address: str | None = None
    shard: int | None = None
    on_progress: Callable[[int, int], None] | None = None

    def __call__(self, items: Sequence[Item], plan: Plan, tell: Callable[[Record], None]) -> None:
        """Make the records, then call ``tell`` with each, in the order of the items.

        They have the paths and names of the items, though workers are given whole paths.

        Raises
        ------
        HdrMetricsError
            As :func:`~hdrmetrics.collection.sharding.sharded.score_shards`.
        """
        if not items:
            return
        viewing = {
            key: _whole(value) if key in _FILES else value for key, value in plan.viewing.items()
        }
        found = score_shards(
            items,
            dataclasses.replace(plan, viewing=viewing),
            self.output,
            engine=self.engine,
            workers=self.workers,
            address=self.address,
            shard=self.shard,
            on_progress=self.on_progress,
        )
        for item, record in zip(items, found.records(), strict=True):
            tell(dataclasses.replace(called(record, record.path, item.path), name=item.name))


def _whole(value: str) -> str:
    """Return the whole path of a file that is named, since workers stand in folders of their own.

    A display may be one of several in a file: ``displays.json#name``.
    """
    return os.path.abspath(value) if os.path.isfile(value.partition("#")[0]) else value
