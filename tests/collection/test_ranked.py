"""The call that ranks a collection."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import hdrmetrics as hm
from hdrmetrics.collection.keeping.cache import usual_file
from hdrmetrics.errors import HdrMetricsWarning, OptionError, UnknownNameError
from tests.collection.photographs import counted, fill

pytest.importorskip("pandas", reason="the extra 'report' is not installed")


def test_the_order_is_that_of_rank(tmp_path: Path) -> None:
    fill(tmp_path / "a" / "deep", 4)
    (tmp_path / "a" / "bad.jpg").write_bytes(b"")
    rows = hm.rank(tmp_path / "a", ["piqe", "pu21-piqe"], recursive=True)
    frame = hm.rank_collection(tmp_path / "a", by="piqe,pu21-piqe")
    assert frame["test"].tolist() == [row.test for row in rows]
    assert frame["piqe"].tolist()[:4] == [row.scores["piqe"].value for row in rows[:4]]
    assert frame["pu21-piqe"].tolist()[:4] == [row.scores["pu21-piqe"].value for row in rows[:4]]
    assert frame["errors"].iloc[-1]
    assert frame["sha256"].str.len().tolist() == [64] * 4 + [0]
    assert frame.equals(hm.rank_collection(tmp_path / "a", by=["piqe", "pu21-piqe"], jobs=3))


def test_axes_have_names(tmp_path: Path) -> None:
    fill(tmp_path / "a", 1)
    known = ["nima", "norvdpnet", "improvability"]
    for by, names in (
        ("Liked, faithful,improvability", known), (None, known[:2]), ("nima,liked", known[:1]),
    ):  # fmt: skip
        table = hm.rank_collection(tmp_path / "a", by=by)
        assert [name for name in table.columns if name in known] == names


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "a", 2)
    with counted(monkeypatch) as seen:
        for cache, count in (
            (False, 2), (False, 4), (tmp_path / "own.sqlite", 6), (str(tmp_path / "own.sqlite"), 6),
            (True, 8), (True, 8),
        ):  # fmt: skip
            assert usual_file().exists() == (count > 8 or (cache is True and len(seen) == 8))
            hm.rank_collection(tmp_path / "a", by="piqe", cache=cache)
            assert len(seen) == count
    (tmp_path / "none.sqlite").write_text("something else")
    with pytest.warns(HdrMetricsWarning, match="left alone"):
        hm.rank_collection(tmp_path / "a", by="piqe", cache=tmp_path / "none.sqlite")


def test_conditions_and_bad_wishes(tmp_path: Path) -> None:
    (file,) = fill(tmp_path / "a", 1)
    part = hm.rank_collection(file, by="piqe", region=(0, 0, 32, 32))
    assert part["piqe"].tolist() == [hm.score(file, "piqe", region=(0, 0, 32, 32)).value]
    rounded = hm.rank_collection(file, by="piqe", options={"piqe": {"round_to_8bit": True}})
    assert '"round_to_8bit": true' in rounded["conditions"][0]
    for error, wrong in (
        (OptionError, {"by": "psnr"}), (UnknownNameError, {"by": "nonsense"}),
        (OptionError, {"engine": "nonsense"}), (OptionError, {"jobs": 0}),
        (OptionError, {"no_such": 1}),
    ):  # fmt: skip
        with pytest.raises(error):
            hm.rank_collection(file, **{"by": "piqe", **wrong})


def test_an_engine_of_ones_own(tmp_path: Path) -> None:
    from hdrmetrics.collection.worker import Worker

    fill(tmp_path / "a", 3)

    def engine(items, plan, tell) -> None:  # type: ignore[no-untyped-def]
        for item in reversed(items):
            tell(Worker(plan)(item))

    own = hm.rank_collection(tmp_path / "a", by="piqe", engine=engine, cache=False)
    assert own.equals(hm.rank_collection(tmp_path / "a", by="piqe", cache=False))


def test_importing_it_loads_no_torch() -> None:
    code = (
        "import sys, hdrmetrics.cli.rank, hdrmetrics.cli.ranking, hdrmetrics.collection.collect, "
        "hdrmetrics.collection.keeping.meaning, hdrmetrics.collection.order; "
        "print('torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


@pytest.mark.parametrize("by", ["", " , ", "piqe,,nima", ["piqe", ""]])
def test_an_empty_name_is_no_wish(tmp_path: Path, by: str | list[str]) -> None:
    fill(tmp_path / "a", 1)
    with pytest.raises(OptionError, match="names of metrics"):
        hm.rank_collection(tmp_path / "a", by=by)
