"""False colour: evenly lighter, readable in grey, with a scale that says what it shows."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from hdrmetrics import Score, ScoreMap, read_image, score_map
from hdrmetrics.errors import ImageWriteError, OptionError, ShapeError
from hdrmetrics.maps.falsecolor import (
    draw_map,
    false_color,
    map_limits,
    map_meaning,
    write_map,
)
from hdrmetrics.maps.overlay import grey_view, overlay_color
from hdrmetrics.metric import MapKind


def lightness(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """CIE L* of sRGB, from the definition."""
    code = rgb / 255.0
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    y = linear @ np.array([0.2126, 0.7152, 0.0722])
    cube = np.where(y > (6 / 29) ** 3, np.cbrt(y), y / (3 * (6 / 29) ** 2) + 4 / 29)
    return 116 * cube - 16


def example(values: NDArray[np.float32], kind: MapKind = "error", **changes: object) -> ScoreMap:
    fields: dict = {
        "metric": "pu21-psnr", "value": 31.234, "unit": "dB", "range": (-math.inf, math.inf),
        "higher_is_better": True, "test": "out/test.exr", "reference": "ref/reference.exr",
        "conditions": {"version": "1", "encoding": "PU21", "code_peak": 256.0,
                       "calibration": {"kind": "scaled", "rule": "peak: 1000 cd/m²"}},
    }  # fmt: skip
    return ScoreMap(values, Score(**(fields | changes)), kind)


def test_lightness_rises_evenly_over_the_scale() -> None:
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None]
    light = lightness(false_color(ramp, 0.0, 1.0)[0])
    steps = np.diff(light)
    assert (steps > 0).all()
    assert light[0] < 2
    assert light[-1] > 95
    # No stretch of the scale is over twice as steep, or under half as steep, as the mean.
    smooth = np.convolve(steps, np.ones(16) / 16, mode="valid")
    assert smooth.max() < 2 * steps.mean()
    assert smooth.min() > 0.5 * steps.mean()


def test_the_peer_shows_the_same_colours() -> None:
    matplotlib = pytest.importorskip("matplotlib", reason="the extra 'report' is not installed")
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None]
    peer = matplotlib.colormaps["magma"](ramp[0])[:, :3] * 255
    assert np.abs(false_color(ramp, 0.0, 1.0)[0] - peer).max() < 4


def test_the_scale_may_run_either_way_and_ends() -> None:
    values = np.array([[-5.0, 0.0, 0.5, 1.0, 9.0]], dtype=np.float32)
    up, down = false_color(values, 0.0, 1.0), false_color(values, 1.0, 0.0)
    np.testing.assert_array_equal(up[0, 0], up[0, 1])
    np.testing.assert_array_equal(up[0, 3], up[0, 4])
    np.testing.assert_array_equal(up[0, 1], down[0, 3])
    assert up.dtype == np.uint8
    assert up.shape == (1, 5, 3)


def test_what_is_no_number_is_no_colour_of_the_scale() -> None:
    values = np.array([[0.2, np.nan, np.inf, -np.inf]], dtype=np.float32)
    found = false_color(values, 0.0, 1.0)
    scale = false_color(np.linspace(0, 1, 2000)[None], 0.0, 1.0)[0]
    assert not (scale == found[0, 1]).all(axis=1).any()
    np.testing.assert_array_equal(found[0, 2], scale[-1])
    np.testing.assert_array_equal(found[0, 3], scale[0])


def test_bad_input_is_refused() -> None:
    with pytest.raises(ShapeError):
        false_color(np.zeros((2, 2, 3)), 0.0, 1.0)
    for ends in ((1.0, 1.0), (0.0, math.inf), (math.nan, 1.0)):
        with pytest.raises(OptionError):
            false_color(np.zeros((2, 2)), *ends)


@pytest.mark.parametrize(
    ("values", "same", "limits"),
    [
        ([0.0, 0.0, 27.0], 0.0, (0.0, 30.0)),
        ([0.0, 0.0, 30.0], 0.0, (0.0, 30.0)),
        ([0.0, 0.0, 0.0], 0.0, (0.0, 1.0)),
        ([1.0, 1.0, 0.81], 1.0, (1.0, 0.8)),
        ([1.0, 1.0], 1.0, (1.0, 0.0)),
        ([1.0, -0.1], 1.0, (1.0, -0.5)),
        ([0.00007], 0.0, (0.0, 0.00008)),
        ([0.0, math.nan, 4.5], 0.0, (0.0, 5.0)),
        ([math.nan], 0.0, (0.0, 1.0)),
    ],
)
def test_limits_are_round_and_start_where_nothing_differs(
    values: list[float], same: float, limits: tuple[float, float]
) -> None:
    assert map_limits(np.array([values]), same) == pytest.approx(limits)


def test_one_wild_pixel_does_not_darken_the_rest() -> None:
    values = np.ones((100, 100))
    values[0, 0] = 1000.0
    assert map_limits(values, 0.0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("kind", "changes", "quantity", "unit", "same"),
    [
        ("error", {}, "error", "PU (white is 256)", 0.0),
        ("error", {"conditions": {"encoding": "display-encoded values", "code_peak": 1.0}},
         "error", "code values (white is 1)", 0.0),
        ("similarity", {}, "similarity", "", 1.0),
        ("probability", {}, "probability of seeing a difference", "", 0.0),
        ("distortion", {}, "distortion of each block", "", 0.0),
    ],
)  # fmt: skip
def test_the_numbers_are_named(
    kind: MapKind, changes: dict[str, object], quantity: str, unit: str, same: float
) -> None:
    meaning = map_meaning(example(np.zeros((2, 2), np.float32), kind, **changes))
    assert (meaning.quantity, meaning.unit, meaning.same) == (quantity, unit, same)


@pytest.mark.parametrize("metric", ["pu21-ssim", "pu21-vsi", "pu21-fsim", "pu21-psnr", "pu21-mae"])
def test_maps_of_identical_pictures_are_dark(metric: str) -> None:
    rng = np.random.default_rng(0)
    picture = (rng.random((40, 50, 3)) * 100).astype(np.float32)
    found = score_map(picture, metric, reference=picture)
    meaning = map_meaning(found)
    np.testing.assert_allclose(found.values, meaning.same, atol=1e-5)
    assert lightness(false_color(found.values, *map_limits(found.values, meaning.same))).max() < 2


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (1, 300), (300, 1), (120, 250), (500, 400)])
def test_the_picture_holds_the_map_pixel_by_pixel(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(1).random(shape).astype(np.float32) * 9
    page = draw_map(example(values), limits=(0.0, 10.0))
    assert page.dtype == np.uint8
    zoom = max(1, math.ceil(192 / max(shape)))
    colours = false_color(values, 0.0, 10.0).repeat(zoom, axis=0).repeat(zoom, axis=1)
    height, width = colours.shape[:2]
    tops = [
        top
        for top in range(page.shape[0] - height + 1)
        if (page[top : top + height, 12 : 12 + width] == colours).all()
    ]
    assert len(tops) >= 1
    # The scale: all colours from bright at the top to dark at the bottom.
    bar = page[:, 12 + width + 12 + 9].astype(int)
    ramp = lightness(bar[tops[0] + 1 : tops[0] + max(height, 95) - 1].astype(np.uint8))
    assert (np.diff(ramp) <= 0.3).all()  # what rounding to 8 bits may lift
    assert ramp[0] - ramp[-1] > 80


def test_probabilities_lie_over_the_picture() -> None:
    rng = np.random.default_rng(3)
    values, context = (rng.random((250, 300)).astype(np.float32) for _ in range(2))
    values[7, 9] = np.nan
    found = dataclasses.replace(example(values, "probability"), context=context)
    page = draw_map(found)
    colours = overlay_color(values, context)
    top = next(y for y in range(40, 90) if (page[y : y + 5, 12 : 12 + 300] == colours[:5]).all())
    inside = page[top : top + 250, 12 : 12 + 300]
    known = ~np.isnan(values)
    np.testing.assert_array_equal(inside[known], colours[known])
    blank = false_color(values, 0.0, 1.0)[7, 9]
    np.testing.assert_array_equal(inside[7, 9], blank)
    # The scale: a quarter of its height for each step, the picture's range across.
    bar = page[top : top + 250, 12 + 300 + 12 : 12 + 300 + 12 + 18]
    for index, middle in enumerate((0.975, 0.85, 0.625, 0.25)):
        row = bar[31 + round(62.5 * index), 1:-1]
        wanted = overlay_color(np.full((1, 18), middle), np.linspace(0, 1, 18)[None])[0, 1:-1]
        assert np.abs(row.astype(int) - wanted).max() <= 4


def test_without_a_picture_or_with_limits_a_map_is_drawn_by_itself() -> None:
    values = np.random.default_rng(4).random((30, 40)).astype(np.float32)
    plain = example(values, "probability")
    over = dataclasses.replace(plain, context=values[::-1])
    limits = (0.0, 0.5)
    np.testing.assert_array_equal(draw_map(over, limits=limits), draw_map(plain, limits=limits))
    assert (draw_map(over)[:200] != draw_map(plain)[:200]).any()


def test_a_picture_of_another_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(4, 4\), not \(4, 5\)"):
        dataclasses.replace(
            example(np.zeros((4, 4), np.float32), "probability"),
            context=np.zeros((4, 5), np.float32),
        )


def test_only_probabilities_get_the_picture() -> None:
    rng = np.random.default_rng(5)
    reference = (10 ** (rng.random((40, 50, 3)) * 3)).astype(np.float32)
    for metric in ("pu21-psnr", "pu21-ssim"):
        assert score_map(reference * 1.1, metric, reference=reference).context is None
    test = reference * 1.1
    found = score_map(test, "hdrvdp2", reference=reference)
    light = test @ np.array([0.212656, 0.715158, 0.072186], np.float32)
    np.testing.assert_allclose(found.context, grey_view(light, encoded=False), atol=1e-5)
    part = score_map(test, "hdrvdp2", reference=reference, region=(10, 4, 30, 20))
    assert part.context is not None
    assert part.context.shape == part.values.shape == (20, 30)
    codes = (reference / 1000).clip(0, 1)
    found = score_map(codes**2, "hdrvdp2", reference=codes, encoding="srgb-display")
    weights = np.array([0.212656, 0.715158, 0.072186], np.float32)
    np.testing.assert_allclose(found.context, codes**2 @ weights, atol=1e-5)


def test_any_text_can_be_drawn() -> None:
    page = draw_map(example(np.zeros((9, 9), np.float32), test="日本/ÄÖ.exr", value=math.inf))
    assert page.shape[1] >= 420
    long = draw_map(example(np.zeros((9, 9), np.float32), test="x" * 500))
    assert long.shape == draw_map(example(np.zeros((9, 9), np.float32))).shape


def test_png_carries_its_score_and_exr_its_numbers(tmp_path: Path) -> None:
    values = np.random.default_rng(2).random((20, 30)).astype(np.float32)
    found = example(values)
    write_map(tmp_path / "map.png", found)
    with PillowImage.open(tmp_path / "map.png") as picture:
        assert json.loads(picture.text["hdrmetrics"]) == found.score.to_dict()
        np.testing.assert_array_equal(np.asarray(picture), draw_map(found))
    for name in ("map.exr", "map.pfm"):
        write_map(tmp_path / name, found)
        np.testing.assert_array_equal(read_image(tmp_path / name).pixels[..., 0], values)


def test_maps_that_cannot_be_written(tmp_path: Path) -> None:
    found = example(np.zeros((4, 4), np.float32))
    with pytest.raises(ImageWriteError, match=r"not to 'map\.jpg'"):
        write_map(tmp_path / "map.jpg", found)
    for name in ("no/map.png", "no/map.exr"):
        with pytest.raises(ImageWriteError):
            write_map(tmp_path / name, found)
