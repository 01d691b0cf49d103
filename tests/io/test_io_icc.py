"""ICC profiles: against their formulas, against Little CMS, and damaged ones."""

from __future__ import annotations

import importlib.util
import io
import struct
import sys

import numpy as np
import pytest
from icc_builder import (
    ADOBE,
    D50,
    PROPHOTO,
    SRGB_PARAMETERS,
    colorants,
    gamma,
    inverting_table,
    linear,
    parametric,
    profile,
    sampled,
)
from PIL import ImageCms

from hdrmetrics.errors import MissingCodecError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.colour.coding import NOT_SAID
from hdrmetrics.io.colour.curves import DECODE, ENCODE, hlg, pq, srgb, srgb_codes
from hdrmetrics.io.colour.icc import UNUSABLE, identify
from hdrmetrics.io.source import Source
from hdrmetrics.photometry.color import CHROMATICITIES, conversion_matrix

BT709, P3, BT2020 = (CHROMATICITIES[name] for name in ("bt709", "p3", "bt2020"))
STEPS = np.linspace(0, 1, 1024)
HAS_LCMS = importlib.util.find_spec("imagecodecs") is not None


def image_of(samples: np.ndarray, profile: bytes, bits: int | None):
    source = Source("picture", b"", 2**28)
    return coded_image(
        source, samples, bits=bits, coding=identify(profile), format_name="test"
    )  # fmt: skip


def random_codes(bits: int | None, shape=(13, 17, 3)) -> np.ndarray:
    values = np.random.default_rng(3).random(shape)
    if bits is None:
        return values.astype(np.float32)
    return np.rint(values * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)


# Curves and primaries that have a name.


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize(
    ("curve", "transfer"),
    [
        (parametric(3, *SRGB_PARAMETERS), "srgb"),
        (parametric(4, *SRGB_PARAMETERS, 0, 0), "srgb"),
        (sampled(srgb(STEPS)), "srgb"),
        (sampled(srgb(np.linspace(0, 1, 64))), "srgb"),
        (gamma(2.2), "gog"),
        (parametric(0, 2.2), "gog"),
        (sampled(STEPS**2.2), "gog"),
        (gamma(2.4), "bt1886"),
        (linear(), None),
        (gamma(1.0), None),
        (sampled(STEPS[:2] * 0 + [0, 1]), None),
        (sampled(pq(STEPS)), "pq"),
        (sampled(hlg(STEPS)), "hlg"),
    ],
)
@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020"])
def test_named_curves(curve, transfer, primaries, version):
    coding = identify(profile(curve, CHROMATICITIES[primaries], version=version))
    assert (coding.transfer, coding.primaries) == (transfer, primaries)
    assert not coding.converts
    assert coding.notes == ()
    assert "made for a test" in coding.rule


@pytest.mark.parametrize("bits", [8, 16])
def test_named_codes_stay_as_they_are(bits):
    codes = random_codes(bits)
    image = image_of(codes, profile(gamma(2.2), P3), bits)
    np.testing.assert_array_equal(image.pixels, codes / np.float32(2**bits - 1))
    assert (image.calibration.transfer, image.primaries, image.notes) == ("gog", "p3", ())


def test_srgb_of_another_maker():
    coding = identify(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert (coding.transfer, coding.primaries, coding.notes) == ("srgb", "bt709", ())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ITUR_2100_PQ_FULL", ("pq", "bt2020")),
        ("ITUR_2100_HLG_FULL", ("hlg", "bt2020")),
        ("Rec. ITU-R BT.2100 PQ", ("pq", "bt2020")),
        ("Rec. ITU-R BT.2100 HLG", ("hlg", "bt2020")),
        ("Rec2020 PQ", ("pq", "bt2020")),
        ("Display P3; PQ EOTF", ("pq", "p3")),
        ("Display P3 HLG", ("hlg", "p3")),
        ("Rec. 2100 PQ W203", ("pq", "bt2020")),
        ("Rec2020 Gamut with HLG Transfer", ("hlg", "bt2020")),
        ("sRGB Gamut with PQ Transfer", ("pq", "bt709")),
        ("RGB_D65_202_Rel_PeQ", ("pq", "bt2020")),
        ("BT.2020 ST2084", ("pq", "bt2020")),
        ("P3-D65 ST 2084 (1000 nits)", ("pq", "p3")),
        ("DisplayP3-PQ", ("pq", "p3")),
        ("Rec.2100 Perceptual Quantizer", ("pq", "bt2020")),
        ("ITU-R BT.2100 Hybrid Log-Gamma", ("hlg", "bt2020")),
        ("RGB_D65_DCI_Per_HLG", ("hlg", "p3")),
    ],
)
def test_profiles_of_hdr_by_name(words, expected):
    # The curve of such profiles is that of a tone mapping, and their tables are of no use here.
    for more in ({}, {b"A2B0": inverting_table()}):
        coding = identify(profile(gamma(1.7), BT2020, words=words, more=more))
        assert (coding.transfer, coding.primaries) == expected
        assert words in coding.rule


@pytest.mark.parametrize("words", ["Rec2020 linear, graded as PQ", "2020 PQuest", "PQ", "uHLGu"])
def test_names_are_no_reason_to_doubt_a_curve(words):
    assert identify(profile(linear(), BT2020, words=words)).transfer is None


@pytest.mark.parametrize(
    ("points", "expected"),
    [((9, 16), ("pq", "bt2020")), ((12, 18), ("hlg", "p3")), ((1, 8), (None, "bt709"))],
)
def test_code_points_come_first(points, expected):
    tag = b"cicp" + bytes(4) + bytes([*points, 0, 1])
    coding = identify(profile(gamma(1.7), ADOBE, more={b"cicp": tag, b"A2B0": inverting_table()}))
    assert (coding.transfer, coding.primaries) == expected
    unspecified = b"cicp" + bytes(4) + bytes([2, 2, 0, 1])
    coding = identify(profile(gamma(2.2), P3, more={b"cicp": unspecified}))
    assert (coding.transfer, coding.primaries) == ("gog", "p3")


# Those that have none.


def test_adobe_rgb_by_its_formula():
    codes = random_codes(16)
    image = image_of(codes, profile(gamma(563 / 256), ADOBE), 16)
    light = (codes / 65535) ** (563 / 256) @ conversion_matrix(ADOBE, BT2020).T
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt2020")
    np.testing.assert_allclose(image.pixels, srgb_codes(np.clip(light, 0, 1)), atol=0.1 / 255)
    assert image.origin.primaries == "ICC profile 'made for a test'"
    assert len(image.notes) == 1
    assert "made for a test" in image.notes[0]


@pytest.mark.parametrize(
    ("curve", "formula"),
    [
        (gamma(1.8), lambda x: x ** (461 / 256)),
        (parametric(0, 1.8), lambda x: x**1.8),
        (parametric(1, 2.0, 1.25, -0.25), lambda x: np.where(x < 0.2, 0, (1.25 * x - 0.25) ** 2)),
        (
            parametric(2, 2.0, 1.0, -0.2, 0.36),
            lambda x: np.where(x < 0.2, 0.36, (x - 0.2) ** 2 + 0.36),
        ),
        (
            parametric(3, 2.0, 0.9, 0.1, 0.3, 0.25),
            lambda x: np.where(x < 0.25, 0.3 * x, (0.9 * x + 0.1) ** 2),
        ),
        (
            parametric(4, 2.0, 0.9, 0.05, 0.3, 0.25, 0.02, 0.01),
            lambda x: np.where(x < 0.25, 0.3 * x + 0.01, (0.9 * x + 0.05) ** 2 + 0.02),
        ),
        (sampled(np.array([0.0, 0.1, 1.0])), lambda x: np.interp(x, [0, 0.5, 1], [0, 0.1, 1])),
    ],
)
@pytest.mark.parametrize("bits", [8, 16, None])
def test_curves_by_their_formulas(curve, formula, bits):
    codes = random_codes(bits)
    image = image_of(codes, profile(curve, BT709), bits)
    values = codes.astype(np.float64) / (1 if bits is None else 2**bits - 1)
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt709")
    np.testing.assert_allclose(image.pixels, srgb_codes(formula(values)), atol=0.05 / 255)


CASES = {
    "Adobe RGB": profile(gamma(563 / 256), ADOBE, version=2),
    "ProPhoto": profile(gamma(1.8), PROPHOTO),
    "P3 with a table": profile(sampled(STEPS**1.7), P3, version=2),
    "linear Adobe": profile(linear(), ADOBE),
    "a curve for each": profile([gamma(1.8), gamma(2.0), gamma(2.5)], BT709),
    "every parameter": profile(parametric(4, 2.0, 0.9, 0.05, 0.3, 0.25, 0.02, 0.01), P3),
    "small under D50": profile(gamma(2.2), ((0.6, 0.33), (0.3, 0.55), (0.2, 0.1), D50)),
    "nearly BT.709": profile(gamma(2.2), ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07), D50)),
}


@pytest.mark.skipif(not HAS_LCMS, reason="the extra 'codecs' is not installed")
@pytest.mark.parametrize("bits", [8, 16, None])
@pytest.mark.parametrize("name", CASES)
def test_against_little_cms(name, bits):
    import imagecodecs

    codes = random_codes(bits)
    image = image_of(codes, CASES[name], bits)
    points = CHROMATICITIES[image.primaries]
    target = imagecodecs.cms_profile(
        "rgb", whitepoint=[*points[3], 1.0], gamma=1.0,
        primaries=[number for point in points[:3] for number in (*point, 1.0)],
    )  # fmt: skip
    expected = imagecodecs.cms_transform(
        (codes / (1 if bits is None else 2**bits - 1)).astype(np.float32), CASES[name], target,
        colorspace="rgb", outcolorspace="rgb", outdtype="float32", intent=1,
    )  # fmt: skip
    pixels = image.pixels
    if not image.calibration.linear:
        pixels = DECODE[image.calibration.transfer](pixels)
        expected = np.clip(expected, 0, 1)
    np.testing.assert_allclose(srgb_codes(pixels), srgb_codes(expected), atol=0.5 / 255)


def test_colours_outside_are_counted():
    codes = np.array([[[0, 65535, 0], [30000, 30000, 30000]]], np.uint16)
    image = image_of(codes, profile(gamma(1.8), PROPHOTO), 16)
    assert image.primaries == "bt2020"
    assert image.pixels.min() == 0
    assert any("of 6 samples lay outside" in note for note in image.notes)
    inside = image_of(codes[:, 1:], profile(gamma(1.8), PROPHOTO), 16)
    assert not any("outside" in note for note in inside.notes)
    assert np.ptp(inside.pixels) < 1e-4  # grey stays grey, though the white is D50


def test_white_that_nobody_adapted():
    # Colorants under D65, as careless writers store them: equal channels are still grey.
    rows = colorants((*ADOBE[:3], D50)) @ np.diag([0.9505 / 0.9642, 1, 1.0891 / 0.8249])
    body = {
        name: b"XYZ " + bytes(4) + np.rint(row * 65536).astype(">i4").tobytes()
        for name, row in zip((b"rXYZ", b"gXYZ", b"bXYZ"), rows, strict=True)
    }
    image = image_of(np.full((2, 2, 3), 128, np.uint8), profile(gamma(1.8), more=body), 8)
    assert np.ptp(image.pixels) < 1e-3
    assert "another white than D50" in image.notes[0]


# Grey.


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_profiles(channels):
    codes = random_codes(8, (5, 6, channels))
    for curve, transfer in ((gamma(2.2), "gog"), (parametric(3, *SRGB_PARAMETERS), "srgb")):
        image = image_of(codes, profile(curve, space=b"GRAY"), 8)
        assert image.calibration.transfer == transfer
        np.testing.assert_array_equal(image.pixels, codes / np.float32(255))
    light = image_of(codes, profile(linear(), space=b"GRAY"), 8)
    assert light.calibration.kind == "relative"
    assert "none" not in light.origin.primaries
    assert any("for grey" in note for note in light.notes) == (channels == 3)
    other = image_of(codes, profile(gamma(1.5), space=b"GRAY"), 8)
    np.testing.assert_allclose(other.pixels, srgb_codes((codes / 255) ** 1.5), atol=1e-5)


def test_grey_by_lightness():
    codes = np.arange(256, dtype=np.uint8)[None]
    image = image_of(codes, profile(linear(), space=b"GRAY", pcs=b"Lab "), 8)
    lightness = codes / 2.55
    light = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / (24389 / 27))
    np.testing.assert_allclose(image.pixels[..., 0], srgb_codes(light), atol=0.05 / 255)


def test_grey_picture_with_a_colour_profile():
    codes = random_codes(8, (5, 6))
    image = image_of(codes, profile(gamma(1.8), ADOBE), 8)
    assert image.channels == 1
    np.testing.assert_allclose(
        image.pixels[..., 0], srgb_codes((codes / 255) ** (461 / 256)), atol=1e-5
    )
    each = image_of(codes, profile([gamma(1.8), gamma(2.0), gamma(2.5)], BT709), 8)
    assert each.channels == 3


def test_grey_picture_with_a_curve_for_each_colour():
    # No grey any more: the primaries count.
    codes, icc = random_codes(8, (5, 6)), profile([gamma(1.8), gamma(2.0), gamma(2.5)], ADOBE)
    each = image_of(codes, icc, 8)
    threefold = image_of(np.repeat(codes[..., None], 3, axis=2), icc, 8)
    assert each.primaries == threefold.primaries == "bt2020"
    np.testing.assert_array_equal(each.pixels, threefold.pixels)


# Floating point.


def test_linear_floats_are_never_clipped():
    samples = np.array([[[-0.5, 0.5, 60.0]]], np.float32)
    image = image_of(samples, profile(linear(), BT2020), None)
    expected = samples @ conversion_matrix(BT2020, BT709).T
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-5)
    assert (image.calibration.kind, image.primaries) == ("relative", "bt709")
    assert "0.708" in image.origin.primaries


@pytest.mark.parametrize("curve", [parametric(3, *SRGB_PARAMETERS), gamma(2.2), gamma(1.8)])
def test_floats_above_white_are_light(curve):
    formula = identify(profile(curve, BT709))
    decode = formula.curves[0] if formula.curves else DECODE[formula.transfer]
    samples = np.array([[[0.25, 1.5, 4.0], [-0.25, 0.0, 1.0]]], np.float32)
    image = image_of(samples, profile(curve, BT709), None)
    assert image.calibration.kind == "relative"
    assert any("the curve was undone" in note for note in image.notes)
    expected = np.sign(samples) * decode(np.abs(samples.astype(np.float64)))
    np.testing.assert_allclose(image.pixels, expected, rtol=1e-5, atol=1e-7)


def test_floats_up_to_white_are_codes():
    samples = np.array([[[0.25, 0.5, 1.0], [-0.25, 0.0, np.nan]]], np.float32)
    image = image_of(samples, profile(parametric(3, *SRGB_PARAMETERS), P3), None)
    assert (image.calibration.transfer, image.primaries) == ("srgb", "p3")
    np.testing.assert_array_equal(image.pixels, np.clip(samples, 0, 1))
    assert "1 of 6 samples lay outside [0, 1] and were clipped" in image.notes
    assert "1 of 6 samples are NaN or infinite" in image.notes


def test_floats_of_pq_end_at_one():
    samples = np.array([[[0.25, 0.5, 1.5]]], np.float32)
    image = image_of(samples, profile(sampled(pq(STEPS)), BT2020), None)
    assert image.calibration.transfer == "pq"
    np.testing.assert_array_equal(image.pixels, [[[0.25, 0.5, 1.0]]])
    assert "1 of 3 samples lay outside [0, 1] and were clipped" in image.notes


# Tables of colours.


@pytest.mark.skipif(not HAS_LCMS, reason="the extra 'codecs' is not installed")
@pytest.mark.parametrize("bits", [8, 10, 16, None])
def test_tables_are_applied(bits):
    table = profile(gamma(2.2), BT709, version=2, pcs=b"Lab ", more={b"A2B0": inverting_table()})
    top = 1 if bits is None else 2**bits - 1
    codes = np.repeat(np.array([[0, top // 4 if bits else 0.25, top]])[..., None], 3, axis=2)
    codes = codes.astype({None: np.float32, 8: np.uint8}.get(bits, np.uint16))
    image = image_of(codes, table, bits)
    lightness = 100 * (1 - codes[0, :, 0].astype(np.float64) / top)
    light = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / (24389 / 27))
    assert image.calibration.transfer == "srgb"
    np.testing.assert_allclose(image.pixels[0], srgb_codes(light)[:, None].repeat(3, 1), atol=0.01)
    assert any("made for a test" in note for note in image.notes)


def test_tables_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    table = profile(gamma(2.2), BT709, version=2, pcs=b"Lab ", more={b"A2B0": inverting_table()})
    with pytest.raises(MissingCodecError, match=r'pip install "hdrmetrics\[codecs\]".*sRGB first'):
        image_of(random_codes(8), table, 8)


@pytest.mark.skipif(not HAS_LCMS, reason="the extra 'codecs' is not installed")
def test_floats_beyond_a_table_are_noted():
    table = profile(gamma(2.2), BT709, version=2, pcs=b"Lab ", more={b"A2B0": inverting_table()})
    image = image_of(np.array([[[0.5, 2.0, -1.0]]], np.float32), table, None)
    assert "2 of 3 samples lay outside [0, 1] and were clipped" in image.notes
    assert np.isfinite(image.pixels).all()


# Damage.


def damaged() -> list[bytes]:
    good = profile(sampled(STEPS[::64] ** 1.7), ADOBE)
    no_curve = profile(None, ADOBE)
    return [
        b"rubbish" * 100,
        good[:100],
        good[:140],
        profile(b"curv" + bytes(4) + b"\0\0\xff\xff", ADOBE),
        profile(b"curv" + bytes(4) + b"\0\0\0\1\0\0", ADOBE),
        profile(parametric(3, 2.2), ADOBE),
        profile(parametric(9, 2.2), ADOBE),
        profile(parametric(0, -1.0), ADOBE),
        profile(b"what" + bytes(20), ADOBE),
        profile(gamma(2.2)),
        profile([gamma(2.2)], ADOBE),
        no_curve.replace(b"rXYZ", b"xXYZ"),
        profile(None, space=b"GRAY"),
        profile(gamma(2.2), more=dict.fromkeys((b"rXYZ", b"gXYZ", b"bXYZ"), b"XYZ " + bytes(16))),
        profile(sampled(STEPS * 0), ADOBE),
        profile(sampled(STEPS * 0 + 1), ADOBE),
        profile(sampled(STEPS * 0.01), ADOBE),
        profile(parametric(0, 30000.0), ADOBE),
        profile(parametric(0, 0.0001), ADOBE),
        profile(parametric(2, 0.0001, 30000, 30000, -20000), ADOBE),
        outside(profile(gamma(1.8), ADOBE), b"rTRC", b"gTRC", b"bTRC"),
        outside(profile(gamma(1.8), ADOBE, more={b"A2B0": inverting_table()}), b"A2B0"),
    ]


def outside(icc: bytes, *names: bytes) -> bytes:
    """Return a profile whose list places some tags behind its end."""
    changed = bytearray(icc)
    for name in names:
        struct.pack_into(">I", changed, icc.index(name) + 4, len(icc))
    return bytes(changed)


def test_a_profile_without_a_curve_is_noted():
    coding = identify(profile(None, P3))
    assert (coding.transfer, coding.primaries) == ("srgb", "p3")
    assert "has no curve" in coding.notes[0]


def test_curves_of_negatives_fall():
    codes = np.arange(256, dtype=np.uint8)[None]
    image = image_of(codes, profile(sampled(1 - STEPS), space=b"GRAY"), 8)
    np.testing.assert_allclose(image.pixels[..., 0], srgb_codes(1 - codes / 255), atol=1e-4)


@pytest.mark.parametrize("index", range(22))
def test_damaged_profiles_are_named(index):
    coding = identify(damaged()[index])
    assert (coding.transfer, coding.primaries, coding.stored) == ("srgb", "bt709", UNUSABLE)
    assert "damaged ICC profile" in coding.notes[0]
    assert "does not say" not in coding.rule


@pytest.mark.parametrize("space", [b"CMYK", b"Lab ", b"XYZ ", b"6CLR"])
def test_profiles_of_other_samples(space):
    image = image_of(
        random_codes(8), profile(None, space=space, more={b"A2B0": inverting_table()}), 8
    )
    assert (image.calibration.transfer, image.primaries) == ("srgb", "bt709")
    assert any("was ignored" in note for note in image.notes)
    assert NOT_SAID not in image.calibration.rule


def test_changed_bytes_never_surprise():
    good = profile(sampled(STEPS[::64] ** 1.7), ADOBE, more={b"cicp": b"cicp" + bytes(8)})
    random = np.random.default_rng(7)
    codes = random_codes(8, (2, 2, 3))
    for _ in range(400):
        changed = bytearray(good)
        for at in random.integers(0, len(good), 3):
            changed[at] = random.integers(256)
        coding = identify(bytes(changed))
        if coding.profile:
            continue
        source = Source("picture", b"", 2**28)
        image = coded_image(source, codes, bits=8, coding=coding, format_name="test")
        assert np.isfinite(image.pixels).all()
    for length in range(0, len(good), 7):
        identify(good[:length])


# The curves themselves.


@pytest.mark.parametrize("name", DECODE)
def test_curves_are_those_of_the_displays(name):
    import torch

    from hdrmetrics.photometry import transfer

    codes = np.linspace(0, 1, 1001)
    tensor = torch.from_numpy(codes)
    expected = {
        "srgb": lambda: transfer.srgb_decode(tensor),
        "bt1886": lambda: transfer.bt1886_decode(tensor, peak=1.0),
        "gog": lambda: tensor**2.2,
        "pq": lambda: transfer.pq_decode(tensor) / 10_000,
        "hlg": lambda: transfer.hlg_decode(tensor),
    }[name]()
    np.testing.assert_allclose(DECODE[name](codes), expected.numpy(), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ENCODE[name](DECODE[name](codes)), codes, atol=1e-6)


# What counts where a profile is damaged.


def damaged_tiff(array: np.ndarray, *more: tuple) -> bytes:
    tifffile = pytest.importorskip("tifffile", reason="tifffile, the independent writer, is absent")
    out = io.BytesIO()
    tags = [(34675, 7, 6, b"broken", True), *more]
    tifffile.imwrite(out, array, photometric="rgb", extratags=tags)
    return out.getvalue()


def test_floats_with_a_damaged_profile_stay_linear(read):
    light = np.linspace(0, 3, 60, dtype=np.float32).reshape(4, 5, 3)
    image = read(damaged_tiff(light))
    assert image.calibration.kind == "relative"
    np.testing.assert_array_equal(image.pixels, light)
    assert image.notes == ("a damaged ICC profile was ignored (no ICC profile)",)


def test_tags_count_beside_a_damaged_profile(read):
    codes = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    points = [number for point in CHROMATICITIES["bt2020"] for number in point]
    pairs = [whole for number in points for whole in (round(number * 10000), 10000)]
    more = [(318, 5, 2, tuple(pairs[12:]), True), (319, 5, 6, tuple(pairs[:12]), True)]
    image = read(damaged_tiff(codes, *more))
    assert image.primaries == "bt2020"
    assert image.notes == ("a damaged ICC profile was ignored (no ICC profile)",)
    alone = read(damaged_tiff(codes))
    assert (alone.primaries, alone.origin.primaries) == ("bt709", UNUSABLE)
    assert alone.notes == ("a damaged ICC profile was ignored (no ICC profile); taken as sRGB",)
