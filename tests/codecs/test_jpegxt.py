"""JPEG XT: the real program, and programs of its name that misbehave."""

from __future__ import annotations

import io
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr

import hdrmetrics as hm
from hdrmetrics.codecs import create_codec
from hdrmetrics.codecs.jpegxt.codec import JpegXt
from hdrmetrics.errors import ImageReadError, ImageWriteError
from hdrmetrics.photometry.color import luminance

real = pytest.mark.skipif(
    shutil.which("jpeg") is None,
    reason="the program jpeg (Debian package libjpeg-tools) is not installed",
)
posix = pytest.mark.skipif(os.name != "posix", reason="the fake programs are shell scripts")
Fake = Callable[[str], Path]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The folder for temporary files, which has to be empty in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Return a function that puts a shell script called ``jpeg`` before all other programs.

    ``$source`` and ``$target`` are the files that it is called with.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(script: str) -> Path:
        program = folder / "jpeg"
        last = 'for target; do source="$previous"; previous="$target"; done\n'
        program.write_text(f"#!/bin/sh\n{last}{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program

    return make


# -- the real program ---------------------------------------------------------------------------


@real
def test_the_file_is_that_of_the_documented_command(light: torch.Tensor, tmp_path: Path) -> None:
    planes = light[0].permute(1, 2, 0).numpy()
    header = f"PF\n{planes.shape[1]} {planes.shape[0]}\n-1.0\n".encode()
    # The program takes rows from the top down.
    (tmp_path / "a.pfm").write_bytes(header + planes.astype("<f4").tobytes())
    command = "jpeg -r -q 60 -Q 80 -h -profile c -rR 4 a.pfm a.jpg"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True, timeout=60)
    data = create_codec("jpegxt", quality=60, residual_quality=80).encode(light)
    assert data == (tmp_path / "a.jpg").read_bytes()
    subprocess.run(
        ["jpeg", "a.jpg", "b.pfm"], cwd=tmp_path, check=True, capture_output=True, timeout=60
    )
    wanted = hm.read_image(tmp_path / "b.pfm").pixels[::-1].clip(0)
    decoded = create_codec("jpegxt", quality=60, residual_quality=80)(light).image
    assert np.array_equal(decoded[0].permute(1, 2, 0).numpy(), wanted)


@real
def test_any_program_shows_the_base_picture(light: torch.Tensor) -> None:
    with Image.open(io.BytesIO(create_codec("jpegxt").encode(light))) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (128, 96))
        shown = np.asarray(picture.convert("L")).ravel()
    assert spearmanr(shown, luminance(light).numpy().ravel()).statistic > 0.98
    with Image.open(io.BytesIO(create_codec("jpegxt").encode(light[:, 1:2]))) as picture:
        assert picture.mode == "L"


@real
def test_the_program_says_what_is_no_jpeg() -> None:
    with pytest.raises(ImageReadError, match="SOI marker missing"):
        create_codec("jpegxt").decode(b"garbage")


@real
def test_a_file_cut_short_is_an_error_or_a_worse_picture(light: torch.Tensor) -> None:
    piece = light[..., :32, :32]
    codec = create_codec("jpegxt")
    data = codec.encode(piece)
    whole = codec.decode(data)
    for length in (10, len(data) // 2):
        try:
            cut = codec.decode(data[:length])
        except ImageReadError:
            continue
        assert not torch.equal(cut, whole)


# -- programs that misbehave --------------------------------------------------------------------


@posix
def test_a_program_that_hangs_is_ended_with_its_children(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "child"
    fake(f'sleep 100 &\necho $! > "{note}"\nsleep 100')
    monkeypatch.setattr(JpegXt, "time_limit", 0.5)
    start = time.perf_counter()
    with pytest.raises(ImageWriteError, match="did not end within"):
        create_codec("jpegxt")(torch.ones(1, 3, 8, 8))
    assert time.perf_counter() - start < 5
    assert _ended(int(note.read_text()))


@posix
def test_children_that_outlive_the_program_are_ended_too(fake: Fake, tmp_path: Path) -> None:
    note = tmp_path / "child"
    fake(f'sleep 100 &\necho $! > "{note}"\necho no >&2\nexit 4')
    start = time.perf_counter()
    with pytest.raises(ImageWriteError, match="exit code 4: no"):
        create_codec("jpegxt")(torch.ones(1, 3, 8, 8))
    assert time.perf_counter() - start < 5
    assert _ended(int(note.read_text()))


def _ended(process: int) -> bool:
    for _ in range(50):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        # An orphan that nobody has collected yet is dead as well.
        status = Path(f"/proc/{process}/stat")
        if status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


@posix
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo first >&2; echo out of paper >&2; exit 3", "failed with exit code 3: out of paper"),
        ("exit 0", "wrote no file"),
        ("kill -SEGV $$", "crashed .SIGSEGV."),
        ("mkdir $target", "wrote no file"),
        ("echo x > $target; echo 'writing failed - error -1046 - no' >&2", "error -1046 - no"),
        ("head -c 3000000 /dev/zero >&2; echo end >&2; exit 1", "exit code 1: .*end"),
        ("head -c 3000000 /dev/zero; exit 1", "exit code 1$"),
    ],
)
def test_an_encoder_that_fails(fake: Fake, script: str, message: str) -> None:
    fake(script)
    with pytest.raises(ImageWriteError, match=message):
        create_codec("jpegxt")(torch.ones(1, 3, 8, 8))


@posix
def test_a_relative_path_is_followed_from_where_it_starts(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("cp $source $target")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"bin{os.pathsep}/usr/bin{os.pathsep}/bin")
    image = torch.full((1, 1, 2, 2), 7.0)
    assert torch.equal(create_codec("jpegxt")(image).image, image)


@posix
def test_a_file_that_is_no_program(fake: Fake) -> None:
    fake("").write_bytes(b"\x00\x01\x02")
    with pytest.raises(ImageWriteError, match="could not be started"):
        create_codec("jpegxt")(torch.ones(1, 3, 8, 8))


NAN = "printf 'Pf\\n1 1\\n-1.0\\n\\000\\000\\300\\177' > $target"


@posix
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo garbage > $target", "not a PFM header"),
        (": > $target", "not a PFM header"),
        ("printf 'PF\\n8 8\\n-1.0\\nshort' > $target", "truncated"),
        ("printf 'PF\\n99999 99999\\n-1.0\\nshort' > $target", "pixels"),
        ("printf 'Pf\\n1 1\\n-1.0\\n1234' > $target", "went in"),
        (NAN, "not finite"),
        ("cp $source $target; case $target in *.pfm) exit 2;; esac", "exit code 2"),
    ],
)
def test_a_decoder_that_writes_garbage(fake: Fake, script: str, message: str) -> None:
    fake(script)
    size = 1 if script == NAN else 8
    with pytest.raises(ImageReadError, match=message):
        create_codec("jpegxt")(torch.ones(1, 1, size, size))


@posix
def test_names_are_never_read_by_a_shell(fake: Fake, tmp_path: Path) -> None:
    note = tmp_path / "arguments"
    fake(f'for one; do echo "$one" >> "{note}"; done; cp $source $target')
    image = torch.full((1, 1, 2, 2), 7.0)
    assert torch.equal(create_codec("jpegxt", quality=3)(image).image, image)
    encode = ["-r", "-h", "-profile", "c", "-rR", "4", "-q", "3", "-Q", "3", "in.pfm", "out.jpg"]
    assert note.read_text().split() == [*encode, "in.jpg", "out.pfm"]
