"""The file of SQLite: what it keeps, what it lets go, and that its troubles are never ours."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hdrmetrics.collection.keeping import cache as module
from hdrmetrics.collection.keeping import cachefile
from hdrmetrics.collection.keeping.cache import Cache, Picture, clear, usual_file
from hdrmetrics.collection.keeping.cachefile import Kind, kind_of
from hdrmetrics.errors import OptionError
from hdrmetrics.resources.folders import cache_folder


def picture(number: int, size: int = 100) -> Picture:
    return Picture(number.to_bytes(32, "big"), size, "jpeg", 40, 30)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cachefile, "_PAUSE", 0.0)


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "cache.sqlite"


def fill(file: Path | None, notes: list[str], count: int = 3) -> None:
    with Cache(file, notes.append) as cache:
        for number in range(count):
            cache.add(picture(number), {b"key": b"value %d" % number}, Path(f"{number}.jpg"), "s")


def test_what_is_kept_is_found_again(file: Path, notes: list[str]) -> None:
    fill(file, notes)
    with Cache(file, notes.append) as cache:
        assert cache.picture_of(Path("1.jpg"), "s") == picture(1)
        assert cache.picture_of(Path("1.jpg"), "other") is None
        assert cache.picture(picture(2).digest) == picture(2)
        assert cache.parts(picture(2).digest, [b"key", b"no"]) == {b"key": b"value 2"}
        assert (cache.has_size(100), cache.has_size(99)) == (True, False)
        assert cache.info()[:2] == (3, 3)
    assert notes == []
    assert kind_of(file) is Kind.OURS


def test_any_name_of_a_file(file: Path, notes: list[str]) -> None:
    names = ["it's.jpg", '<b>"a"</b>.jpg', "line\nbreak.jpg", os.fsdecode(b"\xff\xfe.jpg"), "ü.jpg"]
    with Cache(file, notes.append) as cache:
        for number, name in enumerate(names):
            cache.add(picture(number), {b"k": b"v"}, Path(name), "s")
        found = [cache.picture_of(Path(name), "s") for name in names]
    assert found == [picture(number) for number in range(len(names))]
    assert notes == []


def test_two_at_once(file: Path, notes: list[str]) -> None:
    with Cache(file, notes.append) as one, Cache(file, notes.append) as other:
        for number in range(20):
            (one, other)[number % 2].add(picture(number), {b"k": b"v"}, Path(f"{number}"), "s")
        assert all(one.picture(picture(number).digest) for number in range(20))
    assert notes == []


def test_many_that_make_it_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hdrmetrics.collection.keeping.cache import *\n"
        "with Cache(Path('c.sqlite'), print) as one:\n"
        "    for n in range(20):\n"
        "        name = f'{sys.argv[1]} {n}'\n"
        "        picture = Picture(name.encode(), n, 'jpeg', 4, 3)\n"
        "        one.add(picture, {b'k': b'v'}, Path(name), 's')\n"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(number)], cwd=tmp_path, stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for number in range(4)
    ]  # fmt: skip
    assert [run.communicate()[0] for run in runs] == [b""] * 4
    with Cache(tmp_path / "c.sqlite", pytest.fail) as cache:
        assert cache.info()[:2] == (80, 80)


def test_a_lock_that_lasts_is_told_once_and_what_was_known_is_known(
    file: Path, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    fill(file, notes)
    with Cache(file, notes.append) as cache:
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        cache.add(picture(7), {b"k": b"v"}, Path("7"), "s")
        assert notes == []
        holder.execute("COMMIT")
        cache.add(picture(8), {b"k": b"v"}, Path("8"), "s")  # brings what waited
        assert cache.picture(picture(7).digest)
        holder.execute("BEGIN IMMEDIATE")
        for number in range(20, 26):
            cache.add(picture(number), {b"k": b"v"}, Path("x"), "s")
        assert len(notes) == 1
        assert "another process holds the cache" in notes[0]
        assert cache.picture(picture(1).digest)
        holder.close()
    assert len(notes) == 1


@pytest.mark.parametrize("junk", [b"junk", b"SQLite format 3\0" + b"x" * 20, os.urandom(5000)])
def test_a_damaged_one_is_set_aside(notes: list[str], junk: bytes) -> None:
    usual_file().parent.mkdir(parents=True)
    usual_file().write_bytes(junk)
    fill(None, notes)
    assert len(notes) == 1
    assert "set aside" in notes[0]
    (aside,) = usual_file().parent.glob("*.damaged-1")
    assert aside.read_bytes() == junk
    with Cache(None, notes.append) as cache:
        assert cache.info().pictures == 3
    assert len(notes) == 1


def test_damage_inside_is_met_and_the_rest_of_the_run_is_kept(file: Path, notes: list[str]) -> None:
    fill(file, notes, 400)
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
    with Cache(file, notes.append) as cache:
        found = [cache.picture(picture(number).digest) for number in range(400)]
        assert not all(found)
        cache.add(picture(1), {b"k": b"v"}, Path("1"), "s")
        assert cache.picture(picture(1).digest) == picture(1)
    assert len(notes) == 1
    assert len(list(file.parent.glob("*.damaged-*"))) == 1


def test_what_is_no_cache_stays_as_it_is(file: Path, notes: list[str], tmp_path: Path) -> None:
    photograph = tmp_path / "a.jpg"
    photograph.write_bytes(b"\xff\xd8 not to be lost")
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    for one in (photograph, other):
        before = one.read_bytes()
        fill(one, notes)
        assert one.read_bytes() == before
        assert "is no cache" in notes.pop()
        with pytest.raises(OptionError, match="it stays"):
            clear(one)
    fill(tmp_path, notes)
    assert "no regular file" in notes.pop()


def test_a_newer_one_is_left_alone(file: Path, notes: list[str]) -> None:
    fill(file, notes)
    with sqlite3.connect(file) as db:
        db.execute(f"PRAGMA user_version = {module.SCHEMA + 1}")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    before = file.read_bytes()
    with Cache(file, notes.append) as cache:
        assert cache.picture(picture(1).digest) is None
        cache.add(picture(1), {b"k": b"v"}, Path("1"), "s")
    assert file.read_bytes() == before
    assert len(notes) == 1
    assert "newer version" in notes[0]


def test_no_folder_can_be_made(notes: list[str], tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("")
    fill(tmp_path / "in the way" / "cache.sqlite", notes)
    assert len(notes) == 1
    assert notes[0].startswith("there is no cache")


def test_one_that_cannot_be_written_is_read(
    file: Path, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(file, notes)
    connect = sqlite3.connect

    class ReadOnly(sqlite3.Connection):
        def execute(self, statement: str, *rest):  # type: ignore[no-untyped-def]
            if statement.startswith("BEGIN IMMEDIATE"):
                error = sqlite3.OperationalError("attempt to write a readonly database")
                error.sqlite_errorcode = sqlite3.SQLITE_READONLY
                raise error
            return super().execute(statement, *rest)

    monkeypatch.setattr(
        sqlite3, "connect", lambda *words, **more: connect(*words, **more, factory=ReadOnly)
    )
    with Cache(file, notes.append) as cache:
        assert cache.picture(picture(1).digest) == picture(1)
        cache.add(picture(9), {b"k": b"v"}, Path("9"), "s")
        assert cache.picture(picture(9).digest) is None
    assert len(notes) == 1
    assert "cannot be written" in notes[0]


def test_a_full_disk_is_told_and_what_is_known_is_known(file: Path, notes: list[str]) -> None:
    fill(file, notes)
    with Cache(file, notes.append) as cache:
        assert cache._db is not None
        cache._db.execute("PRAGMA max_page_count = 1")  # as SQLite has it: no less than there are
        for number in range(50, 60):
            cache.add(picture(number), {b"k": os.urandom(9000)}, Path("x"), "s")
        assert cache.picture(picture(1).digest) == picture(1)
    assert len(notes) == 1
    assert "full" in notes[0]


def test_the_limit_removes_what_was_not_asked_for_longest(
    file: Path, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DOOMED", 2)
    for hour, numbers in enumerate((range(10), range(10, 20), range(20, 30))):
        monkeypatch.setattr(module, "_now", lambda hour=hour: hour)
        with Cache(file, notes.append) as cache:
            for number in numbers:
                blob = os.urandom(20_000)
                cache.add(picture(number), {b"k": blob}, Path(f"{number}.jpg"), "s")
            cache.picture(picture(3).digest)  # asked for in every run
    before = file.stat().st_size
    with Cache(file, notes.append, limit=400_000) as cache:
        pass
    with Cache(file, notes.append) as cache:
        left = [number for number in range(30) if cache.picture(picture(number).digest)]
        assert cache.info().size <= 400_000
        assert cache.picture_of(Path("0.jpg"), "s") is None
    assert 3 in left
    assert set(range(22, 30)) <= set(left)
    assert not set(range(10)) - {3} & set(left)
    assert file.stat().st_size < before / 1.5
    assert notes == []


def test_clearing(file: Path, notes: list[str]) -> None:
    assert clear(file) is False
    fill(file, notes)
    assert clear(file) is True
    assert list(file.parent.iterdir()) == []


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HDRMETRICS_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.setenv("HDRMETRICS_CACHE", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    for system, folder in (
        ("linux", tmp_path / "xdg" / "hdrmetrics"),
        ("darwin", tmp_path / "Library" / "Caches" / "hdrmetrics"),
        ("win32", tmp_path / "local" / "hdrmetrics" / "Cache"),
    ):
        monkeypatch.setattr("sys.platform", system)
        assert cache_folder() == folder
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache" / "hdrmetrics"


@pytest.mark.parametrize(
    "harm",
    ["DROP TABLE files", "UPDATE meanings SET value = CAST(x'c3ff' AS TEXT)"],
    ids=["a table is gone", "no text"],
)
def test_one_that_is_garbled_is_set_aside_and_begun_anew(
    file: Path, notes: list[str], harm: str
) -> None:
    fill(file, notes)
    with Cache(file, notes.append) as cache:
        cache.add_meaning(b"asked", "meant")
    with sqlite3.connect(file) as db:
        db.execute(harm)
    db.close()
    with Cache(file, notes.append) as cache:
        assert cache.picture_of(Path("1.jpg"), "s") in (None, picture(1))
        assert cache.meaning(b"asked") is None
    assert "set aside" in notes[0]
    assert len(notes) == 1
    fill(file, notes)
    with Cache(file, notes.append) as cache:
        assert cache.picture_of(Path("1.jpg"), "s") == picture(1)
