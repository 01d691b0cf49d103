"""A collection in shards: the same table however it is cut short, shared or struck."""

from __future__ import annotations

import dataclasses
import errno
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="the extra 'dask' or 'ray' is not installed")
fsspec = pytest.importorskip("fsspec", reason="the extra 'dask' or 'ray' is not installed")

from hdrmetrics.collection import worker  # noqa: E402
from hdrmetrics.collection.item import Item  # noqa: E402
from hdrmetrics.collection.plan import Plan  # noqa: E402
from hdrmetrics.collection.record import Record  # noqa: E402
from hdrmetrics.collection.sharding import errand, sharded, stores  # noqa: E402
from hdrmetrics.collection.sharding.crews import open_crew  # noqa: E402
from hdrmetrics.collection.sharding.errand import Job  # noqa: E402
from hdrmetrics.collection.sharding.shard_engine import ShardEngine  # noqa: E402
from hdrmetrics.collection.sharding.shard_reader import Shards  # noqa: E402
from hdrmetrics.collection.sharding.sharded import score_shards  # noqa: E402
from hdrmetrics.collection.sharding.shards import Cut  # noqa: E402
from hdrmetrics.errors import (  # noqa: E402
    ClusterError,
    HdrMetricsError,
    ImageReadError,
    OptionError,
    StoreError,
    TableError,
    UnknownNameError,
)
from hdrmetrics.jobs.batch import score_files  # noqa: E402
from hdrmetrics.result import Score  # noqa: E402
from tests.collection.inline import Inline, names  # noqa: E402
from tests.collection.pictures import photographs  # noqa: E402

PLAN = Plan(("made-up",))


class Lengths:
    """Stands for the worker: the value is made of the name, and nothing is read."""

    made, batch = 0, 1

    def __init__(self, plan: Plan) -> None:
        type(self).made += 1
        if plan.metrics != PLAN.metrics:
            raise UnknownNameError(f"there is no metric {plan.metrics}")

    def __call__(self, item: Item) -> Record:
        if "strange" in item.path:
            raise ZeroDivisionError("a bug")
        score = Score("made-up", sum(item.name.encode()) / 7, "", (0.0, 1.0), True, {"a": [1]})
        return Record(item.path, item.name, "00" * 32, 4, 3, {"made-up": score})


@pytest.fixture(autouse=True)
def simple(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No pictures, no pauses."""
    if "real" not in request.fixturenames:
        monkeypatch.setattr(worker, "Worker", Lengths)
    monkeypatch.setattr(stores, "_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(sharded, "_SECONDS_TO_SEE", 0.0)
    Lengths.made = 0
    errand._made.cache_clear()
    yield
    errand._made.cache_clear()


@pytest.fixture
def real() -> None:
    """Want the worker that reads and scores."""


def items(count: int, *others: str) -> list[Item]:
    return [Item(f"/p/{name}.jpg", name) for name in [*others, *map(str, range(count))]]


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file()}


def test_values_are_those_that_scoring_the_files_gives(tmp_path: Path, real: None) -> None:
    paths = photographs(tmp_path / "p", "a", "b", "c")
    (tmp_path / "p" / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    plan = Plan(("pu21-piqe", "piqe"))
    found = score_shards(tmp_path / "p", plan, tmp_path / "out", engine=Inline(), shard=3)
    records = {record.name: record for record in found.records()}
    rows = score_files([(str(path), None) for path in paths], list(plan.metrics), jobs=1)
    for path, row in zip(paths, rows, strict=True):
        assert records[path.name].scores == row.scores
    assert "file" in records["bad.jpg"].errors
    assert list(records) == ["a.jpg", "b.jpg", "bad.jpg", "c.jpg"]
    frame = found.frame()
    assert list(frame["piqe"])[:2] == [row.scores["piqe"].value for row in rows[:2]]
    assert frame["errors"][2] == records["bad.jpg"].errors["file"]


def test_objects_are_scored_as_files_are(tmp_path: Path, real: None) -> None:
    (path,) = photographs(tmp_path, "a")
    store = fsspec.filesystem("memory")
    store.pipe("/photos/a.jpg", path.read_bytes())
    store.pipe("/photos/b.jpg", b"no picture")
    plan = Plan(("piqe",))
    found = score_shards("memory://photos/", plan, "memory://out", engine=Inline())
    one, other = found.records()
    assert one.path == one.scores["piqe"].test == "memory:///photos/a.jpg"
    (row,) = score_files([(str(path), None)], ["piqe"], jobs=1)
    assert dataclasses.replace(one.scores["piqe"], test=str(path)) == row.scores["piqe"]
    assert "memory:///photos/b.jpg" in other.errors["file"]
    assert "hdrmetrics-" not in other.errors["file"]  # where the copy was
    store.rm("/out", recursive=True)


def test_a_folder_goes_on_where_it_was(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    calls = {"shard": 4, "on_progress": lambda *counts: told.append(counts)}
    score_shards(items(10), PLAN, tmp_path, engine=Inline(most=1), **calls)
    whole = files(tmp_path)
    assert told == [(0, 10), (4, 10), (8, 10), (10, 10)]
    assert Lengths.made == 1  # in one process once
    (tmp_path / Shards(tmp_path).cut.name(1)).unlink()
    assert Shards(tmp_path).missing() == [1]
    again = Inline()
    score_shards(items(10), PLAN, tmp_path, engine=again, **calls)
    assert [job.shard for job in again.seen] == [1]
    assert files(tmp_path) == whole
    nothing = Inline(most=0)
    assert (
        len(list(score_shards(items(10), PLAN, tmp_path, engine=nothing, shard=4).records())) == 10
    )


@pytest.mark.parametrize("most", [1, 3, 20])
def test_values_do_not_depend_on_the_number_of_workers_or_the_cut(
    tmp_path: Path, most: int
) -> None:
    found = []
    for size in (1, 3, 100):
        out = tmp_path / str(size)
        shards = score_shards(items(7), PLAN, out, engine=Inline(most=most), shard=size)
        found.append(list(shards.records()))
        assert [len(frame) for frame in shards.frames()] == [
            shards.cut.rows(i) for i in range(shards.cut.count)
        ]
    assert found[0] == found[1] == found[2]
    assert [record.name for record in found[0]] == list("0123456")


def test_of_few_pictures_every_worker_has_some(tmp_path: Path) -> None:
    engine = Inline(most=4)
    found = score_shards(items(48), PLAN, tmp_path / "a", engine=engine)
    assert len(engine.seen) == 3 * 4  # so that none waits long for another at the end
    assert [one.name for one in found.records()] == [one.name for one in items(48)]
    few, many = Inline(most=1), Inline(most=100)
    for engine, out in ((few, "b"), (many, "c")):
        score_shards(items(1000), PLAN, tmp_path / out, engine=engine)
    assert files(tmp_path / "b") == files(tmp_path / "c")  # whatever the number of workers
    assert len(files(tmp_path / "b")) == 1 + 125


def test_shards_that_stand_are_gone_on_with_as_they_are_cut(tmp_path: Path) -> None:
    score_shards(items(48), PLAN, tmp_path, engine=Inline(), shard=20)
    before = files(tmp_path)
    next(tmp_path.glob("shard-00000001-*")).unlink()
    engine = Inline()
    score_shards(items(48), PLAN, tmp_path, engine=engine)
    assert [len(job.items) for job in engine.seen] == [20]
    assert files(tmp_path) == before
    with pytest.raises(OptionError, match="items was 48, is 47"):
        score_shards(items(47), PLAN, tmp_path, engine=Inline())


def test_what_is_other_does_not_mix_in(tmp_path: Path) -> None:
    score_shards(items(5), PLAN, tmp_path, engine=Inline(), shard=2)
    before = files(tmp_path)
    others: list[tuple[Sequence[Item], Plan, int, str]] = [
        (items(4), PLAN, 2, "items was 5, is 4"),
        (items(5)[::-1], PLAN, 2, "other pictures, or in another order"),
        (items(5), Plan(("made-up",), small=False), 2, "plan.small was True, is False"),
        (items(5), Plan(("made-up",), {"peak": 1000}), 2, "plan.viewing.peak was not set, is 1000"),
        (items(5), PLAN, 3, "shard was 2, is 3"),
    ]
    for pictures, plan, size, match in others:
        with pytest.raises(OptionError, match=match):
            score_shards(pictures, plan, tmp_path, engine=Inline(), shard=size)
    assert files(tmp_path) == before


def test_a_picture_that_ends_its_workers_is_a_record_and_the_others_are_scored(
    tmp_path: Path,
) -> None:
    pictures = [*items(30), Item("/p/poison.jpg", "poison"), *items(30)]
    engine = Inline(lambda job: "poison" in names(job), most=3)
    found = list(score_shards(pictures, PLAN, tmp_path / "a", engine=engine, shard=50).records())
    plain = list(score_shards(pictures, PLAN, tmp_path / "b", engine=Inline(), shard=50).records())
    assert found[30].errors["file"].startswith("scoring it ended its worker's process 3 times")
    assert found[:30] + found[31:] == plain[:30] + plain[31:]
    deaths = [job for job in engine.seen if "poison" in names(job)]
    assert [len(job.items) for job in deaths] == [50, 50, 6, 1, 1, 1]
    kept = files(tmp_path / "a")
    assert [name for name in kept if name.startswith("shard")] == sorted(
        set(kept) - {"_shards.json"}
    )
    assert files(tmp_path / "a" / "_pieces") == {}


def test_a_worker_that_is_killed_by_chance_costs_nothing(tmp_path: Path) -> None:
    struck: set[int] = set()

    def strike(job: Job) -> bool:
        first = job.shard not in struck
        struck.add(job.shard)
        return first

    score_shards(items(9), PLAN, tmp_path / "a", engine=Inline(strike), shard=2)
    score_shards(items(9), PLAN, tmp_path / "b", engine=Inline(), shard=2)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_a_shard_put_together_of_pieces_is_the_same_bytes(tmp_path: Path) -> None:
    deaths: list[Job] = []

    def strike(job: Job) -> bool:
        deaths.append(job)
        return len(deaths) <= 4

    score_shards(items(50), PLAN, tmp_path / "a", engine=Inline(strike), shard=50)
    score_shards(items(50), PLAN, tmp_path / "b", engine=Inline(), shard=50)
    assert len(deaths) > 9
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_workers_that_die_of_everything_end_the_call_and_blame_no_picture(tmp_path: Path) -> None:
    first = Inline(lambda job: job.shard > 0, most=1)
    with pytest.raises(ClusterError, match=r"end at whatever .* 1 of 3 shards stand in .*goes on"):
        score_shards(items(18), PLAN, tmp_path / "a", engine=first, shard=6)
    score_shards(items(18), PLAN, tmp_path / "a", engine=Inline(), shard=6)
    score_shards(items(18), PLAN, tmp_path / "b", engine=Inline(), shard=6)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_killed_at_any_moment_the_next_call_makes_the_same_files(tmp_path: Path) -> None:
    pictures = [*items(9), Item("/p/poison.jpg", "poison")]

    def dies(job: Job) -> bool:
        return "poison" in names(job)

    class Cut(Inline):
        left = 0

        def outcomes(self) -> Any:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            yield from super().outcomes()

    score_shards(pictures, PLAN, tmp_path / "whole", engine=Inline(dies), shard=5)
    for moment in range(10):
        out = tmp_path / str(moment)
        engine = Cut(dies)
        engine.left = moment
        with pytest.raises(KeyboardInterrupt, match=r"of 2 shards stand .* goes on"):
            score_shards(pictures, PLAN, out, engine=engine, shard=5)
        score_shards(pictures, PLAN, out, engine=Inline(dies), shard=5)
        assert files(out) == files(tmp_path / "whole")
        assert files(out / "_pieces") == {}


def test_two_calls_share_a_folder(tmp_path: Path) -> None:
    class Beside(Inline):
        """While it works, another call does it all."""

        def outcomes(self) -> Any:
            if not self.seen:
                score_shards(items(9), PLAN, tmp_path / "a", engine=Inline(), shard=2)
            yield from super().outcomes()

    score_shards(items(9), PLAN, tmp_path / "a", engine=Beside(), shard=2)
    score_shards(items(9), PLAN, tmp_path / "b", engine=Inline(), shard=2)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_a_store_that_is_away_is_no_error_of_its_pictures(tmp_path: Path, monkeypatch: Any) -> None:
    fetched = stores._copy

    def away(address: str, *rest: Any) -> None:
        if "away" in address:
            raise TimeoutError("no route")
        fetched(address, *rest)

    monkeypatch.setattr(stores, "_copy", away)
    fsspec.filesystem("memory").pipe("/here.jpg", b"x")
    one = [Item("memory://here.jpg", "here"), Item("memory://away.jpg", "away")]
    found = list(score_shards(one, PLAN, tmp_path / "a", engine=Inline()).records())
    assert [bool(record.errors) for record in found] == [False, True]
    assert "no route" in found[1].errors["file"]
    with pytest.raises(StoreError, match=r"no route\. 1 of 2 shards stand"):
        score_shards(one, PLAN, tmp_path / "b", engine=Inline(most=1), shard=1)


def test_a_full_disk_is_no_error_of_its_pictures(tmp_path: Path, monkeypatch: Any) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stores, "_copy", full)
    with pytest.raises(ClusterError, match=r"No space left .* 0 of 1 shards"):
        score_shards("memory://a.jpg", PLAN, tmp_path / "a", engine=Inline())
    assert [one.name for one in (tmp_path / "a").iterdir()] == ["_shards.json"]


def test_objects_that_vanish_are_records_with_errors(tmp_path: Path) -> None:
    (record,) = score_shards("memory://gone.jpg", PLAN, tmp_path, engine=Inline()).records()
    assert record.errors == {"file": "cannot read 'memory://gone.jpg': there is no such object"}


def test_a_bug_costs_one_picture(tmp_path: Path) -> None:
    found = list(score_shards(items(2, "strange"), PLAN, tmp_path, engine=Inline()).records())
    assert [record.errors for record in found] == [{"file": "ZeroDivisionError: a bug"}, {}, {}]


def test_what_is_wrong_for_every_picture_is_raised(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no metric"):
        score_shards(items(2), Plan(("no-such",)), tmp_path / "a", engine=Inline())
    with pytest.raises(OptionError, match="at least one picture"):
        score_shards(items(2), PLAN, tmp_path / "a", engine=Inline(), shard=0)
    with pytest.raises(ImageReadError, match="no pictures"):
        score_shards([], PLAN, tmp_path / "a", engine=Inline())
    with pytest.raises(OptionError, match="travels as JSON"):
        score_shards(items(2), Plan(PLAN.metrics, {"display": object()}), tmp_path, engine=Inline())


def test_another_version_at_the_worker_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(errand, "__version__", "0.0")
    with pytest.raises(OptionError, match=r"a worker has 0\.0"):
        score_shards(items(2), PLAN, tmp_path, engine=Inline())


def test_a_folder_that_workers_do_not_share_is_noticed(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(errand, "_done", lambda order, job: errand.Answer())
    engine = Inline()
    with pytest.raises(ClusterError, match=r"cannot be seen in .*all machines share"):
        score_shards(items(100), PLAN, tmp_path, engine=engine, shard=1)
    assert len(engine.seen) < 20


def test_a_list_that_changes_is_noticed(tmp_path: Path) -> None:
    class Changing:
        times = 0

        def __iter__(self) -> Iterator[Item]:
            self.times += 1
            return iter(items(4 if self.times == 1 else 3))

    changing = Changing()

    def given(*_: Any, **__: Any) -> Changing:
        return changing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharded, "items_in", given)
        with pytest.raises(ImageReadError, match="list of pictures changed"):
            score_shards([], PLAN, tmp_path, engine=Inline(), shard=2)


def test_an_engine_for_those_who_rank(tmp_path: Path) -> None:
    told: list[Record] = []
    engine = ShardEngine(tmp_path, engine=Inline(), shard=2)
    engine(items(5), PLAN, told.append)
    assert told == list(Shards(tmp_path).records())
    assert [one.name for one in told] == list("01234")


def test_what_is_told_has_the_paths_and_names_that_were_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told: list[Record] = []
    given = [Item("p/a.jpg", "a.jpg"), Item("p/\udce4.jpg", "\udce4.jpg"), Item("strange", "s")]
    engine = ShardEngine("out", engine=Inline())
    engine(given, PLAN, told.append)
    assert [(one.path, one.name) for one in told] == [(one.path, one.name) for one in given]
    engine([], PLAN, told.append)
    assert len(told) == 3


# -- reading -------------------------------------------------------------------------------------


def test_missing_and_damaged_shards_are_told(tmp_path: Path) -> None:
    found = score_shards(items(6), PLAN, tmp_path, engine=Inline(), shard=2)
    place = tmp_path / found.cut.name(1)
    data = place.read_bytes()
    for damaged in (data[:-20], data[: len(data) // 2], b"", b"nonsense"):
        place.write_bytes(damaged)
        with pytest.raises(TableError, match=r"is damaged .*remove it, and run"):
            list(found.records())
    place.write_bytes((tmp_path / found.cut.name(0)).read_bytes()[:0] + data)
    assert len(list(found.records())) == 6
    place.unlink()
    with pytest.raises(TableError, match="1 of 3 shards are missing"):
        list(found.records())
    assert [one.name for one in found.records(partial=True)] == ["0", "1", "4", "5"]
    assert len(found.frame(partial=True)) == 4
    assert len(found.files()) == 2


def test_a_folder_without_shards_and_damaged_ones(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="holds no shards"):
        Shards(tmp_path)
    score_shards(items(2), PLAN, tmp_path, engine=Inline())
    place = tmp_path / "_shards.json"
    said = json.loads(place.read_text())
    for text in ("{", "[]", json.dumps(said | {"format": 2}), json.dumps(said | {"shard": 0})):
        place.write_text(text)
        with pytest.raises(TableError, match=r"damaged|format 2"):
            Shards(tmp_path)


def test_other_programs_see_the_records_and_nothing_else(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="the extra 'report' is not installed")
    score_shards(items(5), PLAN, tmp_path, engine=Inline(), shard=2)
    (tmp_path / "_pieces").mkdir(exist_ok=True)
    (tmp_path / "_pieces" / "x.parquet").write_bytes(b"no table")
    assert sorted(pandas.read_parquet(tmp_path)["name"]) == list("01234")


def test_names_of_shards_belong_to_one_plan_and_list() -> None:
    one = sharded.cut(items(5), PLAN, 2)
    assert [one.rows(index) for index in range(one.count)] == [2, 2, 1]
    made = {
        sharded.cut(pictures, plan, size).name(0)
        for pictures, plan, size in (
            (items(5), PLAN, 2), (items(6), PLAN, 2), (items(5), PLAN, 3),
            (items(5), Plan(("made-up",), options={"made-up": {"a": 1}}), 2),
            ([Item("/p/0.jpg/", "x")], PLAN, 2), ([Item("/p/0.jpg", "/x")], PLAN, 2),
        )
    }  # fmt: skip
    assert len(made) == 6
    assert sharded.cut(iter(items(5)), PLAN, 2) == one
    assert isinstance(one, Cut)


def test_engines_that_are_none() -> None:
    with pytest.raises(OptionError, match="local, dask, ray"):
        open_crew("spark")
    with pytest.raises(OptionError, match="at least one worker"):
        open_crew("local", workers=0)
    with pytest.raises(OptionError, match="has no address"):
        open_crew("local", address="tcp://here:1")


def test_errors_keep_their_kind() -> None:
    answer = errand.do(errand.Order("{", "/nowhere", "0"), Job(0, 0, 1, "a", (("a", "a"),)))
    with pytest.raises(HdrMetricsError, match="one version everywhere"):
        answer.check()


def test_who_hands_on_jobs_need_not_load_pytorch() -> None:
    code = "import sys, hdrmetrics.collection.sharding.errand; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
