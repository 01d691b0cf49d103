"""Options of ``rank`` for other machines, and the records in the shards that these make."""

from __future__ import annotations

import argparse
import dataclasses
import os
from typing import TYPE_CHECKING

from hdrmetrics.collection.engine import ENGINES
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hdrmetrics.collection.item import Item
    from hdrmetrics.collection.plan import Plan
    from hdrmetrics.collection.record import Record

_FILES = ("display", "mask")  # of what is given, these may be files


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
        "on from there. FOLDER may then be a list (.txt, .csv, .parquet) or an address (s3://…)",
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
    items: Iterable[Item], plan: Plan, arguments: argparse.Namespace
) -> list[Record]:
    """Score pictures in shards, and return the records of all.

    Raises
    ------
    HdrMetricsError
        As of :func:`hdrmetrics.collection.sharded.score_shards`.
    """
    from hdrmetrics.cli.progress import Progress
    from hdrmetrics.collection.sharded import score_shards

    viewing = {
        key: os.path.abspath(value) if key in _FILES and os.path.isfile(value) else value
        for key, value in plan.viewing.items()
    }
    plan = dataclasses.replace(plan, viewing=viewing)
    pictures = tuple(items)
    with Progress(len(pictures), quiet=arguments.quiet, unit=" photographs") as step:
        seen = 0

        def tell(done: int, total: int) -> None:
            nonlocal seen
            while seen < done:
                step(None)
                seen += 1

        found = score_shards(
            pictures,
            plan,
            arguments.shards,
            engine=arguments.engine,
            workers=arguments.jobs,
            address=arguments.address,
            on_progress=tell,
        )
    return list(found.records())
