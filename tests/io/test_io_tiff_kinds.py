"""The kinds of TIFF that are easily misread: bits, places, pages, palettes, curves, alpha."""

from __future__ import annotations

import io
import itertools
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image as PillowImage
from test_io_tiff import check, encoded, samples, tiff

from hdrmetrics import read_image
from hdrmetrics.errors import ImageReadError
from hdrmetrics.photometry.color import CHROMATICITIES, conversion_matrix, primaries_matrix

tifffile = pytest.importorskip("tifffile", reason="tifffile, the independent reader, is absent")


def page(data: bytes):
    return tifffile.TiffFile(io.BytesIO(data)).pages[0]


def with_reversed_bits(data: bytes) -> bytes:
    """The same file with FillOrder 2, which stands in the place of its tag 65000."""
    table = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
    out = bytearray(data)
    first = page(data)
    for offset, size in zip(first.dataoffsets, first.databytecounts, strict=True):
        out[offset : offset + size] = out[offset : offset + size].translate(table)
    struct.pack_into("<H", out, first.tags[65000].offset, 266)
    return bytes(out)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("compression", [None, "deflate", "packbits", "lzw"])
@pytest.mark.parametrize("layout", ["strips", "tiles"])
def test_reversed_bits(read, dtype, compression, layout):
    if compression in ("packbits", "lzw"):
        pytest.importorskip("imagecodecs", reason="tifffile needs the extra 'codecs' to write this")
    array = samples(40, 33, 3, dtype)
    where = {"rowsperstrip": 7} if layout == "strips" else {"tile": (16, 16)}
    data = encoded(array, photometric="rgb", compression=compression,
                   extratags=[(65000, 3, 1, 2, True)], **where)  # fmt: skip
    reversed_data = with_reversed_bits(data)
    # tifffile reads the tag as well
    np.testing.assert_array_equal(page(reversed_data).asarray(), array)
    check(read(reversed_data), array)


def bilevel(array: np.ndarray, photometric: int, fill: int = 1) -> bytes:
    packed = np.packbits(array, axis=1, bitorder="big" if fill == 1 else "little").tobytes()
    tags = {256: (3, 1, array.shape[1]), 257: (3, 1, array.shape[0]), 258: (3, 1, 1),
            259: (3, 1, 1), 262: (3, 1, photometric), 266: (3, 1, fill), 273: (4, 1, 200),
            277: (3, 1, 1), 278: (3, 1, array.shape[0]), 279: (4, 1, len(packed))}  # fmt: skip
    head = tiff(*((tag, *value) for tag, value in tags.items()), body=b"")
    return head + bytes(200 - len(head)) + packed


@pytest.mark.parametrize("fill", [1, 2])
@pytest.mark.parametrize("photometric", [0, 1])
def test_one_bit(read, fill, photometric):
    array = np.random.default_rng(0).integers(0, 2, (9, 21), np.uint8)
    image = read(bilevel(array, photometric, fill))
    expected = 1 - array if photometric == 0 else array
    np.testing.assert_array_equal(image.pixels[..., 0], expected.astype(np.float32))
    assert image.origin.depth == "uint1"


def test_one_bit_of_pillow(tmp_path):
    array = np.random.default_rng(0).integers(0, 2, (9, 21), np.uint8)
    PillowImage.fromarray(array.astype(bool)).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels[..., 0], array)


@pytest.mark.parametrize(
    ("bits", "order"),
    [  # big-endian ones of more bits tifffile writes, but does not read back
        *itertools.product((2, 3, 4, 7), "<>"),
        *itertools.product((9, 10, 12, 14, 15), "<"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_packed_bits(read, bits, order, channels):
    pytest.importorskip("imagecodecs", reason="tifffile needs the extra 'codecs' to write this")
    rng = np.random.default_rng(bits)
    shape = (13, 11, 3) if channels == 3 else (13, 11)
    array = rng.integers(0, 2**bits, shape).astype(np.uint8 if bits <= 8 else np.uint16)
    data = encoded(array, bitspersample=bits, byteorder=order, rowsperstrip=5,
                   photometric="rgb" if channels == 3 else "minisblack")  # fmt: skip
    image = read(data)
    assert image.origin.depth == f"uint{bits}"
    expected = array.reshape(13, 11, channels) / np.float32(2**bits - 1)
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-6)


def test_twelve_bits_in_a_big_endian_file(read):
    """Bits follow each other from the highest on, in either byte order (TIFF 6.0, page 32)."""
    tags = [(256, 2), (257, 1), (258, 12), (259, 1), (262, 1), (273, 200), (277, 1), (278, 1),
            (279, 3)]  # fmt: skip
    head = struct.pack(">2sHIH", b"MM", 42, 8, len(tags))
    head += b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags)
    image = read(head + bytes(200 - len(head)) + bytes([0x12, 0x3F, 0xED]))
    np.testing.assert_allclose(image.pixels.ravel(), [0x123 / 4095, 0xFED / 4095], rtol=1e-6)


@pytest.mark.parametrize("bits", [4, 8, 12, 16])
def test_white_is_zero(read, bits):
    pytest.importorskip("imagecodecs", reason="tifffile needs the extra 'codecs' to write this")
    array = np.arange(15, dtype=np.uint8 if bits <= 8 else np.uint16).reshape(3, 5)
    options = {} if bits in (8, 16) else {"bitspersample": bits}
    image = read(encoded(array, photometric="miniswhite", **options))
    top = 2**bits - 1
    np.testing.assert_allclose(image.pixels[..., 0], (top - array) / top, rtol=1e-6)


def test_white_is_zero_of_floats_is_refused(read):
    with pytest.raises(ImageReadError, match="do not say what black is"):
        read(encoded(np.ones((3, 4), np.float32), photometric="miniswhite"))


@pytest.mark.parametrize("extra", [None, (0, 0)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_three_samples_without_a_colour_space(read, extra, dtype):
    array = samples(5, 6, 3, dtype)
    options = {"extrasamples": extra} if extra else {}
    image = read(encoded(array, photometric="minisblack", planarconfig="contig", **options))
    check(image, array)
    assert any("taken as red, green and blue" in note for note in image.notes)


def test_four_samples_of_which_the_last_is_alpha(read):
    array = samples(5, 6, 4, np.float32)
    data = encoded(array, photometric="minisblack", planarconfig="contig",
                   extrasamples=[0, 0, "unassalpha"])  # fmt: skip
    image = read(data)
    check(image, array)
    assert "the alpha channel was dropped" in image.notes


@pytest.mark.parametrize("extra", [(2,), (0, 2), (1, 0)])
def test_one_sample_too_many_is_refused(read, extra):
    """Grey, alpha and another one: the other readers return three channels."""
    data = encoded(samples(6, 7, 3, np.float32), photometric="minisblack", planarconfig="contig",
                   extratags=[(65000, 3, len(extra), extra, True)])  # fmt: skip
    data = retagged(retagged(data, 338, 65001), 65000, 338)
    with pytest.raises(ImageReadError, match="does not say what they are"):
        read(data)


@pytest.mark.parametrize("count", [4, 5, 8])
def test_samples_that_nobody_names_are_refused(read, count):
    data = encoded(samples(5, 6, count, np.uint8), photometric="minisblack", planarconfig="contig")
    with pytest.raises(ImageReadError, match="does not say what they are"):
        read(data)


def test_grey_with_alpha(read):
    array = samples(5, 6, 2, np.uint16)
    image = read(encoded(array, photometric="minisblack", planarconfig="contig",
                         extrasamples=["unassalpha"]))  # fmt: skip
    np.testing.assert_allclose(image.pixels[..., 0], array[..., 0] / 65535, rtol=1e-6)
    assert image.notes == ("the alpha channel was dropped",)


def test_associated_alpha_is_noted(read):
    image = read(encoded(samples(5, 6, 4, np.float32), photometric="rgb",
                         extrasamples=["assocalpha"]))  # fmt: skip
    assert any("premultiplied" in note for note in image.notes)


def test_tiles_in_the_tags_of_strips(read):
    array = samples(40, 33, 3, np.uint8)
    data = bytearray(encoded(array, photometric="rgb", tile=(16, 16)))
    for old, new in ((324, 273), (325, 279)):
        tag = page(bytes(data)).tags.get(old) if old == 325 else page(bytes(data)).tags[old]
        struct.pack_into("<H", data, tag.offset, new)
    np.testing.assert_array_equal(page(bytes(data)).asarray(), array)
    check(read(bytes(data)), array)


def test_sizes_may_be_missing_without_compression(read):
    array = samples(40, 33, 3, np.uint16)
    data = bytearray(encoded(array, photometric="rgb", rowsperstrip=16))
    struct.pack_into("<H", data, page(bytes(data)).tags[279].offset, 65000)
    check(read(bytes(data)), array)


@pytest.mark.parametrize(
    ("predictor", "dtype"),
    [
        *itertools.product((2, 34892, 34893), (np.uint8, np.uint16)),
        *itertools.product((3, 34894, 34895), (np.float16, np.float32, np.float64)),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("width", [32, 36])
def test_predictors(read, predictor, dtype, channels, width):
    codecs = pytest.importorskip("imagecodecs", reason="the independent decoder is absent")
    floating = np.dtype(dtype).kind == "f"
    distance = {34892: 2, 34893: 4, 34894: 2, 34895: 4}.get(predictor, 1)
    array = samples(16, width, 3, dtype)[..., :channels]
    if floating:
        coded = codecs.floatpred_encode(array.copy(), axis=-2, dist=distance)
    else:
        coded = array.copy()
        coded[:, distance:] -= array[:, :-distance]
    data = zlib.compress(np.ascontiguousarray(coded).tobytes())
    kind = 3 if floating else 1
    bits = 8 * np.dtype(dtype).itemsize
    tags = {256: (3, 1, width), 257: (3, 1, 16), 258: (3, 1, bits), 259: (3, 1, 8),
            262: (3, 1, 2 if channels == 3 else 1), 273: (4, 1, 200), 277: (3, 1, channels),
            278: (3, 1, 16), 279: (4, 1, len(data)), 317: (3, 1, predictor),
            339: (3, 1, kind)}  # fmt: skip
    head = tiff(*((tag, *value) for tag, value in tags.items()), body=b"")
    check(read(head + bytes(200 - len(head)) + data), array.reshape(16, width, channels))


@pytest.mark.parametrize(("predictor", "dtype"), [(2, np.uint8), (3, np.float32)])
def test_a_predictor_without_compression_does_not_count(read, predictor, dtype):
    array = samples(8, 9, 3, dtype)
    extra = [(65000, 3, 1, predictor, True)]
    image = read(retagged(encoded(array, photometric="rgb", extratags=extra), 65000, 317))
    check(image, array)
    assert any("without compression, it does not count" in note for note in image.notes)


def test_a_predictor_of_packed_bytes_is_refused(read):
    """Libtiff does not undo it, tifffile does."""
    pytest.importorskip("imagecodecs", reason="the independent writer is absent")
    data = encoded(samples(8, 9, 3, np.uint8), photometric="rgb", compression="packbits",
                   extratags=[(65000, 3, 1, 2, True)])  # fmt: skip
    with pytest.raises(ImageReadError, match="two ways"):
        read(retagged(data, 65000, 317))


def float24(values: np.ndarray) -> bytes:
    """Big-endian numbers with 7 bits of exponent and 16 of mantissa, of values that fit."""
    mantissa, exponent = np.frexp(np.abs(values.astype(np.float64)))
    code = (np.signbit(values).astype(np.int64) << 23) | np.where(
        values == 0, 0, ((exponent - 1 + 63) << 16) | ((mantissa * 2 - 1) * 65536).astype(np.int64)
    )
    return b"".join(int(value).to_bytes(3, "big") for value in code.ravel())


@pytest.mark.parametrize("order", ["<", ">"])
def test_24_bit_floats(read, order):
    array = np.array([[0, 1, -1, 0.5], [65504, 1.5, 2**-14, -3.25]], np.float32)
    octets = float24(array)
    if order == "<":
        octets = b"".join(octets[i : i + 3][::-1] for i in range(0, len(octets), 3))
    tags = [(256, 4), (257, 2), (258, 24), (259, 1), (262, 1), (273, 200), (277, 1), (278, 2),
            (279, 24), (339, 3)]  # fmt: skip
    head = struct.pack(order + "2sHIH", b"II" if order == "<" else b"MM", 42, 8, len(tags))
    head += b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in tags)
    image = read(head + bytes(204 - len(head) - 4) + octets)
    np.testing.assert_array_equal(image.pixels[..., 0], array)
    assert image.origin.depth == "float24"
    codecs = pytest.importorskip("imagecodecs", reason="the independent decoder is absent")
    np.testing.assert_array_equal(
        codecs.float24_decode(octets, byteorder=order).reshape(2, 4), array
    )


# Which picture.


def two_sizes(first: dict, second: dict, sub: bool) -> bytes:
    """A file whose first page is a small one, and the main picture a sub-directory or a page."""
    out = io.BytesIO()
    small, large = samples(12, 16, 3, np.uint8), samples(48, 64, 3, np.uint8, seed=1)
    with tifffile.TiffWriter(out) as writer:
        writer.write(small, photometric="rgb", metadata=None, subifds=1 if sub else None, **first)
        writer.write(large, photometric="rgb", metadata=None, **second)
    return out.getvalue()


@pytest.mark.parametrize("sub", [False, True])
def test_a_thumbnail_in_front_is_passed_over(read, sub):
    image = read(two_sizes({"subfiletype": 1}, {}, sub))
    check(image, samples(48, 64, 3, np.uint8, seed=1))
    assert any("thumbnail" in note for note in image.notes)


@pytest.mark.parametrize("sub", [False, True])
def test_reduced_copies_behind_are_left_out_in_silence(read, sub):
    image = read(two_sizes({}, {"subfiletype": 1}, sub))
    check(image, samples(12, 16, 3, np.uint8))
    assert image.notes == ()


def directories(*chains: list[tuple[int, int, dict[int, int]]]) -> bytes:
    """A file of grey 8-bit pages, each of one value: (side, value, further tags).

    The first chain are the pages; tag 330 of a page is the number of the chain below it.
    """
    out, starts = bytearray(b"II*\0" + bytes(4)), []
    for chain in reversed(chains):
        following = 0
        for side, value, further in reversed(chain):
            where = len(out)
            out += bytes([value]) * side**2
            tags = {256: side, 257: side, 258: 8, 259: 1, 262: 1, 273: where, 277: 1, 278: side,
                    279: side**2} | further  # fmt: skip
            if 330 in tags:
                tags[330] = starts[len(chains) - 1 - tags[330]]
            start = len(out)
            out += struct.pack("<H", len(tags))
            out += b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
            out += struct.pack("<I", following)
            following = start
        starts.append(following)
    struct.pack_into("<I", out, 4, starts[-1])
    return bytes(out)


SMALL, LARGE = (2, 10, {254: 1}), (4, 200, {254: 0})


@pytest.mark.parametrize(
    "chains",
    [
        ([(2, 10, {330: 1})], [LARGE]),
        ([(2, 10, {330: 1})], [(4, 200, {})]),
        ([(2, 10, {254: 1, 330: 1})], [SMALL, LARGE]),
        ([(2, 10, {254: 1, 330: 1})], [(3, 20, {254: 1, 330: 2})], [LARGE]),
        ([(2, 10, {254: 1, 330: 1})], [(4, 20, {254: 8}), LARGE]),
        ([(2, 10, {254: 1, 330: 1}), (2, 30, {254: 2})], [LARGE]),
    ],
    ids=["unmarked", "none marked", "chain", "two levels", "depth map", "page behind"],
)
def test_the_main_picture_is_found_wherever_it_lies(read, chains):
    image = read(directories(*chains))
    assert image.pixels.shape == (4, 4, 1)
    assert image.pixels[0, 0, 0] == np.float32(200 / 255)
    assert any("thumbnail" in note for note in image.notes)


def test_a_larger_page_behind_is_noted(read):
    image = read(directories([(2, 10, {}), (4, 200, {})]))
    assert image.pixels.shape == (2, 2, 1)
    assert "more than one page: the first was read, though another is larger" in image.notes


def test_a_thumbnail_whose_picture_is_cut_off_is_refused(read):
    data = directories([(2, 10, {254: 1, 330: 1})], [LARGE])
    moved = bytearray(data)
    where = page(data).tags[330].valueoffset
    struct.pack_into("<I", moved, where, len(data) - 4)
    with pytest.raises(ImageReadError, match="only a thumbnail"):
        read(bytes(moved))


@pytest.mark.parametrize("own", [{}, {274: 1}])
def test_the_orientation_of_a_thumbnail_holds_for_its_picture(read, own):
    tags = {254: 1, 330: 1, 274: 6}
    image = read(directories([(2, 10, tags)], [(4, 200, {254: 0, 256: 2, 278: 4, 279: 8} | own)]))
    assert image.pixels.shape == ((4, 2, 1) if own else (2, 4, 1))


def test_a_profile_of_the_thumbnail_alone_is_noted(read):
    image = read(directories([(2, 10, {254: 1, 330: 1, 34675: 0})], [LARGE]))
    assert any("profile of the thumbnail" in note for note in image.notes)


def test_a_thousand_directories_in_each_other(read):
    chains = [[(2, 10, {254: 1, 330: index + 1})] for index in range(1000)]
    image = read(directories(*chains, [LARGE]))
    assert image.pixels.shape == (4, 4, 1)


def raw(first: dict | None) -> bytes:
    out = io.BytesIO()
    mosaic = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)
    with tifffile.TiffWriter(out) as writer:
        if first is not None:
            writer.write(samples(12, 16, 3, np.uint8), photometric="rgb", metadata=None, subifds=1,
                         **first)  # fmt: skip
        writer.write(mosaic, photometric="cfa", metadata=None,
                     extratags=[(33421, 3, 2, (2, 2), True), (33422, 1, 4, bytes([0, 1, 1, 2]), True)])  # fmt: skip  # noqa: E501
    return out.getvalue()


@pytest.mark.parametrize("first", [None, {}, {"subfiletype": 1}])
def test_raw_files_without_the_extra_are_refused_with_advice(read, first, monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(ImageReadError, match="develop it first"):
        read(raw(first), isolate=False)


def test_canons_raw_files_without_the_extra_are_refused_with_advice(read, monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    data = bytearray(encoded(samples(4, 4, 3, np.uint8), photometric="rgb"))
    data[8:12] = b"CR\2\0"
    with pytest.raises(ImageReadError, match="develop it first"):
        read(bytes(data), isolate=False)


def test_a_stack_of_imagej_is_noted(read):
    array = samples(4, 6, 3, np.uint16).transpose(2, 0, 1)
    out = io.BytesIO()
    tifffile.imwrite(out, array, imagej=True)
    image = read(out.getvalue())
    check(image, array[0])
    assert "a stack of 3 pictures: the first was read" in image.notes


def test_tags_that_hold_more_than_the_file_are_refused(read):
    """Thousands of tags that all point to the same megabyte would take gigabytes."""
    body = bytes(2**20)
    tags = [(40_000 + index, 7, 2**20, 400) for index in range(20)]
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    head += b"".join(struct.pack("<HHII", *tag) for tag in tags)
    with pytest.raises(ImageReadError, match="hold more than the file does"):
        read(head + bytes(400 - len(head)) + body)


def test_a_loop_of_directories_ends(read):
    data = bytearray(encoded(samples(4, 4, 3, np.uint8), photometric="rgb"))
    first = page(bytes(data))
    # the next page is this one
    struct.pack_into("<I", data, first.offset + 2 + 12 * len(first.tags), first.offset)
    check(read(bytes(data)), samples(4, 4, 3, np.uint8))


def test_a_broken_second_page_does_no_harm(read):
    data = bytearray(encoded(samples(4, 4, 3, np.uint8), photometric="rgb"))
    first = page(bytes(data))
    struct.pack_into("<I", data, first.offset + 2 + 12 * len(first.tags), 2**31)
    image = read(bytes(data))
    check(image, samples(4, 4, 3, np.uint8))
    assert any("a directory behind the picture" in note for note in image.notes)


def retagged(data: bytes, old: int, new: int) -> bytes:
    out = bytearray(data)
    struct.pack_into("<H", out, page(data).tags[old].offset, new)
    return bytes(out)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_missing_photometric_tag_is_noted(read, channels):
    array = samples(5, 6, channels, np.float32)
    kind = "rgb" if channels == 3 else "minisblack"
    image = read(retagged(encoded(array, photometric=kind), 262, 65001))
    check(image, array)
    assert "the TIFF does not say what its samples mean" in image.notes


def test_more_numbers_of_bits_than_samples(read):
    array = samples(5, 6, 3, np.uint8)
    data = bytearray(encoded(array, photometric="rgb"))
    tag = page(bytes(data)).tags[258]
    data += struct.pack("<4H", 8, 8, 8, 1)
    struct.pack_into("<II", data, tag.offset + 4, 4, len(data) - 8)
    check(read(bytes(data)), array)


def test_a_strip_that_announces_too_much(read):
    array = samples(5, 6, 3, np.uint8)
    data = bytearray(encoded(array, photometric="rgb"))
    struct.pack_into("<I", data, page(bytes(data)).tags[279].offset + 8, 10**7)
    struct.pack_into("<HI", data, page(bytes(data)).tags[279].offset + 2, 4, 1)
    check(read(bytes(data)), array)


# Colours.


@pytest.mark.parametrize("width", [8, 16])
def test_palettes(read, width):
    rng = np.random.default_rng(0)
    indices = rng.integers(0, 256, (6, 7), np.uint8)
    palette = rng.integers(0, 2**width, (3, 256)).astype(np.uint16)
    image = read(encoded(indices, photometric="palette", colormap=palette))
    expected = np.moveaxis(palette[:, indices], 0, 2) / np.float32(2**width - 1)
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-6)


def test_palettes_of_pillow(tmp_path):
    picture = PillowImage.fromarray(samples(9, 8, 3, np.uint8)).quantize(16)
    picture.save(tmp_path / "a.tif")
    expected = np.asarray(picture.convert("RGB")) / np.float32(255)
    np.testing.assert_allclose(read_image(tmp_path / "a.tif").pixels, expected, atol=1e-6)


def test_a_palette_with_alpha_is_noted(read):
    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (6, 7, 2), np.uint8)
    palette = rng.integers(0, 256, (3, 256)).astype(np.uint16) * 257
    data = bytearray(
        encoded(array, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"],
                extratags=[(320, 3, 768, tuple(palette.ravel().tolist()), True)])
    )  # fmt: skip
    struct.pack_into("<H", data, page(bytes(data)).tags[262].valueoffset, 3)
    image = read(bytes(data))
    expected = np.moveaxis(palette[:, array[..., 0]], 0, 2) / np.float32(65535)
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-6)
    assert image.notes == ("the alpha channel beside the palette was dropped",)


@pytest.mark.parametrize("mode", ["RGB", "YCbCr", "L"])
def test_jpeg_in_tiff(tmp_path, mode):
    y, x = np.mgrid[0:48, 0:64]
    smooth = np.stack([x * 3, y * 4, 128 + 0 * x], axis=-1).astype(np.uint8)
    picture = PillowImage.fromarray(smooth)
    picture = picture.convert(mode)
    picture.save(tmp_path / "a.tif", compression="jpeg", quality=95)
    with PillowImage.open(tmp_path / "a.tif") as opened:
        expected = np.asarray(opened.convert("L" if mode == "L" else "RGB"))
    image = read_image(tmp_path / "a.tif")
    found = np.rint(image.pixels * 255).astype(int).squeeze()
    assert np.abs(found - expected.astype(int)).max() <= 3


def test_jpeg_tiles_with_shared_tables_against_tifffile(read):
    pytest.importorskip("imagecodecs", reason="tifffile needs the extra 'codecs' to write this")
    y, x = np.mgrid[0:48, 0:64]
    smooth = np.stack([x * 3, y * 4, 128 + 0 * x], axis=-1).astype(np.uint8)
    for space in ("rgb", "ycbcr"):
        data = encoded(smooth, photometric=space, tile=(32, 32), compression="jpeg")
        found = np.rint(read(data).pixels * 255).astype(int)
        assert np.abs(found - page(data).asarray().astype(int)).max() <= 2


def test_chroma_in_planes_is_refused(read):
    pytest.importorskip("imagecodecs", reason="tifffile needs the extra 'codecs' to write this")
    planes = samples(16, 16, 3, np.uint8).transpose(2, 0, 1)
    data = bytearray(encoded(planes, photometric="rgb", planarconfig="separate", tile=(16, 16),
                             compression="jpeg"))  # fmt: skip
    assert read(bytes(data)).pixels.shape == (16, 16, 3)
    struct.pack_into("<H", data, page(bytes(data)).tags[262].valueoffset, 6)
    with pytest.raises(ImageReadError, match="JPEG-compressed TIFF"):
        read(bytes(data))


def rational(*values: float) -> tuple[int, ...]:
    return tuple(part for value in values for part in (round(value * 10**6), 10**6))


def primaries_tags(name: str) -> list[tuple]:
    *points, white = CHROMATICITIES[name]
    flat = [value for point in points for value in point]
    return [(318, 5, 2, rational(*white), True), (319, 5, 6, rational(*flat), True)]


def test_primaries_of_floats_are_converted(read):
    array = np.abs(samples(4, 5, 3, np.float32))
    image = read(encoded(array, photometric="rgb", extratags=primaries_tags("bt2020")))
    expected = array @ primaries_matrix("bt2020", "bt709").T
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-4, atol=1e-5)


def test_primaries_of_codes_without_a_name_are_converted(read):
    """Adobe RGB's red, green and blue with an sRGB curve: the same light, in BT.2020."""
    points = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
    tags = [
        (
            319,
            5,
            6,
            [number for xy in points for v in xy for number in (round(v * 10**4), 10**4)],
            True,
        )
    ]
    codes = samples(4, 5, 3, np.uint16)
    image = read(encoded(codes, photometric="rgb", extratags=tags))
    assert image.primaries == "bt2020"
    white = CHROMATICITIES["bt709"][3]
    matrix = conversion_matrix((*points, white), CHROMATICITIES["bt2020"])
    light = srgb_light(codes / 65535) @ matrix.T
    np.testing.assert_allclose(srgb_light(image.pixels.astype(np.float64)), light, atol=2e-6)


def srgb_light(codes):
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


def test_primaries_of_codes_are_named(read):
    data = encoded(samples(4, 5, 3, np.uint8), photometric="rgb", extratags=primaries_tags("p3"))
    assert read(data).primaries == "p3"


def test_a_transfer_function_is_applied(read):
    codes = samples(4, 5, 3, np.uint8)
    curve = np.rint(65535 * (np.arange(256) / 255) ** 1.8).astype(np.uint16)
    image = read(encoded(codes, photometric="rgb",
                         extratags=[(301, 3, 256, tuple(curve.tolist()), True)]))  # fmt: skip
    assert image.calibration.kind == "relative"
    np.testing.assert_allclose(image.pixels, (codes / 255) ** 1.8, atol=1e-5)


@pytest.mark.parametrize(("gamma", "name"), [(2.2, "gog"), (2.4, "bt1886")])
@pytest.mark.parametrize("tables", [1, 3])
def test_a_transfer_function_with_a_name_stays_one(read, gamma, name, tables):
    codes = samples(4, 5, 3, np.uint8)
    curve = np.rint(65535 * (np.arange(256) / 255) ** gamma).astype(int).tolist() * tables
    image = read(encoded(codes, photometric="rgb",
                         extratags=[(301, 3, 256 * tables, tuple(curve), True)]))  # fmt: skip
    assert (image.calibration.kind, image.calibration.transfer) == ("display", name)
    np.testing.assert_allclose(image.pixels, codes / np.float32(255), rtol=1e-6)


# What is refused.


@pytest.mark.parametrize(
    ("photometric", "words"),
    [(5, "CMYK .*ICC"), (6, "YCbCr .*JPEG"), (8, "L\\*a\\*b\\*"), (32845, "ra_tiff"), (4, "mask")],
)
def test_other_colour_spaces_are_refused_with_advice(read, photometric, words):
    data = bytearray(encoded(samples(4, 4, 3, np.uint8), photometric="rgb"))
    struct.pack_into("<H", data, page(bytes(data)).tags[262].valueoffset, photometric)
    with pytest.raises(ImageReadError, match=words):
        read(bytes(data))


def test_old_jpeg_is_refused_by_its_name(read):
    data = bytearray(encoded(samples(4, 4, 3, np.uint8), photometric="rgb"))
    for tag, value in ((262, 6), (259, 6)):
        struct.pack_into("<H", data, page(bytes(data)).tags[tag].valueoffset, value)
    with pytest.raises(ImageReadError, match="old JPEG"):
        read(bytes(data))


@pytest.mark.parametrize("size", [(0, 3), (4, 0)])
def test_strips_that_are_missing_are_no_zeros(read, size):
    """The strips of zero bytes that tifffile fills with zeros in silence."""
    array = samples(8, 4, 1, np.uint8)
    data = bytearray(encoded(array, rowsperstrip=4))
    at = page(bytes(data)).tags[279].valueoffset
    struct.pack_into("<2H", data, at, *size)
    with pytest.raises(ImageReadError):
        read(bytes(data))
