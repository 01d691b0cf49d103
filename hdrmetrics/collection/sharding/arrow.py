"""Records as rows of an Arrow table, and back: what shards are made of."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hdrmetrics.collection.bursts.look import Look
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.errors import MissingPackageError, TableError
from hdrmetrics.jobs.kept import decoded, encoded
from hdrmetrics.result import Score
from hdrmetrics.text.textfile import readable


def arrow() -> Any:
    """Return the module ``pyarrow``, with which Parquet files are read and written.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError as error:
        raise MissingPackageError(
            "Parquet files need pyarrow: pip install 'hdrmetrics[datasets]', or for a cluster "
            "'hdrmetrics[dask]' or 'hdrmetrics[ray]'"
        ) from error
    return pyarrow


def schema_of(plan: Plan) -> Any:
    """Return the columns of a plan's records.

    ``path``, ``name``, ``digest``, ``width`` and ``height`` as in
    :class:`~hdrmetrics.collection.record.Record`; ``errors``, a map; ``look`` and ``preview``,
    empty where the plan does not ask for them; and for each metric a structure under its name,
    with the fields of :class:`~hdrmetrics.Score` (``conditions`` and ``explanation`` as JSON,
    by :func:`hdrmetrics.jobs.kept.encoded`).

    Returns
    -------
    pyarrow.Schema
        The same for every record, so that programs read all shards as one table.

    Raises
    ------
    MissingPackageError
        If pyarrow is not installed.
    """
    pa = arrow()
    text, number = pa.string(), pa.float64()
    look = pa.struct([
        (one.name, number if one.type == "float" else text)  # bytes travel in base 64
        for one in dataclasses.fields(Look)
    ])  # fmt: skip
    score = pa.struct([
        ("metric", text), ("value", number), ("low", number), ("high", number), ("unit", text),
        ("range", pa.list_(number)), ("higher_is_better", pa.bool_()), ("conditions", text),
        ("warnings", pa.list_(text)), ("test", text), ("explanation", text),
    ])  # fmt: skip
    return pa.schema([
        ("path", text), ("name", text), ("digest", text), ("width", pa.int32()),
        ("height", pa.int32()), ("errors", pa.map_(text, text)), ("look", look),
        ("preview", pa.binary()), *((name, score) for name in plan.metrics),
    ])  # fmt: skip


def table_of(records: Sequence[Record], plan: Plan) -> Any:
    """Return records as a table with the columns of :func:`schema_of`.

    Returns
    -------
    pyarrow.Table
        Every value to the last digit. Bytes of a file's name that are no text are written as by
        :func:`~hdrmetrics.text.textfile.readable`.

    Raises
    ------
    MissingPackageError
        If pyarrow is not installed.
    """
    rows = [_row(record, plan.metrics) for record in records]
    return arrow().Table.from_pylist(rows, schema=schema_of(plan))


def records_of(table: Any, plan: Plan) -> Iterator[Record]:
    """Yield the records of a table, or of a batch of its rows.

    Raises
    ------
    TableError
        If it has not the columns of the plan.
    """
    lacking = sorted(set(schema_of(plan).names) - set(table.schema.names))
    if lacking:
        raise TableError(f"there is no column {', '.join(lacking)}: this is no shard of the plan")
    for row in table.to_pylist():
        yield _record(row, plan.metrics)


def _row(record: Record, metrics: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "path": readable(record.path),
        "name": readable(record.name),
        "digest": record.digest,
        "width": record.width,
        "height": record.height,
        "errors": [(name, readable(text)) for name, text in record.errors.items()],
        "look": None if record.look is None else record.look.to_dict(),
        "preview": record.preview,
    }
    return row | {
        name: _fields(record.scores[name]) if name in record.scores else None for name in metrics
    }


def _fields(score: Score) -> dict[str, Any]:
    explained = None if score.explanation is None else _json(score.explanation)
    return {
        "metric": score.metric,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "unit": score.unit,
        "range": list(score.range),
        "higher_is_better": score.higher_is_better,
        "conditions": _json(score.conditions),
        "warnings": [readable(one) for one in score.warnings],
        "test": None if score.test is None else readable(score.test),
        "explanation": explained,
    }


def _record(row: Mapping[str, Any], metrics: Sequence[str]) -> Record:
    return Record(
        row["path"],
        row["name"],
        row["digest"],
        row["width"],
        row["height"],
        {name: _score(row[name]) for name in metrics if row[name] is not None},
        dict(row["errors"]),
        None if row["look"] is None else Look.from_dict(row["look"]),
        row["preview"],
    )


def _score(fields: Mapping[str, Any]) -> Score:
    explained = fields["explanation"]
    low, high = fields["range"]
    return Score(
        **{
            **fields,
            "range": (low, high),
            "conditions": decoded(json.loads(fields["conditions"])),
            "warnings": tuple(fields["warnings"]),
            "explanation": None if explained is None else decoded(json.loads(explained)),
        }
    )


def _json(value: Any) -> str:
    return readable(json.dumps(encoded(value), ensure_ascii=False))
