"""The picture's invariants."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdrmetrics import Calibration, Image
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
    assert Calibration("scaled", factor=2.0).to_dict() == {"kind": "scaled", "factor": 2.0}
