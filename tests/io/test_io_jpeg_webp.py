"""JPEG and WebP: files of Pillow, and what is refused."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image as PillowImage

from hdrmetrics.errors import ImageLimitError, ImageReadError, OptionError


def smooth(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 5 % 256, y * 7 % 256, (x + y) * 3 % 256], -1).astype(np.uint8)


def encoded(picture: PillowImage.Image | np.ndarray, kind: str, **options) -> bytes:
    if isinstance(picture, np.ndarray):
        picture = PillowImage.fromarray(picture)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def decoded(data: bytes, mode: str = "RGB") -> np.ndarray:
    return np.asarray(PillowImage.open(io.BytesIO(data)).convert(mode)) / np.float32(255)


# JPEG.


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0},
                                     {"restart_marker_blocks": 2}])  # fmt: skip
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (40, 60)])
def test_jpeg_colour(read, options, size):
    data = encoded(smooth(*size), "JPEG", quality=90, **options)
    image = read(data)
    np.testing.assert_array_equal(image.pixels, decoded(data))
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt709")
    assert (image.origin.format, image.origin.depth) == ("jpeg", "uint8")
    assert image.notes == ()


def test_jpeg_grey(read):
    data = encoded(smooth(20, 30)[..., 0], "JPEG")
    image = read(data)
    assert image.channels == 1
    np.testing.assert_array_equal(image.pixels[..., 0], decoded(data, "L"))


def exif(orientation: int) -> bytes:
    tags = PillowImage.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(read, kind, orientation):
    from PIL import ImageOps

    data = encoded(smooth(24, 40), kind, exif=exif(orientation))
    image = read(data)
    upright = ImageOps.exif_transpose(PillowImage.open(io.BytesIO(data)))
    expected = np.asarray(upright.convert("RGB")) / np.float32(255)
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.origin.details["orientation"] == orientation


@pytest.mark.parametrize("block", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0XX"])
def test_damaged_exif_is_ignored(read, block, recwarn):
    data = encoded(smooth(8, 8), "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
    image = read(data[:2] + segment + data[2:])
    np.testing.assert_array_equal(image.pixels, decoded(data))
    assert not recwarn.list


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_profile(read, kind):
    from test_io_png import display_p3_profile

    image = read(encoded(smooth(8, 8), kind, icc_profile=display_p3_profile()))
    assert image.primaries == "p3"


def test_cmyk_is_refused(read):
    with pytest.raises(ImageReadError, match="CMYK JPEG files are not supported"):
        read(encoded(PillowImage.fromarray(smooth(8, 8)).convert("CMYK"), "JPEG"))


@pytest.mark.parametrize(
    ("marker", "message"),
    [(0xC3, "lossless JPEG"), (0xC9, "arithmetic-coded JPEG"), (0xC5, "hierarchical JPEG")],
)
def test_other_kinds_of_jpeg(read, marker, message):
    data = encoded(smooth(8, 8), "JPEG")
    at = data.index(b"\xff\xc0")
    with pytest.raises(ImageReadError, match=message):
        read(data[: at + 1] + bytes([marker]) + data[at + 2 :])


def frame(data: bytes, layout: str, *values: int, at: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(layout, changed, data.index(b"\xff\xc0") + at, *values)
    return bytes(changed)


def test_twelve_bits_are_refused(read):
    with pytest.raises(ImageReadError, match="12 bits per sample"):
        read(frame(encoded(smooth(8, 8), "JPEG"), "B", 12, at=4))


def test_jpeg_bomb(read):
    data = frame(encoded(smooth(8, 8), "JPEG"), ">HH", 65000, 65000, at=5)
    with pytest.raises(ImageLimitError, match="65000 × 65000"):
        read(data)


def test_too_little_data_is_seen_before_decoding(read, recwarn):
    # Pillow by itself warns above 89 million pixels, and its decoder fills up with grey.
    data = encoded(np.zeros((8, 8), np.uint8), "JPEG")
    with pytest.raises(ImageReadError, match="too little data"):
        read(frame(data, ">HH", 14_000, 14_000, at=5))
    assert not recwarn.list


def test_large_jpeg_gives_no_warning(read, recwarn):
    data = encoded(np.full((9_500, 9_500), 90, np.uint8), "JPEG", quality=10)
    assert read(data).width == 9_500
    assert not recwarn.list


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_truncated_jpeg_is_no_half_picture(read, options):
    data = encoded(smooth(64, 64), "JPEG", **options)
    for length in [*range(3, 700, 41), *range(700, len(data), 53), len(data) - 1]:
        with pytest.raises(ImageReadError):
            read(data[:length])


def test_data_behind_the_end_is_allowed(read):
    data = encoded(smooth(8, 8), "JPEG")
    np.testing.assert_array_equal(read(data + b"MotionPhoto" * 9).pixels, decoded(data))


def test_part_is_for_gain_maps(read):
    with pytest.raises(OptionError, match="neither parts nor layers"):
        read(encoded(smooth(8, 8), "JPEG"), part="base")


# WebP.


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"exact": True}])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (40, 60)])
def test_webp_colour(read, options, size):
    data = encoded(smooth(*size), "WEBP", **options)
    image = read(data)
    np.testing.assert_array_equal(image.pixels, decoded(data))
    if "lossless" in options:
        np.testing.assert_array_equal(image.pixels, smooth(*size) / np.float32(255))
    assert image.calibration.transfer == "srgb"
    assert image.origin.details["lossless"] == ("lossless" in options)


@pytest.mark.parametrize("options", [{"lossless": True, "exact": True}, {"quality": 80}])
def test_webp_alpha(read, options):
    array = np.dstack([smooth(9, 9), np.full((9, 9), 100, np.uint8)])
    data = encoded(array, "WEBP", **options)
    image = read(data)
    np.testing.assert_array_equal(image.pixels, decoded(data, "RGBA")[..., :3])
    assert "the alpha channel was dropped" in image.notes


def test_webp_animation(read):
    frames = [PillowImage.fromarray(smooth(9, 9) // k) for k in (1, 2, 3)]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    image = read(data)
    np.testing.assert_array_equal(image.pixels, smooth(9, 9) / np.float32(255))
    assert "animated: the first frame was read" in image.notes


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}])
def test_truncated_webp(read, options):
    data = encoded(smooth(64, 64), "WEBP", **options)
    for length in [*range(12, 60), *range(60, len(data), 29), len(data) - 1]:
        with pytest.raises(ImageReadError):
            read(data[:length])


def test_webp_bomb(read):
    body = b"VP8X" + struct.pack("<I4x", 10) + (99_999).to_bytes(3, "little") * 2
    data = b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body
    with pytest.raises(ImageLimitError, match="100000 × 100000"):
        read(data)


def test_webp_limits_of_the_other_headers(read):
    for options in ({"lossless": True}, {"quality": 80}):
        with pytest.raises(ImageLimitError, match="50 × 40"):
            read(encoded(smooth(40, 50), "WEBP", **options), max_pixels=1999)
