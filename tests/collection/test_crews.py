"""Real worker processes: one is killed in the middle, one picture kills them all."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow", reason="the extra 'dask' or 'ray' is not installed")

from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.sharding import sharded
from hdrmetrics.collection.sharding.crews import open_crew
from hdrmetrics.collection.sharding.sharded import score_shards
from hdrmetrics.errors import ClusterError, UnknownNameError
from tests.collection.inline import Inline, deadly
from tests.collection.pictures import photographs

PLAN = Plan(("piqe", "pu21-piqe"))
PACKAGES = {"local": "multiprocessing", "dask": "distributed", "ray": "ray"}


def needs(engine: str) -> None:
    pytest.importorskip(PACKAGES[engine], reason=f"the extra {engine!r} is not installed")


def shards_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("shard-*"))}


@pytest.mark.slow
@pytest.mark.parametrize("engine", PACKAGES)
def test_two_workers_that_are_killed_leave_the_same_table(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs(engine)
    monkeypatch.setattr(sharded, "_SHARD_TRIES", 1)  # a process takes seconds to start
    photographs(tmp_path / "p", "a", "b", "once", "d", "e", "f", "g", "h")
    plain = score_shards(tmp_path / "p", PLAN, tmp_path / "plain", engine=Inline(), shard=2)
    crew = importlib.import_module(f"hdrmetrics.collection.sharding.{engine}_crew")
    monkeypatch.setattr(crew, "do", deadly)
    found = score_shards(tmp_path / "p", PLAN, tmp_path / "out", engine=engine, workers=2, shard=2)
    assert (tmp_path / "p" / "once.died").exists()
    assert shards_in(tmp_path / "out") == shards_in(tmp_path / "plain")
    assert list(found.records()) == list(plain.records())


@pytest.mark.slow
@pytest.mark.parametrize("engine", PACKAGES)
def test_a_picture_that_kills_real_workers_is_a_record(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs(engine)
    monkeypatch.setattr(sharded, "_SHARD_TRIES", 1)
    monkeypatch.setattr(sharded, "_FILE_TRIES", 2)
    photographs(tmp_path / "p", "a", "poison", "z")
    crew = importlib.import_module(f"hdrmetrics.collection.sharding.{engine}_crew")
    monkeypatch.setattr(crew, "do", deadly)
    source = f"file://{tmp_path}/p/"
    output = f"file://{tmp_path}/out"
    found = list(score_shards(source, PLAN, output, engine=engine, workers=2, shard=3).records())
    assert [record.name for record in found] == ["a.jpg", "poison.jpg", "z.jpg"]
    assert "ended its worker's process 2 times" in found[1].errors["file"]
    assert all(set(found[i].scores) == set(PLAN.metrics) for i in (0, 2))


@pytest.fixture
def scheduler() -> Any:
    """A Dask cluster of one thread in this process, which speaks TCP."""
    distributed = pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
    cluster = distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
    )
    yield cluster
    cluster.close()


def test_a_scheduler_that_is_lost_is_told_with_what_stands(
    scheduler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hdrmetrics.collection.sharding import dask_crew

    photographs(tmp_path / "p", "a", "b", "c")
    address = scheduler.scheduler_address

    def end(done: int, count: int) -> None:
        if done:
            scheduler.close()

    monkeypatch.setattr(dask_crew, "_WAIT_SECONDS", 0.1)
    monkeypatch.setattr(dask_crew, "_CONNECT_SECONDS", 1.0)
    with pytest.raises(ClusterError, match=r"was lost\. 1 of 3 shards stand in .* goes on"):
        score_shards(
            tmp_path / "p", PLAN, tmp_path / "out", engine="dask", address=address, shard=1,
            on_progress=end,
        )  # fmt: skip
    found = score_shards(tmp_path / "p", PLAN, tmp_path / "out", engine=Inline(), shard=1)
    assert len(list(found.records())) == 3


def test_a_given_cluster_does_the_work_and_what_is_wrong_for_all_is_raised(
    scheduler: Any, tmp_path: Path
) -> None:
    photographs(tmp_path / "p", "a", "b")
    address = scheduler.scheduler_address
    score_shards(tmp_path / "p", PLAN, tmp_path / "a", engine="dask", address=address, shard=1)
    score_shards(tmp_path / "p", PLAN, tmp_path / "b", engine=Inline(), shard=1)
    assert shards_in(tmp_path / "a") == shards_in(tmp_path / "b")
    with pytest.raises(UnknownNameError, match="no-such"):
        score_shards(
            tmp_path / "p", Plan(("no-such",)), tmp_path / "c", engine="dask", address=address
        )


def test_a_cluster_without_workers_is_told(
    scheduler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hdrmetrics.collection.sharding import dask_crew

    scheduler.scale(0)
    photographs(tmp_path / "p", "a")
    monkeypatch.setattr(dask_crew, "_PATIENCE", 0.0)
    monkeypatch.setattr(dask_crew, "_WAIT_SECONDS", 0.1)
    while scheduler.scheduler.workers:
        time.sleep(0.05)
    with pytest.raises(ClusterError, match=r"has no worker: start some.*0 of 1 shards"):
        score_shards(
            tmp_path / "p", PLAN, tmp_path / "a", engine="dask", address=scheduler.scheduler_address
        )


def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    needs("dask")
    from hdrmetrics.collection.sharding import dask_crew

    monkeypatch.setattr(dask_crew, "_CONNECT_SECONDS", 0.5)
    with pytest.raises(ClusterError, match=r"cannot reach tcp://127\.0\.0\.1:9"):
        open_crew("dask", address="tcp://127.0.0.1:9")
