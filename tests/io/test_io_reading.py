"""Reading any file: options, recognition by content, limits, isolation."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image as PillowImage

from hdrmetrics import read_image, write_image
from hdrmetrics.errors import (
    ImageAccessError,
    ImageDecodeError,
    ImageLimitError,
    ImageReadError,
    ImageWriteError,
    OptionError,
    PixelValueError,
)
from hdrmetrics.io import SUFFIXES
from hdrmetrics.io.signatures import READERS
from hdrmetrics.picture.endings import RAW
from hdrmetrics.picture.image import Calibration, Image


@pytest.fixture
def picture(tmp_path):
    """An EXR file with a largest luminance of 4."""
    pixels = np.random.default_rng(0).random((6, 5, 3)).astype(np.float32)
    pixels[2, 3] = 4
    path = tmp_path / "picture.exr"
    write_image(path, pixels, depth="float")
    return path, pixels


# Units.


def test_peak(picture):
    path, pixels = picture
    image = read_image(path, peak=1000)
    assert image.calibration.kind == "scaled"
    assert image.calibration.factor == pytest.approx(250, rel=1e-5)
    assert "peak of 1000 cd/m²" in image.calibration.rule
    assert image.luminance().max() == pytest.approx(1000, rel=1e-6)
    np.testing.assert_allclose(image.pixels, pixels * 250, rtol=1e-5)


def test_scale(picture):
    path, pixels = picture
    image = read_image(path, scale=179)
    assert (image.calibration.kind, image.calibration.factor) == ("scaled", 179)
    np.testing.assert_array_equal(image.pixels, pixels * np.float32(179))


@pytest.mark.parametrize("option", ["peak", "scale"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_levels_are_positive(picture, option, value):
    with pytest.raises(OptionError, match=f"{option} is a positive number"):
        read_image(picture[0], **{option: value})


def test_peak_or_scale(picture):
    with pytest.raises(OptionError, match="not both"):
        read_image(picture[0], peak=1, scale=1)


@pytest.mark.parametrize("option", ["peak", "scale"])
def test_levels_are_for_linear_files(tmp_path, option):
    write_image(tmp_path / "a.png", np.zeros((2, 2), np.uint8))
    with pytest.raises(OptionError, match="choose a display model"):
        read_image(tmp_path / "a.png", **{option: 100})


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_peak_of_a_picture_without_one(tmp_path, value):
    write_image(tmp_path / "a.pfm", np.full((2, 2, 3), value, np.float32))
    with pytest.raises(PixelValueError, match="use scale="):
        read_image(tmp_path / "a.pfm", peak=100)


# Files that are none.


@pytest.mark.parametrize("isolated", [False, True])
def test_missing_file(tmp_path, isolated):
    with pytest.raises(ImageAccessError, match=r"nothing\.exr: no such file"):
        read_image(tmp_path / "nothing.exr", isolate=isolated)
    with pytest.raises(OSError, match="no such file"):
        read_image(str(tmp_path / "nothing.exr"), isolate=isolated)


def test_directory_and_empty_file(tmp_path):
    with pytest.raises(ImageReadError, match="is a directory"):
        read_image(tmp_path)
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageReadError, match="the file is empty"):
        read_image(tmp_path / "empty.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no named pipes")
def test_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.exr")
    with pytest.raises(ImageReadError, match="not a regular file"):
        read_image(tmp_path / "pipe.exr")


def test_impossible_paths():
    with pytest.raises(ImageAccessError, match="cannot be opened"):
        read_image("a\0b.exr")
    with pytest.raises(OptionError, match="a path is a str"):
        read_image(b"a.exr")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user without all rights")
def test_unreadable_file(picture):
    picture[0].chmod(0)
    with pytest.raises(ImageAccessError, match="cannot be opened"):
        read_image(picture[0])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hello", "no image format that is known"),
        (b"GIF89a....", "truncated or corrupt"),
        (b"BM......", "no image format that is known"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "no code stream in the JPEG 2000 file"),
        (b"P7\nWIDTH 1", "PAM files are not supported"),
        (b"\0\0\0\x14ftypisom....isom", "no image format that is known"),
        (b"\0\0\0\x14ftyp", "truncated or corrupt"),
        (b"\x89PNG", "no image format that is known"),
        (b"\x93NUMPY...", "NumPy files are not supported"),
    ],
)
def test_other_content(tmp_path, data, message):
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(ImageReadError, match=message):
        read_image(tmp_path / "a.png")


def test_content_decides_not_the_ending(tmp_path):
    write_image(tmp_path / "a.exr", np.ones((2, 2), np.float32))
    (tmp_path / "a.exr").rename(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").origin.format == "exr"


def test_every_ending_belongs_to_a_reader():
    # Raw files are listed where the extra is installed: by endings of their own.
    assert {*SUFFIXES.values(), "raw"} == set(READERS)
    assert not RAW & set(SUFFIXES)


@pytest.mark.parametrize("ending", ["exr", "hdr", "pfm", "png", "jpg", "webp", "tif"])
def test_limit_of_pixels(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    if ending in ("exr", "hdr", "pfm"):
        write_image(path, np.ones((10, 20), np.float32))
    else:
        PillowImage.fromarray(np.zeros((10, 20), np.uint8)).save(path)
    assert read_image(path, max_pixels=200).width == 20
    with pytest.raises(ImageLimitError, match="20 × 10 pixels, more than the limit of 199"):
        read_image(path, max_pixels=199)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "many"])
def test_limit_is_a_positive_number(picture, value):
    with pytest.raises(OptionError, match="max_pixels is a positive whole number"):
        read_image(picture[0], max_pixels=value)


def test_size_of_the_file_is_limited_too(tmp_path):
    path = tmp_path / "a.exr"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse: it takes no room
    with pytest.raises(ImageLimitError, match="the file takes 1099511627776 bytes"):
        read_image(path)


@pytest.mark.parametrize("ending", ["hdr", "pfm", "png", "jpg", "tif"])
def test_part_is_refused_where_there_are_none(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    if ending in ("hdr", "pfm"):
        write_image(path, np.ones((2, 2), np.float32))
    else:
        PillowImage.fromarray(np.zeros((2, 2), np.uint8)).save(path)
    with pytest.raises(OptionError, match="neither parts nor layers"):
        read_image(path, part="diffuse")


def test_foreign_errors_become_typed_ones(picture, monkeypatch):
    import OpenEXR

    def fail(*_args, **_options):
        raise KeyError("surprise")

    monkeypatch.setattr(OpenEXR, "File", fail)
    with pytest.raises(ImageReadError, match="surprise"):
        read_image(picture[0], isolate=False)

    def exhaust(*_args, **_options):
        raise MemoryError

    monkeypatch.setattr("hdrmetrics.io.formats.exr.reader.extract", exhaust)
    with pytest.raises(ImageAccessError, match="not enough memory"):
        read_image(picture[0], isolate=False)


@pytest.mark.parametrize(
    ("error", "of_the_file"),
    [
        (KeyError("surprise"), True), (OSError("image file is truncated"), True),
        (OSError(28, "No space left on device"), False), (OSError(12, "no memory"), False),
        (RuntimeError("std::bad_alloc"), False), (ImportError("libjpeg.so.62"), False),
    ],
)  # fmt: skip
def test_what_may_pass_is_told_from_damage(tmp_path, monkeypatch, error, of_the_file):
    def fail(*_args, **_options):
        raise error

    write_image(tmp_path / "a.png", np.zeros((2, 2), np.uint8))
    monkeypatch.setattr("hdrmetrics.io.formats.png.reader.read", fail)
    with pytest.raises(ImageReadError, match="cannot be decoded") as found:
        read_image(tmp_path / "a.png")
    assert found.type is (ImageDecodeError if of_the_file else ImageAccessError)


_SHORT = """
import os, resource, sys
from PIL import Image
from hdrmetrics.io import read_image
Image.init()
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
for path in sys.argv[1:]:
    for more in range(1, 161, 5):
        if not os.fork():
            resource.setrlimit(resource.RLIMIT_AS, (size + (more << 20),) * 2)
            try:
                read_image(path, isolate=False)
                found = "read"
            except MemoryError:
                found = "MemoryError"
            except Exception as error:
                found = type(error).__name__
            os.write(1, f"{found}\\n".encode())
            os._exit(0)
        os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="address space can only be limited on Linux")
def test_a_decoder_that_lacks_memory_says_nothing_of_the_file(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (900, 1200, 3), dtype=np.uint8)
    image = PillowImage.fromarray(noise).resize((2400, 1800))
    image.save(tmp_path / "a.jpg", progressive=True)
    image.save(tmp_path / "a.webp", quality=50, method=0)
    paths = [tmp_path / "a.jpg", tmp_path / "a.webp"]
    told = subprocess.run(
        [sys.executable, "-c", _SHORT, *map(str, paths)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"read", "ImageDecodeError"} <= set(told)  # of which short memory is the only cause
    assert set(told) <= {"read", "MemoryError", "ImageAccessError", "ImageDecodeError"}


def test_shortage_that_a_reader_took_for_damage_may_pass(picture, monkeypatch):
    import OpenEXR

    def fail(*_args, **_options):
        raise MemoryError

    monkeypatch.setattr(OpenEXR, "File", fail)
    with pytest.raises(ImageAccessError, match="corrupt EXR data"):
        read_image(picture[0], isolate=False)


def test_reading_needs_no_torch(picture, tmp_path):
    write_image(tmp_path / "a.png", np.zeros((2, 2), np.uint8))
    code = (
        "import sys; from hdrmetrics.io import read_image\n"
        f"read_image({str(picture[0])!r}, peak=100); read_image({str(tmp_path / 'a.png')!r})\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environment())


def environment() -> dict[str, str]:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.environ | {"PYTHONPATH": root}


# Isolation.


@pytest.mark.parametrize("options", [{}, {"peak": 100.0}, {"part": 0}])
def test_isolated_reading_gives_the_same(picture, options):
    here, there = read_image(picture[0], **options), read_image(picture[0], isolate=True, **options)
    np.testing.assert_array_equal(here.pixels, there.pixels)
    assert here.calibration == there.calibration
    assert here.origin == there.origin
    assert here.notes == there.notes
    assert there.pixels.flags.writeable


def test_isolated_display_image(tmp_path):
    image = Image(np.full((2, 3, 3), 0.5, np.float32), Calibration("display", transfer="pq"), "p3")
    write_image(tmp_path / "a.png", image)
    here, there = read_image(tmp_path / "a.png"), read_image(tmp_path / "a.png", isolate=True)
    assert (there.calibration, there.primaries) == (here.calibration, here.primaries)
    np.testing.assert_array_equal(here.pixels, there.pixels)


def test_isolated_errors_are_the_same(picture, tmp_path):
    with pytest.raises(ImageLimitError, match="more than the limit of 3"):
        read_image(picture[0], isolate=True, max_pixels=3)
    with pytest.raises(OptionError, match="no part or layer"):
        read_image(picture[0], isolate=True, part="beauty")
    (tmp_path / "a").write_bytes(b"rubbish")
    with pytest.raises(ImageReadError, match="no image format"):
        read_image(tmp_path / "a", isolate=True)


@pytest.mark.skipif(sys.platform != "linux", reason="address space can only be limited on Linux")
def test_isolated_reading_stays_within_its_memory(tmp_path):
    write_image(tmp_path / "a.pfm", np.zeros((3000, 3000, 3), np.float32))
    assert read_image(tmp_path / "a.pfm", isolate=True, memory=2**30).width == 3000
    with pytest.raises(ImageReadError, match=r"memory|Memory"):
        read_image(tmp_path / "a.pfm", isolate=True, memory=2**28)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"memory": -1}])
def test_limits_are_positive(picture, options):
    with pytest.raises(OptionError, match="are positive"):
        read_image(picture[0], isolate=True, **options)


# Writing, whatever the format.


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.tif", ".exr"])
def test_unknown_endings(tmp_path, name):
    with pytest.raises(ImageWriteError, match=r"known endings: \.exr"):
        write_image(tmp_path / name, np.zeros((2, 2)))


@pytest.mark.parametrize("ending", ["exr", "hdr", "pfm"])
def test_code_values_are_no_light(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    coded = Image(np.zeros((2, 2)), Calibration("display", transfer="srgb"))
    with pytest.raises(ImageWriteError, match="apply a display model first"):
        write_image(path, coded)
    with pytest.raises(ImageWriteError, match="not uint8 code values"):
        write_image(path, np.zeros((2, 2), np.uint8))
    with pytest.raises(OptionError, match="transfer= is for PNG"):
        write_image(path, np.zeros((2, 2)), transfer="pq")


@pytest.mark.parametrize(("ending", "depth"), [("exr", 16), ("hdr", "half"), ("pfm", "float")])
def test_depths_of_other_formats(tmp_path, ending, depth):
    with pytest.raises(OptionError, match="depth"):
        write_image(tmp_path / f"a.{ending}", np.zeros((2, 2)), depth=depth)


@pytest.mark.parametrize("ending", ["exr", "hdr", "pfm", "png"])
def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path, ending):
    with pytest.raises(ImageWriteError, match="cannot be written"):
        write_image(tmp_path / "missing" / f"a.{ending}", np.zeros((2, 2)))
    (tmp_path / f"taken.{ending}").mkdir()
    with pytest.raises(ImageWriteError, match="cannot be written"):
        write_image(tmp_path / f"taken.{ending}", np.zeros((2, 2)))
    assert [path.name for path in tmp_path.iterdir()] == [f"taken.{ending}"]


@pytest.mark.parametrize("ending", ["exr", "hdr", "pfm", "png"])
def test_replacing_a_file_is_atomic(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    write_image(path, np.zeros((2, 2)))
    before = path.read_bytes()
    wrong = np.full((2, 2), np.nan if ending in ("hdr", "png") else 1e300)
    with pytest.raises(ImageWriteError):
        write_image(path, wrong)
    assert path.read_bytes() == before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_image(path, np.ones((3, 2)))
    assert read_image(path).height == 3
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("layout", ["fortran", "negative", "float64", "big-endian"])
@pytest.mark.parametrize("ending", ["exr", "hdr", "pfm", "png"])
def test_layouts_in_memory(tmp_path, layout, ending):
    pixels = (np.arange(4 * 6 * 3).reshape(4, 6, 3) / 128).astype(np.float32)
    given = {
        "fortran": np.asfortranarray(pixels),
        "negative": pixels[::-1][::-1],
        "float64": pixels.astype(np.float64),
        "big-endian": pixels.astype(">f4"),
    }[layout]
    options = {"depth": 16} if ending == "png" else {}
    write_image(tmp_path / f"a.{ending}", given, **options)
    np.testing.assert_allclose(read_image(tmp_path / f"a.{ending}").pixels, pixels, atol=1e-2)


def test_struct_errors_are_typed(tmp_path):
    """A box that ends inside its own table gives no bare struct.error."""
    body = struct.pack(">I4s4sI4s", 20, b"ftyp", b"avif", 0, b"avif")
    ipma = struct.pack(">I4sIII", 20, b"ipma", 0, 5, 1)
    iprp = struct.pack(">I4s", 8 + len(ipma), b"iprp") + ipma
    pitm = struct.pack(">I4sIH", 14, b"pitm", 0, 1)
    meta = struct.pack(">I4sI", 12 + len(iprp) + len(pitm), b"meta", 0) + pitm + iprp
    (tmp_path / "a").write_bytes(body + meta)
    with pytest.raises(ImageReadError, match=r"cannot be decoded"):
        read_image(tmp_path / "a")
