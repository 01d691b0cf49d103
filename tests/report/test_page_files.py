"""The folder beside a page: a page leaves nothing of the one before, and touches nothing else."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image as Pillow

from hdrmetrics.errors import ImageWriteError
from hdrmetrics.improve.previews import preview_paths, save_previews
from hdrmetrics.jobs import page_files
from hdrmetrics.jobs.folders import MADE, entries
from hdrmetrics.jobs.page_files import folder_of, note, remove_unused
from hdrmetrics.report.page import Page, PageRow
from hdrmetrics.report.pictures import stored
from hdrmetrics.report.rendering import write_page

pytest.importorskip("jinja2", reason="the extra 'report' is not installed")


def jpeg(level: int) -> bytes:
    file = io.BytesIO()
    Pillow.new("L", (6, 4), level).save(file, "JPEG")
    return file.getvalue()


def write(target: Path, levels: Sequence[int], *, embed: bool = False) -> list[str]:
    """Write a page of grey pictures, and return what their files are called."""
    rows = [
        PageRow(f"{level}", {}, [stored("it", jpeg(level), target, embed=embed)])
        for level in levels
    ]
    write_page(target, Page("t", [], rows))
    return [Path(row.pictures[0].src).name for row in rows if not embed]


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "my page.html"


def test_what_a_page_does_not_show_any_more_goes(target: Path) -> None:
    folder = folder_of(target)
    first = write(target, [10, 20, 30])
    assert names(folder) == sorted([MADE, *first])
    stamp = (folder / first[2]).stat().st_mtime_ns
    second = write(target, [30, 40])
    assert second[0] == first[2]
    assert names(folder) == sorted([MADE, *second])
    assert (folder / first[2]).stat().st_mtime_ns == stamp
    write(target, [50], embed=True)  # now the page holds all itself
    assert not folder.exists()


def test_nothing_that_others_made_is_touched(target: Path) -> None:
    folder = folder_of(target)
    first = write(target, [10, 20])
    mine = [folder / "holiday.jpg", folder / ("0" * 20 + ".jpg"), folder.parent / first[0]]
    for one in mine:
        one.write_bytes(b"mine")
    with (folder / MADE).open("a") as file:  # whoever wrote that
        file.write("\n../mine.txt\nholiday.jpg\n.\n/\n")
    write(target, [30], embed=True)
    assert names(folder) == sorted([MADE, "holiday.jpg", "0" * 20 + ".jpg"])
    assert all(one.read_bytes() == b"mine" for one in mine)


def test_a_folder_of_somebody_else_stays_as_it_is(target: Path) -> None:
    folder = folder_of(target)  # as a browser leaves it that saved the page
    folder.mkdir()
    (folder / "style.css").touch()
    first = write(target, [10])
    assert names(folder) == sorted([*first, "style.css"])
    write(target, [20])
    assert first[0] in names(folder)
    assert MADE not in names(folder)


def test_an_empty_folder_is_taken_as_it_is(target: Path) -> None:
    folder_of(target).mkdir()
    folder_of(target).chmod(0o700)
    before = folder_of(target).stat()
    write(target, [10])
    assert MADE in names(folder_of(target))
    after = folder_of(target).stat()
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)


def test_pages_that_share_a_folder(target: Path) -> None:
    other = target.with_suffix(".htm")
    one, two = write(target, [10, 20]), write(other, [20, 30])
    write(target, [40])
    assert set(names(folder_of(target))) & {*one, *two} == set(two)
    other.unlink()
    left = write(target, [40])
    assert names(folder_of(target)) == sorted([MADE, *left])


@pytest.mark.parametrize("name", ["as it was on Monday.HTML", "my page.html.bak", "b.htm~"])
def test_a_copy_of_a_page_keeps_what_it_shows(target: Path, name: str) -> None:
    first = write(target, [10, 20])
    copy = target.with_name(name)
    copy.write_bytes(target.read_bytes())
    second = write(target, [30])
    assert names(folder_of(target)) == sorted([MADE, *first, *second])
    copy.unlink()
    write(target, [30])
    assert names(folder_of(target)) == sorted([MADE, *second])


def test_a_folder_that_is_a_link_keeps_all(target: Path) -> None:
    first = write(target, [10])
    other = target.parent / "elsewhere" / target.name
    other.parent.mkdir()
    try:
        folder_of(other).symlink_to(folder_of(target), target_is_directory=True)
    except OSError:
        pytest.skip("links cannot be made here")
    second = write(other, [20])
    write(other, [30], embed=True)
    assert {*first, *second} < set(names(folder_of(target)))


def test_a_mark_that_is_a_link_leads_to_nothing_of_ours(target: Path) -> None:
    mine = target.with_name("mine.txt")
    mine.write_text("mine")
    folder_of(target).mkdir()
    try:
        (folder_of(target) / MADE).symlink_to(mine)
    except OSError:
        pytest.skip("links cannot be made here")
    first = write(target, [10])
    second = write(target, [20])
    assert mine.read_text() == "mine"
    assert names(folder_of(target)) == sorted([MADE, *first, *second])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_a_page_that_went_into_a_pipe_keeps_its_pictures(target: Path) -> None:
    os.mkfifo(target)
    reader = threading.Thread(target=target.read_bytes)
    reader.start()
    shown = write(target, [10, 20])
    reader.join()
    assert set(shown) < set(names(folder_of(target)))


def test_pictures_of_a_run_that_was_killed_go_with_the_next_page(target: Path) -> None:
    folder = folder_of(target)
    shown = write(target, [10])
    for level in (20, 30):
        stored("it", jpeg(level), target, embed=False)
    torn = "f" * 20 + ".jpg"
    note(folder / torn)  # and killed as it was written
    (folder / f".{'f' * 20}.01234567.jpg").write_bytes(b"half")
    with (folder / MADE).open("a") as file:
        file.write("\n0123")
    assert len(names(folder)) == 1 + 3 + 1
    assert write(target, [10]) == shown
    assert names(folder) == sorted([MADE, *shown])
    assert (folder / MADE).read_text().split() == shown


@pytest.mark.parametrize("step", range(4))
def test_killed_as_it_removes_it_goes_on_the_next_time(
    target: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(target, [10, 20, 30])

    class KilledError(BaseException):
        pass

    left = [step]

    def killed(*words: object) -> None:
        if not left[0]:
            raise KilledError
        left[0] -= 1

    unlink = Path.unlink
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *a, **k: (killed(), unlink(*a, **k)))
        patch.setattr(Path, "rmdir", killed)
        left[0] += 1  # the draft of the page
        with pytest.raises(KilledError):
            write(target, [40], embed=True)
    assert "40" in target.read_text()  # the page was there first
    write(target, [50, 60])
    assert len(names(folder_of(target))) == 1 + 2
    write(target, [40], embed=True)
    assert not folder_of(target).exists()


def test_a_page_that_cannot_be_read_keeps_what_it_may_show(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(target, [10, 20])

    def refuse(*words: object) -> None:
        raise PermissionError("not for you")

    monkeypatch.setattr(page_files, "_shown", refuse)
    write(target, [30])
    assert set(first) < set(names(folder_of(target)))


def test_what_cannot_be_removed_is_no_error(target: Path) -> None:
    (first,) = write(target, [10])
    (folder_of(target) / first).unlink()
    (folder_of(target) / first).mkdir()
    second = write(target, [20])
    assert names(folder_of(target)) == sorted([MADE, first, *second])


def test_thumbnails_that_a_run_keeps_are_noted_too(target: Path) -> None:
    folder = folder_of(target)
    paths = preview_paths(folder, "a.jpg")
    save_previews(paths, {"before": jpeg(1), "after": jpeg(2)}, of_page=True)
    save_previews(paths, {"before": jpeg(3)}, of_page=True)
    assert names(folder) == sorted([MADE, *(one.name for one in paths.values())])
    assert [one.name for one in entries(folder.parent, recursive=True)] == [folder.name]
    remove_unused(target)  # no page was ever written
    assert not folder.exists()


def test_many_threads_make_one_folder(target: Path) -> None:
    folder = folder_of(target)
    made = [folder / f"{level:020x}.jpg" for level in range(16)]
    start = threading.Barrier(len(made))

    def work(path: Path) -> None:
        start.wait()
        note(path)
        path.write_bytes(b"it")

    threads = [threading.Thread(target=work, args=(path,)) for path in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(folder.parent) == [folder.name]
    assert sorted((folder / MADE).read_text().split()) == [path.name for path in made]
    remove_unused(target)
    assert not folder.exists()


def test_a_folder_that_cannot_be_made(target: Path) -> None:
    folder_of(target).write_text("a file")
    with pytest.raises(ImageWriteError, match="cannot write"):
        write(target, [10])
    assert names(target.parent) == [folder_of(target).name]


def test_without_a_folder_there_is_nothing_to_do(target: Path) -> None:
    remove_unused(target)
    remove_unused(os.devnull)
    assert names(target.parent) == []
