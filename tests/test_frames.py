"""Rows become flat records and data frames."""

from __future__ import annotations

import json
import math
import sys

import pytest

import hdrmetrics as hm
from hdrmetrics.errors import MissingPackageError
from hdrmetrics.jobs.frames import flat_records


def row(test: str, value: float | None, low: float | None = None) -> hm.Row:
    if value is None:
        return hm.Row(test, None, errors={"file": f"{test}: broken", "x": "too small"})
    score = hm.Score("x", value, "", (0.0, 1.0), True, {"a": 1}, ("odd",), low, low and low + 1)
    return hm.Row(test, None, {"x": score})


def test_every_record_has_the_same_keys() -> None:
    records = flat_records([row("a", 0.5, 0.25), row("b", None)])
    assert [list(r) for r in records] == [
        ["test", "reference", "x", "x_low", "x_high", "errors", "warnings", "conditions"]
    ] * 2
    assert (records[0]["x"], records[0]["x_low"], records[0]["x_high"]) == (0.5, 0.25, 1.25)
    assert json.loads(records[0]["conditions"]) == {"x": {"a": 1}}
    assert records[0]["warnings"] == "odd"
    assert records[1]["x"] is None
    assert records[1]["errors"] == "b: broken; x: too small"


def test_no_interval_no_columns_and_methods_come_first() -> None:
    records = flat_records({"m": [row("a", 0.5)], "n": [row("a", math.inf)]})
    assert list(records[0])[:4] == ["method", "test", "reference", "x"]
    assert "x_low" not in records[0]
    assert [r["method"] for r in records] == ["m", "n"]


def test_a_frame_has_numbers_where_there_are_values() -> None:
    pytest.importorskip("pandas", reason="the extra 'report' is not installed")
    frame = hm.rows_to_dataframe([row("a", 0.5, 0.25), row("b", None)])
    assert frame["x"].dtype == "float64"
    assert math.isnan(frame["x"][1])
    assert frame["x"].mean() == 0.5


def test_without_pandas_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'hdrmetrics\[report\]'"):
        hm.rows_to_dataframe([])
