"""Noise against its statistics."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from hdrmetrics.distort import create_distortion, distort
from hdrmetrics.distort.poisson import poisson_counts
from tests.distort.pictures import flat, scene

COUNT = 256 * 384


@pytest.mark.parametrize("strength", [0.2, 0.6])
def test_gaussian_noise_has_the_deviation_it_names_in_codes(strength: float) -> None:
    noise = create_distortion("gaussian_noise")
    sigma = noise.amount(strength, domain="sdr")["sigma"]
    added = noise(flat(0.5, 256, 384), strength=strength, domain="sdr", seed=3) - 0.5
    assert float(added.std()) == pytest.approx(sigma, rel=0.01)
    assert abs(float(added.mean())) < 4 * sigma / math.sqrt(3 * COUNT)
    assert stats.kstest(added.flatten().numpy()[::7] / sigma, "norm").pvalue > 1e-3


def test_gaussian_noise_is_relative_to_the_level_of_light() -> None:
    noise = create_distortion("gaussian_noise")
    sigma = noise.amount(0.4)["sigma"]
    image = torch.cat((flat(10.0, 128, 384), flat(1000.0, 128, 384)), dim=-2)
    added = noise(image, strength=0.4, domain="hdr", seed=3) - image
    # Half at 10 and half at 1000: the geometric mean is 100.
    assert float(added[..., 128:, :].std()) == pytest.approx(100 * sigma, rel=0.01)


def test_channels_and_pixels_are_independent() -> None:
    added = distort(flat(0.5, 256, 384), "gaussian_noise", strength=0.5, domain="sdr") - 0.5
    planes = added[0].reshape(3, -1).double()
    assert float((torch.corrcoef(planes) - torch.eye(3)).abs().max()) < 0.015
    neighbours = torch.stack((added[..., :-1].flatten(), added[..., 1:].flatten()))
    assert abs(float(torch.corrcoef(neighbours)[0, 1])) < 0.01


def test_one_seed_makes_one_pattern_at_all_strengths() -> None:
    noise, image = create_distortion("gaussian_noise"), flat(0.5)
    weak, strong = (noise(image, strength=s, domain="sdr", seed=1) - 0.5 for s in (0.3, 0.5))
    factor = noise.amount(0.5, domain="sdr")["sigma"] / noise.amount(0.3, domain="sdr")["sigma"]
    assert torch.allclose(weak * factor, strong, atol=1e-5)


@pytest.mark.parametrize("mean", [0.0, 0.01, 0.7, 3.0, 7.99, 8.01, 15.0, 40.0, 900.0, 1e6])
def test_poisson_counts_have_the_quantiles_of_scipy(mean: float) -> None:
    z = torch.linspace(-4.5, 4.5, 2001, dtype=torch.float64)
    counts = poisson_counts(torch.full_like(z, mean), z)
    expected = torch.from_numpy(stats.poisson.ppf(stats.norm.cdf(z.numpy()), mean))
    difference = (counts - expected).abs()
    if mean < 8:
        assert torch.equal(counts, expected)
    else:
        assert float(difference.max()) <= 1
        assert float((difference > 0).double().mean()) < 0.06


@pytest.mark.parametrize("mean", [0.5, 6.0, 12.0, 200.0])
def test_poisson_counts_have_mean_and_variance_of_poisson(mean: float) -> None:
    z = torch.randn(400_000, generator=torch.manual_seed(2))
    counts = poisson_counts(torch.full_like(z, mean), z).double()
    assert float(counts.mean()) == pytest.approx(mean, rel=0.01)
    assert float(counts.var()) == pytest.approx(mean, rel=0.01)


def test_camera_noise_has_the_variance_line_of_its_model() -> None:
    read_noise, strength = 5.0, 0.6
    noise = create_distortion("camera_noise", read_noise=read_noise, headroom=20)
    image = flat(0.0, 240, 384, channels=1)
    levels = [20.0, 60.0, 200.0, 600.0]
    for index, level in enumerate(levels):
        image[..., 60 * index : 60 * (index + 1), :] = level
    geometric = math.exp(np.mean(np.log(levels)))
    out = noise(image, strength=strength, domain="hdr", seed=3).double()
    per_unit = noise.amount(strength)["electrons"] / geometric
    for index, level in enumerate(levels):
        part = out[..., 60 * index : 60 * (index + 1), :] * per_unit
        if level * per_unit > 5 * read_noise:  # else clipped at zero
            assert float(part.mean()) == pytest.approx(level * per_unit, rel=0.01)
            assert float(part.var()) == pytest.approx(level * per_unit + read_noise**2, rel=0.03)


def test_electrons_of_the_level_are_whole_numbers_without_read_noise() -> None:
    noise = create_distortion("camera_noise", read_noise=0, headroom=20)
    image = flat(50.0, channels=1)
    electrons = noise.amount(0.9)["electrons"]
    counts = noise(image, strength=0.9, domain="hdr", seed=1) * electrons / 50.0
    assert torch.allclose(counts, counts.round(), atol=1e-3 * electrons)
    assert float(counts.mean()) == pytest.approx(electrons, rel=0.02)


def test_a_full_well_is_read_from_shorter_exposures() -> None:
    noise = create_distortion("camera_noise", read_noise=0, headroom=2)
    amount = noise.amount(0.5)
    assert amount["full_well"] == pytest.approx(4 * amount["electrons"])
    image = flat(1.0, 256, 384, channels=1)
    image[..., :8, :] = 100.0  # the level stays near 1
    level = math.exp(math.log(100.0) * 8 / 256)
    out = noise(image, strength=0.5, domain="hdr", seed=3).double()[..., :8, :]
    expected = 100.0 / level * amount["electrons"]
    exposure = 4.0 ** -math.ceil(math.log(expected / amount["full_well"], 4))
    assert float(out.mean()) == pytest.approx(100.0, rel=0.01)
    relative = float(out.std()) / 100.0
    assert relative == pytest.approx((expected * exposure) ** -0.5, rel=0.05)


def test_the_same_noise_whatever_the_last_bit() -> None:
    image = scene().double()
    noise = create_distortion("camera_noise")
    first = noise(image, strength=0.7, domain="hdr", seed=1)
    second = noise(image * (1 + 1e-12), strength=0.7, domain="hdr", seed=1)
    assert float(((first - second).abs() > 1e-6 * image.max()).double().mean()) < 1e-3
