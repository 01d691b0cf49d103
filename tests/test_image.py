"""The picture's invariants."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdrmetrics import Calibration, Image, get_display
from hdrmetrics.errors import OptionError, ShapeError

RELATIVE = Calibration("relative")


def test_shapes_and_tensor() -> None:
    pixels = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    image = Image(pixels, RELATIVE)
    assert (image.height, image.width, image.channels) == (2, 4, 3)
    tensor = image.tensor(dtype=torch.float64)
    assert tensor.shape == (1, 3, 2, 4)
    assert tensor[0, 1, 1, 2] == pixels[1, 2, 1]
    assert Image(pixels[..., 0], RELATIVE).pixels.shape == (2, 4, 1)
    for bad in (np.zeros((2, 2, 2), np.float32), np.zeros((0, 3), np.float32)):
        with pytest.raises(ShapeError):
            Image(bad, RELATIVE)
    with pytest.raises(ShapeError, match="as_image"):
        Image(np.zeros((2, 2), np.uint8), RELATIVE)


def test_luminance_follows_the_primaries() -> None:
    red = np.zeros((1, 1, 3), np.float64)
    red[..., 0] = 10.0
    assert Image(red, RELATIVE).luminance()[0, 0] == pytest.approx(2.12656)
    assert Image(red, RELATIVE, primaries="bt2020").luminance()[0, 0] == pytest.approx(2.627)
    with pytest.raises(OptionError, match="display model"):
        Image(red, Calibration("display", transfer="srgb")).luminance()


def test_scaling_is_remembered() -> None:
    image = Image(np.ones((2, 2), np.float32), RELATIVE)
    twice = image.scaled_by(4.0, "first").scaled_by(0.5, "second")
    assert twice.calibration == Calibration("scaled", factor=2.0, rule="second")
    assert twice.pixels[0, 0, 0] == 2.0
    for factor in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(OptionError, match="positive"):
            image.scaled_by(factor, "bad")
    with pytest.raises(OptionError, match="display model"):
        Image(image.pixels, Calibration("display", transfer="pq")).scaled_by(2.0, "bad")


def test_calibration_is_consistent() -> None:
    with pytest.raises(OptionError, match="transfer"):
        Calibration("display")
    with pytest.raises(OptionError, match="transfer"):
        Calibration("relative", transfer="srgb")
    with pytest.raises(OptionError, match="factor"):
        Calibration("absolute", factor=2.0)
    with pytest.raises(OptionError, match="one of srgb, bt1886"):
        Calibration("display", transfer="vhs")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="one of absolute"):
        Calibration("bright")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="bt709, bt2020, p3"):
        Image(np.ones((2, 2), np.float32), RELATIVE, primaries="ntsc")  # type: ignore[arg-type]
    assert Calibration("scaled", factor=2.0).to_dict() == {"kind": "scaled", "factor": 2.0}


def test_a_scale_fits_the_type_of_the_pixels() -> None:
    dark = Image(np.full((2, 2), 1e-44, np.float32), RELATIVE)
    for factor in (1e47, 1e-47):
        with pytest.raises(OptionError, match="float32 holds"):
            dark.scaled_by(factor, "bad")


def test_a_stated_unit_is_kept_apart_from_one_that_was_found() -> None:
    image = Image(np.ones((2, 2), np.float32), RELATIVE)
    assert image.scaled_by(2.0, "mine", stated=True).calibration.stated
    assert not image.scaled_by(2.0, "mine").calibration.stated
    assert "stated" not in image.scaled_by(2.0, "mine", stated=True).calibration.to_dict()


def test_the_advice_for_coded_pictures_works() -> None:
    coded = Image(np.full((2, 2), 0.5, np.float32), Calibration("display", transfer="srgb"))
    with pytest.raises(OptionError, match="display model") as error:
        coded.scaled_by(2.0, "bad")
    advice = str(error.value).partition("as in ")[2]
    light = eval(advice, {"get_display": get_display, "image": coded})
    assert float(light.max()) == pytest.approx(0.1 + 99.9 * 0.21404, rel=1e-4)
