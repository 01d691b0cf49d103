"""Code points of ITU-T H.273: their formulas, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.colour.cicp import from_cicp
from hdrmetrics.io.colour.curves import DECODE
from hdrmetrics.io.source import Source
from hdrmetrics.photometry.color import CHROMATICITIES, conversion_matrix, rgb_to_xyz_matrix

SOURCE = Source("picture", b"", 2**28)
C, D65 = (0.310, 0.316), (0.3127, 0.3290)

# Table 3: from code values to light, as the inverses of what the standard prints.
CURVES = {
    5: lambda v: v**2.8,
    7: lambda v: np.where(v < 0.0912, v / 4, ((v + 0.1115) / 1.1115) ** (1 / 0.45)),
    9: lambda v: np.where(v > 0, 10 ** (2 * v - 2), 0),
    10: lambda v: np.where(v > 0, 10 ** (2.5 * v - 2.5), 0),
    17: lambda v: np.clip(52.37 / 48 * v**2.6, 0, 1),
}
# Table 2, with the white points it gives.
PRIMARIES = {
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07), D65),
    7: ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07), D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), C),
    11: ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.314, 0.351)),
    22: ((0.63, 0.34), (0.295, 0.605), (0.155, 0.077), D65),
}


def image_of(codes, primaries: int, transfer: int, bits: int | None = 16):
    coding = from_cicp(primaries, transfer)
    return coded_image(SOURCE, codes, bits=bits, coding=coding, format_name="test")


@pytest.mark.parametrize("transfer", CURVES)
def test_curves(transfer):
    codes = np.linspace(0, 65535, 999).astype(np.uint16)[None]
    image = image_of(codes, 1, transfer)
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt709")
    light = DECODE["srgb"](image.pixels[0, :, 0].astype(np.float64))
    np.testing.assert_allclose(light, CURVES[transfer](codes[0] / 65535), atol=1e-5)
    assert f"transfer {transfer}" in image.calibration.rule


@pytest.mark.parametrize("primaries", PRIMARIES)
@pytest.mark.parametrize(("transfer", "name"), [(13, "srgb"), (4, "srgb"), (16, "pq"), (18, "hlg")])
def test_primaries(primaries, transfer, name):
    codes = np.random.default_rng(1).integers(9000, 40000, (5, 7, 3)).astype(np.uint16)
    image = image_of(codes, primaries, transfer)
    assert image.calibration.transfer == name
    decode = DECODE[{13: "srgb", 4: "gog", 16: "pq", 18: "hlg"}[transfer]]
    target = CHROMATICITIES[image.primaries]
    light = decode(codes / 65535.0) @ conversion_matrix(PRIMARIES[primaries], target).T
    found = DECODE[name](image.pixels.astype(np.float64))
    inside = (light > 0) & (light < 1)
    assert inside.mean() > 0.8
    np.testing.assert_allclose(found[inside], light[inside], rtol=2e-3, atol=2e-6)
    assert any("converted" in note for note in image.notes)


@pytest.mark.parametrize("primaries", PRIMARIES)
def test_grey_stays_grey(primaries):
    codes = np.full((2, 2, 3), 30000, np.uint16)
    image = image_of(codes, primaries, 13)
    np.testing.assert_allclose(image.pixels, 30000 / 65535, atol=1e-4)
    assert image_of(codes[..., 0], primaries, 13).notes == ()  # of one channel, nothing changes


def test_xyz_is_light_without_a_grey_of_its_own():
    xyz = rgb_to_xyz_matrix(CHROMATICITIES["bt2020"]) @ [0.2, 0.4, 0.1]
    codes = np.rint((xyz * 48 / 52.37) ** (1 / 2.6) * 65535).astype(np.uint16)[None, None]
    image = image_of(codes, 10, 17)
    assert image.primaries == "bt2020"
    light = DECODE["srgb"](image.pixels.astype(np.float64))[0, 0]
    np.testing.assert_allclose(light, [0.2, 0.4, 0.1], atol=1e-3)


def test_linear_light_of_other_primaries():
    codes = np.random.default_rng(1).random((3, 4, 3)).astype(np.float32) * 5
    image = image_of(codes, 11, 8, bits=None)
    matrix = conversion_matrix(PRIMARIES[11], CHROMATICITIES["bt709"])
    np.testing.assert_allclose(image.pixels, codes @ matrix.T, rtol=1e-4, atol=1e-5)


def test_floats_of_pq_in_other_primaries_end_at_one():
    image = image_of(np.array([[[0.5, 0.5, 1.5]]], np.float32), 11, 16, bits=None)
    assert (image.calibration.transfer, image.primaries) == ("pq", "bt2020")
    assert "1 of 3 samples lay outside [0, 1] and were clipped" in image.notes


def test_unspecified_is_a_default():
    assert from_cicp(2, 2).notes == ()
    half = from_cicp(9, 2)
    assert (half.transfer, half.primaries) == ("srgb", "bt2020")
    assert "unspecified" in half.notes[0]
    half = from_cicp(2, 16)
    assert (half.transfer, half.primaries) == ("pq", "bt709")
    assert "unspecified" in half.notes[0]


@pytest.mark.parametrize("points", [(0, 1), (3, 1), (13, 1), (23, 1), (1, 0), (1, 3), (1, 19)])
def test_reserved_points_are_refused(points):
    with pytest.raises(ImageReadError, match=r"are not known: convert to"):
        from_cicp(*points)
