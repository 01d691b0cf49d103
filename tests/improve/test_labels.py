"""Labels: what is read, refused and tolerated, and what a kill leaves of them."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hdrmetrics.errors import ImageWriteError, TableError
from hdrmetrics.improve.answers import AnswerFile
from hdrmetrics.improve.labels import read_labels
from tests.cli.processes import ROOT

HEAD = "name,label,seconds,side,labelled_at\n"
ROW = "roof,2,3.10,left,2026-01-02T03:04:05Z\n"


def file(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_last_row_of_a_name_counts(tmp_path: Path) -> None:
    text = "\ufeffwho,label,name\r\nme,2,roof\r\n\r\nme,0,lake\r\nme,-1,roof\r\nme,1,Ä\r\n"
    labels = read_labels(file(tmp_path, text))
    assert labels == {"lake": 0, "roof": -1, "Ä": 1}
    assert list(labels) == ["lake", "roof", "Ä"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + ROW + "lake,3,1,left,x\n", r"labels.csv, line 3: '3' is no label; 2 sig"),
        (HEAD + "lake,,1,left,x\n", "line 2: '' is no label"),
        (HEAD + "lake,1.0,1,left,x\n", "line 2: '1.0' is no label"),
        (HEAD + "lake,nan,1,left,x\n", "line 2: 'nan' is no label"),
        (HEAD + "lake,−1,1,left,x\n", "line 2: '−1' is no label"),
        (HEAD + "lake,01,1,left,x\n", "line 2: '01' is no label"),
        (HEAD + "lake,1\n" + ROW, "line 2: 2 cells"),
        (HEAD + ",1,1,left,x\n", "line 2: '' is no name"),
        (HEAD + '"lake\n",1,1,left,x\n', "line 2: not CSV"),
        (HEAD.encode() + b"l\xe4ke,1,1,left,x\n", "line 2: not UTF-8"),
        ("name,score\nlake,1\n", "no column 'label'"),
        ("no labels at all", "no column 'name'"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not UTF-8"),
    ],
)
def test_nonsense_is_refused_by_line(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        read_labels(file(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"cannot read .*No such file"):
        read_labels(tmp_path / "labels.csv")


def test_whatever_a_kill_leaves_of_the_last_line_is_tolerated(tmp_path: Path) -> None:
    """Every beginning of a file: its whole rows are there, and it goes on without damage."""
    rows = ("Dächer,2,3.10,left,2026-01-02T03:04:05Z\n", '"a, b",-1,2.00,right,2026-01-02T03:04Z\n')
    data = (HEAD + "".join(rows)).encode()
    ends = [len((HEAD + "".join(rows[:count])).encode()) for count in range(3)]
    for size in range(len(data) + 1):
        path = file(tmp_path, data[:size])
        labels = read_labels(path)
        whole = sum(size >= end for end in ends[1:])
        names = ["Dächer", "a, b"]
        assert list(labels)[:whole] == names[:whole], size
        # A row that lacks nothing but the end of its time says what was answered.
        assert list(labels) in (names[:whole], names[: whole + 1]), size
        answers = AnswerFile(path)
        assert answers.labels == labels
        answers.add("new", 1, seconds=1, side="left")
        assert read_labels(path) == labels | {"new": 1}, size
        with path.open(newline="", encoding="utf-8") as written:
            read = list(csv.DictReader(written))
        assert [row["name"] for row in read] == [*labels, "new"], size


def test_a_last_line_without_a_line_break_counts_if_it_is_whole(tmp_path: Path) -> None:
    path = file(tmp_path, HEAD + ROW.strip())
    assert read_labels(path) == {"roof": 2}
    AnswerFile(path).add("lake", 0, seconds=1, side="right")
    assert read_labels(path) == {"roof": 2, "lake": 0}


def test_rows_are_as_they_should_be(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    answers = AnswerFile(path)
    assert not path.exists()
    answers.add('the "roof", red', -1, seconds=12.3456, side="right")
    head, row, end = path.read_bytes().decode().split("\n")
    assert (head + "\n", end) == (HEAD, "")
    assert re.fullmatch(
        r'"the ""roof"", red",-1,12\.35,right,20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ', row
    )


def test_what_others_add_meanwhile_stays(tmp_path: Path) -> None:
    path = file(tmp_path, HEAD + ROW + "torn,1")
    answers = AnswerFile(path)
    answers.add("a", 1, seconds=1, side="left")
    with path.open("a") as other:
        other.write("b,0,1,left,x\nc,1,1,left,x")  # by an editor that leaves out the last break
    answers.add("d", 2, seconds=1, side="left")
    assert read_labels(path) == {"roof": 2, "a": 1, "b": 0, "c": 1, "d": 2}


def test_two_who_answer_at_once_know_of_each_other(tmp_path: Path) -> None:
    path = file(tmp_path, HEAD + ROW + "torn,1")
    first, second = AnswerFile(path), AnswerFile(path)
    first.add("a", 1, seconds=1, side="left")
    second.add("b", 0, seconds=1, side="left")
    assert second.labels == {"roof": 2, "a": 1, "b": 0}
    first.add("a", 2, seconds=1, side="left")
    assert first.labels == read_labels(path) == {"roof": 2, "b": 0, "a": 2}


def test_labels_are_those_of_the_file(tmp_path: Path) -> None:
    path = file(tmp_path, HEAD + ROW)
    answers = AnswerFile(path)
    path.unlink()
    answers.add("a", 1, seconds=1, side="left")
    assert answers.labels == read_labels(path) == {"a": 1}
    path.write_text("who\nme\n")
    with pytest.raises(TableError, match="no column 'name'"):
        answers.add("b", 1, seconds=1, side="left")
    assert path.read_text() == "who\nme\n"
    assert answers.labels == {"a": 1}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user without all rights")
def test_a_file_that_may_not_be_read_is_refused_though_it_is_empty(tmp_path: Path) -> None:
    path = file(tmp_path, "")
    path.chmod(0)
    with pytest.raises(TableError, match="Permission denied"):
        AnswerFile(path)


def test_files_with_other_columns_are_not_added_to(tmp_path: Path) -> None:
    path = file(tmp_path, "name,label\nroof,1\n")
    with pytest.raises(TableError, match=r"other columns .* --out"):
        AnswerFile(path)
    assert path.read_text() == "name,label\nroof,1\n"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    answers = AnswerFile(tmp_path / "no" / "labels.csv")
    with pytest.raises(ImageWriteError, match=r"cannot write .*No such file"):
        answers.add("a", 1, seconds=1, side="left")
    assert answers.labels == {}


def test_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(tmp_path, HEAD + ROW)
    answers = AnswerFile(path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:7]))
    with pytest.raises(ImageWriteError, match=r"cannot write .*space"):
        answers.add("lake", 1, seconds=1, side="left")
    monkeypatch.undo()
    assert path.read_text() == HEAD + ROW
    assert answers.labels == {"roof": 2}


@pytest.mark.skipif(os.name == "nt", reason="kills by a signal")
def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    program = (
        "import sys; from hdrmetrics.improve.answers import AnswerFile\n"
        "answers = AnswerFile(sys.argv[1])\n"
        "for number in range(100000):\n"
        "    answers.add(f'pair {number}', number % 3, seconds=1, side='left')\n"
        "    print(number, flush=True)\n"
    )
    path = tmp_path / "labels.csv"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        for _ in range(20):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait()
        last = max([last, *map(int, process.stdout.read().split())])
    labels = read_labels(path)
    assert len(labels) >= last + 1
    assert all(labels[f"pair {number}"] == number % 3 for number in range(last + 1))
