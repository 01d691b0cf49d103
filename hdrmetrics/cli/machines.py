"""Options of ``rank`` for other machines, and the records in the shards that these make."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hdrmetrics.collection.engine import ENGINES
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hdrmetrics.collection.item import Item
    from hdrmetrics.collection.plan import Plan
    from hdrmetrics.collection.record import Record


def add_machines(parser: argparse.ArgumentParser) -> None:
    """Add the options of engines."""
    group = parser.add_argument_group("machines")
    group.add_argument(
        "--engine", choices=ENGINES, default="local",
        help="who scores: this process (default; with --shards processes of this machine), or "
        "workers of a Dask or Ray cluster (extras dask, ray), of which --jobs says how many",
    )  # fmt: skip
    group.add_argument(
        "--shards", metavar="DIR",
        help="folder or address of Parquet files that workers write; run again, the command goes "
        "on from there. FOLDER, and what a list names, may then be an address (s3://…)",
    )  # fmt: skip
    group.add_argument(
        "--address", metavar="ADDRESS",
        help="of the cluster, as tcp://host:8786; without it one is started on this machine",
    )  # fmt: skip


def wants_shards(arguments: argparse.Namespace) -> bool:
    """Return whether the work is done in shards.

    Raises
    ------
    OptionError
        For options that ask for shards without saying where, or for a cache beside them.
    """
    if arguments.shards is None:
        if arguments.engine != "local" or arguments.address is not None:
            raise OptionError("--engine and --address work in shards: name a folder by --shards")
        return False
    if arguments.cache is not None:
        raise OptionError("--shards keeps what is found by itself: leave --cache out")
    if arguments.engine == "local" and arguments.address is not None:
        raise OptionError("--address is that of a cluster: say which by --engine")
    return True


def scored_in_shards(
    items: Sequence[Item], plan: Plan, arguments: argparse.Namespace
) -> list[Record]:
    """Score pictures in shards, and return the records of all.

    Raises
    ------
    HdrMetricsError
        As of :func:`hdrmetrics.collection.sharding.sharded.score_shards`.
    """
    from hdrmetrics.cli.progress import Progress
    from hdrmetrics.collection.sharding.shard_engine import ShardEngine

    found: list[Record] = []
    with Progress(len(items), quiet=arguments.quiet, unit=" photographs") as step:
        seen = 0

        def tell(done: int, total: int) -> None:
            nonlocal seen
            while seen < done:
                step(None)
                seen += 1

        engine = ShardEngine(
            arguments.shards, arguments.engine, arguments.jobs, arguments.address, on_progress=tell
        )
        engine(items, plan, found.append)
    return found
