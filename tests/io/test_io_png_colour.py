"""PNG: which chunk decides about colour, and numbers of the file's own."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from icc_builder import ADOBE, gamma, profile
from PIL import Image as PillowImage
from PIL import ImageOps
from test_io_png import GREY, PALETTE, RGB, codes_of, file

from hdrmetrics import read_image
from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.colour.curves import srgb, srgb_codes
from hdrmetrics.photometry.color import CHROMATICITIES, conversion_matrix

CODES = codes_of(5, 6, RGB, 16)
BT709, P3, BT2020 = (CHROMATICITIES[name] for name in ("bt709", "p3", "bt2020"))


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a 16-bit picture with some chunks."""

    def read_chunks(*chunks: tuple[bytes, bytes], codes=CODES, colour=RGB, depth=16):
        path = tmp_path / "picture.png"
        path.write_bytes(file(codes, colour, depth, chunks=chunks))
        return read_image(path)

    return read_chunks


def gama(value: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(100_000 * value))


def chrm(points) -> tuple[bytes, bytes]:
    red, green, blue, white = points
    numbers = [round(100_000 * v) for point in (white, red, green, blue) for v in point]
    return b"cHRM", struct.pack(">8I", *numbers)


def iccp(body: bytes, name: bytes = b"name") -> tuple[bytes, bytes]:
    return b"iCCP", name + b"\0\0" + zlib.compress(body)


CICP = (b"cICP", bytes([9, 16, 0, 1]))
ICCP = iccp(profile(gamma(2.2), P3))
SRGB = (b"sRGB", b"\0")
NUMBERS = (gama(1.0), chrm(BT2020))


def test_order(read):
    image = read(SRGB, *NUMBERS, ICCP, CICP)
    assert (image.calibration.transfer, image.primaries) == ("pq", "bt2020")
    image = read(SRGB, *NUMBERS, ICCP)
    assert (image.calibration.transfer, image.primaries) == ("gog", "p3")
    image = read(SRGB, *NUMBERS)
    assert (image.calibration.transfer, image.calibration.rule) == ("srgb", "sRGB chunk")
    assert read(*NUMBERS).calibration.kind == "relative"
    assert "does not say" in read().calibration.rule


@pytest.mark.parametrize("points", [(2, 2), (9, 2), (2, 16)])
def test_unspecified_code_points_give_way(read, points):
    cicp = (b"cICP", bytes([*points, 0, 1]))
    image = read(ICCP, cicp)
    assert (image.calibration.transfer, image.primaries) == ("gog", "p3")
    assert "cICP chunk leaves something unspecified" in image.notes[0]
    assert read(*NUMBERS, cicp).calibration.kind == "relative"
    image = read(iccp(b"rubbish"), SRGB, cicp)
    assert image.calibration.rule == "sRGB chunk"
    assert ["cICP" in image.notes[0], "damaged" in image.notes[1]] == [True, True]
    assert read(cicp).calibration.transfer == ("pq" if points[1] == 16 else "srgb")


def test_a_damaged_profile_gives_way(read):
    image = read(iccp(b"rubbish"), SRGB)
    assert (image.calibration.transfer, image.calibration.rule) == ("srgb", "sRGB chunk")
    assert "damaged ICC profile" in image.notes[0]
    image = read((b"iCCP", b"name\0\0rubbish"), gama(1.0))
    assert image.calibration.kind == "relative"
    assert "damaged ICC profile" in image.notes[0]
    image = read((b"iCCP", b"name"))
    assert "damaged ICC profile" in image.notes[0]
    assert "does not say" not in image.calibration.rule


def test_the_name_that_stands_for_pq(read):
    image = read(iccp(profile(gamma(2.2), BT709), b"ITUR_2100_PQ_FULL"), gama(0.45455))
    assert (image.calibration.transfer, image.primaries) == ("pq", "bt2020")
    np.testing.assert_array_equal(image.pixels, CODES / np.float32(65535))


@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020"])
@pytest.mark.parametrize(("value", "transfer"), [(0.45455, "gog"), (1 / 2.4, "bt1886")])
def test_gammas_with_a_name(read, value, transfer, primaries):
    image = read(gama(value), chrm(CHROMATICITIES[primaries]))
    assert (image.calibration.transfer, image.primaries, image.notes) == (transfer, primaries, ())
    np.testing.assert_array_equal(image.pixels, CODES / np.float32(65535))
    assert "gAMA" in image.calibration.rule
    assert "cHRM" in image.calibration.rule


@pytest.mark.parametrize("value", [0.5, 0.55, 0.8, 1.5])
def test_other_gammas(read, value):
    image = read(gama(value))
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt709")
    expected = srgb_codes((CODES / 65535) ** (1 / value))
    np.testing.assert_allclose(image.pixels, expected, atol=1e-4)
    assert str(value) in image.calibration.rule


def test_linear_light_of_other_primaries(read):
    image = read(*NUMBERS)
    expected = CODES / 65535 @ conversion_matrix(BT2020, BT709).T
    np.testing.assert_allclose(image.pixels, expected, atol=1e-6)
    assert "0.708" in image.origin.primaries
    assert "gAMA" in image.calibration.rule


def test_primaries_and_white_of_their_own(read):
    points = (*ADOBE[:3], (0.3457, 0.3585))
    image = read(gama(1.0), chrm(points))
    expected = CODES / 65535 @ conversion_matrix(points, BT709).T
    np.testing.assert_allclose(image.pixels, expected, atol=1e-5)
    grey = read(gama(0.6), chrm(points), codes=np.full((2, 2, 3), 30000, np.uint16))
    assert np.ptp(grey.pixels) < 1e-4


def test_primaries_without_a_curve(read):
    image = read(chrm(ADOBE))
    light = srgb(CODES / 65535) @ conversion_matrix(ADOBE, BT2020).T
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt2020")
    np.testing.assert_allclose(image.pixels, srgb_codes(np.clip(light, 0, 1)), atol=1e-4)
    assert "sRGB" in image.calibration.rule


def test_impossible_numbers_are_noted(read):
    image = read(gama(0.0))
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt709")
    assert "gAMA" in image.notes[0]
    assert "does not say" not in image.calibration.rule
    for value in (0.00001, 20000):
        image = read(gama(value))
        assert image.calibration.transfer == "srgb"
        assert "was ignored" in image.notes[0]
        np.testing.assert_array_equal(image.pixels, read().pixels)
    image = read(gama(0.45455), (b"cHRM", bytes(32)))
    assert "impossible" in image.calibration.rule
    assert (image.calibration.transfer, image.primaries) == ("gog", "bt709")
    assert "impossible primaries" in image.notes[0]
    for chunk in ((b"gAMA", b"\0"), (b"cHRM", b"\0")):
        with pytest.raises(ImageReadError, match="wrong length"):
            read(chunk)


def test_palettes_are_converted_too(read):
    codes = np.arange(6, dtype=np.uint8).reshape(2, 3)
    palette = np.arange(18, dtype=np.uint8) * 14
    image = read(gama(0.6), (b"PLTE", palette.tobytes()), codes=codes[..., None], colour=PALETTE,
                 depth=8)  # fmt: skip
    expected = srgb_codes((palette.reshape(2, 3, 3) / 255) ** (1 / 0.6))
    np.testing.assert_allclose(image.pixels, expected, atol=1e-4)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_grey_of_few_bits(read, depth):
    codes = codes_of(5, 6, GREY, depth)
    image = read(gama(0.6), chrm(ADOBE), codes=codes, colour=GREY, depth=depth)
    expected = srgb_codes((codes / (2**depth - 1)) ** (1 / 0.6))
    np.testing.assert_allclose(image.pixels, expected, atol=1e-4)


# Orientation.


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("more", [(), (CICP,)])
def test_orientation(tmp_path, read, orientation, more):
    tags = PillowImage.Exif()
    tags[0x0112] = orientation
    codes = codes_of(5, 6, RGB, 8)
    image = read((b"eXIf", tags.tobytes().removeprefix(b"Exif\0\0")), *more, codes=codes, depth=8)
    picture = PillowImage.fromarray(codes.astype(np.uint8))
    picture.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(picture)) / np.float32(255)
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.origin.details["orientation"] == orientation
    assert image.calibration.transfer == ("pq" if more else "srgb")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "layout"), [(1, "B"), (3, "H"), (4, "I"), (9, "i")])
def test_orientation_of_other_types(read, kind, layout, order):
    value = struct.pack(order + layout, 6).ljust(4, b"\0")
    exif = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    exif += struct.pack(order + "HHHI", 1, 0x0112, kind, 1) + value + bytes(4)
    image = read((b"eXIf", exif))
    np.testing.assert_array_equal(image.pixels, np.rot90(CODES, -1) / np.float32(65535))


def test_gain_maps_are_noted(read):
    for kind in (b"gDAT", b"gMAP", b"gdAT", b"gmAP"):
        assert "the gain map was left out" in read((kind, b"")).notes[0]
