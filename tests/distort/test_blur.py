"""Blurs against the moments of their point spread functions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from hdrmetrics.distort import create_distortion, distort
from hdrmetrics.distort.kernels import disc_kernel, line_kernel, spread
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode
from tests.distort.pictures import flat, impulse, moments, scene


@pytest.mark.parametrize("strength", [0.5, 0.8, 1.0])
def test_a_gaussian_blur_has_the_variance_it_names(strength: float) -> None:
    blur = create_distortion("gaussian_blur")
    sigma = blur.amount(strength)["sigma"]
    out = blur(impulse(), strength=strength, domain="hdr")
    mean, covariance = moments(out)
    assert mean.tolist() == pytest.approx([50, 50], abs=1e-9)
    # The kernel ends at 4 sigma, which takes a thousandth off the variance.
    assert covariance.diagonal().tolist() == pytest.approx([sigma**2] * 2, rel=3e-3)
    assert abs(float(covariance[0, 1])) < 1e-9
    assert float(out.sum()) == pytest.approx(1000.0)


@pytest.mark.parametrize("radius", [0.8, 2.0, 3.7, 9.25])
def test_a_disc_has_the_moments_of_a_disc(radius: float) -> None:
    kernel = disc_kernel(radius)
    reach = kernel.shape[0] // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    assert kernel.sum() == pytest.approx(1.0)
    assert np.allclose(kernel, kernel[::-1, ::-1])
    assert np.allclose(kernel, kernel.T)
    # The pixel to the right of the centre holds the disc's area between 0.5 and 1.5.
    fine = (np.arange(20_000) + 0.5) / 20_000 - 0.5
    ends = np.sqrt(np.clip(radius**2 - fine**2, 0, None))
    area = np.clip(ends - 0.5, 0.0, 1.0).mean() / (math.pi * radius**2)
    assert kernel[reach, reach + 1] == pytest.approx(area, rel=0.03)
    if radius > 3:
        # The second moment of a disc about an axis is r²/4; pixels add the 1/12 of their area.
        assert (kernel * x**2).sum() == pytest.approx(radius**2 / 4 + 1 / 12, rel=0.02)
        assert (kernel * np.hypot(x, y)).sum() == pytest.approx(radius * 2 / 3, rel=0.02)
    # No light beyond the circle (half a pixel's diagonal allowed), even light well inside.
    assert (kernel[np.hypot(x, y) > radius + 0.71] == 0).all()
    inside = kernel[np.hypot(x, y) < radius - 0.71]
    assert np.allclose(inside, 1 / (math.pi * radius**2), rtol=0.03)


def test_defocus_of_an_impulse_is_the_disc() -> None:
    blur = create_distortion("defocus_blur")
    radius = blur.amount(0.9)["radius"]
    out = blur(impulse(), strength=0.9, domain="hdr")
    _, covariance = moments(out)
    assert covariance.diagonal().tolist() == pytest.approx([radius**2 / 4 + 1 / 12] * 2, rel=0.02)


@pytest.mark.parametrize("angle", [0.0, 30.0, 45.0, 90.0, 135.0, 170.0])
def test_motion_runs_along_its_angle(angle: float) -> None:
    blur = create_distortion("motion_blur", angle=angle)
    length = blur.amount(0.9)["length"]
    assert length > 5
    out = blur(impulse(), strength=0.9, domain="hdr")
    assert float(out.sum()) == pytest.approx(1000.0)
    _, covariance = moments(out)
    values, vectors = np.linalg.eigh(covariance.numpy())
    x, y = vectors[:, 1]
    found = math.degrees(math.atan2(-y, x)) % 180  # rows count downwards
    assert min(abs(found - angle), 180 - abs(found - angle)) < 1.0
    # A line of length l has the variance l²/12; interpolation between pixels adds at most 1/4.
    assert length**2 / 12 - 1e-6 <= values[1] <= length**2 / 12 + 0.26
    assert 0 <= values[0] <= 0.26


@pytest.mark.parametrize("length", [0.05, 0.6, 1.0, 7.3, 25.0])
def test_a_line_kernel_sums_to_one_and_is_symmetric(length: float) -> None:
    kernel = line_kernel(length, 62.0)
    assert kernel.sum() == pytest.approx(1.0)
    assert np.allclose(kernel, kernel[::-1, ::-1])
    assert kernel.shape[0] == kernel.shape[1]
    assert kernel.shape[0] % 2 == 1


def test_a_kernel_is_applied_as_a_convolution() -> None:
    image = torch.rand(2, 3, 40, 300, dtype=torch.float64, generator=torch.manual_seed(1))
    kernel = line_kernel(9.0, 20.0)
    padded = torch.nn.functional.pad(image, [kernel.shape[0] // 2] * 4, mode="replicate")
    weights = torch.from_numpy(kernel.copy())[None, None]
    expected = torch.nn.functional.conv2d(padded.reshape(6, 1, *padded.shape[-2:]), weights)
    assert torch.allclose(spread(image, kernel), expected.reshape(image.shape), rtol=1e-12)


@pytest.mark.parametrize("name", ["gaussian_blur", "defocus_blur", "motion_blur"])
def test_sdr_is_blurred_in_linear_light(name: str) -> None:
    image = scene(domain="sdr")
    out = distort(image, name, strength=0.7, domain="sdr", seed=1)
    light = distort(srgb_decode(image), name, strength=0.7, domain="hdr", seed=1)
    assert torch.allclose(out, srgb_encode(light), atol=1e-6)


@pytest.mark.parametrize("name", ["gaussian_blur", "defocus_blur", "motion_blur"])
def test_a_flat_picture_stays_flat_to_its_borders(name: str) -> None:
    image = flat(123.0)
    assert torch.allclose(distort(image, name, strength=1.0, domain="hdr"), image, rtol=1e-5)


def test_a_lamp_leaves_no_trace_far_away() -> None:
    image = torch.full((1, 1, 101, 101), 1e-3)
    image[..., 50, 50] = 1e9
    out = distort(image, "defocus_blur", strength=1.0, domain="hdr")
    assert torch.allclose(out[..., 0, :], torch.full((101,), 1e-3), rtol=1e-5)
