"""The engine of many machines, for whoever ranks a collection: shards are made, then told."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.sharded import SHARD, score_shards


@dataclass(frozen=True)
class ShardEngine:
    """Scores pictures by :func:`~hdrmetrics.collection.sharded.score_shards`.

    The shards are what is kept between runs: rank without a cache, of which the list of pictures
    would depend, and with it the folder it belongs to.

    Parameters
    ----------
    output, engine, workers, address, shard, on_progress
        As of :func:`~hdrmetrics.collection.sharded.score_shards`.
    """

    output: str | os.PathLike[str]
    engine: str = "dask"
    workers: int | None = None
    address: str | None = None
    shard: int = SHARD
    on_progress: Callable[[int, int], None] | None = None

    def __call__(self, items: Sequence[Item], plan: Plan, tell: Callable[[Record], None]) -> None:
        """Make the records, then call ``tell`` with each, in the order of the items.

        Raises
        ------
        HdrMetricsError
            As :func:`~hdrmetrics.collection.sharded.score_shards`.
        """
        found = score_shards(
            items,
            plan,
            self.output,
            engine=self.engine,
            workers=self.workers,
            address=self.address,
            shard=self.shard,
            on_progress=self.on_progress,
        )
        for record in found.records():
            tell(record)
