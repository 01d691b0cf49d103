"""Previews: their size, their colours, and pictures of light."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from hdrmetrics import as_image
from hdrmetrics.collection.previews import preview_of
from hdrmetrics.errors import OptionError, PixelValueError


def shown(data: bytes) -> np.ndarray:
    with PillowImage.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"))


def test_a_photograph_keeps_its_colours_and_its_shape() -> None:
    found = shown(preview_of(as_image(np.full((40, 60, 3), (200, 100, 50), np.uint8)), 30))
    assert found.shape == (20, 30, 3)
    assert np.abs(found.mean(axis=(0, 1)) - (200, 100, 50)).max() < 3


def test_small_pictures_keep_their_size() -> None:
    assert shown(preview_of(as_image(np.zeros((5, 7), np.uint8)), 30)).shape == (5, 7, 3)


def test_light_is_tone_mapped_whatever_its_unit() -> None:
    ramp = np.geomspace(0.01, 4000.0, 128)[None].repeat(64, axis=0)
    codes = shown(preview_of(as_image(ramp, domain="hdr"), 64))[..., 1].mean(axis=0)
    assert codes.shape == (64,)
    assert (np.diff(codes) > -2).all()
    assert codes[0] < 40
    assert codes[-1] > 180


@pytest.mark.parametrize("side", [0, -1, 2.5, True, 1 << 15])
def test_sides_that_are_none(side) -> None:
    with pytest.raises(OptionError, match="a preview has 1 to"):
        preview_of(as_image(np.zeros((5, 7), np.uint8)), side)


def test_light_that_is_none() -> None:
    with pytest.raises(PixelValueError):
        preview_of(as_image(np.full((8, 8), np.nan), domain="hdr"), 30)
