"""JPEG and WebP: profiles in pieces, CMYK, colour spaces by Exif, gain maps of other makers."""

from __future__ import annotations

import importlib.util
import io
import struct

import numpy as np
import pytest
from icc_builder import ADOBE, gamma, ink_table, profile, sampled
from PIL import Image as PillowImage
from PIL import ImageCms
from test_io_jpeg_webp import decoded, encoded, exif, smooth

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.colour.curves import srgb_codes
from hdrmetrics.photometry.color import CHROMATICITIES, conversion_matrix

HAS_LCMS = importlib.util.find_spec("imagecodecs") is not None
needs_lcms = pytest.mark.skipif(not HAS_LCMS, reason="the extra 'codecs' is not installed")
BT709, BT2020 = CHROMATICITIES["bt709"], CHROMATICITIES["bt2020"]


def adobe_of(codes: np.ndarray, exponent: float = 563 / 256) -> np.ndarray:
    light = codes.astype(np.float64) ** exponent @ conversion_matrix(ADOBE, BT2020).T
    return srgb_codes(np.clip(light, 0, 1))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_profiles_are_applied(read, kind):
    data = encoded(smooth(9, 9), kind, icc_profile=profile(gamma(563 / 256), ADOBE))
    image = read(data)
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt2020")
    np.testing.assert_allclose(image.pixels, adobe_of(decoded(data)), atol=0.1 / 255)
    linear = read(encoded(smooth(9, 9), kind, icc_profile=profile(gamma(1.0), BT709)))
    assert linear.calibration.kind == "relative"


def segments(data: bytes) -> list[tuple[int, int]]:
    """Where the segments of an ICC profile lie."""
    found, at = [], 0
    while (at := data.find(b"ICC_PROFILE\0", at + 1)) > 0:
        found.append((at - 4, at - 2 + struct.unpack_from(">H", data, at - 2)[0]))
    return found


def test_a_profile_in_pieces(read):
    table = sampled(np.linspace(0, 1, 35_000) ** 1.7)
    data = encoded(smooth(9, 9), "JPEG", icc_profile=profile(table, BT709))
    pieces = segments(data)
    assert len(pieces) > 1
    expected = srgb_codes(decoded(data).astype(np.float64) ** 1.7)
    np.testing.assert_allclose(read(data).pixels, expected, atol=0.1 / 255)
    first, second = (data[start:end] for start, end in pieces[:2])
    swapped = (
        data.replace(first, b"<here>", 1).replace(second, first, 1).replace(b"<here>", second, 1)
    )
    np.testing.assert_array_equal(read(swapped).pixels, read(data).pixels)
    image = read(data.replace(second, b""))
    assert "damaged ICC profile" in image.notes[0]


# CMYK.


def cmyk(height: int = 16, width: int = 24) -> np.ndarray:
    flat = np.array([[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0], [0, 0, 0, 255],
                     [90, 30, 200, 10]], np.uint8)  # fmt: skip
    return np.repeat(np.repeat(flat[None], height, 0), width // 6, 1)


def ink_profile() -> bytes:
    return profile(None, version=2, space=b"CMYK", pcs=b"Lab ", more={b"A2B0": ink_table()})


@needs_lcms
def test_cmyk_by_its_profile(read):
    picture = PillowImage.fromarray(cmyk(), "CMYK")
    data = encoded(picture, "JPEG", quality=100, subsampling=0, icc_profile=ink_profile())
    image = read(data)
    assert (image.calibration.transfer, image.primaries, image.channels) == ("srgb", "bt2020", 3)
    np.testing.assert_allclose(image.pixels[:, :3], 1, atol=0.02)  # paper
    np.testing.assert_allclose(image.pixels[:, 17:19], 0, atol=0.02)  # black
    # An independent build of Little CMS, to sRGB of eight bits: the colours are inside of it.
    inks = PillowImage.open(io.BytesIO(data))
    transform = ImageCms.buildTransform(
        io.BytesIO(ink_profile()), ImageCms.createProfile("sRGB"), "CMYK", "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )  # fmt: skip
    expected = np.asarray(ImageCms.applyTransform(inks, transform)) / 255
    from hdrmetrics.io.colour.curves import srgb

    light = srgb(image.pixels.astype(np.float64)) @ conversion_matrix(BT2020, BT709).T
    np.testing.assert_allclose(srgb_codes(np.clip(light, 0, 1)), expected, atol=1.5 / 255)


def test_cmyk_that_nobody_defines(read):
    picture = PillowImage.fromarray(cmyk(), "CMYK")
    with pytest.raises(ImageReadError, match="without an ICC profile: convert to RGB"):
        read(encoded(picture, "JPEG"))
    with pytest.raises(ImageReadError, match="cannot be converted without its profile"):
        read(encoded(picture, "JPEG", icc_profile=profile(gamma(2.2), ADOBE)))
    plain = encoded(picture, "JPEG", icc_profile=ink_profile()).replace(b"Adobe\0", b"adobe\0")
    with pytest.raises(ImageReadError, match="without the marker of Adobe"):
        read(plain)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_profile_of_cmyk_in_a_picture_of_rgb(read, kind):
    data = encoded(smooth(9, 9), kind, icc_profile=ink_profile())
    image = read(data)
    np.testing.assert_array_equal(image.pixels, decoded(data))
    assert any("was ignored" in note for note in image.notes)
    assert "does not say" not in image.calibration.rule


# Colour spaces by Exif.


def exif_of(space: int | None, index: bytes = b"") -> bytes:
    tags = PillowImage.Exif()
    tags[0x0112] = 1
    if space is not None:
        tags.get_ifd(0x8769)[0xA001] = space
    if index:
        tags.get_ifd(0x8769)[0xA005] = {1: index.decode()}
    return tags.tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize(("space", "index"), [(2, b""), (0xFFFF, b"R03")])
def test_adobe_rgb_by_exif(read, kind, space, index):
    data = encoded(smooth(9, 9), kind, exif=exif_of(space, index))
    image = read(data)
    assert image.primaries == "bt2020"
    np.testing.assert_allclose(image.pixels, adobe_of(decoded(data)), atol=0.1 / 255)
    assert "Exif" in image.origin.primaries
    assert "Exif" in image.calibration.rule


def test_adobe_rgb_by_exif_in_tiff(read):
    codes = np.rint(255 * decoded(encoded(smooth(9, 9), "JPEG"))).astype(np.uint8)
    image = read(encoded(codes, "TIFF", exif=exif_of(2)))
    assert image.calibration.rule == "Adobe RGB, by Exif"
    np.testing.assert_allclose(image.pixels, adobe_of(codes / 255), atol=0.1 / 255)
    assert "not calibrated" in read(encoded(codes, "TIFF", exif=exif_of(0xFFFF))).notes[0]
    assert read(encoded(codes, "TIFF", exif=exif_of(1))).calibration.rule == "sRGB, by Exif"
    assert "does not say" in read(encoded(codes, "TIFF")).calibration.rule


def test_a_profile_goes_before_exif(read):
    image = read(encoded(smooth(9, 9), "JPEG", exif=exif_of(2), icc_profile=profile(
        gamma(2.2), CHROMATICITIES["p3"])))  # fmt: skip
    assert (image.calibration.transfer, image.primaries) == ("gog", "p3")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_exif_counts_where_the_profile_is_damaged(read, kind):
    data = encoded(smooth(9, 9), kind, exif=exif_of(2), icc_profile=b"rubbish" * 20)
    image = read(data)
    np.testing.assert_allclose(image.pixels, adobe_of(decoded(data)), atol=0.1 / 255)
    assert "damaged ICC profile" in image.notes[0]
    image = read(encoded(smooth(9, 9), kind, icc_profile=b"rubbish" * 20))
    assert "taken as sRGB" in image.notes[0]
    assert "does not say" not in image.calibration.rule


def test_what_exif_says_otherwise(read):
    image = read(encoded(smooth(9, 9), "JPEG", exif=exif_of(1)))
    assert (image.calibration.transfer, image.calibration.rule) == ("srgb", "sRGB, by Exif")
    image = read(encoded(smooth(9, 9), "JPEG", exif=exif_of(0xFFFF)))
    assert image.calibration.transfer == "srgb"
    assert "not calibrated" in image.notes[0]
    assert "65533" in read(encoded(smooth(9, 9), "JPEG", exif=exif_of(0xFFFD))).notes[0]
    assert "does not say" not in image.calibration.rule
    assert "does not say" in read(encoded(smooth(9, 9), "JPEG", exif=exif(1))).calibration.rule


# Gain maps that are none of Ultra HDR.


def test_gain_map_of_apple(read):
    base, gain = encoded(smooth(16, 16), "JPEG"), encoded(smooth(8, 8)[..., 0], "JPEG")
    xmp = (
        b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><apdi:AuxiliaryImageType>"
        b"urn:com:apple:photo:2020:aux:hdrgainmap</apdi:AuxiliaryImageType></x:xmpmeta>"
    )
    gain = gain[:2] + b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp + gain[2:]
    image = read(base + gain)
    np.testing.assert_array_equal(image.pixels, decoded(base))
    assert image.notes == ("the gain map was left out: this is the SDR picture",)
    np.testing.assert_array_equal(read(base + gain, part="base").pixels, image.pixels)
    assert read(base + encoded(smooth(8, 8), "JPEG")).notes == ()


def test_stereo_pictures(read):
    left, right = (PillowImage.fromarray(smooth(16, 16) // k) for k in (1, 2))
    data = encoded(left, "MPO", save_all=True, append_images=[right])
    image = read(data)
    assert image.notes == ("more than one picture: the first was read",)
    np.testing.assert_array_equal(image.pixels, decoded(data))
    small = encoded(left, "MPO", save_all=True, append_images=[right.resize((8, 8))])
    assert read(small).notes == ()  # a preview
