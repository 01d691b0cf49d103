"""Who stands where in a ranking, and the tables that say so."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest

from hdrmetrics.catalogue.metrics import metric_info
from hdrmetrics.collection.bursts.group import Group
from hdrmetrics.collection.order import in_order
from hdrmetrics.collection.ranking import Ranking
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.tables import csv_text, to_dataframe, write_parquet
from hdrmetrics.result import Score

NIMA, PIQE, FAITHFUL = (metric_info(name) for name in ("nima", "piqe", "norvdpnet"))


def score(name: str, value: float, width: float | None = None, domain: str = "sdr") -> Score:
    ends = (None, None) if width is None else (value - width, value + width)
    conditions = {"version": "1", "domain": domain}
    return Score(name, value, "", (1.0, 10.0), True, conditions, (), *ends, test=name)


def record(name: str, value: float | None, width: float | None = None, metric: str = "nima"):  # type: ignore[no-untyped-def]
    if value is None:
        return Record(name, name, errors={"file": f"{name}: damaged"})
    return Record(name, name, "00", 64, 48, {metric: score(metric, value, width)})


def told(ranking: Ranking) -> list[tuple[str, int | None, bool]]:
    return [(place.record.name, place.number, place.tied) for place in ranking.places]


def test_the_best_first_ties_by_name_failures_last() -> None:
    records = [
        record("z", None), record("d", 3.0), record("c", 5.0), record("b", 3.0), record("a", None),
        record("n", math.nan), record("e", 1.0),
    ]  # fmt: skip
    expected = [
        ("c", 1, False), ("b", 2, True), ("d", 2, True), ("e", 4, False),
        ("a", None, False), ("n", None, False), ("z", None, False),
    ]  # fmt: skip
    assert told(in_order(records, [NIMA])) == expected
    assert told(in_order(records[::-1], [NIMA])) == expected


def test_lower_is_better_where_the_metric_says_so() -> None:
    records = [record(str(value), value, metric="piqe") for value in (3.0, 1.0, 2.0)]
    assert [name for name, _, _ in told(in_order(records, [PIQE]))] == ["1.0", "2.0", "3.0"]


def test_intervals_that_reach_a_neighbour() -> None:
    records = [record("a", 9.0, 0.5), record("b", 8.6, 0.1), record("c", 5.0, 0.1)]
    # a's interval reaches b, b's does not reach a; nobody's reaches c.
    assert told(in_order(records, [NIMA])) == [("a", 1, False), ("b", 2, True), ("c", 3, False)]


def test_disagreement_of_the_axes() -> None:
    both = {"nima": score("nima", 1.5), "norvdpnet": score("norvdpnet", 99.9)}
    one = Record("a", "a", "", 1, 1, both)
    assert in_order([one], [NIMA, FAITHFUL]).places[0].disagreement == "faithful, not liked"
    light = both | {"norvdpnet": score("norvdpnet", 99.9, domain="hdr")}
    other = Record("a", "a", "", 1, 1, light)
    assert in_order([other], [NIMA, FAITHFUL]).places[0].disagreement == ""


def test_groups_are_numbered_by_their_keepers() -> None:
    values = (1.0, 9.0, 2.0, 8.0, 5.0)
    records = [record(name, value) for name, value in zip("abcde", values, strict=True)]
    groups = [
        Group((0, 1), 1, {0: "blurred", 1: "sharpest"}), Group((2, 3), 2, {2: "sharp", 3: "dark"}),
    ]  # fmt: skip
    found = {
        place.record.name: (place.group, place.keeper, place.why)
        for place in in_order(records, [NIMA], groups).places
    }
    assert found == {
        "a": (1, False, "blurred"), "b": (1, True, "sharpest"), "c": (2, True, "sharp"),
        "d": (2, False, "dark"), "e": (None, False, ""),
    }  # fmt: skip


ODD = ["=1+1", 'qu"ote, comma', "new\nline", "caf\udce9", "<b>"]


@pytest.fixture
def ranking() -> Ranking:
    records = [record(name, 5.0 - at, 0.1) for at, name in enumerate(ODD)]
    return in_order([*records, record("bad", None)], [NIMA, PIQE])


def test_csv_is_read_as_it_was_meant(ranking: Ranking) -> None:
    text = csv_text(ranking)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["test"] for row in rows] == [*ODD[:3], "caf\\xe9", "<b>", "bad"]
    assert [row["place"] for row in rows] == ["1", "2", "3", "4", "5", ""]
    assert rows[0]["nima"] == "5.0"
    assert rows[0]["piqe"] == rows[0]["group"] == ""
    assert rows[0]["tied"] == "false"
    assert rows[-1]["errors"] == "bad: damaged"
    assert csv_text(ranking) == text
    assert len(csv_text(ranking, "\t").splitlines()[0].split("\t")) == len(rows[0])


def test_parquet_and_data_frames_are_the_same_table(ranking: Ranking, tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas", reason="the extra 'report' is not installed")
    frame = to_dataframe(ranking)
    again = pd.read_csv(io.StringIO(csv_text(ranking)), keep_default_na=False, na_values={"": ""})
    assert list(frame.columns) == list(again.columns)
    assert frame["place"].tolist()[:5] == [1, 2, 3, 4, 5]
    assert frame["place"].isna().tolist() == [False] * 5 + [True]
    assert frame["nima_low"].tolist()[:5] == pytest.approx([4.9, 3.9, 2.9, 1.9, 0.9])
    assert "preview" in to_dataframe(ranking, previews=True).columns
    pytest.importorskip("pyarrow", reason="the extra 'datasets' is not installed")
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for file in files:
        write_parquet(ranking, file)
    assert files[0].read_bytes() == files[1].read_bytes()
    stored = pd.read_parquet(files[0])
    assert list(stored.columns) == list(frame.columns)
    assert stored["test"].tolist() == frame["test"].tolist()
    assert stored["nima"].tolist()[:5] == frame["nima"].tolist()[:5]
