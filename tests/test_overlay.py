"""Probabilities over a picture: thresholds and picture are both there, in colour and in grey."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from hdrmetrics.errors import ShapeError
from hdrmetrics.maps.overlay import THRESHOLDS, grey_view, overlay_color
from tests.test_falsecolor import lightness


def printed(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Grey levels of a copy in grey, as Pillow makes it."""
    return np.asarray(PillowImage.fromarray(rgb).convert("L"), dtype=np.float64)


def grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every probability (rows) on every part of a picture (columns)."""
    probability = np.linspace(0, 1, 401)[:, None].repeat(101, axis=1)
    return probability, np.linspace(0, 1, 101)[None].repeat(401, axis=0)


@pytest.mark.parametrize("grey", [printed, lightness])
def test_in_grey_a_threshold_is_never_mistaken(grey) -> None:
    probability, context = grid()
    levels = grey(overlay_color(probability, context))
    levels = levels / (255 if grey is printed else 100)
    for threshold in THRESHOLDS:
        below, above = levels[probability < threshold], levels[probability >= threshold]
        assert above.min() - below.max() > 0.03, threshold


def test_the_picture_shows_at_every_probability() -> None:
    probability, context = grid()
    levels = printed(overlay_color(probability, context))
    assert (np.diff(levels, axis=1) >= -1).all()  # rounding of three channels
    span = levels[:, -1] - levels[:, 0]
    assert span.min() >= 14
    assert span[probability[:, 0] < 0.5].min() > 95
    assert span[probability[:, 0] >= 0.95].min() > 55


def test_what_is_not_seen_is_grey_and_what_is_seen_is_not() -> None:
    probability, context = grid()
    colours = overlay_color(probability, context).astype(int)
    chroma = (colours.max(axis=2) - colours.min(axis=2))[:, 25:76]
    assert chroma[probability[:, 0] <= 0.05].max() == 0
    assert chroma[probability[:, 0] >= 0.5].min() > 50
    for low, high in ((0.5, 0.75), (0.75, 0.95), (0.95, 1.0)):
        a, b = (
            colours[np.abs(probability[:, 0] - p).argmin(), 50].astype(float) for p in (low, high)
        )
        assert np.abs(a / a.sum() - b / b.sum()).max() > 0.05, "the hue goes on changing"


def test_lines_lie_where_the_map_crosses() -> None:
    y, x = np.mgrid[0:80, 0:90]
    probability = np.exp(-((x - 40.0) ** 2 + (y - 35.0) ** 2) / 400)  # rings
    levels = printed(overlay_color(probability, (x % 7) / 6))
    edges = (0.45, 0.56, 0.68)  # between the ranges of grey levels, by the picture's own numbers
    for threshold, edge in zip(THRESHOLDS, edges, strict=True):
        np.testing.assert_array_equal(levels / 255 > edge, probability >= threshold)


def test_values_beyond_the_ends() -> None:
    context = np.full((1, 3), 0.4)
    ends = overlay_color(np.array([[0.0, 1.0, 0.0]]), context)
    np.testing.assert_array_equal(overlay_color(np.array([[-1.0, 2.0, np.nan]]), context), ends)
    full = np.array([[1.0, 1.0]])
    np.testing.assert_array_equal(
        overlay_color(full, np.array([[-3.0, 4.0]])), overlay_color(full, np.array([[0.0, 1.0]]))
    )


@pytest.mark.parametrize("shapes", [((3, 4), (4, 3)), ((3, 4, 1), (3, 4, 1)), ((5,), (5,))])
def test_shapes_that_do_not_fit_are_refused(shapes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ShapeError, match="one shape"):
        overlay_color(*(np.zeros(shape) for shape in shapes))


def test_light_is_stretched_by_its_logarithm() -> None:
    light = np.geomspace(0.01, 1000, 10001).reshape(73, 137)
    grey = grey_view(light, encoded=False)
    # Percentiles 1 and 99 of an even spread over five decades are at 0.05 and 4.95 decades.
    wanted = ((np.log10(light) + 2) - 0.05) / 4.9
    np.testing.assert_allclose(grey, wanted.clip(0, 1), atol=1e-4)
    np.testing.assert_allclose(grey_view(light * 37, encoded=False), grey, atol=1e-5)


def test_codes_stay_as_they_are() -> None:
    codes = np.array([[-0.1, 0.0, 0.3, 1.0, 1.2]])
    np.testing.assert_allclose(grey_view(codes, encoded=True), [[0.0, 0.0, 0.3, 1.0, 1.0]])


def test_pictures_without_contrast() -> None:
    assert (grey_view(np.zeros((3, 4)), encoded=False) == 0.5).all()
    assert (grey_view(np.full((3, 4), 7.0), encoded=False) == 0.5).all()
    half = np.full((10, 10), 3.0)
    half[:5] = 0.0
    np.testing.assert_array_equal(grey_view(half, encoded=False), half / 6)
    with pytest.raises(ShapeError, match="grey view"):
        grey_view(np.zeros((3, 4, 3)), encoded=False)
