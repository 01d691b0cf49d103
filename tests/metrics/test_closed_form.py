"""Metrics with a closed form: plain differences and virtual photographs, computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from hdrmetrics import create_metric
from hdrmetrics import functional as hm
from hdrmetrics.errors import OptionError
from hdrmetrics.metrics.mpsnr import exposure_range

RNG = np.random.default_rng(5)


def _pair() -> tuple[np.ndarray, np.ndarray]:
    reference = RNG.random((2, 3, 20, 30))
    return (reference + 0.1 * RNG.normal(size=reference.shape)).clip(0, 1), reference


def test_differences() -> None:
    test, reference = _pair()
    pair = torch.from_numpy(test), torch.from_numpy(reference)
    error = (test - reference).reshape(2, -1)
    mse = (error**2).mean(axis=1)
    np.testing.assert_allclose(create_metric("mse")(*pair), mse)
    np.testing.assert_allclose(create_metric("rmse")(*pair), np.sqrt(mse))
    np.testing.assert_allclose(create_metric("mae")(*pair), np.abs(error).mean(axis=1))
    np.testing.assert_allclose(create_metric("psnr")(*pair), -10 * np.log10(mse))
    weights = np.array([0.212656, 0.715158, 0.072186])[:, None, None]
    luma = ((test - reference) * weights).sum(axis=1).reshape(2, -1)
    want = -10 * np.log10((luma**2).mean(axis=1))
    np.testing.assert_allclose(create_metric("psnr-y")(*pair), want)


def test_encodings_of_psnr() -> None:
    test, reference = (1000 * x + 0.01 for x in _pair())
    pair = torch.from_numpy(test), torch.from_numpy(reference)

    def want(encode: object) -> np.ndarray:
        error = encode(test) - encode(reference)  # type: ignore[operator]
        return -10 * np.log10((error.reshape(2, -1) ** 2).mean(axis=1))

    got = create_metric("mu-psnr", peak_luminance=2000.0)(*pair)
    np.testing.assert_allclose(got, want(lambda x: np.log1p(5000 * x / 2000) / np.log(5001)))
    peak = reference.max(axis=(1, 2, 3), keepdims=True)
    got = create_metric("mu-psnr")(*pair)
    np.testing.assert_allclose(got, want(lambda x: np.log1p(5000 * x / peak) / np.log(5001)))
    got = create_metric("linear-psnr")(*pair)
    np.testing.assert_allclose(got, want(lambda x: x / peak))
    got = create_metric("log-psnr", peak_luminance=1e4)(*pair)
    np.testing.assert_allclose(got, want(lambda x: np.log10(x / 0.005) / np.log10(1e4 / 0.005)))

    def pq(x: np.ndarray) -> np.ndarray:
        power = (x / 10000) ** 0.1593017578125
        return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375

    np.testing.assert_allclose(create_metric("pq-psnr")(*pair), want(pq))


def test_mpsnr() -> None:
    test, reference = (np.exp2(9 * x - 3) for x in _pair())
    pair = torch.from_numpy(test), torch.from_numpy(reference)
    for rounding in (False, True):
        errors = []
        for stop in range(-6, 4):
            a, b = (255 * np.clip(x * 2.0**stop, 0, 1) ** (1 / 2.2) for x in (test, reference))
            if rounding:
                a, b = a.round(), b.round()
            errors.append(((a - b) ** 2).reshape(2, -1).mean(axis=1))
        want = 10 * np.log10(255**2 / np.mean(errors, axis=0))
        got = hm.mpsnr(*pair, stops=(-6, 3), round_to_8bit=rounding)
        np.testing.assert_allclose(got, want, rtol=1e-9)


def test_mpsnr_finds_its_stops() -> None:
    light = torch.logspace(-2, 3, 1000, dtype=torch.float64).view(1, 1, 20, 50)
    first, last = exposure_range(light[0])
    assert 0.5 < 1000 * 2.0**first <= 1.0, "the brightest pixel is just not clipped"
    dark = float(light.flatten()[9]) * 2.0**last
    assert 0.5**2.2 <= dark < 2 * 0.5**2.2, "the darkest hundredth reaches mid-grey"
    assert create_metric("mpsnr").conditions(light)["stops"] == [first, last]
    with pytest.raises(OptionError, match="black"):
        exposure_range(torch.zeros(1, 4, 4))
    with pytest.raises(OptionError, match="stops"):
        create_metric("mpsnr", stops=(3, -3))
    with pytest.raises(OptionError, match="spans"):
        exposure_range(torch.tensor([[[1e-30, 1.0]]]))


def test_psnr_of_identical_images_is_infinite_and_its_loss_finite() -> None:
    image = torch.rand(1, 3, 8, 8)
    metric = create_metric("psnr")
    assert math.isinf(float(metric(image, image)))
    assert float(metric.as_loss()(image, image)) == 0
    assert float(metric.prepare(image).loss(image)) == 0
    with pytest.raises(OptionError, match="data_range"):
        hm.psnr(image, image, data_range=0.0)
