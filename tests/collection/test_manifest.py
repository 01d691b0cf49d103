"""Lists of pictures are read line by line, whatever their names and wherever they lie."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.sharding.manifest import Manifest, is_manifest, items_in
from hdrmetrics.errors import ImageReadError, TableError
from tests.collection.pictures import photographs

fsspec = pytest.importorskip("fsspec", reason="the extra 'dask' or 'ray' is not installed")


@pytest.fixture
def memory() -> Iterator[object]:
    store = fsspec.filesystem("memory")
    store.store.clear()
    yield store
    store.store.clear()


def test_text_files(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes(b"\xef\xbb\xbfa b.jpg\r\n\r\n/x/#1.jpg\ns3://bucket/c.jpg\ncaf\xe9.jpg")
    found = list(Manifest(file))
    assert [one.path for one in found[:3]] == [
        f"{tmp_path}/a b.jpg",
        "/x/#1.jpg",
        "s3://bucket/c.jpg",
    ]
    assert found[3].path.encode("utf-8", "surrogateescape").endswith(b"caf\xe9.jpg")
    assert [one.name for one in found[:2]] == ["a b.jpg", "/x/#1.jpg"]


def test_tables(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="the extra 'report' is not installed")
    pytest.importorskip("pyarrow", reason="the extra 'datasets' is not installed")
    rows = {"other": [1, 2], "path": ['a,"\n.jpg', "s3://b/c.jpg"], "name": ["first", None]}
    frame = pandas.DataFrame(rows)
    frame.to_csv(tmp_path / "list.csv", index=False)
    frame.to_parquet(tmp_path / "list.parquet")
    expected = [Item(f'{tmp_path}/a,"\n.jpg', "first"), Item("s3://b/c.jpg", "s3://b/c.jpg")]
    for name in ("list.csv", "list.parquet"):
        assert list(Manifest(tmp_path / name)) == expected


def test_a_list_in_a_store(memory: object) -> None:
    memory.pipe("/lists/all.txt", b"one.jpg\nmemory://else/two.jpg\n")  # type: ignore[attr-defined]
    found = [one.path for one in Manifest("memory://lists/all.txt")]
    assert found == ["memory://lists/one.jpg", "memory://else/two.jpg"]


def test_a_list_is_read_as_far_as_it_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("path\n" + "a.jpg\n" * 5 + '""\n')
    items = items_in(file)
    assert len(list(itertools.islice(items, 5))) == 5
    for _ in range(2):  # each time anew
        with pytest.raises(TableError, match=r"row 6 .*names no picture"):
            list(items)


@pytest.mark.parametrize(
    ("name", "data", "match"),
    [
        ("a.csv", b"file,name\na.jpg,b\n", "column 'path'.*file, name"),
        ("a.csv", b"", "none"),
        ("a.parquet", b"PAR1 and then nothing", "cannot read the list"),
        ("gone.txt", None, "cannot read the list"),
        ("a.txt", "b/a.jpg\r\n".encode("utf-16"), "row 1 .*zero byte.*UTF-8"),
        ("a.csv", b"path\na.jpg\na\0b/c.jpg\n", "row 2 .*zero byte"),
    ],
)
def test_lists_that_are_none(tmp_path: Path, name: str, data: bytes | None, match: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="the extra 'datasets' is not installed")
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(TableError, match=match):
        list(Manifest(tmp_path / name))


def test_folders_patterns_and_files_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photographs(tmp_path / "p", "b", "a", "deep/c")
    (tmp_path / "p" / "notes.md").write_text("no picture")
    monkeypatch.chdir(tmp_path)
    found = list(items_in(["p", Item("x.jpg", "x"), "p/deep/*.jpg", "gone.png"]))
    assert [one.name for one in found] == ["a.jpg", "b.jpg", "deep/c.jpg", "x", "c.jpg", "gone.png"]
    assert all(Path(one.path).is_absolute() for one in found)
    assert [one.name for one in items_in("p", recursive=False)] == ["a.jpg", "b.jpg"]


def test_folders_and_patterns_of_stores(memory: object) -> None:
    for name in ("b.jpg", "a.JPG", "deep/c.png", "deep/notes.txt"):
        memory.pipe(f"/bucket/photos/{name}", b"x")  # type: ignore[attr-defined]
    whole = list(items_in("memory://bucket/photos/"))
    assert list(items_in("memory://bucket/photos")) == whole, "a folder without its slash"
    assert [one.name for one in whole] == ["a.JPG", "b.jpg", "deep/c.png"]
    assert whole[0].path == "memory:///bucket/photos/a.JPG"
    flat = items_in("memory://bucket/photos/", recursive=False)
    assert [one.name for one in flat] == ["a.JPG", "b.jpg"]
    assert [one.name for one in items_in("memory://bucket/photos/**/*.png")] == ["deep/c.png"]
    assert [one.path for one in items_in("memory://bucket/x.jpg")] == ["memory://bucket/x.jpg"]
    for empty in ("memory://bucket/none/", "memory://bucket/*.jpg"):
        with pytest.raises(ImageReadError, match=r"holds no picture|cannot look into"):
            items_in(empty)


def test_which_are_lists() -> None:
    assert [is_manifest(one) for one in ("a.TXT", "s3://a/b.parquet", "a.jpg", "folder")] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("column", ["path", "name"])
def test_columns_of_tables_are_text(tmp_path: Path, column: str) -> None:
    pandas = pytest.importorskip("pandas", reason="the extra 'report' is not installed")
    pytest.importorskip("pyarrow", reason="the extra 'datasets' is not installed")
    values = {"path": ["a.jpg", "b.jpg"], "name": ["first", "second"]} | {column: [1, 2]}
    pandas.DataFrame(values).to_parquet(tmp_path / "list.parquet")
    with pytest.raises(TableError, match=f"column '{column}' .* is text, not int64"):
        list(Manifest(tmp_path / "list.parquet"))
    values[column] = [b"x", b"y"]
    pandas.DataFrame(values).to_parquet(tmp_path / "list.parquet")
    with pytest.raises(TableError, match="is text, not binary"):
        list(Manifest(tmp_path / "list.parquet"))
    values[column] = ["c.jpg", "d.jpg"]
    pandas.DataFrame(values).astype("category").to_parquet(tmp_path / "list.parquet")
    assert len(list(Manifest(tmp_path / "list.parquet"))) == 2
