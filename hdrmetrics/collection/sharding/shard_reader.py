"""The records that lie in shards, read a few at a time or all at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hdrmetrics.collection.record import Record
from hdrmetrics.collection.sharding.arrow import arrow, records_of
from hdrmetrics.collection.sharding.shards import Cut, read_cut
from hdrmetrics.collection.sharding.stores import Folder
from hdrmetrics.errors import MissingPackageError, TableError

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 1024  # at a time: with previews some 20 MB
_PLAIN = ("path", "name", "digest", "width", "height")


class Shards:
    """What stands in a folder of shards.

    Parameters
    ----------
    output
        The folder, a path or an address.

    Raises
    ------
    TableError
        If the folder holds no shards.
    StoreError, ImageReadError
        If it cannot be looked into.
    """

    def __init__(self, output: str | os.PathLike[str]) -> None:
        self._folder = Folder(output)
        self.cut: Cut = read_cut(self._folder)
        """The plan, and how the collection is cut."""

    def missing(self) -> list[int]:
        """Return the numbers of the shards that are not there yet."""
        there = self._folder.names()
        return [i for i in range(self.cut.count) if self.cut.name(i) not in there]

    def records(self, *, partial: bool = False) -> Iterator[Record]:
        """Yield the records in the order of the pictures; a few are in memory at a time.

        Parameters
        ----------
        partial
            Whether shards may be missing; otherwise all must be there.

        Raises
        ------
        TableError
            If a shard is missing, damaged, or not of this collection.
        """
        for batch in self._batches(partial):
            yield from records_of(batch, self.cut.plan)

    def frames(self, *, partial: bool = False) -> Iterator[pd.DataFrame]:
        """Yield data frames of some thousand records, one after the other in memory.

        Yields
        ------
        pandas.DataFrame
            ``path``, ``name``, ``digest``, ``width``, ``height``; each metric in its own unit (NaN
            where it failed) with the ends of its interval in ``NAME_low`` and ``NAME_high`` (NaN
            where it gives none); ``errors`` and ``warnings`` in words. Looks, previews and
            conditions are in :meth:`records`.

        Raises
        ------
        TableError
            As :meth:`records`.
        MissingPackageError
            If pandas is not installed.
        """
        try:
            import pandas  # noqa: F401 — what pyarrow makes frames by
        except ImportError as error:
            raise MissingPackageError(
                "data frames need pandas: pip install 'hdrmetrics[report]'"
            ) from error
        for batch in self._batches(partial, self._columns()):
            yield self._flat(batch)

    def frame(self, *, partial: bool = False) -> pd.DataFrame:
        """Return all records as one data frame as :meth:`frames` has them, in memory at once.

        Raises
        ------
        TableError, MissingPackageError
            As :meth:`frames`.
        """
        found = list(self.frames(partial=partial))
        import pandas as pd

        return pd.concat(found, ignore_index=True) if found else pd.DataFrame()

    def _columns(self) -> list[str]:
        fields = ("value", "low", "high", "warnings")
        return [*_PLAIN, "errors", *(f"{m}.{f}" for m in self.cut.plan.metrics for f in fields)]

    def _flat(self, batch: Any) -> pd.DataFrame:
        pa = arrow()
        flat = {name: batch.column(name) for name in _PLAIN}
        warnings: list[dict[str, None]] = [{} for _ in range(batch.num_rows)]
        for metric in self.cut.plan.metrics:
            scores = batch.column(metric)
            for field, end in (("value", ""), ("low", "_low"), ("high", "_high")):
                flat[metric + end] = pa.compute.struct_field(scores, field)
            for seen, own in zip(
                warnings, pa.compute.struct_field(scores, "warnings").to_pylist(), strict=True
            ):
                seen.update(dict.fromkeys(own or ()))
        texts = [
            "; ".join(text if what == "file" else f"{what}: {text}" for what, text in errors)
            for errors in batch.column("errors").to_pylist()
        ]
        flat["errors"] = pa.array(texts, pa.string())
        flat["warnings"] = pa.array(["; ".join(seen) for seen in warnings], pa.string())
        frame: pd.DataFrame = pa.table(flat).to_pandas()
        return frame

    def files(self) -> list[str]:
        """Return the paths or addresses of the shards that stand, for programs of other kinds."""
        there = self._folder.names()
        names = [self.cut.name(index) for index in range(self.cut.count)]
        return [self._folder.place(name) for name in names if name in there]

    def _batches(self, partial: bool, columns: Sequence[str] | None = None) -> Iterator[Any]:
        gone = set(self.missing())
        if gone and not partial:
            raise TableError(
                f"{len(gone)} of {self.cut.count} shards are missing in {self._folder.address!r}: "
                "run the same command again, or read what stands with partial=True"
            )
        for index in range(self.cut.count):
            if index in gone:
                continue
            name = self.cut.name(index)
            file = _parquet(self._folder.read(name), self._folder.place(name))
            if file.metadata.num_rows != self.cut.rows(index):
                raise _damaged(self._folder.place(name), "it has another number of rows")
            try:
                yield from file.iter_batches(batch_size=_ROWS, columns=columns)
            except (OSError, ValueError) as error:
                raise _damaged(self._folder.place(name), str(error)) from error


def table_in(folder: Folder, name: str) -> Any:
    """Return the table in a Parquet file of a folder.

    Raises
    ------
    TableError
        If it is damaged.
    StoreError, ImageReadError
        If it cannot be read.
    """
    return _parquet(folder.read(name), folder.place(name)).read()


def _parquet(data: bytes, place: str) -> Any:
    pa = arrow()
    try:
        return pa.parquet.ParquetFile(pa.BufferReader(data))
    except (OSError, ValueError) as error:
        raise _damaged(place, str(error)) from error


def _damaged(place: str, why: str) -> TableError:
    return TableError(f"{place!r} is damaged ({why}): remove it, and run the same command again")
