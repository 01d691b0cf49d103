"""JPEG XL: what the decoder returns for every kind of colour encoding."""

from __future__ import annotations

import dataclasses
import struct
import sys

import numpy as np
import pytest
from icc_builder import ADOBE, gamma, profile
from jxl_builder import codec, colours, recoloured
from test_io_jpeg_webp import encoded

from hdrmetrics.errors import ImageReadError, MissingCodecError
from hdrmetrics.io.colour.curves import DECODE, srgb, srgb_codes
from hdrmetrics.io.formats.jpegxl import header as jpegxl_header
from hdrmetrics.io.formats.jpegxl.floats import as_floats
from hdrmetrics.photometry.color import CHROMATICITIES, conversion_matrix

CODES = np.zeros((64, 64, 3), np.uint8)
CODES[:32], CODES[32:] = 128, (200, 60, 30)
BT2020 = CHROMATICITIES["bt2020"]


ENCODINGS = [
    ({}, "srgb", "bt709"),
    ({"primaries": 11}, "srgb", "p3"),
    ({"primaries": 9, "transfer": 16}, "pq", "bt2020"),
    ({"primaries": 9, "transfer": 18}, "hlg", "bt2020"),
    ({"primaries": 11, "gamma": 1 / 2.2}, "gog", "p3"),
    ({"gamma": 1 / 1.8}, "srgb", "bt709"),
    ({"primaries": ADOBE[:3]}, "srgb", "bt2020"),
    ({"primaries": ADOBE[:3], "gamma": 256 / 563}, "srgb", "bt2020"),
    ({"primaries": ADOBE[:3], "white": (0.3457, 0.3585)}, "srgb", "bt2020"),
    ({"primaries": 11, "white": 11, "transfer": 17}, "srgb", None),
    ({"primaries": 9, "transfer": 8}, None, "bt709"),
    ({"primaries": ADOBE[:3], "transfer": 8}, None, "bt709"),
    ({"white": 10}, "srgb", None),
]


GREYS = [
    ({}, "srgb"), ({"transfer": 16}, "pq"), ({"transfer": 8}, None), ({"gamma": 1 / 2.2}, "gog"),
    ({"gamma": 1 / 1.8}, "srgb"), ({"transfer": 17, "white": 11}, None), ({"white": 10}, None),
    ({"white": (0.3457, 0.3585), "gamma": 1 / 1.8}, None),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "transfer"), GREYS)
def test_lossy_grey_shows_the_same_light(read, encoding, transfer):
    image = read(recoloured(CODES[..., 0].copy(), colours(**encoding, grey=True), lossless=False))
    assert image.calibration.transfer == transfer
    light = image.pixels[..., 0].astype(np.float64)
    light = light if transfer is None else DECODE[transfer](light)
    # SDR white is 255 cd/m² of PQ here.
    light *= 10_000 / 255 if transfer == "pq" else 1
    expected = srgb(CODES[..., 0] / 255)
    np.testing.assert_allclose(light[[8, 50], 8], expected[[8, 50], 8], rtol=0.03)


@pytest.mark.parametrize(("encoding", "transfer", "primaries"), ENCODINGS)
def test_lossy_pictures_show_the_same_light(read, encoding, transfer, primaries):
    # Colours in XYB are light, whatever encoding the header asks for: it must come out again.
    image = read(recoloured(CODES, colours(**encoding), lossless=False))
    assert image.calibration.transfer == transfer
    assert primaries in (None, image.primaries)
    pixels = image.pixels.astype(np.float64)
    light = pixels if transfer is None else DECODE[transfer](pixels)
    if transfer in ("pq", "hlg"):
        light = light / light[8, 8, 0] * srgb(np.array(128 / 255))
    np.testing.assert_allclose(light[8, 8], srgb(np.array(128 / 255)), atol=0.004)
    if encoding.get("white") in (None, 11):
        matrix = conversion_matrix(CHROMATICITIES[image.primaries], CHROMATICITIES["bt709"])
        # Eight bits of the decoder are the coarsest for PQ, and for light.
        step = 0.03 if transfer in ("pq", "hlg", None) else 0.008
        expected = srgb(CODES[50, 50] / 255)
        np.testing.assert_allclose((light @ matrix.T)[50, 50], expected, atol=step)


@pytest.mark.parametrize(("encoding", "transfer", "primaries"), ENCODINGS)
def test_lossless_pictures_are_as_encoded(read, encoding, transfer, primaries):
    image = read(recoloured(CODES, colours(**encoding), lossless=True))
    assert image.calibration.transfer == transfer
    if encoding in ({}, {"primaries": 9, "transfer": 16}, {"primaries": 11, "gamma": 1 / 2.2}):
        np.testing.assert_array_equal(image.pixels, CODES / np.float32(255))
    if encoding == {"primaries": ADOBE[:3], "gamma": 256 / 563}:
        light = (CODES / 255) ** (563 / 256) @ conversion_matrix(ADOBE, BT2020).T
        np.testing.assert_allclose(image.pixels, srgb_codes(light), atol=0.1 / 255)
        assert "0.21" in image.origin.primaries
    assert "does not say" not in image.calibration.rule.replace("does not say how many", "")


@pytest.mark.parametrize(
    "encoding",
    [
        {"primaries": 3},
        {"white": 5},
        {"transfer": 9},
        {"gamma": 0.0},
        {"primaries": ((0.1, 0.1),) * 3},
    ],
)
def test_impossible_encodings(read, encoding):
    with pytest.raises(ImageReadError):
        read(recoloured(CODES, colours(**encoding), lossless=True))


# ICC profiles.


def transcoded(icc: bytes) -> tuple[bytes, bytes]:
    """Return a JPEG file with a profile, and the same in JPEG XL."""
    jpeg = encoded(CODES, "JPEG", quality=95, subsampling=0, icc_profile=icc)
    return jpeg, bytes(codec.jpegxl_encode_jpeg(jpeg))


@pytest.mark.parametrize("curve", [gamma(563 / 256), gamma(1.0), gamma(2.2)])
def test_a_jpeg_inside_gives_its_profile(read, curve):
    jpeg, data = transcoded(profile(curve, ADOBE))
    assert jpegxl_header.parse(jpegxl_header.codestream(data)).icc
    image, expected = read(data), read(jpeg)
    assert image.primaries == expected.primaries
    assert image.calibration.transfer == expected.calibration.transfer
    assert image.origin.primaries == expected.origin.primaries
    np.testing.assert_allclose(image.pixels, expected.pixels, atol=0.01)


def without_jpeg(data: bytes) -> bytes:
    return data.replace(b"jbrd", b"free")


def test_a_profile_that_cannot_be_had_is_refused(read, monkeypatch):
    _, data = transcoded(profile(gamma(563 / 256), ADOBE))
    monkeypatch.setitem(sys.modules, "pylibjxl", None)
    with pytest.raises(MissingCodecError, match=r"djxl picture\.jxl picture\.png"):
        read(without_jpeg(data), isolate=False)
    with pytest.raises(MissingCodecError, match=r'pip install "hdrmetrics\[jxl\]"'):
        read(without_jpeg(data), isolate=False)


@pytest.mark.parametrize("curve", [gamma(563 / 256), gamma(1.0), gamma(2.2)])
def test_a_profile_without_a_jpeg_is_applied(read, curve):
    pytest.importorskip("pylibjxl", reason="the extra 'jxl' is not installed")
    _, data = transcoded(profile(curve, ADOBE))
    image, expected = read(without_jpeg(data)), read(data)
    assert image.origin == expected.origin
    assert image.calibration == expected.calibration
    np.testing.assert_array_equal(image.pixels, expected.pixels)


LOSSLESS_CODES = np.array([[200, 60, 30], [128, 128, 128], [20, 90, 220]])
# By cjxl 0.7, of a PNG with a profile of Adobe's primaries and gamma 1.8.
LOSSLESS = (
    "ff0a00000480106e1406244c04903377f0d0765e47a39a1868d71a051a78498718561339f52c03ea63338175"
    "370176769a64b59db63cbad8aac1bdf10370e98a0f2886763db1ceb25b87265d0ad8f46b59c0a18069979e4d"
    "f3a4f94e68c0b25dbf765d42ecb1520099aa4138abe0272638840fa27940405a308f05643461410fe20b0aa8"
    "4af3eee3cd190802010060004b188b15525cd371ecec5644a4151d80ae88574f5fbd0405"
)


def test_lossless_with_a_profile_of_libjxl(read):
    pytest.importorskip("pylibjxl", reason="the extra 'jxl' is not installed")
    image = read(bytes.fromhex(LOSSLESS))
    light = (LOSSLESS_CODES / 255) ** (461 / 256) @ conversion_matrix(ADOBE, BT2020).T
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt2020")
    np.testing.assert_allclose(image.pixels[0], srgb_codes(light), atol=1e-4)


def test_lossy_with_a_profile_is_light(read):
    # No encoder here writes one: the header of a transcoded JPEG in front of a lossy picture.
    jpeg = encoded(CODES, "JPEG", icc_profile=profile(gamma(563 / 256), ADOBE))
    head = jpegxl_header.codestream(bytes(codec.jpegxl_encode_jpeg(jpeg)))
    lossy = bytes(codec.jpegxl_encode(CODES, distance=0.3, usecontainer=False))
    for bit in range(16, 160):
        changed = bytearray(head)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            header = jpegxl_header.parse(bytes(changed))
        except ImageReadError:
            continue
        if header == dataclasses.replace(jpegxl_header.parse(head), xyb=True):
            break
    start = frames_begin(lossy)
    for cut in range(20, 700):
        data = bytes(changed[:cut]) + lossy[start:]
        try:
            samples = codec.jpegxl_decode(data)
        except (codec.JpegxlError, RuntimeError):
            continue
        if abs(int(samples[8, 8, 0]) - 55) < 3:
            break
    image = read(data)
    assert image.calibration.kind == "relative"
    np.testing.assert_allclose(image.pixels[8, 8], srgb(np.array(128 / 255)), atol=0.004)
    np.testing.assert_allclose(image.pixels[50, 50], srgb(CODES[50, 50] / 255), atol=0.01)
    assert "ICC profile" in image.origin.primaries
    assert image.origin.depth == "float32"  # eight bits would be too coarse for light
    assert "ICC profile" in image.calibration.rule


def frames_begin(lossy: bytes) -> int:
    from jxl_builder import _frames_begin

    return _frames_begin(CODES, False, lossy)


def test_cmyk_is_refused():
    from jxl_builder import enum, size

    head = size(8, 8).add((0, 1), (0, 1), (0, 1), (0, 2), (1, 1), (1, 2))  # one extra channel:
    head.add((0, 1), *enum(4), (0, 1), (0, 2), (0, 2), (0, 2))  # black, eight bits
    head.add((0, 1), (0, 1), (1, 1), *enum(0))  # not XYB, an ICC profile
    assert jpegxl_header.parse(head.stream()).black


@pytest.mark.parametrize("associated", [0, 1])
def test_premultiplied_alpha_is_noted(read, associated):
    # An alpha channel of 8 bits, its flag written out instead of left to be the default.
    data = bytes(codec.jpegxl_encode(np.dstack([CODES, CODES[..., 0]]), lossless=True,
                                     usecontainer=False))  # fmt: skip
    end = jpegxl_header.parse(data).depth_at[1]
    bits = "".join(f"{byte:08b}"[::-1] for byte in data)
    assert bits[end + 1 : end + 4] == "101"  # one extra channel, all default
    channel = "0" + "00" + "000" + "00" + "00" + str(associated)
    changed = bits[: end + 3] + channel + bits[end + 4 :]
    header = jpegxl_header.parse(bytes(int(changed[at : at + 8][::-1], 2)
                                       for at in range(0, 400, 8)))  # fmt: skip
    assert header.premultiplied == bool(associated)
    assert header.extra_channels == 1
    assert not jpegxl_header.parse(data).premultiplied


def test_gain_maps_are_noted(read):
    data = codec.jpegxl_encode(CODES, lossless=True, usecontainer=True)
    image = read(bytes(data) + struct.pack(">I4s", 12, b"jhgm") + bytes(4))
    assert image.notes == ("the gain map was left out: this is the picture without it",)


def contained(data: bytes, *, parts: bool) -> bytes:
    """Return a bare codestream in a container, in one box or in two."""
    start = jpegxl_header.CONTAINER + struct.pack(">I4s", 20, b"ftyp") + b"jxl \0\0\0\0jxl "
    if not parts:
        return start + struct.pack(">I4s", len(data) + 8, b"jxlc") + data
    half = len(data) // 2
    first = struct.pack(">I4sI", half + 12, b"jxlp", 0) + data[:half]
    return start + first + struct.pack(">I4sI", 0, b"jxlp", 1 << 31 | 1) + data[half:]


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("container", ["none", "one box", "parts"])
def test_floats_of_the_same_light(bits, container):
    if bits == 8:
        data = recoloured(CODES, colours(primaries=11), lossless=False)
    else:
        codes = np.rint(CODES / 255 * (2**bits - 1)).astype(np.uint16)
        data = bytes(codec.jpegxl_encode(codes, distance=0.3, bitspersample=bits,
                                         usecontainer=False))  # fmt: skip
    if container != "none":
        data = contained(data, parts=container == "parts")
    header = jpegxl_header.parse(jpegxl_header.codestream(data))
    finer = as_floats(data, header)
    found = codec.jpegxl_decode(finer)
    assert found.dtype == np.float32
    changed = jpegxl_header.parse(jpegxl_header.codestream(finer))
    assert dataclasses.replace(changed, bits=bits, floating=False) == header
    # libjxl dithers samples of eight bits: they are off by up to a step.
    expected = codec.jpegxl_decode(data) / (2**bits - 1)
    np.testing.assert_allclose(np.clip(found, 0, 1), expected, atol=1.1 / (2**bits - 1))
    assert as_floats(finer, changed) == finer
    lossless = bytes(codec.jpegxl_encode(CODES, lossless=True))
    header = jpegxl_header.parse(jpegxl_header.codestream(lossless))
    assert as_floats(lossless, header) == lossless


@pytest.mark.parametrize(
    "shape",
    [(8, 8), (16, 8), (24, 32), (24, 24), (90, 160), (513, 7), (7, 513), (520, 600), (600, 600),
     (8200, 3), (3, 8200)],
)  # fmt: skip
@pytest.mark.parametrize("alpha", [False, True])
def test_floats_of_every_way_to_write_a_size(shape, alpha):
    codes = np.full((*shape, 3 + alpha), 30000, np.uint16)
    data = bytes(codec.jpegxl_encode(codes, distance=1, effort=1, usecontainer=False))
    header = jpegxl_header.parse(jpegxl_header.codestream(data))
    finer = as_floats(data, header)
    changed = jpegxl_header.parse(jpegxl_header.codestream(finer))
    assert (changed.height, changed.width, changed.floating) == (*shape, True)
    np.testing.assert_allclose(codec.jpegxl_decode(finer)[..., 0], 30000 / 65535, atol=0.01)
