"""A collection ranked by one call."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.collection.collect import Collecting
from hdrmetrics.collection.engine import ENGINES, Engine
from hdrmetrics.collection.keeping.cache import Cache
from hdrmetrics.collection.keeping.grouping import remembered_groups
from hdrmetrics.collection.keeping.meaning import asked_for, meaning_of
from hdrmetrics.collection.listing import list_collection
from hdrmetrics.collection.local import Local
from hdrmetrics.collection.order import in_order
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.tables import check_pandas, to_dataframe
from hdrmetrics.errors import HdrMetricsWarning, OptionError

if TYPE_CHECKING:
    from typing import Unpack

    import pandas as pd

    from hdrmetrics.jobs.settings import Viewing

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def rank_collection(
    paths: Paths,
    *,
    by: str | Sequence[str] | None = None,
    recursive: bool = True,
    cache: bool | str | os.PathLike[str] = True,
    jobs: int | None = None,
    small: bool = True,
    bursts: bool = False,
    engine: str | Engine = "local",
    shards: str | os.PathLike[str] | None = None,
    address: str | None = None,
    previews: int = 0,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    **viewing: Unpack[Viewing],
) -> pd.DataFrame:
    """Rank the pictures of a collection, the best first.

    What was scored before, in this call or in the shell, is not scored again, as long as the
    picture, the metric and the conditions are the same: see ``cache``.

    Parameters
    ----------
    paths
        Folders, files, patterns and lists; see
        :func:`hdrmetrics.collection.listing.list_collection`.
    by
        What decides the order, and what else is shown: ``"liked"``, ``"faithful"``,
        ``"improvability"`` or any metric without a reference; several in a list, or with commas.
        Without it photographs are ranked by how people like them, HDR pictures and mixtures by
        how faithful they are.
    recursive
        Look into the folders of a folder, too.
    cache
        Whether to keep what is found in the user's cache folder (that of the system, or
        ``HDRMETRICS_CACHE``), or the file to keep it in. A picture is known again by its bytes,
        whatever it is called; a file whose size and times are as they were is not read.
    jobs
        Pictures worked on at a time, and on an accelerator, where networks see them in batches,
        threads that read them; by default as many as there are cores. No value depends on it.
    small
        Whether pictures may be decoded at a reduced size: for each metric as small as its order
        allows (:attr:`hdrmetrics.metric.Metric.enough`).
    bursts
        Whether to find bursts and near-duplicates, and the best of each; see
        :func:`hdrmetrics.collection.bursts.finding.find_groups`.
    engine
        Who does the work: ``"local"`` for this process, ``"dask"`` or ``"ray"`` for the workers of
        a cluster, or an engine of one's own; see :class:`hdrmetrics.collection.engine.Engine`.
    shards
        Folder or address of the Parquet files that workers of a cluster write, and from which the
        same call goes on; it takes the place of the cache. With ``"local"``: processes instead of
        threads.
    address
        Of the cluster; without it one is started on this machine.
    previews
        Longest side of the previews to make, in pixels; 0 for none.
    options
        Options of metrics by their names.
    viewing
        Those of :class:`~hdrmetrics.jobs.settings.Viewing`; ``display`` and ``mask`` by name or
        file.

    Returns
    -------
    pandas.DataFrame
        A line for each picture with the columns of
        :func:`hdrmetrics.collection.tables.columns_of`; pictures that could not be scored come
        last, with their errors.

    Raises
    ------
    OptionError, UnknownNameError
        For metrics, options, displays and settings that are wrong for every picture, and for
        addresses without ``shards``.
    ImageReadError
        If there is no picture, or the mask cannot be read.
    MissingPackageError
        If pandas is not installed, or what a cluster needs.
    ClusterError, StoreError, ImageWriteError, TableError
        With ``shards``, as :func:`hdrmetrics.collection.sharding.sharded.score_shards`.

    Examples
    --------
    >>> import hdrmetrics as hm
    >>> table = hm.rank_collection(hm.sample_images().values(), by="pu21-piqe", cache=False)
    >>> list(table.columns)[:3], table["place"].tolist()
    (['place', 'test', 'pu21-piqe'], [1, 2, 3])
    """
    check_pandas()
    from hdrmetrics.catalogue.metrics import canonical_name

    # An engine of one's own may read whatever it can.
    stores = shards is not None or not isinstance(engine, str)
    listing = list_collection(paths, recursive=recursive, stores=stores)
    names = [canonical_name(name) for name in asked_for(by, [one.path for one in listing.items])]
    given: dict[str, Any] = {key: value for key, value in viewing.items() if value is not None}
    for key in ("display", "mask"):
        if isinstance(given.get(key), Path):
            given[key] = str(given[key])
    if "device" in given:
        given["device"] = str(given["device"])
    meaning = meaning_of(
        Plan(tuple(dict.fromkeys(names)), given, options or {}, small, bursts, previews)
    )
    worker = find_engine(engine, jobs, shards, address)
    with open_cache(cache if shards is None else False) as kept:
        collecting = Collecting(listing.items, meaning.plan, meaning.parts, kept)
        collecting.run(worker)
        records = collecting.records
        if previews:
            records = [dataclasses.replace(r, preview=collecting.preview(r)) for r in records]
        records += listing.problems
        groups = remembered_groups(records, meaning.infos, kept) if bursts else ()
    ranking = in_order(records, meaning.infos, groups)
    return to_dataframe(ranking, previews=previews > 0)


def find_engine(
    engine: str | Engine,
    jobs: int | None,
    shards: str | os.PathLike[str] | None = None,
    address: str | None = None,
) -> Engine:
    """Return the engine of a name, or the given one.

    Raises
    ------
    OptionError
        If there is none of that name, ``jobs`` is not positive, or a cluster has no folder for
        its shards.

    Examples
    --------
    >>> find_engine("local", 2) == Local(jobs=2)
    True
    """
    if not isinstance(engine, str):
        return engine
    if engine not in ENGINES:
        raise OptionError(f"there is no engine {engine!r}: it is {', '.join(ENGINES)} or your own")
    if shards is not None:
        from hdrmetrics.collection.sharding.shard_engine import ShardEngine

        return ShardEngine(shards, engine, jobs, address)
    if engine != "local" or address is not None:
        raise OptionError("workers of a cluster write shards: name a folder for them by shards=")
    return Local(jobs)


@contextlib.contextmanager
def open_cache(where: bool | str | os.PathLike[str]) -> Iterator[Cache | None]:
    """Give the cache of :func:`rank_collection`, whose trouble is a warning."""
    if where is False:
        yield None
        return
    with Cache(None if where is True else where, _warn) as cache:
        yield cache


def _warn(text: str) -> None:
    warnings.warn(text, HdrMetricsWarning, stacklevel=4)
