"""What is scored anew and what is not, and files that nobody wishes for."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import hdrmetrics as hm
from hdrmetrics.collection.collect import Collecting
from hdrmetrics.collection.engine import Engine
from hdrmetrics.collection.item import Item
from hdrmetrics.collection.keeping.cache import Cache, usual_file
from hdrmetrics.collection.keeping.keys import key_of, parts_of
from hdrmetrics.collection.keeping.meaning import meaning_of
from hdrmetrics.collection.keeping.stamps import stamp_of
from hdrmetrics.collection.listing import list_collection
from hdrmetrics.collection.local import Local
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.worker import Worker
from hdrmetrics.errors import (
    ImageAccessError,
    ImageDecodeError,
    ImageReadError,
    MissingCodecError,
    OptionError,
    StoreError,
    UnknownNameError,
)
from hdrmetrics.picture.image import Image
from hdrmetrics.result import Score
from tests.collection.photographs import counted, fill, items, jpeg, trust_times

PLAN = Plan(("piqe",), small=False)


def collect(files: list[Path], plan: Plan = PLAN, engine: Engine | None = None) -> list[Record]:
    meaning = meaning_of(plan)
    with Cache(None, pytest.fail) as cache:
        collecting = Collecting(items(files), meaning.plan, meaning.parts, cache)
        collecting.run(engine or Local(1))
        assert all(record.preview is None for record in collecting.records)  # the cache has them
        return [
            dataclasses.replace(record, preview=collecting.preview(record))
            for record in collecting.records
        ]


def values(records: list[Record]) -> list[float]:
    return [record.scores["piqe"].value for record in records]


def test_values_are_those_of_score_files(tmp_path: Path) -> None:
    files = fill(tmp_path / "a", 4)
    expected = hm.score_files([(file, None) for file in files], "piqe", jobs=1)
    first, second = collect(files), collect(files)
    for record, again, row in zip(first, second, expected, strict=True):
        assert repr(record.scores) == repr(row.scores)
        assert repr(record) == repr(again)
        assert (record.width, record.height, record.errors) == (64, 48, {})


def test_what_is_scored_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fill(tmp_path / "a", 5)
    trust_times(monkeypatch)
    with counted(monkeypatch) as seen:
        whole = collect(files)
        assert len(seen) == 5
        collect(files)
        assert len(seen) == 5
        os.utime(files[0], (1, 1))  # touched
        files[1] = files[1].rename(files[1].with_name("moved.jpg"))
        files[2].write_bytes(jpeg(77))  # changed
        kept = os.stat(files[3])
        data = bytearray(files[3].read_bytes())
        data[data.index(b"\xff\xdb") + 10] += 9  # another table of quantisation
        files[3].write_bytes(data)  # of the same size, and its time is put back
        os.utime(files[3], ns=(kept.st_atime_ns, kept.st_mtime_ns))
        again = collect(files)
        assert [name for name, _ in seen[5:]] == ["02.jpg", "03.jpg"]
    assert values(again)[:2] == values(whole)[:2]
    assert values(again)[2] != values(whole)[2]
    assert [r.scores["piqe"].test for r in again] == [str(file) for file in files]


def test_nothing_is_read_of_an_unchanged_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fill(tmp_path / "a", 3)
    trust_times(monkeypatch)
    whole = collect(files)
    opened: list[str] = []
    monkeypatch.setattr("hdrmetrics.collection.collect.digest_of", opened.append)
    monkeypatch.setattr("hdrmetrics.collection.collect.sniff", opened.append)
    assert repr(collect(files)) == repr(whole)
    assert opened == []


def test_times_of_a_moment_ago_are_not_trusted(tmp_path: Path) -> None:
    (file,) = fill(tmp_path / "a", 1)
    found = stamp_of(str(file))
    assert found is not None
    assert not found.settled
    collect([file])
    with Cache(None, pytest.fail) as cache:
        assert cache.picture_of(file, found.text) is None
        assert cache.has_size(found.size)


def test_other_conditions_are_scored_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fill(tmp_path / "a", 2)
    displays = [one.name for one in hm.list_displays()]
    plans = [
        PLAN,
        Plan(("piqe",), options={"piqe": {"round_to_8bit": True}}, small=False),
        Plan(("piqe",), {"region": (0, 0, 32, 32)}, small=False),
        Plan(("pu21-piqe",), {"display": displays[0]}, small=False),
        Plan(("pu21-piqe",), {"display": displays[1]}, small=False),
        Plan(("piqe",), small=True),
    ]
    with counted(monkeypatch) as seen:
        for number, plan in enumerate(plans, 1):
            collect(files, plan)
            assert len(seen) == 2 * number
            collect(files, plan)
            assert len(seen) == 2 * number


def test_a_mask_counts_by_its_bytes(tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    texts = []
    for shade in (255, 128, 255):
        mask.write_bytes(bytes([shade]))
        texts.append(parts_of(Plan(("piqe",), {"mask": str(mask)}))["piqe"])
    assert texts[0] == texts[2] != texts[1]
    mask.unlink()
    with pytest.raises(ImageReadError, match="the mask cannot be read"):
        parts_of(Plan(("piqe",), {"mask": str(mask)}))


def test_versions_of_metrics_weights_and_decoders_count(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(("nima",), small=False)
    before = parts_of(plan)["nima"]
    assert before == parts_of(plan)["nima"]
    assert "weights" in before
    keys = {key_of(before, kind) for kind in ("jpeg", "exr", "avif", "")}
    assert len(keys) == 3  # all decoders count for what is not known, as for AVIF
    monkeypatch.setattr("importlib.metadata.version", lambda package: "99")
    from hdrmetrics.collection.keeping import keys as module

    module._reader.cache_clear()
    assert key_of(before, "jpeg") not in keys
    module._reader.cache_clear()


def test_looks_and_previews_depend_on_the_weights_that_see(monkeypatch: pytest.MonkeyPatch) -> None:
    from hdrmetrics.collection.bursts import looks

    plan = Plan(("piqe",), looks=True, preview=64)
    before = parts_of(plan)
    assert looks._network().digest in before["look"]
    monkeypatch.setattr(looks._network(), "digest", "0" * 64)
    after = parts_of(plan)
    assert {name for name, text in before.items() if after[name] != text} == {"look", "preview"}


def test_a_score_does_not_depend_on_the_company_but_on_decoding() -> None:
    alone, both = (parts_of(Plan(names)) for names in (("piqe",), ("pu21-piqe", "piqe")))
    assert alone["piqe"] == both["piqe"]
    assert alone["piqe"] != parts_of(Plan(("piqe",), small=False))["piqe"]


def test_only_a_new_metric_is_scored_of_whole_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fill(tmp_path / "a", 2)
    with counted(monkeypatch) as seen:
        collect(files, Plan(("piqe",), small=False))
        both = collect(files, Plan(("pu21-piqe", "piqe"), small=False))
        assert [metrics for _, metrics in seen] == [("piqe",)] * 2 + [("pu21-piqe",)] * 2
        collect(files, Plan(("piqe", "pu21-piqe"), small=False))
        assert len(seen) == 4
    assert all(set(record.scores) == {"piqe", "pu21-piqe"} for record in both)
    assert all(record.width == 64 for record in both)


def test_errors_of_metrics_are_tried_again_and_what_went_well_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fill(tmp_path / "a", 3)
    files[0].write_bytes(b"")
    files[1].write_bytes(jpeg(1, side=33))  # too small for one of them
    plan = Plan(("norvdpnet", "piqe"), small=False)
    with counted(monkeypatch) as seen:
        first = collect(files, plan)
        assert set(first[0].errors) == {"file"}
        assert set(first[1].errors) == set(first[2].errors) == {"norvdpnet"}
        second = collect(files, plan)
        assert [set(r.scores) for r in second] == [set(), {"piqe"}, {"piqe"}]
        assert [r.errors for r in second] == [r.errors for r in first]
        assert seen[3:] == [("01.jpg", ("norvdpnet",)), ("02.jpg", ("norvdpnet",))]
        files[0].write_bytes(jpeg(0))
        assert collect(files, plan)[0].scores.keys() == {"piqe"}


def spoilt(folder: Path) -> list[Path]:
    """Return a photograph, an empty file, a cut one, and one that is no picture."""
    files = fill(folder, 4)
    files[1].write_bytes(b"")
    files[2].write_bytes(jpeg(2)[:400])
    files[3].write_bytes(b"no picture at all")
    return files


def test_damage_is_kept_by_the_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = spoilt(tmp_path / "a")
    trust_times(monkeypatch)
    with counted(monkeypatch) as seen:
        first = collect(files)
        assert [set(record.errors) for record in first] == [set(), {"file"}, {"file"}, {"file"}]
        assert len(seen) == 4
        assert repr(collect(files)) == repr(first)
        os.utime(files[1], (1, 1))
        files[2] = files[2].rename(files[2].with_name("moved.jpg"))
        again = collect(files)
        assert len(seen) == 4
        assert again[2].errors["file"].startswith(f"{files[2]}: ")
        assert (
            again[2].errors["file"].partition(": ")[2]
            == (first[2].errors["file"].partition(": ")[2])
        )
        files[3].write_bytes(jpeg(3))
        assert collect(files)[3].scores.keys() == {"piqe"}
        assert [name for name, _ in seen[4:]] == ["03.jpg"]


def test_damage_is_looked_for_again_by_another_decoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hdrmetrics.collection.keeping import keys as module

    files = spoilt(tmp_path / "a")
    with counted(monkeypatch) as seen:
        collect(files)
        monkeypatch.setattr("importlib.metadata.version", lambda package: "99")
        module._reader.cache_clear()
        collect(files)
        assert len(seen) == 8
    module._reader.cache_clear()


def test_damage_may_be_of_any_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hdrmetrics.collection.keeping import keys as module

    files = spoilt(tmp_path / "a")  # of JPEG files some have gain maps, for another package
    version = importlib.metadata.version
    with counted(monkeypatch) as seen:
        collect(files)
        monkeypatch.setattr(
            "importlib.metadata.version",
            lambda name: "99" if name == "imagecodecs" else version(name),
        )
        module._reader.cache_clear()
        collect(files)
        assert len(seen) == 4 + 3
    module._reader.cache_clear()


@pytest.mark.parametrize(
    "error",
    [
        ImageAccessError("cannot be opened (permission)"), StoreError("it does not answer"),
        MissingCodecError("needs imagecodecs"), MemoryError(), PermissionError(13, "denied"),
        ImageDecodeError("broken data stream"),
    ],
)  # fmt: skip
def test_what_may_pass_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    files = fill(tmp_path / "a", 2)

    def fail(path: str, **options: object) -> Image:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("hdrmetrics.collection.decoded.read_image", fail)
        assert [set(record.errors) for record in collect(files)] == [{"file"}] * 2
    assert [record.errors for record in collect(files)] == [{}, {}]


def test_damage_at_one_size_leaves_what_is_known_at_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fill(tmp_path / "a", 1)
    small, whole = Plan(("nima",)), Plan(("piqe",))

    def cut(path: str, *, at_least: int | None, **options: Any) -> Image:
        if at_least is None:
            raise ImageReadError(f"{path}: truncated")
        return hm.read_image(path, at_least=at_least, **options)

    monkeypatch.setattr("hdrmetrics.collection.decoded.read_image", cut)
    with counted(monkeypatch) as seen:
        (fine,) = collect(files, small)
        assert fine.scores
        (bad,) = collect(files, whole)
        assert bad.errors
        assert repr(collect(files, small)) == repr([fine])
        assert repr(collect(files, whole)) == repr([bad])
        assert len(seen) == 2
        (both,) = collect(files, Plan(("nima", "piqe")))  # the one is known, the other is tried
        assert (set(both.scores), both.errors) == ({"nima"}, bad.errors)
        assert len(seen) == 3


def test_a_file_that_changes_under_the_work_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fill(tmp_path / "a", 2)

    class Changing(Worker):
        def __call__(self, item: Item) -> Record:
            record = super().__call__(item)
            if item.name == "00.jpg":
                Path(item.path).write_bytes(jpeg(50))
            return record

    with monkeypatch.context() as patch:
        patch.setattr("hdrmetrics.collection.local.Worker", Changing)
        collect(files)
    with counted(monkeypatch) as seen:
        found = collect(files)
    assert [name for name, _ in seen] == ["00.jpg"]
    assert values(found)[0] == hm.score(files[0], "piqe").value


def test_damaged_values_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fill(tmp_path / "a", 3)
    whole = collect(files)
    with sqlite3.connect(usual_file()) as db:
        rows = db.execute("SELECT digest FROM parts").fetchall()
        db.execute("UPDATE parts SET value = x'00' WHERE digest = ?", rows[0])
        db.execute(
            "UPDATE parts SET value = ? WHERE digest = ?", (b"x\x9c\x03\0\0\0\0\x01", *rows[1])
        )
    db.close()
    with counted(monkeypatch) as seen:
        assert repr(collect(files)) == repr(whole)
        assert len(seen) == 2


def test_conditions_are_shared(tmp_path: Path) -> None:
    files = fill(tmp_path / "a", 3)
    for _ in range(2):
        found = collect(files)
        assert len({id(record.scores["piqe"].conditions) for record in found}) == 1


def test_looks_and_previews_are_kept_too(tmp_path: Path) -> None:
    from hdrmetrics.collection.bursts.look import Look

    files = fill(tmp_path / "a", 2)
    calls = []

    def engine(todo, plan, tell) -> None:  # type: ignore[no-untyped-def]
        for item in todo:
            calls.append(item.name)
            digest = __import__("hashlib").sha256(Path(item.path).read_bytes()).hexdigest()
            score = Score("piqe", 1.5, "", (0.0, 100.0), False, {"version": "1"}, test=item.path)
            look = Look(bytes(1024), bytes(128), "2024-01-01T10:00:00", 0.1 + 0.2)
            tell(
                Record(
                    item.path, item.name, digest, 64, 48, {"piqe": score}, {}, look, b"\xff\xd8\0"
                )
            )

    plan = Plan(("piqe",), looks=True, preview=32)
    first, second = collect(files, plan, engine), collect(files, plan, engine)
    assert calls == ["00.jpg", "01.jpg"]
    assert repr(first) == repr(second)
    assert second[0].preview == b"\xff\xd8\0"
    collect(files, Plan(("piqe",), looks=True, preview=64), engine)
    assert len(calls) == 4


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fill(tmp_path / "a", 6)
    meaning = meaning_of(PLAN)
    with Cache(None, pytest.fail) as cache:
        collecting = Collecting(items(files), meaning.plan, meaning.parts, cache)

        def stop(record: Record) -> None:
            if collecting.done == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            collecting.run(Local(2), stop)
        done = {record.name for record in collecting.records}
    assert len(done) >= 3
    with counted(monkeypatch) as seen:
        collect(files)
    assert {name for name, _ in seen} == {file.name for file in files} - done


def test_values_do_not_depend_on_how_many_are_worked_on_at_a_time(tmp_path: Path) -> None:
    files = fill(tmp_path / "a", 6)
    meaning = meaning_of(Plan(("nima", "piqe")))
    found = []
    for jobs in (1, 3):
        collecting = Collecting(items(files), meaning.plan, meaning.parts, None)
        collecting.run(Local(jobs))
        found.append(repr(collecting.records))
    assert found[0] == found[1]


def test_what_nobody_foresaw_is_the_error_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fill(tmp_path / "a", 3)

    class Failing(Worker):
        def __call__(self, item: Item) -> Record:
            if item.name == "01.jpg":
                raise ZeroDivisionError("of ours")
            return super().__call__(item)

    monkeypatch.setattr("hdrmetrics.collection.local.Worker", Failing)
    found = collect(files)
    assert [record.errors for record in found] == [{}, {"file": "ZeroDivisionError: of ours"}, {}]


def test_what_is_wrong_for_all_is_said_at_once(tmp_path: Path) -> None:
    files = fill(tmp_path / "a", 1)
    for plan, error, words in (
        (Plan(("psnr",)), OptionError, "compares with a reference"),
        (Plan(()), OptionError, "name one"),
        (Plan(("nonsense",)), UnknownNameError, "nonsense"),
        (Plan(("piqe",), {"display": "nonsense"}), UnknownNameError, "nonsense"),
        (Plan(("piqe",), {"peak": 1.0, "scale": 2.0}), OptionError, "peak"),
        (Plan(("piqe",), options={"piqe": {"no": 1}}), OptionError, "no option no"),
        (Plan(("piqe",), {"mask": object()}), OptionError, "write it to a file"),
    ):
        with pytest.raises(error, match=words):
            collect(files, plan)
    with pytest.raises(OptionError, match="jobs must be at least 1"):
        Local(0)


def test_odd_files_and_names(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    files = fill(folder, 1)
    names = ['it\'s "so".jpg', "<script>alert(1)</script>.jpg", "new\nline.jpg", "ünï.jpg"]
    names += [os.fsdecode(b"caf\xe9.jpg"), "=1+1.jpg", "-m.jpg"]
    for number, name in enumerate(names, 1):
        (folder / name.replace("/", "\N{DIVISION SLASH}")).write_bytes(jpeg(number))
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "cut.jpg").write_bytes(jpeg(3)[:300])
    (folder / "huge.png").write_bytes(
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0" + b"\0" * 40
    )
    (folder / "folder.jpg").mkdir()
    (folder / "deep").mkdir()
    (folder / "deep" / "01.jpg").write_bytes(jpeg(4))
    (folder / "deep" / "loop").symlink_to(folder)
    (folder / "self.jpg").symlink_to("self.jpg")
    (folder / "pipe.jpg").symlink_to(os.devnull)
    listing = list_collection(folder)
    assert len(listing.items) == len({one.name for one in listing.items}) == 14
    meaning = meaning_of(PLAN)
    for _ in range(2):
        with Cache(None, pytest.fail) as cache:
            collecting = Collecting(listing.items, meaning.plan, meaning.parts, cache)
            collecting.run(Local(2))
        failed = {record.name for record in collecting.records if record.errors}
        assert failed == {"empty.jpg", "cut.jpg", "huge.png", "self.jpg", "pipe.jpg"}
        assert len(collecting.records) == 14
    assert files[0].exists()


def test_a_folder_without_a_picture_is_a_record_beside_others(tmp_path: Path) -> None:
    fill(tmp_path / "a", 1)
    (tmp_path / "empty").mkdir()
    listing = list_collection([tmp_path / "a", tmp_path / "empty"])
    assert [item.name for item in listing.items] == ["00.jpg"]
    assert "holds no image file" in listing.problems[0].errors["file"]
    with pytest.raises(ImageReadError):
        list_collection(tmp_path / "empty")


def test_lists_may_be_among_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "a", 2)
    fill(tmp_path / "b", 2)
    Path("lists").mkdir()
    Path("lists/some.txt").write_text("../b/01.jpg\n\n../b/gone.jpg\n")
    Path("lists/more.csv").write_text(f"name,path\nmine,{tmp_path}/a/01.jpg\n,../b/01.jpg\n")
    alone = list_collection("lists/some.txt")
    assert [one.name for one in alone.items] == ["../b/01.jpg", "../b/gone.jpg"]
    found = list_collection(["a", "lists/some.txt", "lists/more.csv", "a/00.jpg"])
    assert not found.problems
    # A file that is named twice comes once.
    names = ["00.jpg", "01.jpg", "../b/01.jpg", "../b/gone.jpg"]
    assert [one.name for one in found.items] == names


def test_a_list_that_cannot_be_read_is_a_record_beside_others(tmp_path: Path) -> None:
    fill(tmp_path / "a", 1)
    (tmp_path / "torn.csv").write_text(f"path\n{tmp_path}/a/00.jpg\n" + '""\n')
    (tmp_path / "empty.txt").touch()
    listing = list_collection([tmp_path / "a", tmp_path / "torn.csv", tmp_path / "gone.txt"])
    assert [item.name for item in listing.items] == ["00.jpg"]
    told = [one.errors["file"] for one in listing.problems]
    assert "row 2" in told[0]
    assert "cannot read the list" in told[1]
    for name, why in (("torn.csv", "row 2"), ("gone.txt", "cannot"), ("empty.txt", "no picture")):
        with pytest.raises(ImageReadError, match=why):
            list_collection(tmp_path / name)


def test_a_folder_is_no_list(tmp_path: Path) -> None:
    fill(tmp_path / "all.txt", 1)
    assert [one.name for one in list_collection(tmp_path / "all.txt").items] == ["00.jpg"]


def test_addresses_are_for_workers(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("s3://bucket/a.jpg\n")
    for source in (tmp_path / "list.txt", "s3://bucket/a.jpg"):
        with pytest.raises(OptionError, match=r"s3://bucket/a\.jpg' is read by workers.*--shards"):
            list_collection(source)
        assert list_collection(source, stores=True).items[0].path == "s3://bucket/a.jpg"


def test_the_order_of_the_files_changes_no_record(tmp_path: Path) -> None:
    files = fill(tmp_path / "a", 5)
    whole = {record.name: repr(record) for record in collect(files)}
    random.Random(0).shuffle(files)
    usual_file().unlink()
    assert {record.name: repr(record) for record in collect(files)} == whole
