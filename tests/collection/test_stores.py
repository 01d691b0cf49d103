"""Objects are copied within limits, and files appear complete or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from hdrmetrics.collection.sharding import stores
from hdrmetrics.collection.sharding.stores import Folder, copied, is_address
from hdrmetrics.errors import (
    ImageLimitError,
    ImageReadError,
    ImageWriteError,
    MissingPackageError,
    StoreError,
)

fsspec = pytest.importorskip("fsspec", reason="the extra 'dask' or 'ray' is not installed")
from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402


class Shaky(MemoryFileSystem):  # type: ignore[misc]
    """A store whose lines break: ``failures`` of the next calls fail."""

    protocol = ("shaky",)
    store: dict[str, Any] = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012
    failures = 0
    asked = 0

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(MemoryFileSystem._strip_protocol(path.replace("shaky://", "memory://")))

    def _call(self) -> None:
        type(self).asked += 1
        if type(self).failures > 0:
            type(self).failures -= 1
            raise ConnectionResetError("the line broke")

    def _open(self, *args: Any, **kwargs: Any) -> Any:
        self._call()
        return super()._open(*args, **kwargs)

    def ls(self, *args: Any, **kwargs: Any) -> Any:
        self._call()
        return super().ls(*args, **kwargs)


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_PAUSES", (0.0, 0.0))
    fsspec.register_implementation("shaky", Shaky, clobber=True)
    MemoryFileSystem.store.clear()
    Shaky.store.clear()
    Shaky.failures = Shaky.asked = 0


def test_addresses() -> None:
    for one in ("s3://a/b", "zip://a::s3://b", "memory://x", "gs://a"):
        assert is_address(one)
    for one in ("/a/b", "a/b", r"C:\a\b", "file:///a", "a://"[1:], "12:30.jpg"):
        assert not is_address(one)


def test_an_object_is_copied_and_the_copy_goes() -> None:
    fsspec.filesystem("memory").pipe("/photos/a.JPG", b"12345")
    with copied("memory://photos/a.JPG") as file:
        assert Path(file).read_bytes() == b"12345"
        assert file.endswith(".JPG")
    assert not os.path.exists(file)


def test_paths_are_themselves(tmp_path: Path) -> None:
    for path in (str(tmp_path / "a.jpg"), "nowhere.jpg"):
        with copied(path) as file:
            assert file == path
    with copied(f"file://{tmp_path}/a.jpg") as file:
        assert file == f"{tmp_path}/a.jpg"


def test_an_object_above_the_limit_is_refused() -> None:
    fsspec.filesystem("memory").pipe("/a.jpg", b"12345")
    with (
        pytest.raises(ImageLimitError, match="more than 4 bytes"),
        copied("memory://a.jpg", most=4),
    ):
        pass
    with copied("memory://a.jpg", most=5):
        pass


@pytest.mark.parametrize(
    ("address", "error", "match"),
    [
        ("memory://gone.jpg", ImageReadError, "no such object"),
        ("nonsense://a.jpg", ImageReadError, "nonsense"),
        ("shaky://gone.jpg", ImageReadError, "no such object"),
    ],
)
def test_what_is_not_there_is_an_error_of_the_picture(
    address: str, error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match) as caught, copied(address):
        pass
    assert not isinstance(caught.value, StoreError)


def test_a_store_whose_package_is_missing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.registry import known_implementations

    monkeypatch.setitem(
        known_implementations, "far", {"class": "no_such_package.FS", "err": "install it"}
    )
    with pytest.raises(MissingPackageError, match=r"far://.*install it"), copied("far://a.jpg"):
        pass


def test_a_broken_line_is_tried_again_and_then_told() -> None:
    fsspec.filesystem("shaky").pipe("/a.jpg", b"12345")
    Shaky.asked, Shaky.failures = 0, 2
    with copied("shaky://a.jpg") as file:
        assert Path(file).read_bytes() == b"12345"
    Shaky.asked, Shaky.failures = 0, 9
    with (
        pytest.raises(StoreError, match=r"no answer about 'shaky://a\.jpg': the line broke"),
        copied("shaky://a.jpg"),
    ):
        pass
    assert Shaky.asked == 3


@pytest.mark.parametrize("kind", ["path", "file", "memory", "shaky"])
def test_a_folder_keeps_what_is_written(kind: str, tmp_path: Path) -> None:
    place = {"path": str(tmp_path / "out"), "file": f"file://{tmp_path}/out"}
    folder = Folder(place.get(kind, f"{kind}://bucket/out/"))
    assert folder.names() == set()
    assert not folder.has("a")
    folder.write("a", b"1")
    folder.write("b/c", b"2")
    folder.write("a", b"3")
    assert folder.names() == {"a"}
    assert folder.names("b") == {"c"}
    assert folder.read("a") == b"3"
    assert folder.read("b/c") == b"2"
    assert folder.has("b/c")
    folder.remove("a")
    folder.remove("a")
    assert folder.names() == set()
    with pytest.raises(ImageReadError):
        folder.read("a")


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder("shaky://bucket/out")
    folder.write("a", b"old")
    moved = Shaky.mv

    def die(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt  # as a kill between the draft and its commit

    monkeypatch.setattr(Shaky, "mv", die)
    with pytest.raises(KeyboardInterrupt):
        folder.write("a", b"new, and longer")
    monkeypatch.setattr(Shaky, "mv", moved)
    assert folder.read("a") == b"old"


def test_folders_that_cannot_be_written_say_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ImageWriteError, match="cannot make"):
        Folder(tmp_path / "file" / "out").write("a", b"")
    with pytest.raises(ImageReadError, match="cannot look into"):
        Folder(tmp_path / "file").names()
    folder = Folder("shaky://bucket/out")
    Shaky.failures = 99
    with pytest.raises(StoreError):
        folder.names()


def test_a_copy_that_breaks_off_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    store = fsspec.filesystem("memory")
    store.pipe("/a.jpg", b"12345")
    opened: list[int] = []

    class Torn(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if len(opened) == 1 and self.tell():
                raise TimeoutError("torn")
            return super().read(2)

    def give(*args: Any, **kwargs: Any) -> Torn:
        opened.append(1)
        return Torn(b"12345")

    monkeypatch.setattr(MemoryFileSystem, "open", give)
    with copied("memory://a.jpg") as file:
        assert Path(file).read_bytes() == b"12345"
    assert len(opened) == 2
