"""Formats of the extra ``codecs``: JPEG XL, JPEG XR, AVIF, HEIC, Ultra HDR."""

from __future__ import annotations

import io
import struct
import sys

import numpy as np
import pytest
from jxl_builder import size
from PIL import Image as PillowImage
from PIL import ImageOps

from hdrmetrics.errors import ImageLimitError, ImageReadError, MissingCodecError
from hdrmetrics.io.formats.heif.transforms import transformed
from hdrmetrics.io.formats.jpegxl import header as jpegxl_header
from hdrmetrics.io.formats.jpegxl.header import Header
from hdrmetrics.photometry.color import CHROMATICITIES

codec = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is not installed")
heif = pytest.importorskip("pillow_heif", reason="the extra 'codecs' is not installed")


def smooth(height: int = 24, width: int = 40, dtype=np.float32) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    values = np.stack([x, y, 1 - x], -1)
    if np.dtype(dtype).kind == "u":
        return np.rint(values * np.iinfo(dtype).max).astype(dtype)
    return values.astype(dtype)


# JPEG XL.


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("container", [False, True])
def test_floating_jpegxl_is_light(read, dtype, channels, container):
    array = np.dstack([smooth(), np.full((24, 40), 0.5)]).astype(dtype) * dtype(9)
    array = array[..., 0].copy() if channels == 1 else array[..., :channels].copy()
    image = read(codec.jpegxl_encode(array, lossless=True, usecontainer=container))
    expected = array[..., None] if channels == 1 else array[..., :3]
    np.testing.assert_array_equal(image.pixels, expected.astype(np.float32))
    assert (image.calibration.kind, image.primaries) == ("relative", "bt709")
    assert image.origin.depth == np.dtype(dtype).name
    assert ("the alpha channel was dropped" in image.notes) == (channels == 4)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (24, 40)])
def test_eight_bit_jpegxl_is_srgb(read, channels, size):
    array = smooth(*size, np.uint8)
    array = array[..., 0].copy() if channels == 1 else array
    image = read(codec.jpegxl_encode(array, lossless=True))
    np.testing.assert_array_equal(
        image.pixels, array.reshape(*size, channels) / np.float32(255)
    )  # fmt: skip
    assert (image.calibration.kind, image.calibration.transfer) == ("display", "srgb")


def test_sixteen_bit_jpegxl_declared_linear(read):
    array = smooth(dtype=np.uint16)
    image = read(codec.jpegxl_encode(array, lossless=True))
    np.testing.assert_array_equal(image.pixels, array / np.float32(65535))
    assert image.calibration.kind == "relative"


@pytest.mark.parametrize("bits", [10, 12])
def test_jpegxl_of_other_depths(read, bits):
    array = np.rint(smooth() * (2**bits - 1)).astype(np.uint16)
    image = read(codec.jpegxl_encode(array, lossless=True, bitspersample=bits))
    np.testing.assert_array_equal(image.pixels, array / np.float32(2**bits - 1))
    assert image.origin.depth == f"uint{bits}"


def test_lossy_jpegxl(read):
    array = smooth() * 12
    image = read(codec.jpegxl_encode(array.astype(np.float32), distance=0.5))
    np.testing.assert_allclose(image.pixels, array, atol=0.2)


def test_jpegxl_animation(read):
    frames = np.stack([smooth(dtype=np.uint8), smooth(dtype=np.uint8) // 2])
    image = read(codec.jpegxl_encode(frames, lossless=True))
    np.testing.assert_array_equal(image.pixels, frames[0] / np.float32(255))
    assert "animated: the first frame was read" in image.notes


def test_jpegxl_header_of_pq():
    writer = size(1080, 1920).add(
        (0, 1), (0, 1),  # metadata, no extra fields
        (0, 1), (1, 2), (1, 1), (0, 2),  # integers, 10 bits, small buffers, no extra channels
        (1, 1), (0, 1), (0, 1), (0, 2),  # XYB, own colours, no ICC, RGB
        (1, 2), (2, 2), (7, 4),  # white D65, primaries 9
        (0, 1), (2, 2), (14, 4), (0, 2),  # transfer 16
    )  # fmt: skip
    assert jpegxl_header.parse(writer.stream()) == Header(
        width=1920, height=1080, bits=10, primaries=9, transfer=16, xyb=True,
        points=CHROMATICITIES["bt2020"],
    )  # fmt: skip


def test_jpegxl_header_with_everything():
    writer = size(7, 5).add(
        (0, 1), (1, 1), (5, 3),  # extra fields: orientation 6
        (1, 1), (1, 1), (0, 5), (1, 3),  # intrinsic size 8 × 8
        (1, 1), (1, 1), (0, 2), (1, 3),  # preview of 16 × 16
        (1, 1), (0, 2), (0, 2), (0, 2), (0, 1),  # animation
        (1, 1), (1, 2), (5, 4), (0, 1), (2, 2), (0, 4),  # half floats, two extra channels
        (0, 1), (0, 2), (0, 1), (0, 2), (0, 2), (1, 2), (3, 4), *[(65, 8)] * 3, (1, 1),  # alpha AAA
        (0, 1), (2, 2), (0, 4), (0, 1), (0, 2), (0, 2), (0, 2), (0, 64),  # spot colour
        (0, 1), (0, 1), (0, 1), (0, 2),  # not XYB, own colours, no ICC, RGB
        (2, 2), (0, 4), (0, 2), (9, 19), (0, 2), (9, 19),  # a white point of its own
        (2, 2), (0, 4), *[(0, 2), (9, 19)] * 6,  # primaries of its own
        (1, 1), (45455, 24),  # gamma
    )  # fmt: skip
    assert jpegxl_header.parse(writer.stream()) == Header(
        width=5, height=7, bits=16, floating=True, orientation=6, extra_channels=2,
        animated=True, primaries=None, transfer=None, xyb=False, points=((-5e-6, -5e-6),) * 4,
        gamma=0.0045455, premultiplied=True,
    )  # fmt: skip


def test_jpegxl_bomb(read):
    stream = size(100_000, 100_000).add((1, 1)).stream()
    with pytest.raises(ImageLimitError, match="100000 × 100000"):
        read(stream + bytes(100))
    box = struct.pack(">I4s", 8 + len(stream), b"jxlc") + stream
    with pytest.raises(ImageLimitError, match="100000 × 100000"):
        read(jpegxl_header.CONTAINER + box)


def test_jpegxl_truncations(read):
    for options in ({"lossless": True}, {"distance": 1.0}):
        data = codec.jpegxl_encode(smooth(64, 64, np.uint8), **options)
        for length in range(2, len(data), max(1, len(data) // 40)):
            with pytest.raises(ImageReadError):
                read(data[:length])


# JPEG XR.


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpegxr(read, dtype, channels):
    array = smooth(dtype=dtype)
    array = array[..., 0].copy() if channels == 1 else array
    image = read(codec.jpegxr_encode(array, level=1.0))
    expected = array.reshape(24, 40, channels).astype(np.float32)
    if np.dtype(dtype).kind == "f":
        assert image.calibration.kind == "relative"
        np.testing.assert_allclose(image.pixels, expected, atol=3e-5)  # a step of its floats
    else:
        assert image.calibration.transfer == "srgb"
        np.testing.assert_array_equal(image.pixels, expected / np.float32(np.iinfo(dtype).max))


def test_jpegxr_alpha(read):
    array = np.dstack([smooth(), np.full((24, 40), 0.5)]).astype(np.float16)
    image = read(codec.jpegxr_encode(array, level=1.0))
    np.testing.assert_array_equal(image.pixels, array[..., :3].astype(np.float32))
    assert "the alpha channel was dropped" in image.notes


def jpegxr_tag(data: bytes, tag: int) -> int:
    """Offset of a tag's value."""
    return data.index(struct.pack("<H", tag), 32) + 8


@pytest.mark.parametrize(("value", "step"), [(1, (-1, 1)), (2, (1, -1)), (3, (-1, -1))])
def test_jpegxr_mirrored(read, value, step):
    array = smooth(dtype=np.uint8)
    data = bytearray(codec.jpegxr_encode(array, level=1.0))
    struct.pack_into("<I", data, jpegxr_tag(bytes(data), 0xBC02), value)
    expected = array[:: step[0], :: step[1]] / np.float32(255)
    np.testing.assert_array_equal(read(bytes(data)).pixels, expected)


def test_jpegxr_truncations(read):
    data = codec.jpegxr_encode(smooth(64, 64), level=1.0)
    for length in [*range(4, 140, 7), *range(140, len(data), 97), len(data) - 1]:
        with pytest.raises(ImageReadError):
            read(data[:length])


def test_jpegxr_bomb(read):
    data = bytearray(codec.jpegxr_encode(smooth(), level=1.0))
    for tag in (0xBC80, 0xBC81):
        struct.pack_into("<I", data, jpegxr_tag(bytes(data), tag), 100_000)
    with pytest.raises(ImageLimitError, match="100000 × 100000"):
        read(bytes(data))


def test_jpegxr_that_crashes_its_decoder(read):
    data = bytearray(codec.jpegxr_encode(smooth(dtype=np.uint8), level=1.0))
    codestream = data.index(b"WMPHOTO\0")
    assert data[codestream + 11] == 0x71  # RGB of 8 bits
    data[codestream + 11] = 0x7E  # a reserved sample type, for which jxrlib divides by zero
    with pytest.raises(ImageReadError, match=r"crashed|corrupt"):
        read(bytes(data))


def test_jpegxr_of_other_pixels(read):
    data = bytearray(codec.jpegxr_encode(smooth(dtype=np.uint8), level=1.0))
    at = data.index(bytes.fromhex("24c3dd6f034efe4bb1853d77768dc90d"))
    data[at + 15] = 0x1C  # CMYK
    with pytest.raises(ImageReadError, match=r"pixel format .*1c is not supported"):
        read(bytes(data))


# AVIF and HEIC.


def avif(bits: int, **options) -> tuple[bytes, np.ndarray]:
    dtype = np.uint8 if bits == 8 else np.uint16
    array = np.rint(smooth() * (2**bits - 1)).astype(dtype)
    options = {"level": 100, "speed": 10, "pixelformat": "444", "numthreads": 1} | options
    return codec.avif_encode(array, bitspersample=bits, **options), array


@pytest.mark.parametrize(
    ("bits", "points", "transfer", "primaries"),
    [
        (8, (1, 13, 6), "srgb", "bt709"),
        (10, (9, 16, 9), "pq", "bt2020"),
        (12, (9, 18, 9), "hlg", "bt2020"),
        (10, (12, 13, 6), "srgb", "p3"),
    ],
)
def test_avif(read, bits, points, transfer, primaries):
    data, array = avif(bits, primaries=points[0], transfer=points[1], matrix=points[2])
    image = read(data)
    assert (image.calibration.transfer, image.primaries) == (transfer, primaries)
    assert image.origin.depth == f"uint{bits}"
    np.testing.assert_array_equal(image.pixels, codec.avif_decode(data) / np.float32(2**bits - 1))
    np.testing.assert_allclose(image.pixels, array / (2**bits - 1), atol=0.02)


def test_avif_alpha_and_grey(read):
    array = np.dstack([smooth(dtype=np.uint8), np.full((24, 40), 99, np.uint8)])
    image = read(codec.avif_encode(array, level=90, speed=10, numthreads=1))
    assert image.channels == 3
    assert "the alpha channel was dropped" in image.notes
    grey = smooth(dtype=np.uint8)[..., 0].copy()
    assert read(codec.avif_encode(grey, level=90, speed=10, numthreads=1)).channels == 1


def test_avif_of_pillow(read):
    if "avif" not in PillowImage.SAVE:
        PillowImage.init()
    if "AVIF" not in PillowImage.SAVE:
        pytest.skip("this Pillow writes no AVIF")
    out = io.BytesIO()
    PillowImage.fromarray(smooth(dtype=np.uint8)).save(out, "AVIF", quality=95, speed=10)
    np.testing.assert_allclose(read(out.getvalue()).pixels, smooth(), atol=0.05)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_orientation(read, orientation):
    if "AVIF" not in PillowImage.SAVE:
        PillowImage.init()
    if "AVIF" not in PillowImage.SAVE:
        pytest.skip("this Pillow writes no AVIF")
    tags = PillowImage.Exif()
    tags[0x0112] = orientation
    out = io.BytesIO()
    picture = PillowImage.fromarray(smooth(dtype=np.uint8))
    picture.save(out, "AVIF", quality=95, speed=10, exif=tags, subsampling="4:4:4")
    turned = np.asarray(ImageOps.exif_transpose(PillowImage.open(io.BytesIO(out.getvalue()))))
    np.testing.assert_allclose(read(out.getvalue()).pixels, turned / 255, atol=2.1 / 255)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (b"irot", b"\1", [[3, 6], [2, 5], [1, 4]]),  # anti-clockwise
        (b"imir", b"\0", [[4, 5, 6], [1, 2, 3]]),  # top and bottom exchanged
        (b"imir", b"\1", [[3, 2, 1], [6, 5, 4]]),
        (b"clap", struct.pack(">8i", 2, 1, 1, 1, 1, 2, -1, 2), [[2, 3]]),
    ],
)
def test_heif_transforms(kind, body, expected):
    np.testing.assert_array_equal(
        transformed(np.array([[1, 2, 3], [4, 5, 6]]), [(kind, body)]), expected
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (bytes(31), "too short"),
        (struct.pack(">8i", 2, 0, 1, 1, 0, 1, 0, 1), "divides by zero"),
        (struct.pack(">8i", 9, 1, 1, 1, 0, 1, 0, 1), "outside the picture"),
        (struct.pack(">8i", 3, 2, 2, 1, 0, 1, 0, 1), "parts of pixels"),
        (struct.pack(">8i", 0, 1, 1, 1, 0, 1, 0, 1), "outside the picture"),
    ],
)
def test_impossible_crops(body, message):
    with pytest.raises(ImageReadError, match=message):
        transformed(np.zeros((2, 3)), [(b"clap", body)])


def test_avif_animation(read):
    frames = [PillowImage.fromarray(smooth(dtype=np.uint8) // k) for k in (1, 2, 3)]
    out = io.BytesIO()
    PillowImage.init()
    if "AVIF" not in PillowImage.SAVE:
        pytest.skip("this Pillow writes no AVIF")
    frames[0].save(
        out, "AVIF", save_all=True, append_images=frames[1:], quality=95, speed=10,
        subsampling="4:4:4",
    )  # fmt: skip
    for _ in range(3):  # the decoder used to write beyond its buffer
        image = read(out.getvalue())
    assert image.notes == ("animated: the first frame was read",)
    first = np.asarray(PillowImage.open(io.BytesIO(out.getvalue())).convert("RGB"))
    np.testing.assert_allclose(image.pixels, first / 255, atol=2.1 / 255)


def resized(data: bytes, value: int) -> bytes:
    changed, at = bytearray(data), 0
    while (at := data.find(b"ispe", at + 1)) > 0:
        struct.pack_into(">II", changed, at + 8, value, value)
    return bytes(changed)


def heic(bits: int = 10, **options) -> tuple[bytes, np.ndarray]:
    array = smooth(64, 96)
    out = io.BytesIO()
    if bits == 8:
        picture = heif.from_bytes("RGB", (96, 64), np.rint(array * 255).astype(np.uint8).tobytes())
    else:
        codes = np.rint(array * 65535).astype(np.uint16)
        picture = heif.from_bytes("RGB;16", (96, 64), codes.tobytes())
    picture.save(out, format="HEIF", quality=95, chroma=444, **options)
    return out.getvalue(), array


@pytest.mark.parametrize(
    ("bits", "points", "transfer", "primaries"),
    [
        (8, (1, 13, 6), "srgb", "bt709"),
        (10, (9, 16, 9), "pq", "bt2020"),
        (10, (9, 18, 9), "hlg", "bt2020"),
    ],
)
def test_heic(read, bits, points, transfer, primaries):
    names = ("color_primaries", "transfer_characteristics", "matrix_coefficients")
    data, array = heic(bits, **dict(zip(names, points, strict=True)), full_range_flag=1)
    image = read(data)
    assert (image.calibration.transfer, image.primaries) == (transfer, primaries)
    assert (image.origin.format, image.origin.depth) == ("heic", f"uint{bits}")
    np.testing.assert_allclose(image.pixels, array, atol=0.03)
    assert image.pixels.max() == 1  # ten bits in sixteen are scaled by their own largest value


@pytest.mark.parametrize("make", [avif, heic])
def test_bombs_in_boxes(read, make):
    data, _ = make(8)
    with pytest.raises(ImageLimitError, match="100000 × 100000"):
        read(resized(data, 100_000))


@pytest.mark.parametrize("make", [avif, heic])
def test_truncated_boxes(read, make):
    data, _ = make(8)
    for length in [*range(4, 400, 23), *range(400, len(data), 61), len(data) - 1]:
        with pytest.raises(ImageReadError):
            read(data[:length])


def test_video_is_no_picture(read):
    box = struct.pack(">I4s4sI4s", 20, b"ftyp", b"avif", 0, b"avif")
    with pytest.raises(ImageReadError, match="no still picture"):
        read(box + struct.pack(">I4s", 8, b"moov"))


# Ultra HDR.


@pytest.fixture(scope="module")
def ultra() -> tuple[bytes, np.ndarray]:
    light = np.dstack([smooth(64, 96) * 4, np.ones((64, 96))]).astype(np.float16)
    return codec.ultrahdr_encode(light), light[..., :3].astype(np.float32)


def test_ultrahdr_is_light_above_sdr_white(read, ultra):
    data, light = ultra
    image = read(data)
    assert image.calibration.kind == "relative"
    assert "SDR white" in image.calibration.rule
    assert (image.origin.format, image.primaries) == ("ultrahdr", "bt709")
    assert image.pixels.max() > 3.5
    assert np.abs(image.pixels - light).mean() < 0.08
    np.testing.assert_array_equal(
        image.pixels, codec.ultrahdr_decode(data)[..., :3].astype(np.float32)
    )


def gain_map_metadata(data: bytes, start: int) -> list[float]:
    """Minimum and maximum log2 gain, gamma, and the two offsets (ISO 21496-1, annex C)."""
    name = b"urn:iso:std:iso:ts:21496:-1\0"
    at = data.index(name, start) + len(name)
    versions, flags = struct.unpack_from(">IB", data, at)
    assert (versions, flags & 0x88) == (0, 0)  # version 0, one channel, a denominator for each
    fields = struct.unpack_from(">iIiIIIiIiI", data, at + 21)
    return [top / bottom for top, bottom in zip(fields[0::2], fields[1::2], strict=True)]


def test_ultrahdr_follows_the_formula_of_gain_maps(read, ultra):
    """Apply the map by the book where its samples lie: (SDR + k)·2^gain − k."""
    data, _ = ultra
    second = data.index(b"\xff\xd8\xff", data.index(b"\xff\xd9"))
    low, high, gamma, sdr, hdr = gain_map_metadata(data, second)
    gain = np.asarray(PillowImage.open(io.BytesIO(data[second:])).convert("RGB")) / 255
    base = np.asarray(PillowImage.open(io.BytesIO(data)).convert("RGB")) / 255
    step = base.shape[0] // gain.shape[0]
    linear = np.where(base <= 0.04045, base / 12.92, ((base + 0.055) / 1.055) ** 2.4)
    log_gain = low + (high - low) * gain ** (1 / gamma)
    # This encoder keeps the SDR picture in Display P3, and the map is for BT.709.
    to_bt709 = [[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]]
    linear = linear[::step, ::step] @ np.array(to_bt709).T
    expected = (linear + sdr) * 2**log_gain - hdr
    found = read(data).pixels[::step, ::step]
    # The codec takes colours from Y'CbCr by arithmetic of its own: half a code value or so.
    np.testing.assert_allclose(found, np.clip(expected, 0, None), atol=0.05, rtol=0.02)


def test_ultrahdr_base(read, ultra):
    data, _ = ultra
    image = read(data, part="base")
    expected = np.asarray(PillowImage.open(io.BytesIO(data)).convert("RGB")) / np.float32(255)
    np.testing.assert_array_equal(image.pixels, expected)
    assert (image.calibration.transfer, image.primaries) == ("srgb", "p3")
    assert any("gain map was left out" in note for note in image.notes)


def test_ultrahdr_turned(read, ultra):
    data, _ = ultra
    tags = PillowImage.Exif()
    tags[0x0112] = 6
    body = tags.tobytes()
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    turned = read(data[:2] + segment + data[2:])
    np.testing.assert_array_equal(turned.pixels, np.rot90(read(data).pixels, -1))


def test_ultrahdr_truncations(read, ultra):
    data, _ = ultra
    for length in [*range(4, len(data), 211), len(data) - 1]:
        with pytest.raises(ImageReadError):
            read(data[:length])


# Without the extra.


@pytest.mark.parametrize("kind", ["jpegxl", "jpegxr", "avif", "heic", "ultrahdr"])
def test_missing_packages_are_named(read, monkeypatch, kind, ultra):
    data = {
        "jpegxl": lambda: codec.jpegxl_encode(smooth(dtype=np.uint8)),
        "jpegxr": lambda: codec.jpegxr_encode(smooth(dtype=np.uint8)),
        "avif": lambda: avif(8)[0],
        "heic": lambda: heic(8)[0],
        "ultrahdr": lambda: ultra[0],
    }[kind]()
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingCodecError, match=r'pip install "hdrmetrics\[codecs\]"'):
        read(data, isolate=False)
    if kind == "ultrahdr":
        assert read(data, part="base").calibration.transfer == "srgb"
