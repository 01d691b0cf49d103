"""Pictures in batches, read ahead: each gets what it would get alone."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

from hdrmetrics import write_image
from hdrmetrics.collection import local
from hdrmetrics.collection.ahead import Ahead
from hdrmetrics.collection.collect import Collecting
from hdrmetrics.collection.item import Item
from hdrmetrics.collection.keeping.cache import Cache
from hdrmetrics.collection.keeping.meaning import meaning_of
from hdrmetrics.collection.local import Local
from hdrmetrics.collection.opened import Opened
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.sharding.errand import records_of
from hdrmetrics.collection.worker import Worker
from hdrmetrics.errors import OptionError
from hdrmetrics.jobs.together import USUAL, Together, glanced, usual_batch
from hdrmetrics.learned.liked.nima import Nima
from hdrmetrics.metric import Assessment, Glance
from hdrmetrics.picture.image import Image
from hdrmetrics.resources.room import Room
from tests.collection.photographs import counted, fill, items, trust_times

PLAN = Plan(("nima", "norvdpnet", "piqe"), looks=True, preview=48)


def photograph(file: Path, seed: int, size: tuple[int, int], border: int = 0) -> None:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 11, 3), np.uint8)
    inside = PillowImage.fromarray(coarse).resize(size, PillowImage.Resampling.BICUBIC)
    framed = PillowImage.new("RGB", (size[0] + 2 * border, size[1] + 2 * border), (10, 10, 10))
    framed.paste(inside, (border, border))
    framed.save(file, quality=90)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Photographs of several sizes, pictures of light, and what cannot be read or scored."""
    folder = tmp_path_factory.mktemp("mixed")
    sizes = [(400, 300), (400, 300), (300, 400), (1500, 1420), (70, 66), (400, 300), (40, 36)]
    for seed, size in enumerate(sizes):
        photograph(folder / f"{seed}.jpg", seed, size)
    photograph(folder / "framed.jpg", 7, (400, 300), border=60)
    ramp = np.geomspace(0.1, 500.0, 280, dtype=np.float32)
    light = np.broadcast_to(ramp[None, :, None], (270, 280, 3)).copy()
    write_image(folder / "a.exr", light)
    write_image(folder / "b.exr", light[::-1, ::-1] * 3)
    light[3, 4] = np.nan
    write_image(folder / "c.exr", light)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0nothing")
    return [*sorted(folder.iterdir()), folder / "missing.jpg"]


@pytest.fixture(scope="module")
def alone(files: list[Path]) -> dict[str, Record]:
    worker = Worker(PLAN)
    return {item.name: worker(item) for item in items(files)}


def made(
    todo: Sequence[Item], plan: Plan = PLAN, batch: int = 3, jobs: int | None = 2
) -> dict[str, Record]:
    found: dict[str, Record] = {}
    count = []

    def tell(record: Record) -> None:
        count.append(threading.current_thread() is threading.main_thread())
        found[record.name] = record

    Local(jobs, batch)(todo, plan, tell)
    assert count == [True] * len(todo)
    return found


def same(found: Record, alone: Record) -> None:
    """Compare records of which one was made in a batch: numbers to rounding, the rest exactly."""
    assert found.scores.keys() == alone.scores.keys()
    for name, own in found.scores.items():
        other = alone.scores[name]
        ends = ([one.value, one.low, one.high] for one in (own, other))
        numbers, wanted = ([x for x in three if x is not None] for three in ends)
        assert numbers == pytest.approx(wanted, rel=1e-5, abs=1e-5)
        assert (own.low is None, own.high is None) == (other.low is None, other.high is None)
        blank = {"value": 0.0, "low": None, "high": None}
        assert dataclasses.replace(own, **blank) == dataclasses.replace(other, **blank)
    looks = [one.look for one in (found, alone) if one.look is not None]
    assert len(looks) != 1
    if looks:
        numbers, wanted = (np.frombuffer(one.embedding, np.int8).astype(int) for one in looks)
        assert np.abs(numbers - wanted).max() <= 1
        first, second = (dataclasses.replace(one, embedding=bytes(128)) for one in looks)
        assert first == second
    rest = {"scores": {}, "look": None}
    assert dataclasses.replace(found, **rest) == dataclasses.replace(alone, **rest)


@pytest.mark.parametrize("batch", [2, 5, 64])
def test_a_batch_says_of_each_what_is_said_of_it_alone(
    files: list[Path], alone: dict[str, Record], batch: int
) -> None:
    todo = items(files)
    found = made(todo if batch != 5 else todo[::-1], batch=batch)
    assert found.keys() == alone.keys()
    for name, record in found.items():
        same(record, alone[name])
    failed = {name: set(one.errors) for name, one in found.items() if one.errors}
    assert failed["broken.jpg"] == failed["missing.jpg"] == {"file"}
    assert failed["6.jpg"] == {"norvdpnet"}  # too small
    assert {"nima", "norvdpnet"} <= failed["c.exr"]
    assert any(score.warnings for one in found.values() for score in one.scores.values())


def test_masks_regions_and_factors_reach_every_picture(tmp_path: Path) -> None:
    todo = items(fill(tmp_path / "a", 4))
    mask = np.zeros((48, 64), np.uint8)
    mask[8:] = 255
    write_image(tmp_path / "mask.png", mask)
    for viewing in ({"mask": str(tmp_path / "mask.png")}, {"region": (2, 3, 40, 40)}):
        plan = Plan(("nima", "piqe"), viewing, looks=True)
        worker = Worker(plan)
        for name, record in made(todo, plan).items():
            same(record, worker(next(item for item in todo if item.name == name)))
            assert viewing.keys() <= record.scores["nima"].conditions.keys()


def limited(
    monkeypatch: pytest.MonkeyPatch, refuse: Callable[[Sequence[Glance]], Exception | None]
) -> list[int]:
    """Let ``nima`` refuse some batches; return how many pictures each had."""
    usual, seen = Nima.assess_together, list[int]()

    def assess(self: Nima, glances: Sequence[Glance]) -> list[Assessment]:
        seen.append(len(glances))
        error = refuse(glances)
        if error is not None:
            raise error
        return usual(self, glances)

    monkeypatch.setattr(Nima, "assess_together", assess)
    return seen


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        MemoryError(),
    ],
)
def test_where_memory_is_short_batches_are_halved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    seen = limited(monkeypatch, lambda glances: error if len(glances) > 2 else None)
    found = made(items(fill(tmp_path / "a", 13)), Plan(("nima",)), batch=8)
    assert all(record.scores and not record.errors for record in found.values())
    # Eight, its first half, a quarter: from then on two at most.
    assert seen == [8, 4, 2, 2, 4, 2, 2, 2, 2, 1]


def test_a_picture_that_memory_never_holds_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(glances: Sequence[Glance]) -> Exception | None:
        large = any(one.test.shape[-1] > 100 for one in glances)
        return RuntimeError("CUDA error: out of memory") if large else None

    limited(monkeypatch, refuse)
    files = fill(tmp_path / "a", 5)
    photograph(files[2], 1, (300, 200))
    found = made(items(files), Plan(("nima",)), batch=5)
    assert {name: record.errors for name, record in found.items() if record.errors} == {
        "02.jpg": {"nima": "CUDA error: out of memory"}
    }
    assert sum("nima" in record.scores for record in found.values()) == 4


def test_what_nobody_foresaw_is_the_error_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(glances: Sequence[Glance]) -> Exception | None:
        odd = any(one.test.shape[-1] > 100 for one in glances)
        return ZeroDivisionError("of ours") if odd else None

    seen = limited(monkeypatch, refuse)
    files = fill(tmp_path / "a", 6)
    photograph(files[4], 1, (300, 200))
    found = made(items(files), Plan(("nima",)), batch=3)
    assert found["04.jpg"].errors == {"file": "ZeroDivisionError: of ours"}
    assert sum("nima" in record.scores for record in found.values()) == 5
    assert seen[:2] == [3, 3]  # no reason to try fewer
    read = Worker.open

    def opened(self: Worker, item: Item) -> Opened:
        if item.name == "00.jpg":
            raise OptionError("of the plan")
        if item.name == "01.jpg":
            raise IndexError("of a decoder")
        return read(self, item)

    monkeypatch.setattr(Worker, "open", opened)
    assert made(items(files[1:]), Plan(("nima",)))["01.jpg"].errors == {
        "file": "IndexError: of a decoder"
    }
    with pytest.raises(OptionError, match="of the plan"):
        made(items(files), Plan(("nima",)))


def test_the_next_batch_is_read_while_one_is_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, score = Worker.open, Worker.score
    opened, waited = {f"{n:02d}.jpg": threading.Event() for n in range(6)}, []

    def noted(self: Worker, item: Item) -> Opened:
        found = read(self, item)
        opened[item.name].set()
        return found

    def waiting(self: Worker, pictures: Sequence[Opened]) -> None:
        last = max(int(one.item.name[:2]) for one in pictures)
        ahead_of_it = [name for name in opened if last < int(name[:2]) <= last + self.batch]
        waited.append(all(opened[name].wait(20) for name in ahead_of_it))
        score(self, pictures)

    monkeypatch.setattr(Worker, "open", noted)
    monkeypatch.setattr(Worker, "score", waiting)
    made(items(fill(tmp_path / "a", 6)), Plan(("piqe",)), batch=2)
    assert waited == [True] * 3


def test_no_more_is_held_than_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    todo = items(fill(tmp_path / "a", 9))
    held: list[int] = []
    score = Worker.score

    def noted(self: Worker, pictures: Sequence[Opened]) -> None:
        held.append(len(pictures))
        score(self, pictures)

    monkeypatch.setattr(Worker, "score", noted)
    for pixels, most in ((1, 1), (4 * 64 * 48, 4)):
        held.clear()
        room = Room(pixels)
        monkeypatch.setattr(room, "guess", lambda path: 64 * 48)
        found: list[Record] = []
        worker = Worker(Plan(("piqe",)), batch=8)
        Ahead(worker, local._failed, room=room)(todo, found.append)
        assert len(found) == 9
        assert max(held) == most


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    files = fill(tmp_path / "a", 8)
    found: list[str] = []

    def tell(record: Record) -> None:
        found.append(record.name)
        if len(found) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Local(2, 2)(items(files), Plan(("piqe",)), tell)
    assert 3 <= len(set(found)) < 8
    assert not [one for one in threading.enumerate() if "ThreadPoolExecutor" in one.name]


def test_the_cache_does_not_ask_how_many_there_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fill(tmp_path / "a", 4)
    trust_times(monkeypatch)
    meaning = meaning_of(Plan(("nima",)))
    kept = []
    with counted(monkeypatch) as seen:
        for engine in (Local(2, batch=3), Local(1)):
            with Cache(None, pytest.fail) as cache:
                collecting = Collecting(items(files), meaning.plan, meaning.parts, cache)
                collecting.run(engine)
                kept.append(repr(collecting.records))
    assert seen == []  # by the worker of single pictures
    assert kept[0] == kept[1]


def test_workers_of_shards_do_the_same(
    files: list[Path], alone: dict[str, Record], tmp_path: Path
) -> None:
    fsspec = pytest.importorskip("fsspec", reason="the extra 'dask' is not installed")
    store = fsspec.filesystem("memory")
    files = [file for file in files if file.name != "3.jpg"]  # which is large
    for file in files[:-1]:
        store.pipe(f"/mixed/{file.name}", file.read_bytes())
    todo = [Item(f"memory://mixed/{file.name}", file.name) for file in files]
    single, several = (records_of(Worker(PLAN, batch), todo) for batch in (1, 4))
    for one, other in zip(several, single, strict=True):
        same(one, other)
        assert one.path.startswith("memory://mixed/")
    assert "hdrmetrics-" not in repr([one.errors for one in several])
    local_ones = records_of(Worker(PLAN, 4), items(files))
    for record in local_ones:
        same(record, alone[record.name])
    store.rm("/mixed", recursive=True)


def test_pictures_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """As a list may have them, in shards."""
    todo = [Item(str(file), "same") for file in fill(tmp_path / "a", 3)]
    todo += [todo[0], Item(str(tmp_path / "missing.jpg"), "same")]
    single, several = (records_of(Worker(Plan(("piqe",)), batch), todo) for batch in (1, 2))
    assert [one.path for one in several] == [item.path for item in todo]
    for one, other in zip(several, single, strict=True):
        same(one, other)


def test_copies_go_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("fsspec", reason="the extra 'dask' is not installed")
    store = fsspec.filesystem("memory")
    for file in fill(tmp_path / "a", 5):
        store.pipe(f"/five/{file.name}", file.read_bytes())
    todo = [Item(f"memory://five/{number:02d}.jpg", f"{number}") for number in range(5)]
    place = tmp_path / "copies"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    records_of(Worker(Plan(("piqe",)), 2), todo)
    assert list(place.iterdir()) == []

    def stopped(self: Worker, pictures: Sequence[Opened]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Worker, "score", stopped)
    with pytest.raises(KeyboardInterrupt):
        records_of(Worker(Plan(("piqe",)), 2), todo)
    assert list(place.iterdir()) == []
    store.rm("/five", recursive=True)


def test_accelerators_get_batches_by_themselves() -> None:
    assert [usual_batch(one) for one in (None, "cpu", torch.device("cpu"))] == [1, 1, 1]
    assert [usual_batch(one) for one in ("cuda", torch.device("cuda", 1), "mps")] == [USUAL] * 3
    assert Worker(Plan(("piqe",), {"device": "cuda:0"})).batch == USUAL
    assert Worker(Plan(("piqe",), {"device": "cuda:0"}), 1).batch == 1
    assert Worker(Plan(("piqe",))).batch == 1
    for wrong in (lambda: Local(batch=0), lambda: Worker(Plan(("piqe",)), 0)):
        with pytest.raises(OptionError, match="at least 1"):
            wrong()


def test_pixels_are_glanced_at_here_and_looked_at_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """No accelerator is here: what is moved to it is only noted."""
    setting = Worker(Plan(("nima",), {"device": "cuda:7"})).setting
    assert str(setting.device) == "cuda:7"
    metric = Worker(Plan(("nima",))).metrics[0]
    moved: list[str] = []

    def to(self: object, device: object) -> object:
        moved.append(f"{type(self).__name__} to {device}")
        return self

    monkeypatch.setattr(Nima, "to", to)
    monkeypatch.setattr(Glance, "to", to)
    pictures = [picture(seed) for seed in range(3)]
    there = [glanced(one, metric, setting) for one in pictures]
    assert (moved, [one.glance.test.device.type for one in there]) == ([], ["cpu"] * 3)
    found = Together(setting.device, 8)(there)
    assert moved == ["Nima to cuda:7"] + ["Glance to cuda:7"] * 3
    assert not [one for one in found if isinstance(one, Exception)]


def picture(seed: int) -> Image:
    from hdrmetrics import as_image

    coarse = np.random.default_rng(seed).integers(0, 256, (9, 11, 3), np.uint8)
    return as_image(np.kron(coarse, np.ones((12, 12, 1), np.uint8)))
