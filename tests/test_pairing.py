"""Files, folders and patterns become pairs, or an error that lists what has no partner."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hdrmetrics.errors import ImageReadError, PairingError
from hdrmetrics.io import kinds
from hdrmetrics.jobs.pairing import (
    described,
    find_cases,
    find_files,
    left_out,
    listed,
    look_for,
    pair_files,
    unlisted_files,
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "test/b.exr", "test/a.exr", "test/.hidden.exr", "test/notes.txt", "test/sub/c.png",
        "test/.git/d.exr", "ref/a.exr", "ref/b.hdr", "ref/sub/c.exr", "other/a.exr",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "test" / "folder.exr").mkdir()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*sources: str, recursive: bool = False) -> list[str]:
    return [one.name for one in find_files(sources, recursive=recursive)]


def test_a_folder_stands_for_its_images(tree: Path) -> None:
    assert names("test") == ["a.exr", "b.exr"]
    assert names("test", recursive=True) == ["a.exr", "b.exr", "sub/c.png"]
    assert [one.path for one in find_files("test")] == [Path("test/a.exr"), Path("test/b.exr")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes by name")
def test_what_is_called_a_picture_but_is_no_file_counts(tree: Path) -> None:
    """Reading it tells what is wrong: it is not passed over in silence."""
    os.mkfifo(tree / "test" / "pipe.exr")
    os.mkfifo(tree / "test" / "pipe")
    (tree / "test" / "gone.png").symlink_to("nowhere.png")
    (tree / "test" / "round.exr").symlink_to("round.exr")
    (tree / "test" / "self").symlink_to(".")
    assert names("test") == ["a.exr", "b.exr", "gone.png", "pipe.exr", "round.exr"]
    assert "pipe.exr" in names("test", recursive=True)


def test_files_keep_their_order_and_come_once(tree: Path) -> None:
    assert names("test/b.exr", "test", "test/b.exr") == ["b.exr", "a.exr"]
    assert names("not/there.exr") == ["there.exr"]


def test_patterns_are_expanded_here_too(tree: Path) -> None:
    assert names("test/*.exr") == ["a.exr", "b.exr"]
    assert names("test/**/*.png") == ["c.png"]
    assert names("test/?.exr") == ["a.exr", "b.exr"]
    (tree / "x[1].exr").touch()
    assert names("x[1].exr") == ["x[1].exr"]  # a file's own name, not a pattern


def test_equal_names_are_told_apart_by_their_folders(tree: Path) -> None:
    assert names("test/a.exr", "other/a.exr") == ["test/a.exr", "other/a.exr"]


@pytest.mark.parametrize(
    ("source", "needle"),
    [
        ("empty", "'empty' holds no image"),
        ("no/*.exr", "no file matches 'no/[*].exr'"),
        ("no\0/a.exr", "zero byte"),
    ],
)
def test_nothing_is_an_error(tree: Path, source: str, needle: str) -> None:
    with pytest.raises(ImageReadError, match=needle):
        find_files(source)
    with pytest.raises(ImageReadError, match="no files were given"):
        find_files([])


def paired(test: object, reference: object, recursive: bool = False) -> list[tuple[str, str]]:
    pairs = pair_files(
        find_files(test, recursive=recursive),  # type: ignore[arg-type]
        find_files(reference, recursive=recursive),  # type: ignore[arg-type]
    )
    return [(a.path.as_posix(), b.path.as_posix()) for a, b in pairs]


def test_folders_pair_by_stem(tree: Path) -> None:
    assert paired("test", "ref") == [("test/a.exr", "ref/a.exr"), ("test/b.exr", "ref/b.hdr")]
    assert paired("test", "ref", recursive=True)[2] == ("test/sub/c.png", "ref/sub/c.exr")


def test_one_named_reference_serves_all(tree: Path) -> None:
    assert paired("test", "other/a.exr") == [
        ("test/a.exr", "other/a.exr"), ("test/b.exr", "other/a.exr"),
    ]  # fmt: skip
    assert paired("test/b.exr", "ref/a.exr") == [("test/b.exr", "ref/a.exr")]


def test_one_picture_in_a_folder_serves_its_namesake_only(tree: Path) -> None:
    with pytest.raises(PairingError, match=r"1 test\(s\) without reference: b.exr"):
        paired("test", "other")


def test_both_sides_are_listed(tree: Path) -> None:
    (tree / "ref" / "z.exr").touch()
    (tree / "test" / "y.exr").touch()
    with pytest.raises(PairingError) as caught:
        paired("test", "ref")
    assert str(caught.value) == (
        "files are paired by name; 1 test(s) without reference: y.exr; "
        "1 reference(s) without test: z.exr"
    )


def test_twins_need_their_whole_names(tree: Path) -> None:
    for folder in ("test", "ref"):
        (tree / folder / "b.png").touch()
    (tree / "ref" / "b.hdr").rename(tree / "ref" / "b.exr")
    assert paired("test", "ref")[1:] == [
        ("test/b.exr", "ref/b.exr"), ("test/b.png", "ref/b.png"),
    ]  # fmt: skip
    (tree / "ref" / "b.exr").unlink()
    with pytest.raises(PairingError, match="whole names compared: there are several b"):
        paired("test", "ref")


def test_long_lists_are_cut() -> None:
    assert listed([str(i) for i in range(12)], most=3) == "0, 1, 2 and 9 more"
    assert listed(["a"]) == "a"


def test_twins_do_not_keep_others_from_pairing_by_stem(tree: Path) -> None:
    (tree / "test" / "b.png").touch()
    (tree / "ref" / "b.hdr").rename(tree / "ref" / "b.exr")
    (tree / "ref" / "b.png").touch()
    (tree / "ref" / "a.exr").rename(tree / "ref" / "a.hdr")
    assert paired("test", "ref")[0] == ("test/a.exr", "ref/a.hdr")


def cases(test: object, reference: object = None) -> dict[str, tuple[str, str]]:
    found = find_cases(test, reference)  # type: ignore[arg-type]
    return {c.name: (c.reference.as_posix() if c.reference else "", c.problem) for c in found}


def test_cases_leave_nothing_out(tree: Path) -> None:
    (tree / "ref" / "z.hdr").touch()
    (tree / "test" / "y.exr").touch()
    missing = "test/z.exr: missing; no test is there for the reference 'ref/z.hdr'"
    assert cases("test", "ref") == {
        "a.exr": ("ref/a.exr", ""),
        "b.exr": ("ref/b.hdr", ""),
        "y.exr": ("", "test/y.exr: no reference is called 'y'"),
        # Named as the test would be: all tests are .exr.
        "z.exr": ("ref/z.hdr", missing),
    }  # fmt: skip


def test_an_empty_or_missing_test_folder_is_a_case_and_so_is_each_reference(tree: Path) -> None:
    empty = cases("empty", "ref")
    assert list(empty) == ["a.exr", "b.hdr", "empty"]
    assert "empty/a.exr: missing" in empty["a.exr"][1].replace("\\", "/")
    assert "holds no image" in empty["empty"][1]
    gone = cases("gone", "ref")
    assert gone["gone"][1] == "gone: no such file or folder"
    assert "missing" in gone["b.hdr"][1]
    partly = cases(["test", "no/*.exr"])
    assert partly["a.exr"] == ("", "")
    assert "no file matches" in partly["no/*.exr"][1]


def test_nothing_to_compare_with_is_an_error(tree: Path) -> None:
    for test, reference in (("test", "empty"), ("test", "no/*.exr"), ("test", "gone.exr"),
                            ("empty", None), ([], None)):  # fmt: skip
        with pytest.raises(ImageReadError):
            find_cases(test, reference)


def test_what_is_wrong_is_returned_beside_what_is_found(tree: Path) -> None:
    files, problems = look_for(["test", "empty", "no/*.exr"])
    assert [one.name for one in files] == ["a.exr", "b.exr"]
    assert list(problems) == ["empty", "no/*.exr"]


def test_files_that_are_left_out_are_counted_by_ending(tree: Path) -> None:
    (tree / "test" / "README").touch()
    (tree / "test" / "more.TXT").touch()
    assert left_out(["test", "test", "test/a.exr"])[1] == {"": 1, ".txt": 2}
    (tree / "test" / "sub" / "deep.csv").touch()
    assert left_out("test", recursive=True)[1] == {"": 1, ".csv": 1, ".txt": 2}
    assert left_out("test/*.exr")[1] == {}


def files_of(folder, **contents: bytes) -> None:
    folder.mkdir()
    for name, data in contents.items():
        (folder / name.replace("__", ".")).write_bytes(data)


PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


def test_pictures_without_an_ending_are_listed(tmp_path) -> None:
    files_of(tmp_path / "a", one=PNG, two=JPEG, notes=b"some text", three__bmp=b"", empty=b"")
    assert [one.name for one in find_files(tmp_path / "a")] == ["one", "three.bmp", "two"]


@pytest.fixture
def no_raw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "installed", lambda package: False)


def test_raw_files_are_listed_where_they_can_be_developed(tmp_path, monkeypatch) -> None:
    files_of(tmp_path / "a", one__png=PNG, three__DNG=b"II*\0", four__x3f=b"FOVb")
    monkeypatch.setattr(kinds, "installed", lambda package: package == "rawpy")
    assert [one.name for one in find_files(tmp_path / "a")] == ["one.png", "three.DNG"]
    assert [one.name for one in unlisted_files(tmp_path / "a")] == ["four.x3f"]


def test_what_is_left_out_can_be_said(tmp_path, no_raw) -> None:
    files_of(
        tmp_path / "a", one__png=PNG, two__psd=b"8BPS", three__dng=b"II*\0", four__txt=b"text",
        five__dat=JPEG, six=b"8BPS", __hidden__psd=b"8BPS", seven__npy=b"\x93NUMPY",
    )  # fmt: skip
    reasons = {one.name: one.reason for one in unlisted_files(tmp_path / "a")}
    assert sorted(reasons) == ["five.dat", "six", "three.dng", "two.psd"]
    assert reasons["five.dat"].startswith("jpeg by its first bytes")
    assert "develop it first" in reasons["three.dng"]
    words = described(unlisted_files([str(tmp_path / "a"), str(tmp_path / "a" / "one.png")]))
    assert words.startswith("4 pictures were left out: ")
    assert unlisted_files(tmp_path / "a" / "one.png") == []


def test_a_folder_of_unreadable_pictures_says_so(tmp_path) -> None:
    files_of(tmp_path / "a", one__psd=b"8BPS")
    with pytest.raises(ImageReadError, match=r"1 picture was left out: one\.psd \(Photoshop"):
        find_files(tmp_path / "a")


def test_left_out_pictures_in_folders_below(tmp_path, no_raw) -> None:
    files_of(tmp_path / "a", one__png=PNG)
    files_of(tmp_path / "a" / "b", two__cr2=b"")
    assert unlisted_files(tmp_path / "a") == []
    assert [one.name for one in unlisted_files(tmp_path / "a", recursive=True)] == ["b/two.cr2"]


def test_a_link_that_leads_nowhere_is_a_file_that_cannot_be_read(tmp_path) -> None:
    files_of(tmp_path / "a", one__png=PNG)
    for name, target in (("gone.png", "nothing.png"), ("self.png", "self.png"), ("x.txt", "no")):
        link(tmp_path / "a" / name, target)
    assert [one.name for one in find_files(tmp_path / "a")] == ["gone.png", "one.png", "self.png"]
    assert unlisted_files(tmp_path / "a") == []


def test_what_no_walk_reaches_can_be_said(tmp_path) -> None:
    files_of(tmp_path / "a", one__png=PNG)
    (tmp_path / "a" / "dir.png").mkdir()
    link(tmp_path / "a" / "loop", tmp_path)
    assert unlisted_files(tmp_path / "a") == []
    deep = {one.name: one.reason for one in unlisted_files(tmp_path / "a", recursive=True)}
    assert "name it as well" in deep["loop"]
    assert [one.name for one in find_files(tmp_path / "a", recursive=True)] == ["one.png"]
    # The advice, followed: what the link leads to is there as well, and nothing twice.
    files_of(tmp_path / "b", two__png=PNG)
    named = find_files([tmp_path / "a", tmp_path / "a" / "loop"], recursive=True)
    assert [one.path.name for one in named] == ["one.png", "two.png"]


def test_a_folder_that_cannot_be_opened_is_a_problem_not_the_end(tmp_path, monkeypatch) -> None:
    files_of(tmp_path / "a", one__png=PNG)
    files_of(tmp_path / "b", two__png=PNG)
    listing = os.scandir

    def refused(folder: Path):
        if Path(folder).name == "b":
            raise PermissionError(13, "Permission denied", str(folder))
        return listing(folder)

    monkeypatch.setattr(os, "scandir", refused)
    files, problems = look_for([tmp_path / "a", tmp_path / "b"])
    assert [one.name for one in files] == ["one.png"]
    assert "cannot be opened (Permission denied)" in problems[str(tmp_path / "b")]
    assert left_out([tmp_path / "a", tmp_path / "b"]) == ([], {})


def link(path, target) -> None:
    try:
        path.symlink_to(target)
    except OSError as error:
        pytest.skip(f"no symbolic links here: {error}")


def test_a_file_comes_once_by_whatever_way_it_is_named(tree: Path) -> None:
    (tree / "again").symlink_to("test")
    (tree / "test" / "link.exr").symlink_to("a.exr")  # somebody made it a picture of its own
    found = find_files(["test", tree / "test", "ref/../test/a.exr", "again"])
    assert [str(one.path) for one in found] == ["test/a.exr", "test/b.exr", "test/link.exr"]
    assert [one.name for one in found] == ["a.exr", "b.exr", "link.exr"]
