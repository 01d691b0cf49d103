"""BMP, GIF, PNM, QOI and JPEG 2000: files of Pillow and imagecodecs, and files written by hand."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from icc_builder import ADOBE, gamma, profile
from PIL import Image as PillowImage

from hdrmetrics.errors import ImageLimitError, ImageReadError, MissingCodecError
from hdrmetrics.io.colour.curves import srgb_codes
from hdrmetrics.photometry.color import CHROMATICITIES, rgb_to_xyz_matrix

CODES = np.random.default_rng(0).integers(0, 256, (9, 13, 3), np.uint8)


def pillow(kind: str, array: np.ndarray | PillowImage.Image, **options) -> bytes:
    picture = array if isinstance(array, PillowImage.Image) else PillowImage.fromarray(array)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def check(image, codes: np.ndarray, top: int = 255) -> None:
    expected = codes if codes.ndim == 3 else codes[..., None]
    np.testing.assert_allclose(image.pixels, expected / np.float32(top), rtol=1e-6)
    assert (image.calibration.kind, image.calibration.transfer) == ("display", "srgb")
    assert image.primaries == "bt709"


# BMP.


def bmp(width: int, height: int, bits: int, body: bytes, *, compression: int = 0,
        extra: bytes = b"", palette: bytes = b"", header: int = 40) -> bytes:  # fmt: skip
    info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(body),
                       0, 0, len(palette) // 4, 0)  # fmt: skip
    start = 14 + len(info) + len(extra) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + info + extra + palette + body  # fmt: skip  # noqa: E501


def rows(array: np.ndarray, dtype: str = "<u2") -> bytes:
    """Rows from the bottom up, each padded to four bytes."""
    stored = [row.astype(dtype).tobytes() for row in array[::-1]]
    return b"".join(row + bytes(-len(row) % 4) for row in stored)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P"])
def test_bmp_of_pillow(read, mode):
    picture = PillowImage.fromarray(CODES).convert(mode)
    image = read(pillow("BMP", picture))
    check(image, np.asarray(picture.convert("L" if mode in "L1" else "RGB")))
    assert image.origin.format == "bmp"


def test_bmp_from_the_top_down(read):
    body = b"".join(row[:, ::-1].tobytes() + bytes(1) for row in CODES)
    check(read(bmp(13, -9, 24, body)), CODES)


@pytest.mark.parametrize(("masks", "shifts", "tops"), [
    (None, (10, 5, 0), (31, 31, 31)),
    ((0x7C00, 0x3E0, 0x1F), (10, 5, 0), (31, 31, 31)),
    ((0xF800, 0x7E0, 0x1F), (11, 5, 0), (31, 63, 31)),
])  # fmt: skip
def test_bmp_of_sixteen_bits(read, masks, shifts, tops):
    rng = np.random.default_rng(1)
    planes = [rng.integers(0, top + 1, (5, 7)) for top in tops]
    words = sum(plane << shift for plane, shift in zip(planes, shifts, strict=True))
    extra = struct.pack("<3I", *masks) if masks else b""
    image = read(bmp(7, 5, 16, rows(words), compression=3 if masks else 0, extra=extra))
    expected = np.stack([p / top for p, top in zip(planes, tops, strict=True)], axis=-1)
    # Pillow widens to eight bits, rounding down.
    np.testing.assert_allclose(image.pixels, expected, atol=1 / 255)


def test_bmp_of_32_bits(read):
    filler = np.full((9, 13, 1), 77, np.uint8)
    body = np.concatenate([CODES[..., ::-1], filler], axis=2)[::-1].tobytes()
    image = read(bmp(13, 9, 32, body))
    check(image, CODES)
    assert image.notes == ()  # the fourth byte is nothing
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    image = read(bmp(13, 9, 32, body, compression=3, header=56, extra=masks))
    check(image, CODES)
    assert image.notes == ("the alpha channel was dropped",)


def test_bmp_with_run_lengths(read):
    palette = bytes(range(256)) + bytes(768)
    palette = b"".join(bytes([i, 255 - i, i // 2, 0]) for i in range(256))
    # two rows of six pixels: a run of four and two literals padded to three; then six equal ones
    body = bytes([4, 9, 0, 3, 5, 6, 7, 0, 0, 0]) + bytes([7, 1, 0, 1])
    image = read(bmp(7, 2, 8, body, compression=1, palette=palette))
    indices = np.array([[1] * 7, [9, 9, 9, 9, 5, 6, 7]])
    check(image, np.stack([indices // 2, 255 - indices, indices], axis=-1))


def test_bmp_of_os2(read):
    body = b"".join(row[:, ::-1].tobytes() + bytes(1) for row in CODES[::-1])
    head = struct.pack("<I4H", 12, 13, 9, 1, 24)
    data = b"BM" + struct.pack("<IHHI", 26 + len(body), 0, 0, 26) + head + body
    check(read(data), CODES)


def version5(kind: bytes, ends: bytes = bytes(48), profile: bytes = b"") -> bytes:
    body = b"".join(row[:, ::-1].tobytes() + bytes(1) for row in CODES[::-1])
    rest = struct.pack("<4I", 0, 0, 0, 0) + kind + ends + struct.pack("<4I", 4, 124 + len(body), len(profile), 0)  # fmt: skip  # noqa: E501
    return bmp(13, 9, 24, body, header=124, extra=rest) + profile


def test_bmp_with_a_profile(read):
    from test_io_png import display_p3_profile

    assert read(version5(b"DEBM", profile=display_p3_profile())).primaries == "p3"
    assert read(version5(b"BGRs")).calibration.rule == "the BMP header says sRGB"
    assert read(version5(bytes(4))).notes == ()
    linked = read(version5(b"KNIL"))
    assert "another file" in linked.notes[0]
    assert "does not say" not in linked.calibration.rule


def test_bmp_with_primaries_and_gammas(read):
    colorants = rgb_to_xyz_matrix(CHROMATICITIES["bt2020"]).T.ravel()

    def calibrated(*gammas: float) -> bytes:
        numbers = [round(2**30 * value) for value in colorants]
        ends = struct.pack("<9i3I", *numbers, *(round(2**16 * value) for value in gammas))
        return version5(bytes(4), ends)

    image = read(calibrated(2.2, 2.2, 2.2))
    assert (image.calibration.transfer, image.primaries) == ("gog", "bt2020")
    np.testing.assert_array_equal(image.pixels, CODES / np.float32(255))
    each = read(calibrated(1.8, 2.0, 2.4))
    assert (each.calibration.transfer, each.primaries) == ("srgb", "bt2020")
    light = (CODES / 255) ** [1.8, 2.0, 2.4]
    np.testing.assert_allclose(each.pixels, srgb_codes(light), atol=1e-4)
    assert read(calibrated(1, 1, 1)).calibration.kind == "relative"
    for broken in (calibrated(0, 0, 0), calibrated(2.2, 0, 2.2), version5(bytes(4), b"\1" * 48)):
        image = read(broken)
        check(image, CODES) if image.primaries == "bt709" else pytest.fail("not ignored")
        assert "were ignored" in image.notes[0]


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (bmp(100_000, 100_000, 24, b""), ImageLimitError, "100000 × 100000"),
        (bmp(100_000, -100_000, 24, b"", compression=1), ImageLimitError, "100000 × 100000"),
        (bmp(1000, 1000, 24, bytes(500)), ImageReadError, "too little data"),
        (bmp(0, 5, 24, bytes(500)), ImageReadError, "announces 0 × 5"),
        (bmp(-4, 5, 24, bytes(500)), ImageReadError, "announces -4 × 5"),
        (bmp(4, 4, 7, bytes(500)), ImageReadError, "depth.*convert to PNG"),
    ],
)
def test_wrong_bmp(read, data, error, words):
    with pytest.raises(error, match=words):
        read(data)


def test_a_bmp_pixel_beyond_the_palette_is_refused(read):
    palette = bytes(4 * 16)
    data = bytearray(bmp(4, 1, 8, bytes([1, 2, 15, 3]), palette=palette))
    struct.pack_into("<I", data, 46, 16)
    assert read(bytes(data)).pixels.shape == (1, 4, 3)
    data[-2] = 16
    with pytest.raises(ImageReadError, match="beyond the 16 there are"):
        read(bytes(data))


# GIF.


def gif(flags: int, table: bytes, frame: tuple[int, ...], code: int) -> bytes:
    """A canvas of 3 × 2 and a frame of equal pixels: without compression, codes of three bits."""
    _, _, width, height = frame
    codes = [4, *[code] * (width * height), 5]
    bits = sum(value << 3 * index for index, value in enumerate(codes))
    body = bits.to_bytes(-(-3 * len(codes) // 8), "little")
    return (
        b"GIF89a" + struct.pack("<HHBBB", 3, 2, flags, 1, 0) + table
        + b"," + struct.pack("<4HB", *frame, 0) + bytes([2, len(body)]) + body + b"\0;"
    )  # fmt: skip


def test_a_gif_whose_first_frame_is_smaller_is_noted(read):
    table = bytes([10, 20, 30, 40, 50, 60])
    image = read(gif(0x80, table, (1, 0, 1, 1), 1))
    np.testing.assert_allclose(image.pixels[0, 1] * 255, (40, 50, 60), rtol=1e-6)
    assert any("the rest has no colour" in note for note in image.notes)
    assert read(gif(0x80, table, (0, 0, 3, 2), 0)).notes == ()


def test_a_gif_canvas_out_of_proportion_is_refused(read):
    """These forty bytes would take gigabytes."""
    data = bytearray(gif(0x80, bytes(6), (0, 0, 1, 1), 0))
    struct.pack_into("<HH", data, 6, 10_000, 10_000)
    with pytest.raises(ImageLimitError, match="crop it first"):
        read(bytes(data))


def test_gif_colours_that_are_not_there(read):
    with pytest.raises(ImageReadError, match="beyond the 2 there are"):
        read(gif(0x80, bytes(6), (0, 0, 1, 1), 3))
    with pytest.raises(ImageReadError, match="without a table of colours"):
        read(gif(0, b"", (0, 0, 1, 1), 0))


def test_gif(read):
    picture = PillowImage.fromarray(CODES).quantize(64)
    image = read(pillow("GIF", picture))
    check(image, np.asarray(picture.convert("RGB")))
    assert image.notes == ()
    grey = CODES[..., 0]
    found = read(pillow("GIF", grey)).pixels
    np.testing.assert_allclose(found, np.repeat(grey[..., None] / np.float32(255), found.shape[2], 2), rtol=1e-6)  # fmt: skip  # noqa: E501


def test_the_first_frame_of_an_animation(read):
    frames = [PillowImage.fromarray(CODES + np.uint8(i)).quantize(64) for i in range(3)]
    data = pillow("GIF", frames[0], save_all=True, append_images=frames[1:], duration=40)
    image = read(data)
    check(image, np.asarray(frames[0].convert("RGB")))
    assert image.notes == ("animated: the first frame was read",)


def test_gif_with_a_profile(read):
    picture = PillowImage.fromarray(CODES).quantize(64)
    data = pillow("GIF", picture)
    icc = profile(gamma(563 / 256), ADOBE, words="long " * 100)
    blocks = b"".join(
        bytes([len(icc[at : at + 255])]) + icc[at : at + 255] for at in range(0, len(icc), 255)
    )
    at = 13 + 3 * 64
    with_profile = b"GIF89a" + data[6:at] + b"\x21\xff\x0bICCRGBG1012" + blocks + b"\0" + data[at:]
    image, expected = read(with_profile), read(pillow("PNG", picture, icc_profile=icc))
    assert image.primaries == expected.primaries == "bt2020"
    np.testing.assert_array_equal(image.pixels, expected.pixels)
    assert read(with_profile.replace(b"acsp", b"what")).notes[0].startswith("a damaged ICC profile")


def test_a_transparent_gif_is_noted(read):
    picture = PillowImage.fromarray(CODES).quantize(64)
    image = read(pillow("GIF", picture, transparency=int(np.asarray(picture)[0, 0])))
    assert "the alpha channel was dropped" in image.notes


def test_wrong_gif(read):
    data = bytearray(pillow("GIF", PillowImage.fromarray(CODES).quantize(64)))
    struct.pack_into("<HH", data, 6, 65535, 65535)
    with pytest.raises(ImageLimitError):
        read(bytes(data))
    struct.pack_into("<HH", data, 6, 5, 5)
    with pytest.raises(ImageReadError, match="does not lie on its canvas"):
        read(bytes(data))


# PNM.


def pnm(kind: int, array: np.ndarray, top: int | None) -> bytes:
    height, width = array.shape[:2]
    head = f"P{kind}\n# a comment 1 2\n{width} {height}\n" + ("" if top is None else f"{top}\n")
    if kind == 1:
        return head.encode() + b"\n".join("".join(map(str, row)).encode() for row in array)
    if kind < 4:
        return head.encode() + " ".join(map(str, array.ravel().tolist())).encode() + b"\n"
    if kind == 4:
        return head.encode() + np.packbits(array, axis=1).tobytes()
    return head.encode() + array.astype("u1" if top is not None and top < 256 else ">u2").tobytes()


@pytest.mark.parametrize("kind", [2, 3, 5, 6])
@pytest.mark.parametrize("top", [255, 65535, 1023, 100, 1, 1000])
def test_pnm(read, kind, top):
    shape = (4, 7, 3) if kind in (3, 6) else (4, 7)
    array = np.random.default_rng(top).integers(0, top + 1, shape)
    image = read(pnm(kind, array, top))
    check(image, array, top)
    if top in (1, 255, 1023, 65535):
        assert image.origin.depth == f"uint{top.bit_length()}"


@pytest.mark.parametrize("kind", [1, 4])
@pytest.mark.parametrize("width", [7, 8, 19])
def test_pbm_has_black_ones(read, kind, width):
    array = np.random.default_rng(0).integers(0, 2, (5, width))
    check(read(pnm(kind, array, None)), 1 - array, 1)


@pytest.mark.parametrize("array", [CODES, CODES[..., 0], CODES[..., 0] > 99,
                                   CODES[..., 0].astype(np.uint16) * 257])  # fmt: skip
def test_pnm_of_pillow(read, array):
    top = 65535 if array.dtype == np.uint16 else 1 if array.dtype == bool else 255
    check(read(pillow("PPM", array)), array.astype(int), top)


def test_pnm_text_may_have_carriage_returns(read):
    check(read(b"P2\r\n2 1\r\n255\r\n3 4\r\n"), np.array([[3, 4]]))


def test_several_pictures_in_a_pnm_are_noted(read):
    data = pnm(5, CODES[..., 0], 255)
    assert read(data + b"\n").notes == ()
    assert any("were ignored" in note for note in read(data + data).notes)
    assert read(b"P2 1 1 9 3 4 5\n").notes == ("2 numbers behind the picture were ignored",)


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"P5\n100000 100000\n255\n", ImageLimitError, "100000 × 100000"),
        (b"P3\n100000 100000\n255\n1 2", ImageLimitError, "100000 × 100000"),
        (b"P2\n10000 10000\n255\n1 2", ImageReadError, "too little data"),
        (b"P5\n4 4\n255\n" + bytes(15), ImageReadError, "truncated"),
        (b"P2\n2 2\n255\n1 2 3", ImageReadError, "truncated"),
        (b"P2\n2 2\n255\n1 2 3 x", ImageReadError, "something else"),
        (b"P2\n2 2\n255\n1 2 3 256", ImageReadError, "256 where 255 is white"),
        (b"P5\n2 2\n70000\n" + bytes(8), ImageReadError, "largest PNM value"),
        (b"P5\n2 2\n0\n" + bytes(8), ImageReadError, "largest PNM value"),
        (b"P5\n2 x\n255\n" + bytes(8), ImageReadError, "not a PNM header"),
        (b"P5\n2", ImageReadError, "not a PNM header"),
        (b"P5\r\n2 2\r\n255\r\n" + bytes(4), ImageReadError, "CR LF"),
    ],
)
def test_wrong_pnm(read, data, error, words):
    with pytest.raises(error, match=words):
        read(data)


# QOI.


@pytest.mark.parametrize("library", ["imagecodecs", "Pillow"])
@pytest.mark.parametrize("alpha", [False, True])
def test_qoi(read, monkeypatch, library, alpha):
    if library == "Pillow":
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    array = np.concatenate([CODES, CODES[..., :1]], axis=2) if alpha else CODES
    image = read(pillow("QOI", array, colorspace="sRGB"), isolate=False)
    check(image, CODES)
    assert image.notes == (("the alpha channel was dropped",) if alpha else ())


def test_linear_qoi(read):
    image = read(pillow("QOI", CODES))
    assert image.calibration.kind == "relative"
    np.testing.assert_allclose(image.pixels, CODES / np.float32(255), rtol=1e-6)
    assert any("Pillow writes that by default" in note for note in image.notes)


def test_wrong_qoi(read):
    data = pillow("QOI", CODES)
    for length in (*range(4, 20), len(data) - 1, len(data) // 2):
        with pytest.raises(ImageReadError):
            read(data[:length])
    with pytest.raises(ImageLimitError):
        read(data[:4] + struct.pack(">II", 10**5, 10**5) + data[12:])
    with pytest.raises(ImageReadError, match="too little data"):
        read(data[:4] + struct.pack(">II", 10**4, 10**4) + data[12:])


# JPEG 2000.


@pytest.mark.parametrize("bits", [5, 8, 10, 12, 16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("codec", ["jp2", "j2k"])
def test_jpeg2000(read, bits, channels, codec):
    codecs = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is absent")
    dtype = np.uint8 if bits <= 8 else np.uint16
    shape = (20, 30, 3) if channels == 3 else (20, 30)
    array = np.random.default_rng(bits).integers(0, 2**bits, shape).astype(dtype)
    data = codecs.jpeg2k_encode(array, level=0, reversible=True, bitspersample=bits,
                                codecformat=codec)  # fmt: skip
    image = read(data)
    check(image, array, 2**bits - 1)
    assert image.origin.depth == f"uint{bits}"


def test_jpeg2000_of_pillow(read):
    pytest.importorskip("imagecodecs", reason="the extra 'codecs' is absent")
    check(read(pillow("JPEG2000", CODES)), CODES)
    alpha = np.concatenate([CODES, CODES[..., :1]], axis=2)
    image = read(pillow("JPEG2000", alpha))
    check(image, CODES)
    assert image.notes == ("the alpha channel was dropped",)
    chroma = PillowImage.fromarray(CODES).convert("YCbCr")
    found = read(pillow("JPEG2000", chroma)).pixels * 255
    assert np.abs(found - np.asarray(chroma.convert("RGB"))).max() <= 2


def test_jpeg2000_says_its_colours(read):
    codecs = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is absent")
    from test_io_png import display_p3_profile

    data = codecs.jpeg2k_encode(CODES, level=0, reversible=True)
    at = data.index(b"colr") - 4
    size = struct.unpack_from(">I", data, at)[0]
    head = data.index(b"jp2h") - 4

    def with_colours(body: bytes) -> bytes:
        box = struct.pack(">I4s", 8 + len(body), b"colr") + body
        out = bytearray(data[:at] + box + data[at + size :])
        struct.pack_into(">I", out, head, struct.unpack_from(">I", data, head)[0] + len(box) - size)
        return bytes(out)

    assert read(with_colours(b"\2\0\0" + display_p3_profile())).primaries == "p3"
    # The decoder must not apply a profile that is applied here.
    for method in (b"\2\0\0", b"\3\0\0"):
        icc = profile(gamma(563 / 256), ADOBE)
        image = read(with_colours(method + icc))
        expected = read(pillow("PNG", CODES, icc_profile=icc))
        np.testing.assert_array_equal(image.pixels, expected.pixels)
        assert image.primaries == expected.primaries == "bt2020"
    found = read(with_colours(b"\5\0\0" + struct.pack(">3HB", 9, 16, 0, 128)))
    assert (found.primaries, found.calibration.transfer) == ("bt2020", "pq")
    with pytest.raises(ImageReadError, match="CMYK"):
        read(with_colours(b"\1\0\0" + struct.pack(">I", 12)))


def test_jpeg2000_with_a_component_that_nothing_describes(read):
    codecs = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is absent")
    four = np.concatenate([CODES, CODES[..., :1]], axis=2)
    data = codecs.jpeg2k_encode(four, level=0, reversible=True, codecformat="j2k")
    image = read(data + bytes(3))
    check(image, CODES)
    assert image.notes == ("the last of 4 components, which nothing describes, was dropped",)


def with_palette(stream: bytes, size: tuple[int, int], bits: int, table: np.ndarray) -> bytes:
    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(body), kind) + body

    stored = table.astype(">u2" if bits > 8 else "u1").tobytes()
    palette = struct.pack(">HB", len(table), 3) + bytes([bits - 1] * 3) + stored
    inner = box(b"ihdr", struct.pack(">IIHBBBB", *size, 1, 7, 7, 0, 0))
    inner += box(b"colr", bytes([1, 0, 0]) + struct.pack(">I", 16)) + box(b"pclr", palette)
    inner += box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, i) for i in range(3)))
    return (box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + box(b"jp2h", inner)
            + box(b"jp2c", stream))  # fmt: skip


def test_jpeg2000_palettes_have_bits_of_their_own(read):
    codecs = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is absent")
    indices = np.arange(12, dtype=np.uint8).reshape(3, 4)
    stream = codecs.jpeg2k_encode(indices, level=0, reversible=True, codecformat="j2k")
    for bits in (4, 8, 16):
        table = np.random.default_rng(0).integers(0, 2**bits, (12, 3))
        image = read(with_palette(stream, (3, 4), bits, table))
        check(image, table[indices], 2**bits - 1)
    with pytest.raises(ImageReadError, match="palette of 12 bits"):
        read(with_palette(stream, (3, 4), 12, table))


def test_wrong_jpeg2000(read, monkeypatch):
    codecs = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is absent")
    data = codecs.jpeg2k_encode(CODES, level=0, reversible=True)
    for length in (*range(12, 200, 7), len(data) - 1, len(data) // 2):
        with pytest.raises(ImageReadError):
            read(data[:length])
    at = data.index(b"\xff\x4f\xff\x51")
    with pytest.raises(ImageLimitError):
        read(data[: at + 8] + struct.pack(">II", 10**5, 10**5) + data[at + 16 :])
    signed = codecs.jpeg2k_encode(CODES.astype(np.int16), level=0, reversible=True)
    with pytest.raises(ImageReadError, match="with a sign"):
        read(signed)
    import sys

    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(MissingCodecError, match=r"hdrmetrics\[codecs\]"):
        read(data, isolate=False)
