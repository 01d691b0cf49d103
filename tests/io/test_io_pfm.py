"""Portable float maps."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from hdrmetrics import read_image, write_image
from hdrmetrics.errors import ImageLimitError, ImageReadError, ImageWriteError
from hdrmetrics.picture.image import Calibration, Image


@pytest.mark.parametrize(("scale", "order"), [("-1.0", "<"), ("1.0", ">")])
def test_grey_rows_run_upwards(read, scale, order):
    body = struct.pack(order + "6f", 4, 5, 6, 1, 2, 3)
    image = read(f"Pf\n3 2\n{scale}\n".encode() + body)
    np.testing.assert_array_equal(image.pixels[..., 0], [[1, 2, 3], [4, 5, 6]])
    assert image.calibration.kind == "relative"
    assert image.notes == ()


@pytest.mark.parametrize(("scale", "order"), [("-1.0", "<"), ("1", ">")])
def test_colour(read, scale, order):
    body = struct.pack(order + "6f", 4, 5, 6, 1, 2, 3)
    image = read(f"PF 1 2 {scale} ".encode() + body)
    np.testing.assert_array_equal(image.pixels, [[[1, 2, 3]], [[4, 5, 6]]])


def test_scale_is_noted(read):
    image = read(b"Pf\n1 1\n-2.5\n" + struct.pack("<f", 7))
    assert image.pixels[0, 0, 0] == 7
    assert "the scale 2.5 in the PFM header was not applied" in image.notes


@pytest.mark.parametrize("kind", ["f", "F"])
def test_photoshops_header_has_the_top_row_first(read, kind):
    channels = 3 if kind == "F" else 1
    rows = np.arange(6 * channels, dtype="<f4").reshape(2, 3, channels)
    upwards = read(f"P{kind}\n3 2\n-1.0\n".encode() + rows[::-1].tobytes())
    downwards = read(f"P{kind}\n3\n2\n-1.000000\n".encode() + rows.tobytes())
    np.testing.assert_array_equal(upwards.pixels, rows)
    np.testing.assert_array_equal(downwards.pixels, rows)
    assert any("top row first" in note for note in downwards.notes)
    assert upwards.notes == ()


@pytest.mark.parametrize(
    "header",
    ["PF\r\n3 2\r\n-1.0\r\n", "PF\n3 2\n-1.0\r\n", "Pf\r3 2\r1\r", "PF\r\n3\r\n2\r\n-1\r\n"],
)
def test_lines_that_end_in_a_carriage_return_are_refused(read, header):
    with pytest.raises(ImageReadError, match="CR LF"):
        read(header.encode() + bytes(80))


def test_a_comment_behind_the_scale_is_refused(read):
    """Its bytes would be taken for pixels."""
    with pytest.raises(ImageReadError, match="something follows the scale"):
        read(b"Pf\n1 1\n-1.0 # c\n" + struct.pack("<f", 7))


@pytest.mark.parametrize("first", [9, 10, 13, 32])
def test_the_first_byte_of_the_pixels_may_be_anything(read, first):
    body = bytes([first, 1, 2, 0x3F]) + bytes(8)
    image = read(b"PF\n1 1\n-1.0\n" + body)
    np.testing.assert_array_equal(image.pixels.ravel(), np.frombuffer(body, "<f4"))


def test_bytes_behind_the_pixels_are_noted(read):
    image = read(b"Pf\n1 1\n-1\n" + struct.pack("<f", 7) + b"xyz")
    assert image.notes == ("3 bytes behind the pixels were ignored",)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (7, 5)])
def test_round_trip(tmp_path, channels, size):
    pixels = np.random.default_rng(0).normal(size=(*size, channels)).astype(np.float32)
    pixels[0, 0, 0] = np.nan
    write_image(tmp_path / "a.pfm", pixels)
    image = read_image(tmp_path / "a.pfm")
    np.testing.assert_array_equal(image.pixels, pixels)
    assert any("NaN" in note for note in image.notes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PF\n2 2\n-1\n" + bytes(47), "truncated"),
        (b"PF\n2 2\n0\n" + bytes(48), "scale"),
        (b"PF\n2 2\nnan\n" + bytes(48), "scale"),
        (b"PF\n2 2\nabc\n" + bytes(48), "scale"),
        (b"PF\n2\n", "not a PFM header"),
        (b"PF4\n2 2\n-1\n" + bytes(64), "not a PFM header"),
        (b"PF\n-2 2\n-1\n" + bytes(48), "not a PFM header"),
        (b"PF\n0 2\n-1\n", "announces 0 × 2"),
    ],
)
def test_broken_files(read, data, message):
    with pytest.raises(ImageReadError, match=message):
        read(data)


def test_header_bomb(read):
    with pytest.raises(ImageLimitError, match="100000 × 100000"):
        read(b"PF\n100000 100000\n-1\n" + bytes(100))


def test_primaries_have_no_place(tmp_path):
    image = Image(np.ones((2, 2, 3), np.float32), Calibration("relative"), "bt2020")
    with pytest.raises(ImageWriteError, match=r"convert to BT\.709"):
        write_image(tmp_path / "a.pfm", image)


def test_float64_beyond_float32_is_refused(tmp_path):
    with pytest.raises(ImageWriteError, match="float32"):
        write_image(tmp_path / "a.pfm", np.full((2, 2), 1e300))
