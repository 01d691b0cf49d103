"""AVIF, HEIC and JPEG XR: profiles, which statement counts, and gain maps left out."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from icc_builder import ADOBE, gamma, linear, profile
from PIL import Image as PillowImage
from test_io_codecs import avif, codec, heic, heif, smooth

from hdrmetrics.io.colour.curves import srgb_codes
from hdrmetrics.io.formats.heif.av1_header import code_points
from hdrmetrics.io.formats.heif.isobmff import Primary
from hdrmetrics.io.formats.heif.reader import _coding
from hdrmetrics.photometry.color import CHROMATICITIES, conversion_matrix

P3, BT2020 = CHROMATICITIES["p3"], CHROMATICITIES["bt2020"]
P3_PROFILE, ADOBE_PROFILE = profile(gamma(2.2), P3), profile(gamma(563 / 256), ADOBE)


@pytest.mark.parametrize(
    ("cicp", "icc", "transfer", "primaries"),
    [
        (None, b"", "srgb", "bt709"),
        ((2, 2), b"", "srgb", "bt709"),
        ((1, 13), P3_PROFILE, "gog", "p3"),  # a profile says more than code points of SDR
        ((2, 2), P3_PROFILE, "gog", "p3"),
        (None, P3_PROFILE, "gog", "p3"),
        ((9, 16), P3_PROFILE, "pq", "bt2020"),  # but profiles of HDR are mere stopgaps
        ((9, 18), P3_PROFILE, "hlg", "bt2020"),
        ((12, 1), b"rubbish", "bt1886", "p3"),
        ((9, 8), b"", None, "bt2020"),
    ],
)
def test_which_statement_counts(cicp, icc, transfer, primaries):
    coding = _coding(Primary(cicp=cicp, icc=icc))
    assert (coding.transfer, coding.primaries) == (transfer, primaries)
    assert ("damaged" in " ".join(coding.notes)) == (icc == b"rubbish")
    both = bool(icc) and transfer in ("pq", "hlg")
    assert any("not the ICC profile" in note for note in coding.notes) == both
    assert ("does not say" in coding.rule) == (cicp == (2, 2) and not icc)


def test_profile_of_avif(read):
    if "AVIF" not in PillowImage.SAVE:
        PillowImage.init()
    if "AVIF" not in PillowImage.SAVE:
        pytest.skip("this Pillow writes no AVIF")
    out = io.BytesIO()
    picture = PillowImage.fromarray(smooth(dtype=np.uint8))
    picture.save(out, "AVIF", quality=100, speed=10, subsampling="4:4:4",
                 icc_profile=ADOBE_PROFILE)  # fmt: skip
    image = read(out.getvalue())
    light = smooth().astype(np.float64) ** (563 / 256) @ conversion_matrix(ADOBE, BT2020).T
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt2020")
    np.testing.assert_allclose(image.pixels, srgb_codes(light), atol=0.02)


@pytest.mark.parametrize("bits", [8, 10])
def test_profile_of_heic(read, bits):
    data, array = heic(bits, icc_profile=ADOBE_PROFILE)
    image = read(data)
    light = array.astype(np.float64) ** (563 / 256) @ conversion_matrix(ADOBE, BT2020).T
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt2020")
    np.testing.assert_allclose(image.pixels, srgb_codes(light), atol=0.04)


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_depth_without_its_box(read, bits):
    data, _ = avif(bits)
    expected, image = read(data), read(data.replace(b"pixi", b"free"))
    np.testing.assert_array_equal(image.pixels, expected.pixels)
    assert image.origin.depth == f"uint{bits}"


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("points", [(9, 16, 9), (12, 13, 6), (1, 1, 1)])
@pytest.mark.parametrize("pixelformat", ["444", "420", "400"])
def test_code_points_of_av1_data(read, bits, points, pixelformat):
    data, _ = avif(bits, primaries=points[0], transfer=points[1], matrix=points[2],
                   pixelformat=pixelformat)  # fmt: skip
    expected, image = read(data), read(data.replace(b"colr", b"free"))
    assert image.calibration == expected.calibration
    assert image.primaries == expected.primaries
    np.testing.assert_array_equal(image.pixels, expected.pixels)


def test_nothing_about_colours(read):
    data, _ = avif(8, primaries=2, transfer=2)
    assert "unspecified" in read(data.replace(b"colr", b"free")).calibration.rule
    data, _ = heic(8)
    assert "whatever the HEVC data" in read(data.replace(b"colrnclx", b"freenclx")).notes[0]


@pytest.mark.parametrize("seed", range(3))
def test_damaged_av1_headers_say_nothing_else(seed):
    data, _ = avif(8, primaries=9, transfer=16, matrix=9)
    start = data.index(b"mdat") + 4
    random = np.random.default_rng(seed)
    assert code_points(data[start:]) == (9, 16)
    for length in range(14):
        assert code_points(data[start : start + length]) in (None, (9, 16))
    for _ in range(300):
        changed = bytearray(data[start : start + 40])
        changed[random.integers(20)] = random.integers(256)
        found = code_points(bytes(changed))
        assert found is None or max(found) < 256


# Gain maps.

_ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
_NOTE = "the gain map was left out: this is the picture without it"


@pytest.mark.parametrize("kind", [b"urn:com:apple:photo:2020:aux:hdrgainmap", b"tmap"])
def test_gain_maps_of_avif(read, kind):
    array = np.dstack([smooth(dtype=np.uint8), np.full((24, 40), 99, np.uint8)])
    data = bytes(codec.avif_encode(array, level=90, speed=10, numthreads=1))
    assert _NOTE not in read(data).notes
    if kind == b"tmap":
        item = data.rindex(b"av01", 0, data.index(b"iprp"))
        data = data[:item] + kind + data[item + 4 :]
    else:
        data = data.replace(_ALPHA, kind.ljust(len(_ALPHA), b"\0"))
    assert _NOTE in read(data).notes


def test_no_gain_map_no_note(read):
    assert read(avif(8)[0]).notes == ()
    assert read(heic(8)[0]).notes == ()
    assert heif.libheif_version()


# JPEG XR.


def with_profile(data: bytes, icc: bytes) -> bytes:
    """Return a JPEG XR file with a profile among its tags, which move to its end."""
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    entries = [data[start + 2 + 12 * n : start + 14 + 12 * n] for n in range(count)]
    data += bytes(len(data) % 2)
    entries.append(struct.pack("<HHII", 34675, 7, len(icc), len(data)))
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry))
    data += icc + bytes(len(icc) % 2)
    directory = struct.pack("<H", count + 1) + b"".join(entries) + bytes(4)
    return data[:4] + struct.pack("<I", len(data)) + data[8:] + directory


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_profile_of_jpegxr(read, dtype):
    array = smooth(dtype=dtype)
    image = read(with_profile(bytes(codec.jpegxr_encode(array, level=1.0)), P3_PROFILE))
    assert (image.calibration.transfer, image.primaries) == ("gog", "p3")
    np.testing.assert_array_equal(image.pixels, array / np.float32(np.iinfo(dtype).max))


def test_floating_jpegxr_with_a_profile(read):
    array = smooth() * 4
    image = read(with_profile(bytes(codec.jpegxr_encode(array, level=1.0)), profile(
        linear(), BT2020)))  # fmt: skip
    expected = array @ conversion_matrix(BT2020, CHROMATICITIES["bt709"]).T
    assert image.calibration.kind == "relative"
    np.testing.assert_allclose(image.pixels, expected, atol=1e-3)
    assert "0.708" in image.origin.primaries
