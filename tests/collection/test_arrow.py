"""Records come out of Parquet files as they went in, and other programs read them too."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from hdrmetrics.collection.bursts.look import Look
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.errors import TableError
from hdrmetrics.result import Score

pa = pytest.importorskip("pyarrow", reason="the extra 'dask' or 'ray' is not installed")
parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'datasets' is not installed")

from hdrmetrics.collection.sharding.arrow import records_of, schema_of, table_of  # noqa: E402
from hdrmetrics.collection.sharding.errand import parquet_of  # noqa: E402

PLAN = Plan(("nima", "pu21-piqe"), looks=True, preview=64)


def score(metric: str, value: float, **more: Any) -> Score:
    return Score(metric, value, "", (0.0, math.inf), False, {"size": [3, 4]}, **more)


FULL = Record(
    "s3://bucket/a b,\n\"ü'.jpg", "a", "ab" * 32, 6000, 4000,
    {
        "nima": score(
            "nima", 0.1 + 0.2, low=-0.0, high=5e-324, warnings=("dark; odd", ""), test="x",
            explanation={"text": "blurred", "faults": [1, None]},
        ),
        "pu21-piqe": score("piqe", math.inf),
    },
    {}, Look(bytes(range(256)) * 4, bytes(128), "2024-01-01T10:00:00", 1 / 3), b"\xff\xd8\x00",
)  # fmt: skip
BAD = Record("b.jpg", "b", errors={"file": "no such file", "nima": "not read"})


def test_records_come_back_to_the_last_digit() -> None:
    table = table_of([FULL, BAD], PLAN)
    found = list(records_of(table, PLAN))
    assert found == [FULL, BAD]
    assert str(found[0].scores["nima"].low) == "-0.0"


def test_a_value_that_is_no_number_stays_one() -> None:
    record = dataclasses.replace(BAD, scores={"nima": score("nima", math.nan)})
    (found,) = records_of(table_of([record], PLAN), PLAN)
    assert math.isnan(found.scores["nima"].value)
    assert found.scores["nima"].low is None


def test_pandas_reads_the_file_by_itself(tmp_path: Any) -> None:
    pandas = pytest.importorskip("pandas", reason="the extra 'report' is not installed")
    (tmp_path / "shard.parquet").write_bytes(parquet_of([FULL, BAD], PLAN))
    frame = pandas.read_parquet(tmp_path / "shard.parquet")
    assert list(frame["path"]) == [FULL.path, BAD.path]
    assert frame["nima"][0]["value"] == 0.1 + 0.2
    assert frame["nima"][1] is None


def test_the_same_records_are_the_same_bytes_and_the_same_columns() -> None:
    assert parquet_of([FULL, BAD], PLAN) == parquet_of([FULL, BAD], PLAN)
    for records in ([FULL], [BAD], []):
        assert table_of(records, PLAN).schema == schema_of(PLAN)


def test_bytes_of_names_that_are_no_text_are_written_readably() -> None:
    name = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    (found,) = records_of(table_of([Record(name, name)], PLAN), PLAN)
    assert found.path == r"caf\xe9.jpg"


def test_another_plans_table_is_refused() -> None:
    with pytest.raises(TableError, match="no column pu21-piqe"):
        list(records_of(table_of([BAD], Plan(("nima",))), PLAN))
