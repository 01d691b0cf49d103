"""PNG: files of Pillow and imagecodecs, and files written chunk by chunk."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageCms

from hdrmetrics import read_image, write_image
from hdrmetrics.errors import (
    ImageLimitError,
    ImageReadError,
    ImageWriteError,
    OptionError,
    PixelValueWarning,
)
from hdrmetrics.picture.image import Calibration, Image

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
          (1, 0, 2, 1)]  # fmt: skip


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def rows(codes: np.ndarray, depth: int, filters: bool) -> bytes:
    """Packed rows of (H, W, C), each with filter 0, or with 0 to 4 in turn."""
    bits = [
        [(int(value) >> shift) & 1 for value in row.ravel() for shift in range(depth - 1, -1, -1)]
        for row in codes
    ]
    lines = [np.packbits(np.array(row, np.uint8)).astype(int) for row in bits]
    step = max(1, depth * codes.shape[2] // 8)
    out, above = bytearray(), np.zeros_like(lines[0])
    for number, line in enumerate(lines):
        kind = number % 5 if filters else 0
        left = np.concatenate([np.zeros(step, int), line])[: len(line)]
        corner = np.concatenate([np.zeros(step, int), above])[: len(line)]
        estimate = left + above - corner
        distance = [abs(estimate - left), abs(estimate - above), abs(estimate - corner)]
        paeth = np.choose(np.argmin(distance, axis=0), [left, above, corner])
        guess = [0, left, above, (left + above) // 2, paeth][kind]
        out += bytes([kind, *((line - guess) % 256).tolist()])
        above = line
    return bytes(out)


def file(codes: np.ndarray, colour: int, depth: int, *, chunks=(), interlaced=False,
         filters=True) -> bytes:  # fmt: skip
    height, width = codes.shape[:2]
    codes = codes.reshape(height, width, SAMPLES[colour])
    if interlaced:
        parts = [codes[y::dy, x::dx] for y, x, dy, dx in PASSES]
        raw = b"".join(rows(part, depth, filters) for part in parts if part.size)
    else:
        raw = rows(codes, depth, filters)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    packed = zlib.compress(raw)
    half = len(packed) // 2
    body = [(b"IHDR", header), *chunks, (b"IDAT", packed[:half]), (b"IDAT", packed[half:]),
            (b"IEND", b"")]  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in body)


def codes_of(height: int, width: int, colour: int, depth: int) -> np.ndarray:
    rng = np.random.default_rng(depth)
    return rng.integers(0, 2**depth, (height, width, SAMPLES[colour]), dtype=np.uint16)


# Every kind of sample.

KINDS = [
    (colour, depth)
    for colour, depths in {
        GREY: (1, 2, 4, 8, 16), RGB: (8, 16), GREY_ALPHA: (8, 16), RGBA: (8, 16)
    }.items()
    for depth in depths
]  # fmt: skip


@pytest.mark.parametrize(("colour", "depth"), KINDS)
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (21, 34)])
def test_every_kind(read, colour, depth, interlaced, size):
    codes = codes_of(*size, colour, depth)
    image = read(file(codes, colour, depth, interlaced=interlaced))
    channels = 3 if colour in (RGB, RGBA) else 1
    expected = codes[..., :channels].astype(np.float32) / np.float32(2**depth - 1)
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.calibration.kind == "display"
    assert image.calibration.transfer == "srgb"
    assert image.origin.depth == f"uint{depth}"
    assert (image.primaries, image.pixels.dtype) == ("bt709", np.float32)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("interlaced", [False, True])
def test_palettes(read, depth, interlaced):
    codes = codes_of(7, 5, PALETTE, depth)
    palette = np.random.default_rng(0).integers(0, 256, (2**depth, 3), dtype=np.uint8)
    data = file(codes, PALETTE, depth, chunks=[(b"PLTE", palette.tobytes())], interlaced=interlaced)
    image = read(data)
    np.testing.assert_array_equal(image.pixels, palette[codes[..., 0]] / np.float32(255))
    assert image.origin.details["palette"]


def test_transparent_palette(read):
    codes = np.array([[0, 1]])
    chunks = [(b"PLTE", bytes([10, 20, 30, 40, 50, 60])), (b"tRNS", bytes([0]))]
    image = read(file(codes, PALETTE, 8, chunks=chunks))
    np.testing.assert_array_equal(
        image.pixels, np.float32([[[10, 20, 30], [40, 50, 60]]]) / np.float32(255)
    )
    assert "the alpha channel was dropped" in image.notes


@pytest.mark.parametrize("alpha", [65535, 65534])
def test_alpha_is_noted_unless_opaque(read, alpha):
    codes = codes_of(3, 4, RGBA, 16)
    codes[..., 3] = 65535
    codes[1, 2, 3] = alpha
    notes = read(file(codes, RGBA, 16)).notes
    assert notes == (() if alpha == 65535 else ("the alpha channel was dropped",))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16", "LA"])
def test_files_of_pillow(tmp_path, mode):
    picture = PillowImage.fromarray(
        np.random.default_rng(0).integers(0, 256, (9, 14, 3), dtype=np.uint8)
    )
    if mode == "I;16":
        values = np.random.default_rng(0).integers(0, 65536, (9, 14), dtype=np.uint16)
        picture = PillowImage.fromarray(values)
        expected = values / np.float32(65535)
    else:
        picture = picture.convert(mode)
        expected = np.asarray(picture.convert("L" if mode in ("1", "LA") else
                                              "RGB" if mode in ("P", "RGBA") else mode)
                              ) / np.float32(255)  # fmt: skip
    picture.save(tmp_path / "a.png")
    found = read_image(tmp_path / "a.png").pixels
    np.testing.assert_array_equal(found, expected.reshape(found.shape).astype(np.float32))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_files_of_imagecodecs(read, channels, dtype):
    codec = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is not installed")
    top = np.iinfo(dtype).max
    codes = np.random.default_rng(0).integers(0, top, (37, 50, channels), dtype=dtype)
    codes = codes[..., 0].copy() if channels == 1 else codes
    image = read(codec.png_encode(codes))
    expected = codes[..., None] if channels == 1 else codes[..., : 1 if channels == 2 else 3]
    np.testing.assert_array_equal(image.pixels, expected / np.float32(top))


# Colour.


@pytest.mark.parametrize(
    ("points", "transfer", "primaries"),
    [
        ((9, 16), "pq", "bt2020"),
        ((9, 18), "hlg", "bt2020"),
        ((12, 13), "srgb", "p3"),
        ((1, 13), "srgb", "bt709"),
        ((1, 1), "bt1886", "bt709"),
        ((9, 14), "bt1886", "bt2020"),
        ((2, 2), "srgb", "bt709"),
        ((1, 4), "gog", "bt709"),
    ],
)
def test_cicp(read, points, transfer, primaries):
    codes = codes_of(3, 4, RGB, 16)
    image = read(file(codes, RGB, 16, chunks=[(b"cICP", bytes([*points, 0, 1]))]))
    assert image.calibration.kind == "display"
    assert (image.calibration.transfer, image.primaries) == (transfer, primaries)
    assert image.notes == ()
    np.testing.assert_array_equal(image.pixels, codes / np.float32(65535))


def test_linear_cicp_is_light(read):
    codes = np.full((2, 2, 3), 65535, np.uint16)
    image = read(file(codes, RGB, 16, chunks=[(b"cICP", bytes([9, 8, 0, 1]))]))
    assert image.calibration.kind == "relative"
    assert image.primaries == "bt709"
    np.testing.assert_allclose(image.pixels, 1, rtol=1e-5)


@pytest.mark.parametrize(("points", "message"), [((23, 13), "primaries 23"),
                                                 ((1, 19), "characteristics 19")])  # fmt: skip
def test_reserved_cicp_is_refused(read, points, message):
    with pytest.raises(ImageReadError, match=message):
        read(file(codes_of(2, 2, RGB, 8), RGB, 8, chunks=[(b"cICP", bytes([*points, 0, 1]))]))


@pytest.mark.parametrize("rest", [(1, 1), (0, 0)])
def test_cicp_of_video_is_refused(read, rest):
    with pytest.raises(ImageReadError, match="only RGB"):
        read(file(codes_of(2, 2, RGB, 8), RGB, 8, chunks=[(b"cICP", bytes([9, 16, *rest]))]))


def test_cicp_comes_before_other_chunks(read):
    chunks = [(b"sRGB", b"\0"), (b"cICP", bytes([9, 16, 0, 1])), (b"gAMA", bytes(4))]
    image = read(file(codes_of(2, 2, RGB, 8), RGB, 8, chunks=chunks))
    assert image.calibration.transfer == "pq"


def test_linear_gamma_is_light(read):
    codes = codes_of(2, 2, RGB, 16)
    image = read(file(codes, RGB, 16, chunks=[(b"gAMA", struct.pack(">I", 100000))]))
    assert image.calibration.kind == "relative"
    np.testing.assert_array_equal(image.pixels, codes / np.float32(65535))


def display_p3_profile() -> bytes:
    """A minimal profile with the adapted colorants that Display P3 profiles carry, and a curve."""
    from icc_builder import SRGB_PARAMETERS, parametric

    colorants = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    tags, body = b"", b""
    start = 128 + 4 + 12 * (len(colorants) + 3)
    for name, values in colorants.items():
        tags += struct.pack(">4sII", name, start + len(body), 20)
        body += b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * v) for v in values))
    curve = parametric(3, *SRGB_PARAMETERS)
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        tags += struct.pack(">4sII", name, start + len(body), len(curve))
    head = bytearray(128)
    head[12:24] = b"mntrRGB XYZ "
    head[36:40] = b"acsp"
    return bytes(head) + struct.pack(">I", len(colorants) + 3) + tags + body + curve


def with_profile(profile: bytes) -> bytes:
    chunks = [(b"iCCP", b"name\0\0" + zlib.compress(profile))]
    return file(codes_of(2, 2, RGB, 8), RGB, 8, chunks=chunks)


def test_srgb_profile(read):
    image = read(with_profile(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()))
    assert (image.calibration.transfer, image.primaries, image.notes) == ("srgb", "bt709", ())
    assert "ICC profile" in image.calibration.rule


def test_display_p3_profile(read):
    image = read(with_profile(display_p3_profile()))
    assert (image.calibration.transfer, image.primaries, image.notes) == ("srgb", "p3", ())


def test_profile_with_code_points(read):
    head = bytearray(display_p3_profile())
    body = b"cicp\0\0\0\0" + bytes([9, 16, 0, 1])
    tags = struct.pack(">I4sII", 1, b"cicp", 128 + 16, len(body))
    image = read(with_profile(bytes(head[:128]) + tags + body))
    assert (image.calibration.transfer, image.primaries) == ("pq", "bt2020")


@pytest.mark.parametrize(
    ("profile", "note"),
    [
        (ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(), "unknown ICC profile"),
        (b"rubbish" * 100, "damaged ICC profile"),
    ],
)
def test_profiles_that_are_ignored(read, profile, note):
    image = read(with_profile(profile))
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt709")
    assert any(note in found for found in image.notes)


# Wrong files.


@pytest.fixture
def good() -> bytes:
    return file(codes_of(20, 20, RGB, 8), RGB, 8)


def test_every_truncation_is_an_error(read, good):
    for length in [*range(60), *range(60, len(good), 37), len(good) - 1]:
        with pytest.raises(ImageReadError):
            read(good[:length])


def test_every_changed_byte_is_an_error(read, good):
    for position in [*range(8, 50), *range(50, len(good), 29), *range(len(good) - 12, len(good))]:
        changed = bytearray(good)
        changed[position] ^= 0x10
        with pytest.raises(ImageReadError):
            read(bytes(changed))


def test_check_sums_cover_everything(read, good):
    changed = bytearray(good)
    changed[-30] ^= 1  # inside the compressed data
    with pytest.raises(ImageReadError, match=r"check sum of chunk b'IDAT' is wrong"):
        read(bytes(changed))


def patched_header(width: int, height: int, depth: int, colour: int, rest=(0, 0, 0)) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, *rest)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("colour", [GREY, RGB])
def test_header_bomb(read, colour):
    with pytest.raises(ImageLimitError, match="100000 × 100000"):
        read(patched_header(100_000, 100_000, 8, colour))


def test_too_little_data_is_seen_before_decoding(read):
    with pytest.raises(ImageReadError, match="too little image data"):
        read(patched_header(10_000, 10_000, 8, RGB))


def test_data_that_ends_early(read):
    with pytest.raises(ImageReadError, match="corrupt image data"):
        read(patched_header(40, 40, 8, RGB))


def test_too_much_data_does_no_harm(read):
    bomb = zlib.compress(bytes(50_000_000))
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0)), (b"IDAT", bomb)]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in [*parts, (b"IEND", b"")])
    np.testing.assert_array_equal(read(data).pixels, np.zeros((2, 2, 1)))


@pytest.mark.parametrize(
    ("depth", "colour", "rest"),
    [(3, 0, (0, 0, 0)), (16, 3, (0, 0, 0)), (4, 2, (0, 0, 0)), (8, 5, (0, 0, 0)),
     (8, 0, (1, 0, 0)), (8, 0, (0, 1, 0)), (8, 0, (0, 0, 2))],
)  # fmt: skip
def test_impossible_headers(read, depth, colour, rest):
    with pytest.raises(ImageReadError, match="no PNG has"):
        read(patched_header(2, 2, depth, colour, rest))


def test_palette_faults(read):
    codes = np.array([[0, 3]])
    with pytest.raises(ImageReadError, match="palette is missing"):
        read(file(codes, PALETTE, 8))
    with pytest.raises(ImageReadError, match="colour 3 of 2"):
        read(file(codes, PALETTE, 8, chunks=[(b"PLTE", bytes(6))]))


def test_two_headers(read):
    header = (b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 0, 0, 0, 0))
    with pytest.raises(ImageReadError, match="two chunks b'IHDR'"):
        read(file(codes_of(2, 2, GREY, 8), GREY, 8, chunks=[header]))


# Writing.


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (70, 33)])
def test_integers_survive(tmp_path, dtype, channels, size):
    top = np.iinfo(dtype).max
    codes = np.random.default_rng(0).integers(0, top, (*size, channels), dtype=dtype)
    codes[: size[0] // 2] = np.arange(size[1], dtype=dtype)[None, :, None] * 3
    write_image(tmp_path / "a.png", codes)
    image = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(image.pixels, codes / np.float32(top))
    assert image.calibration.transfer == "srgb"
    if dtype == np.uint8:  # and for a reader that is not ours
        peer = np.asarray(PillowImage.open(tmp_path / "a.png"))
        np.testing.assert_array_equal(peer.reshape(codes.shape), codes)


def test_sixteen_bits_for_another_reader(tmp_path):
    codec = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is not installed")
    codes = np.random.default_rng(0).integers(0, 65536, (70, 33, 3), dtype=np.uint16)
    codes[10:40] = np.cumsum(codes[10:40] % 5, axis=1, dtype=np.uint16)
    write_image(tmp_path / "a.png", codes)
    np.testing.assert_array_equal(codec.png_decode((tmp_path / "a.png").read_bytes()), codes)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("transfer", ["srgb", "bt1886", "gog", "pq", "hlg"])
@pytest.mark.parametrize("primaries", ["bt709", "bt2020", "p3"])
def test_display_images_survive(tmp_path, depth, transfer, primaries):
    codes = np.random.default_rng(0).integers(0, 2**depth, (6, 5, 3))
    pixels = (codes / (2**depth - 1)).astype(np.float32)
    image = Image(pixels, Calibration("display", transfer=transfer), primaries)
    write_image(tmp_path / "a.png", image, depth=depth)
    again = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(again.pixels, pixels)
    assert (again.calibration.transfer, again.primaries) == (transfer, primaries)
    assert again.origin.depth == f"uint{depth}"


def test_default_depths(tmp_path):
    pixels = np.full((2, 2, 3), 0.5, np.float32)
    for transfer, depth in (("srgb", "uint8"), ("pq", "uint16")):
        image = Image(pixels, Calibration("display", transfer=transfer))
        write_image(tmp_path / "a.png", image)
        assert read_image(tmp_path / "a.png").origin.depth == depth


def test_values_outside_are_clipped_not_wrapped(tmp_path):
    pixels = np.array([[[-0.5, 0.0, 1.5]]], np.float32)
    image = Image(pixels, Calibration("display", transfer="srgb"))
    with pytest.warns(PixelValueWarning, match="2 of 3 were clipped"):
        write_image(tmp_path / "a.png", image, depth=16)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, [[[0, 0, 1]]])


def test_float_arrays_are_srgb_codes(tmp_path):
    write_image(tmp_path / "a.png", np.array([[0.0, 0.5, 1.0]]), depth=16)
    image = read_image(tmp_path / "a.png")
    np.testing.assert_allclose(image.pixels[0, :, 0], [0, 0.5, 1], atol=1e-5)
    with pytest.raises(ImageWriteError, match="no code values"):
        write_image(tmp_path / "a.png", np.array([[0.0, 80.0]]))


@pytest.mark.parametrize(
    ("array", "options", "error", "message"),
    [
        (np.zeros((2, 2), np.int32), {}, ImageWriteError, "not int32"),
        (np.zeros((2, 2), np.uint8), {"depth": 16}, OptionError, "need depth=8"),
        (np.zeros((2, 2, 4), np.uint8), {}, ImageWriteError, r"not \(2, 2, 4\)"),
        (np.zeros((0, 2), np.uint8), {}, ImageWriteError, r"not \(0, 2\)"),
        (np.full((2, 2), np.nan), {}, ImageWriteError, "NaN"),
        (np.zeros((2, 2)), {"transfer": "pq"}, OptionError, "needs an Image in cd/m²"),
        (np.zeros((2, 2)), {"depth": "half"}, OptionError, r"\.png has 8 or 16"),
    ],
)
def test_what_cannot_be_written(tmp_path, array, options, error, message):
    with pytest.raises(error, match=message):
        write_image(tmp_path / "a.png", array, **options)
    assert list(tmp_path.iterdir()) == []


# Light as PQ and HLG.


def test_pq_of_known_levels(tmp_path):
    # BT.2408: 203 cd/m² is 58 % PQ; ST 2084: 100 cd/m² is 50.81 %, 1000 is 75.18 %.
    light = np.array([[0.0, 100.0, 203.0, 1000.0, 10000.0]])
    image = Image(light, Calibration("absolute"), "bt2020")
    write_image(tmp_path / "a.png", image, transfer="pq")
    again = read_image(tmp_path / "a.png")
    assert (again.calibration.transfer, again.primaries) == ("pq", "bt2020")
    assert again.origin.depth == "uint16"
    np.testing.assert_allclose(
        again.pixels[0, :, 0], [0, 0.508078, 0.580689, 0.751827, 1], atol=2e-5
    )


def test_hlg_of_known_levels(tmp_path):
    # BT.2408: 203 cd/m² on a 1000 cd/m² display is 75 % HLG; black and peak are 0 and 1.
    light = np.repeat(np.array([[[0.0], [203.0], [1000.0]]]), 3, axis=2)
    image = Image(light, Calibration("scaled", factor=1.0), "bt2020")
    write_image(tmp_path / "a.png", image, transfer="hlg")
    again = read_image(tmp_path / "a.png")
    assert again.calibration.transfer == "hlg"
    np.testing.assert_allclose(again.pixels[0, :, 0], [0, 0.75, 1], atol=5e-4)


def test_light_above_the_peak_is_clipped_with_a_warning(tmp_path):
    image = Image(np.full((2, 2), 2e4), Calibration("absolute"))
    with pytest.warns(PixelValueWarning, match="4 of 4 were clipped"):
        write_image(tmp_path / "a.png", image, transfer="pq")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, np.ones((2, 2, 1)))


def test_linear_light_needs_a_decision(tmp_path):
    relative = Image(np.ones((2, 2)), Calibration("relative"))
    with pytest.raises(ImageWriteError, match="tone-map first, or choose transfer"):
        write_image(tmp_path / "a.png", relative)
    with pytest.raises(ImageWriteError, match="this image is relative: scale it first"):
        write_image(tmp_path / "a.png", relative, transfer="pq")
    coded = Image(np.ones((2, 2)), Calibration("display", transfer="srgb"))
    with pytest.raises(OptionError, match="are srgb code values already"):
        write_image(tmp_path / "a.png", coded, transfer="pq")
