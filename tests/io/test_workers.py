"""Decoders that crash, hang or eat memory, in the processes that read pictures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

import hdrmetrics as hm
from hdrmetrics import read_image
from hdrmetrics.errors import ImageAccessError
from hdrmetrics.io.processes import workers

FOLDER = Path(__file__).parent
PROGRAM = (
    f"import sys; sys.path.insert(0, {str(FOLDER)!r}); import misbehaving\n"
    "from hdrmetrics.io.processes.serving import serve; serve()"
)
unix = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


@pytest.fixture
def saying(tmp_path, monkeypatch):
    """Return a function that makes a file which makes its reader do something."""
    monkeypatch.setattr(workers, "PROGRAM", PROGRAM)
    workers.keep(0)

    def make(word: str, name: str | None = None) -> Path:
        path = tmp_path / f"{name or word}.exr"
        if not path.exists():
            path.write_bytes(b"\x76\x2f\x31\x01" + word.encode())
        return path

    yield make
    workers.keep(0)


def worker_id(saying) -> int:
    return int(read_image(saying("who")).pixels[0, 0, 0])


def test_a_worker_is_used_again(saying):
    assert worker_id(saying) == worker_id(saying) != os.getpid()


@unix
def test_a_crash_is_an_error_and_the_next_file_is_read(saying):
    with pytest.raises(ImageAccessError, match=r"abort\.exr: its decoder crashed \(SIGABRT\)"):
        read_image(saying("abort"))
    assert read_image(saying("fine")).pixels.shape == (4, 5, 3)


@pytest.mark.parametrize(
    ("word", "message"),
    [("exit", r"failed \(exit code 3\)"), ("raise", r"failed \(SystemExit: no\)")],
)
def test_other_ends_are_told_as_well(saying, word, message):
    with pytest.raises(ImageAccessError, match=message):
        read_image(saying(word))


@pytest.mark.parametrize("word", ["hang", "spin"])
def test_what_hangs_is_ended_in_time(saying, word):
    before = worker_id(saying)
    start = time.monotonic()
    with pytest.raises(ImageAccessError, match=r"not decoded within 0\.3 s"):
        read_image(saying(word), timeout=0.3)
    assert time.monotonic() - start < 10
    assert worker_id(saying) != before


@pytest.mark.skipif(sys.platform != "linux", reason="address space can only be limited on Linux")
def test_what_eats_memory_is_refused(saying):
    before = worker_id(saying)
    with pytest.raises(ImageAccessError, match="not enough memory"):
        read_image(saying("eat"), memory=2**30)
    assert worker_id(saying) != before, "a process that ran out of memory is replaced"


@unix
def test_a_crash_is_not_blamed_on_the_next_file(saying):
    read_image(saying("fine"))
    read_image(saying("break the memory"))
    assert read_image(saying("fine")).pixels.shape == (4, 5, 3)


def test_what_decoders_print_is_no_part_of_the_answer(saying):
    assert read_image(saying("chat")).pixels.max() == 1


@pytest.mark.skipif(sys.platform != "linux", reason="address space can only be limited on Linux")
@pytest.mark.parametrize("jobs", [1, 3])
def test_one_job_over_all_of_them(saying, jobs, monkeypatch):
    monkeypatch.setattr("hdrmetrics.io.processes.isolate._SECONDS", 3.0)
    monkeypatch.setattr("hdrmetrics.io.processes.isolate.DEFAULT_MEMORY", 2**30)
    monkeypatch.setattr("hdrmetrics.io.processes.isolate.MAX_BYTES_PER_PIXEL", 1)
    words = ["fine", "abort", "hang", "fine", "eat", "exit", "fine", "abort", "fine"]
    files = [(saying(word, f"{i} {word}"), saying("fine")) for i, word in enumerate(words)]
    seen: list[str] = []
    rows = hm.score_files(
        files, ["pu21-psnr"], jobs=jobs, on_row=lambda row: seen.append(row.test), scale=1.0
    )
    assert [row.test for row in rows] == [str(test) for test, _ in files]
    assert sorted(seen) == sorted(row.test for row in rows)
    told = {"abort": "crashed", "hang": "within", "eat": "memory", "exit": "exit code"}
    for word, row in zip(words, rows, strict=True):
        if word == "fine":
            assert row.scores["pu21-psnr"].value == np.inf
        else:
            assert told[word] in row.errors["file"]


def test_a_process_that_cannot_start_is_done_without(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "PROGRAM", "raise RuntimeError('no')")
    workers.keep(0)
    hm.write_image(tmp_path / "a.exr", np.ones((4, 4, 3), np.float32))
    image = read_image(tmp_path / "a.exr")
    assert image.notes[-1] == (
        "read in this process: the process to decode it failed (RuntimeError: no)"
    )
    with pytest.raises(ImageAccessError, match=r"RuntimeError: no.*isolate=False reads it"):
        read_image(tmp_path / "a.exr", isolate=True)
    assert read_image(tmp_path / "a.exr", isolate=False).notes == ()


@pytest.mark.parametrize(
    ("suffix", "away"),
    [
        (".png", False), (".hdr", False), (".pfm", False), (".jpg", False), (".webp", False),
        (".exr", True), (".tif", True), (".avif", True), (".jxl", True), (".jxr", True),
        (".heic", True), (".ultra", True),
    ],
)  # fmt: skip
def test_which_formats_another_process_reads(tmp_path, monkeypatch, suffix, away):
    codec = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is not installed")
    code = np.full((64, 64, 3), 128, np.uint8)
    light = np.full((64, 64, 4), 2.0, np.float16)
    path = tmp_path / f"a{suffix}"
    if suffix in (".exr", ".hdr", ".pfm"):
        hm.write_image(path, light[..., :3].astype(np.float32))
    elif suffix == ".heic":
        heif = pytest.importorskip("pillow_heif", reason="the extra 'codecs' is not installed")
        heif.from_pillow(PillowImage.fromarray(code)).save(path)
    elif suffix in (".png", ".jpg", ".webp", ".tif"):
        PillowImage.fromarray(code).save(path)
    else:
        encode = {
            ".avif": codec.avif_encode,
            ".jxl": codec.jpegxl_encode,
            ".jxr": codec.jpegxr_encode,
            ".ultra": lambda _: codec.ultrahdr_encode(light),
        }[suffix]
        path.write_bytes(encode(code))
    # Where no process can start, a note says so.
    monkeypatch.setattr(workers, "PROGRAM", "raise RuntimeError('no')")
    workers.keep(0)
    notes = read_image(path).notes
    assert any("read in this process" in note for note in notes) == away


@pytest.mark.parametrize("program", [None, "", "/no/such/python"])
def test_no_python_to_start(tmp_path, monkeypatch, program):
    hm.write_image(tmp_path / "a.exr", np.ones((4, 4, 3), np.float32))
    workers.keep(0)
    monkeypatch.setattr(sys, "executable", program)
    assert "no process could be started" in read_image(tmp_path / "a.exr").notes[-1]


def test_threads_have_a_worker_each(saying):
    start = threading.Barrier(3)

    def read() -> None:
        start.wait()
        for _ in range(5):
            found.append(worker_id(saying))

    found: list[int] = []
    saying("who")
    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 15
    assert 1 <= len(set(found)) <= 3
    workers.keep(1)
    assert len(workers._idle) == 1


# How it ends, seen from outside: the pictures are read by a program of its own.

_CHILD = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what runs in the background
sys.path.insert(0, {folder!r})
import hdrmetrics as hm
from hdrmetrics.io.processes import workers
workers.PROGRAM = {program!r}
print(int(hm.read_image({who!r}).pixels[0, 0, 0]), flush=True)
{then}
"""


def start(saying, then: str) -> tuple[subprocess.Popen, int]:
    code = _CHILD.format(
        folder=str(FOLDER), program=PROGRAM, who=str(saying("who")), then=textwrap.dedent(then)
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    return program, int(program.stdout.readline())


def is_gone(process: int) -> bool:
    """Whether a process has ended, within some seconds."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@linux
@pytest.mark.parametrize("then", ["", "raise ValueError('x')", "sys.exit(3)"])
def test_no_process_is_left_and_none_waited_for(saying, then):
    begin = time.monotonic()
    program, worker = start(saying, then)
    program.communicate(timeout=60)
    assert time.monotonic() - begin < 30
    assert is_gone(worker)


@linux
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("word", ["who", "hang"])
def test_no_process_outlives_a_signal(saying, how, word):
    then = f"hm.read_image({str(saying(word))!r}); time.sleep(60)"
    program, worker = start(saying, then)
    time.sleep(0.5)
    program.send_signal(how)
    _, err = program.communicate(timeout=30)
    assert program.returncode != 0
    assert is_gone(worker)
    assert err.count("KeyboardInterrupt") <= (how == signal.SIGINT)


@linux
def test_a_fork_leaves_the_workers_of_its_parent_alone(saying):
    then = f"""
    child = os.fork()
    if child == 0:
        first = int(hm.read_image({str(saying("who"))!r}).pixels[0, 0, 0])
        print(first, flush=True)
        sys.exit(0)
    os.waitpid(child, 0)
    print(int(hm.read_image({str(saying("who"))!r}).pixels[0, 0, 0]))
    """
    program, worker = start(saying, then)
    out, err = program.communicate(timeout=60)
    of_child, again = (int(line) for line in out.split())
    assert of_child != worker == again, err
    assert is_gone(of_child)
    assert is_gone(worker)
