"""Calibration by side: whatever is known is taken as it is, whatever is not gets its own factor."""

from __future__ import annotations

import json
import math
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import hdrmetrics as hm
from hdrmetrics import Calibration, Image, get_display, score, write_image
from hdrmetrics.errors import DomainError, HdrMetricsWarning, OptionError, PixelValueError
from hdrmetrics.gate.baseline import flatten
from hdrmetrics.jobs.inputs import Units
from hdrmetrics.photometry.transfer import pq_encode

UNIT = 100.0  # cd/m² of a 1 in the relative files
WEIGHTS = np.array([0.212656, 0.715158, 0.072186])
SAME = 90.0  # dB: what 16 bits and rounding leave of one light stored in two ways


def light() -> np.ndarray:
    """Return a picture in cd/m² that an SDR screen of 100 cd/m² can show, too."""
    rng = np.random.default_rng(3)
    return (30 * np.exp(rng.normal(size=(24, 32, 3)))).clip(0.5, 90).astype(np.float32)


PEAK = float((light() @ WEIGHTS).max())


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return one light in every form that a caller may have."""
    folder = tmp_path_factory.mktemp("sides")
    picture = light()
    absolute = Image(picture, Calibration("absolute"))
    write_image(folder / "relative.exr", picture / np.float32(UNIT), depth="float")
    write_image(folder / "absolute.exr", absolute, depth="float")
    write_image(folder / "pq.png", absolute, transfer="pq", depth=16)
    write_image(folder / "hlg.png", absolute, transfer="hlg", depth=16)
    codes = get_display("srgb-100").inverse(torch.from_numpy(picture)).numpy()
    write_image(folder / "sdr.png", Image(codes, Calibration("display", transfer="srgb")), depth=16)
    return {
        "relative": folder / "relative.exr",
        "absolute": folder / "absolute.exr",
        "array": picture,
        "scaled": hm.read_image(folder / "relative.exr", scale=UNIT),
        "peaked": hm.read_image(folder / "relative.exr", peak=PEAK),
        "pq": folder / "pq.png",
        "hlg": folder / "hlg.png",
        "sdr": folder / "sdr.png",
    }


KNOWN = ("absolute", "array", "scaled", "peaked", "pq", "hlg", "sdr")


def psnr(sources: dict[str, Any], test: str, reference: str, **units: Any) -> hm.Score:
    return score(sources[test], "pu21-psnr", reference=sources[reference], **units)


@pytest.mark.parametrize("test", KNOWN)
@pytest.mark.parametrize("reference", KNOWN)
def test_known_light_is_compared_as_it_is(
    sources: dict[str, Any], test: str, reference: str
) -> None:
    assert psnr(sources, test, reference).value > SAME


@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("role", ["test", "reference"])
@pytest.mark.parametrize("common", [True, False])
@pytest.mark.parametrize("unit", ["scale", "peak"])
def test_a_factor_is_of_the_picture_that_lacks_a_unit(
    sources: dict[str, Any], known: str, role: str, common: bool, unit: str
) -> None:
    pair = ("relative", known) if role == "test" else (known, "relative")
    value = UNIT if unit == "scale" else PEAK
    got = psnr(sources, *pair, **{unit if common else f"{role}_{unit}": value})
    assert got.value > SAME
    both = got.conditions["calibration"]
    assert json.loads(json.dumps(both))["kind"] == both["kind"]
    if known in ("scaled", "peaked") and both["kind"] == "scaled":
        return  # one factor for both after all
    assert both["kind"] == "per side"
    assert both[role]["kind"] == "scaled"
    assert both[role]["factor"] == pytest.approx(UNIT, rel=1e-4)
    other = "reference" if role == "test" else "test"
    assert both["rule"].startswith("test: ")
    assert f"; reference: {both['reference'].get('rule', '')}"[:14] in both["rule"]
    assert both[other]["kind"] in ("absolute", "scaled", "display model")
    assert flatten(got.conditions)[f"calibration.{role}.kind"] == "scaled"


@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("role", ["test", "reference"])
@pytest.mark.parametrize("display", [None, "pq-10000", "srgb-100", "linear-1000"])
def test_without_a_factor_the_advice_works_when_it_is_followed(
    sources: dict[str, Any], known: str, role: str, display: str | None
) -> None:
    pair = ("relative", known) if role == "test" else (known, "relative")
    if known == "array" and display is not None:
        sources = sources | {"array": hm.as_image(sources["array"], "hdr")}
    with pytest.raises(DomainError, match="no absolute scale") as error:
        psnr(sources, *pair, display=display)
    options = re.findall(r"(\w+)= \((--[\w-]+)\)", str(error.value))
    # The factors of both: a table of methods has pairs of linear files beside such a pair.
    assert [option for option, _ in options] == ["scale", "peak"]
    assert [flag for _, flag in options] == ["--scale", "--peak"]
    with warnings.catch_warnings():
        # An SDR file on a PQ display is another matter: it is read as PQ, with a warning.
        warnings.simplefilter("ignore", HdrMetricsWarning)
        for (option, _), value in zip(options, (UNIT, PEAK), strict=True):
            got = psnr(sources, *pair, display=display, **{option: value})
            if not (known == "sdr" and display == "pq-10000"):
                assert got.value > SAME


def test_beside_a_factor_of_one_side_the_advice_names_the_other_side(
    sources: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(DomainError, match="no absolute scale") as error:
        psnr(sources, "relative", "relative", test_scale=UNIT)
    options = re.findall(r"(\w+)= \((--[\w-]+)\)", str(error.value))
    assert [option for option, _ in options] == ["reference_scale", "reference_peak"]
    for (option, _), value in zip(options, (UNIT, PEAK), strict=True):
        got = psnr(sources, "relative", "relative", test_scale=UNIT, **{option: value})
        assert got.value > SAME


def test_two_files_of_different_units(sources: dict[str, Any], tmp_path: Path) -> None:
    other = tmp_path / "other.exr"
    write_image(other, light() / np.float32(7), depth="float")
    pair = {"test": other, "relative": sources["relative"]}
    for units in (
        {"test_scale": 7, "reference_scale": UNIT},
        {"test_peak": PEAK, "reference_peak": PEAK},
        {"test_scale": 7, "reference_peak": PEAK},
    ):
        got = psnr(pair, "test", "relative", **units)
        assert got.value > SAME
        found = got.conditions["calibration"]
        assert found["test"]["factor"] == pytest.approx(7, rel=1e-4)
        assert found["reference"]["factor"] == pytest.approx(UNIT, rel=1e-4)
    stated = hm.read_image(other, scale=7)
    assert psnr(pair | {"test": stated}, "test", "relative", scale=UNIT).value > SAME
    read = {"test": stated, "reference": hm.read_image(sources["relative"], scale=UNIT)}
    assert psnr(read, "test", "reference").value > SAME


def test_two_pictures_made_equally_bright_are_refused_and_the_advice_works(
    sources: dict[str, Any], tmp_path: Path
) -> None:
    # Each as bright as the other: a picture twice as bright would score as identical.
    twice = tmp_path / "twice.exr"
    write_image(twice, light() / np.float32(UNIT / 2), depth="float")
    peaked = {"test": hm.read_image(twice, peak=PEAK), "reference": sources["peaked"]}
    with pytest.raises(DomainError, match="different factors") as error:
        psnr(peaked, "test", "reference")
    files = {"test": twice, "reference": sources["relative"]}
    assert "give the score peak=" in str(error.value)
    assert psnr(files, "test", "reference", peak=PEAK).value < 40
    assert "test_scale= and reference_scale=" in str(error.value)
    own = psnr(files, "test", "reference", test_scale=UNIT / 2, reference_scale=UNIT)
    assert own.value > SAME


@pytest.mark.parametrize(
    ("test", "reference", "option"),
    [
        ("pq", "pq", "scale"),
        ("sdr", "hlg", "peak"),
        ("absolute", "absolute", "scale"),
        ("scaled", "array", "peak"),
        ("pq", "relative", "test_scale"),
        ("relative", "sdr", "reference_peak"),
        ("absolute", "relative", "test_scale"),
        ("relative", "scaled", "reference_scale"),
    ],
)
def test_a_factor_that_concerns_no_picture_is_refused(
    sources: dict[str, Any], test: str, reference: str, option: str
) -> None:
    with pytest.raises(OptionError, match="leave it out") as error:
        psnr(sources, test, reference, **{option: 50.0})
    assert str(error.value).startswith(f"{option}= (--{option.replace('_', '-')})")
    if "relative" not in (test, reference):
        assert psnr(sources, test, reference).value > SAME


def test_floats_in_memory_are_cd_per_m2_until_a_factor_says_otherwise(
    sources: dict[str, Any],
) -> None:
    relative = light() / np.float32(UNIT)
    pair = {"test": relative, "reference": relative, "pq": sources["pq"]}
    got = psnr(pair, "test", "reference", scale=UNIT)
    assert got.conditions["calibration"]["factor"] == UNIT
    assert psnr(pair, "test", "pq", test_scale=UNIT).value > SAME
    assert psnr(pair, "pq", "test", scale=UNIT).value > SAME


def test_floats_with_a_display_are_its_signal_unless_a_factor_says_otherwise(
    sources: dict[str, Any],
) -> None:
    linear = light() / np.float32(UNIT)
    pair = {"test": linear, "reference": linear, "pq": sources["pq"], "file": sources["relative"]}
    both = psnr(pair, "test", "reference", scale=UNIT, display="srgb-100").conditions["calibration"]
    assert (both["kind"], both["factor"]) == ("scaled", UNIT)
    assert psnr(pair, "test", "pq", scale=UNIT, display="pq-10000").value > SAME
    assert psnr(
        pair, "test", "file", display="pq-1000", test_scale=UNIT, reference_scale=UNIT
    ).value
    codes = pq_encode(torch.from_numpy(light()))
    signal = {"test": codes.numpy(), "reference": sources["relative"]}
    assert psnr(signal, "test", "reference", scale=UNIT, display="pq-10000").value > SAME
    assert psnr(signal | {"reference": sources["pq"]}, "test", "reference", display="pq-1000").value


def test_one_rule_for_both_is_written_as_it_always_was(sources: dict[str, Any]) -> None:
    def record(*pair: str, **units: Any) -> dict[str, Any]:
        found: dict[str, Any] = psnr(sources, *pair, **units).conditions["calibration"]
        return found

    assert set(record("relative", "relative")) == {"kind", "factor", "rule"}
    assert record("relative", "relative", scale=3) == {
        "kind": "scaled", "factor": 3.0, "rule": "scale: a pixel value of 1 is 3 cd/m²",
    }  # fmt: skip
    assert record("array", "array") == {"kind": "absolute", "rule": "floats taken as cd/m²"}
    assert record("pq", "pq") == {
        "kind": "display model", "transfer": "pq", "rule": "default display for pq",
        "display": get_display("pq-10000").to_dict(),
    }  # fmt: skip
    shown = record("absolute", "absolute", display="linear-1000")
    assert (shown["kind"], shown["display"]["name"]) == ("absolute", "linear-1000")
    assert "test" not in record("absolute", "array"), "both are in cd/m²"


@pytest.mark.parametrize("display", ["pq-1000", "office-250", "linear-1000"])
def test_the_display_that_is_named_shows_both_alike(sources: dict[str, Any], display: str) -> None:
    # Whatever decodes a picture, what is compared is light of one screen.
    for coded in ("pq", "hlg"):
        if coded == "hlg" and display == "office-250":
            continue
        got = psnr(sources, coded, "absolute", display=display)
        assert got.value > SAME
    assert psnr(sources, "relative", "pq", display=display, scale=UNIT).value > SAME
    bright = {"test": pq(light() * 40), "reference": Image(light() * 40, Calibration("absolute"))}
    screen = get_display(display)
    assert psnr(bright, "test", "reference").value > SAME
    got = psnr(bright, "test", "reference", display=display)
    assert got.value > SAME
    found = got.conditions["calibration"]["test"]
    named = found.get("screen", found["display"])
    assert named["name"] == screen.name


def pq(picture: np.ndarray, primaries: Any = "bt709") -> Image:
    codes = pq_encode(torch.from_numpy(picture)).numpy()
    return Image(codes, Calibration("display", transfer="pq"), primaries=primaries)


def test_a_coding_that_the_display_does_not_take_is_decoded_by_its_own(
    sources: dict[str, Any],
) -> None:
    # PQ codes were once read by the curve of srgb-100, and sRGB codes as cd/m² by linear-1000.
    for test in ("pq", "hlg"):
        got = psnr(sources, test, "sdr", display="srgb-100")
        assert got.value > SAME
        record = got.conditions["calibration"]["test"]
        assert record["display"]["eotf"] == test
        assert record["screen"]["name"] == "srgb-100"
    assert psnr(sources, "sdr", "absolute", display="linear-1000").value > SAME
    assert psnr(sources, "sdr", "pq", display="pq-10000").value > SAME


def test_an_sdr_file_on_a_pq_display_is_read_as_pq_with_a_warning(sources: dict[str, Any]) -> None:
    # A PNG of PQ codes often does not say so; the caller does, by the display.
    with pytest.warns(HdrMetricsWarning, match="read as PQ because the display pq-1000") as seen:
        score(sources["sdr"], "pu21-psnr", reference=sources["absolute"], display="pq-1000")
    advised = re.search(r"such as ([\w-]+)", str(seen[0].message))
    assert advised is not None
    assert psnr(sources, "sdr", "absolute", display=advised[1]).value > SAME


def test_code_floats_that_are_light_have_advice_that_works(sources: dict[str, Any]) -> None:
    with pytest.raises(DomainError, match=r'as_image\(array, domain="hdr"\)'):
        psnr(sources, "array", "pq", display="pq-10000")
    wrapped = {"test": hm.as_image(light(), domain="hdr"), "reference": sources["pq"]}
    assert psnr(wrapped, "test", "reference", display="pq-10000").value > SAME


def test_a_dim_array_has_advice_that_works() -> None:
    codes = light() / 100
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HdrMetricsWarning)
        got = score(codes, "pu21-psnr", reference=codes * 0.9)
    for role, text in zip(("test", "reference"), got.warnings, strict=True):
        assert text.startswith(f"{role}: the brightest pixel is 0.")
        assert f'as_image(array, domain="sdr"), if they are relative give {role}_scale=' in text
    sdr = [hm.as_image(one, domain="sdr") for one in (codes, codes * 0.9)]
    assert math.isfinite(score(sdr[0], "pu21-psnr", reference=sdr[1]).value)
    score(codes, "pu21-psnr", reference=codes * 0.9, test_scale=100, reference_scale=100)


def test_a_black_side_is_named() -> None:
    black = Image(np.zeros((24, 32, 3), np.float32), Calibration("relative"))
    known = Image(light(), Calibration("absolute"))
    with pytest.raises(PixelValueError, match=r"the test image is black.*give scale="):
        score(black, "pu21-psnr", reference=known, peak=100)
    with pytest.raises(PixelValueError, match="give test_scale="):
        score(black, "pu21-psnr", reference=known, test_peak=100)
    with pytest.warns(HdrMetricsWarning, match="test: all black"):
        score(black, "pu21-psnr", reference=known, test_scale=100)


def test_units_exclude_each_other_and_are_numbers() -> None:
    for given, words in (
        ({"peak": 1, "scale": 1}, "give peak or scale, not both"),
        ({"test_peak": 1, "test_scale": 1}, "give test_peak or test_scale, not both"),
        ({"scale": 1, "reference_peak": 1}, "give scale for both pictures or reference_peak"),
        ({"scale": "1"}, "positive"),
        ({"peak": True}, "positive"),
        ({"test_scale": math.nan}, "test_scale is a positive"),
        ({"reference_peak": -1}, "reference_peak is a positive"),
    ):
        with pytest.raises(OptionError, match=words):
            Units(**given)  # type: ignore[arg-type]
    assert Units(scale=np.float32(2.5)).common.value == 2.5  # type: ignore[arg-type, union-attr]


def test_in_a_job_a_factor_is_of_the_pictures_that_it_concerns(sources: dict[str, Any]) -> None:
    # A folder holds both kinds: the factor is for the linear ones, the rest is scored as it is.
    tests = [sources[kind] for kind in ("relative", "pq", "sdr", "absolute")]
    rows = hm.score_files(
        [(test, sources["relative"]) for test in tests] + [(test, sources["pq"]) for test in tests],
        "pu21-psnr",
        scale=UNIT,
    )
    for row in rows:
        assert row.ok
        assert row.scores["pu21-psnr"].value > SAME
    said = [row.scores["pu21-psnr"].warnings for row in rows]
    assert [len(words) for words in said] == [0, 0, 0, 0, 0, 1, 1, 1]
    assert "scale= (--scale) was not applied: the test image is PQ-encoded" in said[5][0]
    alone = hm.score_files(
        [(sources["pq"], None), (sources["relative"], None)], "pu21-piqe", peak=9
    )
    assert all(row.ok for row in alone)
    mixed = hm.score_files([(sources["sdr"], sources["sdr"])], ["psnr", "pu21-psnr"], scale=2)
    assert mixed[0].ok
    assert "an SDR metric takes codes as they are" in mixed[0].scores["psnr"].warnings[0]
    with pytest.warns(HdrMetricsWarning, match="was not applied"):
        score(sources["sdr"], ["psnr"], reference=sources["sdr"], scale=2)


def test_strips_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    coded = pq(light() * 40)
    pair = {"test": coded, "reference": light()}
    whole = psnr(pair, "test", "reference").value
    monkeypatch.setattr("hdrmetrics.picture.light._STRIP", 500)
    assert psnr(pair, "test", "reference").value == pytest.approx(whole, abs=1e-4)


def test_the_callers_pixels_stay_as_they_are() -> None:
    planes = np.moveaxis(light(), 2, 0).copy()
    for pixels in (light()[..., 0], light(), np.moveaxis(planes, 0, 2)):
        image = Image(pixels, Calibration("relative"))
        before = image.pixels.copy()
        score(image, "pu21-psnr", reference=image, scale=3.0)
        score(image, "pu21-psnr", reference=image, display="tv-600")
        assert np.array_equal(image.pixels, before)


def test_nothing_is_said_of_a_reference_that_is_not_there() -> None:
    for call in (
        lambda: score(light(), "pu21-piqe", reference_scale=2),
        lambda: hm.score_files([(light(), None)], ["pu21-piqe"], reference_peak=2),
    ):
        with pytest.raises(OptionError, match="leave it out"):
            call()
    # Beside a metric that compares, one that does not sees the test alone.
    rows = hm.score_files(
        [(light(), light())],
        ["pu21-psnr", "pu21-piqe"],
        reference_scale=1,
        test_scale=1,
    )
    assert rows[0].ok


def test_tone_mapped_pictures_have_their_unit_on_the_reference(sources: dict[str, Any]) -> None:
    test = (light() / 100 * 255).astype(np.uint8)
    for units in ({}, {"scale": UNIT}, {"reference_scale": UNIT}, {"reference_peak": PEAK}):
        got = score(test, "tmqi", reference=sources["relative"], **units)
        assert got.conditions["calibration"]["kind"] == "scaled"
    with pytest.raises(OptionError, match="leave it out"):
        score(test, "tmqi", reference=sources["relative"], test_scale=UNIT)


# -- primaries and HLG, by the standards' own numbers ------------------------------------------

BT2087 = np.array(  # ITU-R BT.2087-0, equation for linear BT.709 to BT.2020
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
)
CSS_P3 = np.array(  # CSS Color 4: lin_sRGB to XYZ to lin_P3, multiplied out
    [[0.82246, 0.17754, 0.0], [0.03319, 0.96681, 0.0], [0.01708, 0.07240, 0.91052]]
)
HLG_WEIGHTS = {"bt709": (0.2126, 0.7152, 0.0722), "bt2020": (0.2627, 0.6780, 0.0593),
               "p3": (0.2290, 0.6917, 0.0793)}  # fmt: skip
TO = {"bt709": np.eye(3), "bt2020": BT2087, "p3": CSS_P3}


def hlg_signal(display_light: np.ndarray, weights: tuple[float, ...]) -> np.ndarray:
    """Return BT.2100 HLG of light on a screen of 1000 cd/m², gamma 1.2, in NumPy."""
    e = display_light / 1000
    scene = e / (e @ np.array(weights))[..., None] ** (0.2 / 1.2)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), a * np.log((12 * scene - b).clip(1e-9)) + c
    )


@pytest.mark.parametrize("primaries", ["bt709", "bt2020", "p3"])
@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_primaries_of_coded_pictures_are_honoured(primaries: Any, transfer: Any) -> None:
    truth = light().astype(np.float64)
    there = truth @ TO[primaries].T
    if transfer == "pq":
        coded = pq(there, primaries)
    else:
        codes = hlg_signal(there, HLG_WEIGHTS[primaries]).clip(0, 1)
        coded = Image(codes, Calibration("display", transfer="hlg"), primaries=primaries)
    reference = Image(truth, Calibration("absolute"))
    assert score(coded, "pu21-psnr", reference=reference).value > 75  # four digits of a matrix
