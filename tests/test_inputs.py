"""Calibration: one rule for both images, named in the result; every odd input has its answer."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from hdrmetrics import (
    Calibration,
    Display,
    Image,
    Score,
    create_metric,
    get_display,
    list_metrics,
    score,
    score_files,
    score_map,
    write_image,
)
from hdrmetrics.errors import (
    DomainError,
    HdrMetricsWarning,
    ImageReadError,
    OptionError,
    PixelValueError,
    ShapeError,
)
from hdrmetrics.photometry.transfer import pq_encode

RNG = np.random.default_rng(7)
RELATIVE = Calibration("relative")
ABSOLUTE = Calibration("absolute")


def relative(pixels: np.ndarray) -> Image:
    return Image(pixels.astype(np.float32), RELATIVE)


@pytest.fixture
def radiance() -> np.ndarray:
    return np.exp(RNG.normal(size=(40, 60, 3))).astype(np.float32)


def test_default_rule_is_named_and_uses_the_reference(radiance: np.ndarray) -> None:
    test = radiance * 1.1
    got = score(relative(test), "pu21-psnr", reference=relative(radiance))
    weights = np.array([0.212656, 0.715158, 0.072186], dtype=np.float32)
    factor = 1000 / np.percentile(radiance @ weights, 99.9)
    calibration = got.conditions["calibration"]
    assert calibration["kind"] == "scaled"
    assert calibration["factor"] == pytest.approx(factor, rel=1e-6)
    assert "99.9th percentile of the reference" in calibration["rule"]
    want = create_metric("pu21-psnr")(
        torch.from_numpy(test * factor).movedim(2, 0)[None],
        torch.from_numpy(radiance * factor).movedim(2, 0)[None],
    )
    assert got.value == pytest.approx(float(want), abs=1e-3)


def test_brightening_the_test_lowers_the_score(radiance: np.ndarray) -> None:
    # Each image scaled by its own peak would call these identical.
    reference = relative(radiance)
    values = [
        float(score(relative(radiance * gain), "pu21-psnr", reference=reference, **units))
        for units in ({}, {"peak": 500}, {"scale": 20})
        for gain in (1.0, 1.2, 1.6)
    ]
    for first, second, third in zip(values[::3], values[1::3], values[2::3], strict=True):
        assert math.isinf(first)
        assert second > third


def test_peak_scale_and_equivalence(radiance: np.ndarray) -> None:
    reference, test = relative(radiance), relative(radiance * 0.9)
    luminance = reference.luminance().max()
    by_peak = score(test, "pu21-psnr", reference=reference, peak=400)
    by_scale = score(test, "pu21-psnr", reference=reference, scale=float(400 / luminance))
    by_hand = score(
        test.scaled_by(3.0, "mine"), "pu21-psnr", reference=reference.scaled_by(3.0, "mine")
    )
    assert by_peak.value == pytest.approx(by_scale.value, abs=1e-3)
    assert "maximum luminance" in by_peak.conditions["calibration"]["rule"]
    assert by_hand.conditions["calibration"]["factor"] == 3.0


def test_images_scaled_differently_are_refused(radiance: np.ndarray) -> None:
    bright, dim = relative(radiance).scaled_by(9.0, "a"), relative(radiance).scaled_by(3.0, "b")
    with pytest.raises(DomainError, match="different factors"):
        score(bright, "pu21-psnr", reference=dim)
    with pytest.raises(DomainError, match="no absolute scale"):
        score(relative(radiance), "pu21-psnr", reference=Image(radiance, ABSOLUTE))


def test_display_model_for_sdr_files(radiance: np.ndarray, tmp_path: Path) -> None:
    code = np.clip(radiance / 5, 0, 1) ** (1 / 2.2)
    reference = (code * 255).round().astype(np.uint8)
    test = (code * 240).round().astype(np.uint8)
    default = score(test, "pu21-psnr-y", reference=reference)
    assert default.conditions["calibration"]["display"]["name"] == "srgb-100"
    office = score(test, "pu21-psnr-y", reference=reference, display="office-250")
    assert office.value != pytest.approx(default.value, abs=0.01)
    screen = get_display("srgb-100")
    lights = [
        screen.forward(torch.from_numpy(a.astype(np.float32) / 255).movedim(2, 0)[None])
        for a in (test, reference)
    ]
    assert default.value == pytest.approx(float(create_metric("pu21-psnr-y")(*lights)), abs=1e-4)
    mine = Display("mine", eotf="gog", peak=200.0)
    assert (
        score(test, "pu21-psnr", reference=reference, display=mine).conditions["calibration"][
            "display"
        ]["peak"]
        == 200.0
    )


def test_pq_file_is_its_own_luminance(radiance: np.ndarray) -> None:
    light = torch.from_numpy(radiance * 50)
    codes = [pq_encode(light * gain).numpy() for gain in (1.05, 1.0)]
    pair = [Image(c, Calibration("display", transfer="pq")) for c in codes]
    got = score(pair[0], "pu21-psnr", reference=pair[1])
    assert got.conditions["calibration"]["display"]["name"] == "pq-10000"
    with pytest.raises(DomainError, match="PQ-encoded"):
        score(pair[0], "psnr", reference=pair[1])


def test_display_clips_linear_light(radiance: np.ndarray) -> None:
    reference, test = Image(radiance * 100, ABSOLUTE), Image(radiance * 110, ABSOLUTE)
    narrow = Display("narrow", eotf="linear", peak=20.0, contrast=None)
    free = score(test, "pu21-psnr", reference=reference)
    clipped = score(test, "pu21-psnr", reference=reference, display=narrow)
    assert clipped.value > free.value
    assert clipped.conditions["calibration"]["display"]["peak"] == 20.0


def test_domain_errors(radiance: np.ndarray) -> None:
    with pytest.raises(DomainError, match="tone-map"):
        score(relative(radiance), "psnr", reference=relative(radiance))
    with pytest.raises(DomainError, match="divide by 255"):
        score(radiance * 100, "psnr", reference=radiance * 100)
    eight_bit = (radiance.clip(0, 1) * 255).astype(np.uint8)
    with pytest.raises(OptionError, match="display="):
        score(eight_bit, "pu21-psnr", reference=eight_bit, peak=100)
    with pytest.raises(OptionError, match="not both"):
        score(relative(radiance), "pu21-psnr", reference=relative(radiance), peak=1, scale=1)
    with pytest.raises(OptionError, match="positive"):
        score(relative(radiance), "pu21-psnr", reference=relative(radiance), peak=-1)


def test_codes_given_as_luminance_are_flagged(radiance: np.ndarray) -> None:
    code = radiance.clip(0, 1)
    with pytest.warns(HdrMetricsWarning, match="display-encoded"):
        got = score(code, "pu21-psnr", reference=code)
    assert any("display-encoded" in w for w in got.warnings)
    with pytest.warns(HdrMetricsWarning, match="above 10000"):
        score(radiance * 1e5, "pu21-psnr", reference=radiance * 1e5)


def test_negative_radiance_becomes_zero_with_a_warning(radiance: np.ndarray) -> None:
    test = radiance * 100
    test[0, 0] = -5
    with pytest.warns(HdrMetricsWarning, match="test: 3 of 7200 values are negative"):
        score(test, "pu21-psnr", reference=radiance * 100)


def test_black(radiance: np.ndarray) -> None:
    black = np.zeros_like(radiance)
    with pytest.raises(PixelValueError, match="black"):
        score(relative(radiance), "pu21-psnr", reference=relative(black))
    with pytest.warns(HdrMetricsWarning, match="all black"):
        both = score(black, "pu21-psnr", reference=black)
    assert math.isinf(both.value)
    with pytest.raises(OptionError, match="peak_luminance"):
        score(black, "mu-psnr", reference=black)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_finite(radiance: np.ndarray, value: float) -> None:
    broken = radiance.copy()
    broken[3, 4, 1] = value
    for pair in ((broken, radiance), (radiance, broken)):
        with pytest.raises(PixelValueError, match="1 pixel value"):
            score(relative(pair[0]), "pu21-psnr", reference=relative(pair[1]))


def test_shapes(radiance: np.ndarray) -> None:
    light = radiance * 100
    with pytest.raises(ShapeError, match="60×40 pixels with 3"):
        score(light, "pu21-psnr", reference=light[:, :-1])
    with pytest.raises(ShapeError, match="with 3 channel"):
        score(light, "pu21-psnr", reference=light[..., 0])
    with pytest.raises(ShapeError, match="batch of 2"):
        score(torch.rand(2, 3, 8, 8), "pu21-psnr", reference=torch.rand(2, 3, 8, 8))
    with pytest.raises(ShapeError, match="at least one pixel"):
        score(np.zeros((0, 4)), "pu21-psnr", reference=np.zeros((0, 4)))
    with pytest.raises(ShapeError, match="int32"):
        score(np.zeros((4, 4), np.int32), "pu21-psnr", reference=light)
    one = np.full((1, 1), 100.0)
    assert math.isfinite(score(one * 1.1, "pu21-psnr", reference=one).value)
    with pytest.raises(ShapeError, match="161"):
        score(light, "pu21-ms-ssim", reference=light)


def test_single_channel_alpha_and_float16(radiance: np.ndarray) -> None:
    grey = radiance[..., 0] * 100
    same = score(grey * 1.1, "pu21-psnr", reference=grey).value
    assert score(grey[..., None] * 1.1, "pu21-psnr", reference=grey).value == same
    rgba = np.concatenate([radiance * 100, np.ones_like(radiance[..., :1])], axis=-1)
    with pytest.warns(HdrMetricsWarning, match="alpha"):
        got = score(rgba * np.float32(1.1), "pu21-psnr", reference=rgba)
    assert got.value == pytest.approx(
        score(radiance * 110, "pu21-psnr", reference=radiance * 100).value, abs=1e-3
    )
    half = torch.from_numpy(radiance).movedim(2, 0).to(torch.float16) * 100
    assert math.isinf(score(half, "pu21-psnr", reference=half).value)


def test_mask_and_region(radiance: np.ndarray) -> None:
    light = radiance * 100
    test = light.copy()
    test[20:] *= 1.3
    half = np.zeros((40, 60), dtype=bool)
    half[:20] = True
    assert math.isinf(score(test, "pu21-psnr", reference=light, mask=half).value)
    top = score(test, "pu21-psnr", reference=light, region=(0, 0, 60, 20))
    low = score(test, "pu21-psnr", reference=light, region=(0, 20, 60, 20))
    assert math.isinf(top.value)
    assert low.conditions["region"] == [0, 20, 60, 20]
    assert low.value == pytest.approx(
        score(test, "pu21-psnr", reference=light, mask=~half).value, abs=1e-4
    )
    with pytest.raises(OptionError, match="does not lie"):
        score(test, "pu21-psnr", reference=light, region=(10, 0, 60, 20))
    with pytest.raises(ShapeError, match="mask"):
        score(test, "pu21-psnr", reference=light, mask=half[1:])
    with pytest.raises(OptionError, match="no pixel"):
        score(test, "pu21-psnr", reference=light, mask=half & ~half)


def test_result_names_its_conditions_and_is_json(radiance: np.ndarray) -> None:
    light = radiance * 100
    for info in list_metrics(domain="hdr"):
        if info.minimum_size > 40:
            continue
        reference = light if info.reference else None
        got = score(light, info.name, reference=reference)
        assert {"version", "size", "calibration", "dtype"} <= set(got.conditions)
        record = json.loads(json.dumps(got.to_dict(), allow_nan=False))
        assert record["metric"] == info.name
        assert record["infinite"] == math.isinf(got.value)
    mu = score(light * 1.1, "mu-psnr", reference=light)
    assert mu.conditions["peak_luminance"] == pytest.approx(float(light.max()))
    fixed = score(light * 1.1, "mu-psnr", reference=light, peak_luminance=2000.0)
    assert fixed.conditions["peak_luminance"] == 2000.0
    assert float(score(light, "pu21-fsim", reference=light)) == pytest.approx(1.0)
    assert score(light * 1.1, "mu-fsim", reference=light).conditions["code_peak"] == 255.0


def test_identical_images() -> None:
    light = np.full((16, 16), 50.0)
    got = score(light, "pu21-psnr", reference=light)
    assert got.value == math.inf
    assert got.to_dict()["value"] is None
    assert got.to_dict()["infinite"] is True


def test_paths_map_and_metric_objects(radiance: np.ndarray, tmp_path: Path) -> None:
    reference, test = tmp_path / "reference.exr", tmp_path / "test.exr"
    write_image(reference, relative(radiance), depth="float")
    write_image(test, relative(radiance * 1.1), depth="float")
    metric = create_metric("pu21-ssim")
    got = score(str(test), metric, reference=reference)
    assert got.test == str(test)
    assert got.reference == str(reference)
    picture = score_map(test, "pu21-ssim", reference=reference)
    assert picture.values.shape == (40, 60)
    assert picture.values.mean() == pytest.approx(got.value, abs=1e-5)
    assert picture.score.value == got.value
    with pytest.raises(OptionError, match="made already"):
        score(test, metric, reference=reference, border="valid")
    with pytest.raises(OptionError, match="needs a reference"):
        score(test, metric)
    with pytest.raises(ImageReadError):
        score(tmp_path / "missing.exr", metric, reference=reference)


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_bad_file_leaves_the_others(radiance: np.ndarray, tmp_path: Path, jobs: int) -> None:
    files = []
    for index in range(4):
        path = tmp_path / f"{index}.exr"
        write_image(path, relative(radiance * (1 + index / 10)), depth="float")
        files.append((path, tmp_path / "0.exr"))
    files[2][0].write_bytes(b"not an image")
    seen: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = score_files(
            files,
            ["pu21-psnr", "pu21-ms-ssim"],
            jobs=jobs,
            on_row=lambda row: seen.append(row.test),
        )
    assert [row.test for row in rows] == sorted(seen) == [str(test) for test, _ in files]
    assert list(rows[2].errors) == ["file"]
    for index in (0, 1, 3):
        assert "161" in rows[index].errors["pu21-ms-ssim"]
        assert isinstance(rows[index].scores["pu21-psnr"], Score)
    assert rows[1].scores["pu21-psnr"].value > rows[3].scores["pu21-psnr"].value
    json.dumps([row.to_dict() for row in rows], allow_nan=False)


def test_the_advice_for_pixels_without_a_value_works(radiance: np.ndarray) -> None:
    broken = radiance.copy()
    broken[3, 4] = math.nan
    for outside in ({"region": (10, 10, 20, 20)}, {"mask": np.ones(radiance.shape[:2])}):
        with pytest.raises(PixelValueError, match=r"3 pixel values .* numpy\.nan_to_num"):
            score(relative(broken), "pu21-psnr", reference=relative(radiance), **outside)
    mended = relative(np.nan_to_num(broken))
    assert math.isfinite(score(mended, "pu21-psnr", reference=relative(radiance)).value)
