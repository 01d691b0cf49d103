"""TIFF: files of tifffile and Pillow, and directories written tag by tag."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image as PillowImage

from hdrmetrics import read_image
from hdrmetrics.errors import ImageLimitError, ImageReadError, MissingCodecError

tifffile = pytest.importorskip("tifffile", reason="tifffile, the independent writer, is absent")


def encoded(array: np.ndarray, **options) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, array, **{"metadata": None} | options)
    return out.getvalue()


def samples(height: int, width: int, channels: int, dtype, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        values = rng.normal(size=(height, width, channels)).astype(dtype)
    else:
        top = np.iinfo(dtype).max
        values = rng.integers(0, top, (height, width, channels), dtype=dtype, endpoint=True)
    return values[..., 0] if channels == 1 else values


def check(image, array: np.ndarray) -> None:
    expected = array[..., None] if array.ndim == 2 else array[..., :3]
    if array.dtype.kind == "f":
        assert image.calibration.kind == "relative"
        np.testing.assert_array_equal(image.pixels, expected.astype(np.float32))
        assert image.origin.depth == array.dtype.name
    else:
        assert (image.calibration.kind, image.calibration.transfer) == ("display", "srgb")
        top = np.float32(np.iinfo(array.dtype).max)
        np.testing.assert_array_equal(image.pixels, expected.astype(np.float32) / top)


DTYPES = [np.uint8, np.uint16, np.float16, np.float32, np.float64]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("layout", ["plain", "strips", "tiles", "planes", "bigtiff"])
def test_samples_and_layouts(read, dtype, channels, order, layout):
    array = samples(37, 50, channels, dtype)
    options = {
        "plain": {},
        "strips": {"rowsperstrip": 5},
        "tiles": {"tile": (16, 32)},
        "planes": {"planarconfig": "separate"} if channels == 3 else {"rowsperstrip": 7},
        "bigtiff": {"bigtiff": True},
    }[layout]
    stored = np.moveaxis(array, 2, 0) if layout == "planes" and channels == 3 else array
    kind = "rgb" if channels == 3 else "minisblack"
    check(read(encoded(stored, photometric=kind, byteorder=order, **options)), array)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("compression", ["deflate", "packbits", "lzw", "zstd"])
@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_compressions(read, dtype, compression, predictor, order):
    if compression != "deflate" or predictor:
        pytest.importorskip("imagecodecs", reason="tifffile needs the extra 'codecs' to write this")
    predictor = predictor and compression != "packbits"  # tifffile does not write both
    array = np.sort(samples(40, 33, 3, dtype), axis=0)
    array[10:20] = array[10]
    data = encoded(
        array, photometric="rgb", compression=compression, predictor=predictor, byteorder=order,
        rowsperstrip=9,
    )  # fmt: skip
    check(read(data), array)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_predictor_in_tiles_of_one_channel(read, dtype):
    pytest.importorskip("imagecodecs", reason="tifffile needs the extra 'codecs' to write this")
    array = samples(20, 70, 1, dtype)
    check(read(encoded(array, compression="deflate", predictor=True, tile=(16, 16))), array)


@pytest.mark.parametrize("size", [(1, 1), (7, 5)])
def test_small_pictures(read, size):
    array = samples(*size, 3, np.float32)
    check(read(encoded(array, photometric="rgb")), array)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("opaque", [False, True])
def test_alpha_is_dropped(read, dtype, opaque):
    array = samples(5, 6, 4, dtype)
    if opaque:
        array[..., 3] = 1 if np.dtype(dtype).kind == "f" else 65535
    image = read(encoded(array, photometric="rgb", extrasamples=["unassalpha"]))
    check(image, array)
    assert ("the alpha channel was dropped" in image.notes) == (not opaque)


def test_further_channels_are_dropped(read):
    array = samples(5, 6, 6, np.float32)
    extra = {"extrasamples": ["unassalpha", 0, 0], "planarconfig": "contig"}
    image = read(encoded(array, photometric="rgb", **extra))
    np.testing.assert_array_equal(image.pixels, array[..., :3])
    assert "2 extra channels were dropped" in image.notes


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(read, orientation):
    array = samples(4, 6, 3, np.uint8)
    # The row and column that come first say what each number means (TIFF 6.0, page 36).
    turned = {
        1: array,
        2: array[:, ::-1],
        3: array[::-1, ::-1],
        4: array[::-1],
        5: array.transpose(1, 0, 2),
        6: np.rot90(array, -1),
        7: array.transpose(1, 0, 2)[::-1, ::-1],
        8: np.rot90(array, 1),
    }[orientation]
    data = encoded(array, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
    check(read(data), turned)


def test_white_is_zero(read):
    array = samples(4, 6, 1, np.uint8)
    check(read(encoded(array, photometric="miniswhite")), 255 - array)


def test_first_of_several_pages(read):
    first, second = samples(4, 6, 3, np.float32), samples(2, 2, 3, np.float32)
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        writer.write(first, photometric="rgb", metadata=None)
        writer.write(second, photometric="rgb", metadata=None)
    image = read(out.getvalue())
    check(image, first)
    assert "more than one page: the first was read" in image.notes


def test_files_of_pillow(tmp_path):
    array = samples(9, 7, 3, np.uint8)
    PillowImage.fromarray(array).save(tmp_path / "a.tif", compression="tiff_adobe_deflate")
    check(read_image(tmp_path / "a.tif"), array)


def test_profile(read):
    from test_io_png import display_p3_profile

    data = encoded(samples(2, 2, 3, np.uint8), photometric="rgb", iccprofile=display_p3_profile())
    assert read(data).primaries == "p3"


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_profile_declared_as_numbers(read, dtype):
    from icc_builder import ADOBE, gamma, profile

    icc, array = profile(gamma(1.8), ADOBE), samples(5, 6, 3, dtype)
    expected = read(encoded(array, photometric="rgb", iccprofile=icc))
    image = read(encoded(array, photometric="rgb", extratags=[(34675, 1, len(icc), icc, True)]))
    assert image.origin == expected.origin
    assert image.notes == expected.notes
    np.testing.assert_array_equal(image.pixels, expected.pixels)


def test_nan_is_kept(read):
    array = samples(2, 2, 3, np.float32)
    array[0, 0, 0] = np.nan
    image = read(encoded(array, photometric="rgb"))
    check(image, array)
    assert "1 of 12 samples are NaN or infinite" in image.notes


# What is refused.


def test_other_colours(tmp_path):
    PillowImage.fromarray(samples(4, 4, 3, np.uint8)).convert("CMYK").save(tmp_path / "a.tif")
    with pytest.raises(ImageReadError, match="CMYK TIFF"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", [np.int16, np.uint32, np.int8])
def test_other_samples(read, dtype):
    with pytest.raises(ImageReadError, match="are not supported: 8 or 16 bits"):
        read(encoded(np.zeros((3, 3), dtype)))


@pytest.mark.parametrize(("number", "name"), [(4, "CCITT"), (6, "old JPEG"), (50001, "WebP")])
def test_unknown_compression(read, number, name):
    with pytest.raises(ImageReadError, match=rf"compression {number} \({name}\)"):
        read(changed(t259=(3, 1, number)))


def test_lzw_without_the_extra(read, monkeypatch):
    pytest.importorskip("imagecodecs", reason="tifffile needs the extra 'codecs' to write this")
    data = encoded(samples(8, 8, 1, np.uint8), compression="lzw")
    import sys

    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(MissingCodecError, match=r'pip install "hdrmetrics\[codecs\]"'):
        read(data, isolate=False)


def tiff(*tags: tuple[int, int, int, int], body: bytes = bytes(64)) -> bytes:
    """A little-endian file with one directory of (tag, type, count, value)."""
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return head + entries + bytes(4) + body


BASE = {
    256: (3, 1, 4), 257: (3, 1, 4), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1),
    273: (4, 1, 200), 277: (3, 1, 1), 278: (3, 1, 4), 279: (4, 1, 16),
}  # fmt: skip


def changed(**values: tuple[int, int, int]) -> bytes:
    tags = BASE | {int(key[1:]): value for key, value in values.items()}
    return tiff(*((tag, *value) for tag, value in sorted(tags.items())), body=bytes(200))


def test_base_of_the_next_tests_is_readable(read):
    np.testing.assert_array_equal(read(changed()).pixels, np.zeros((4, 4, 1)))


@pytest.mark.parametrize(
    ("tag", "value", "message"),
    [
        ("t256", (3, 1, 0), "announces 0 × 4"),
        ("t256", (11, 1, 0), "no whole number"),
        ("t257", (2, 1, 0), "no whole number"),
        ("t258", (3, 1, 12), "too short"),
        ("t258", (3, 1, 20), "20 bits"),
        ("t262", (3, 1, 77), "photometric 77"),
        ("t277", (3, 1, 0), "0 samples per pixel"),
        ("t277", (3, 1, 1000), "1000 samples per pixel"),
        ("t273", (4, 1, 99999), "lies outside the file"),
        ("t279", (4, 1, 15), "too short"),
        ("t278", (3, 1, 2), "instead of 2"),
        ("t278", (3, 1, 0), "announces 4 × 0"),
        ("t259", (3, 1, 8), "corrupt TIFF data"),
        ("t317", (3, 1, 7), "predictor 7"),
        ("t317", (3, 1, 3), "predictor 3 is not supported with uint8"),
        ("t258", (3, 2**31, 0), "lies outside the file"),
    ],
)
def test_broken_directories(read, tag, value, message):
    with pytest.raises(ImageReadError, match=message):
        read(changed(**{tag: value}))


@pytest.mark.parametrize("extra", [{}, {"t322": (4, 1, 16), "t323": (4, 1, 16)}])
def test_header_bomb(read, extra):
    with pytest.raises(ImageLimitError, match="100000 × 100000"):
        read(changed(t256=(4, 1, 100_000), t257=(4, 1, 100_000), **extra))


def test_tile_bomb(read):
    tiles = {"t322": (4, 1, 100_000), "t323": (4, 1, 100_000), "t324": (4, 1, 200),
             "t325": (4, 1, 16)}  # fmt: skip
    with pytest.raises(ImageLimitError, match="100000 × 100000"):
        read(changed(**tiles))


def test_too_little_data_is_seen_before_decoding(read):
    with pytest.raises(ImageReadError, match="too little data"):
        read(changed(t256=(4, 1, 10_000), t257=(4, 1, 10_000), t278=(4, 1, 10_000)))


def test_decompression_stops_at_the_announced_size(read):
    array = np.zeros((4000, 4000), np.uint8)
    data = bytearray(encoded(array, compression="deflate", rowsperstrip=4000))
    for tag, value in ((256, 4), (257, 4), (278, 4)):
        at = data.index(struct.pack("<H", tag), 8)
        struct.pack_into("<I", data, at + 8, value)
    image = read(bytes(data))
    np.testing.assert_array_equal(image.pixels, np.zeros((4, 4, 1)))


def test_every_truncation_is_an_error(read):
    data = encoded(samples(20, 20, 3, np.float32), photometric="rgb")
    for length in [*range(1, 60), *range(60, len(data), 97), len(data) - 1]:
        with pytest.raises(ImageReadError):
            read(data[:length])
