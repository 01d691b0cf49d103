"""SSIM and MS-SSIM against independent libraries, variants, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
import pytorch_msssim
import skimage.metrics
import torch
from torch import Tensor

from hdrmetrics import create_metric
from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.metrics.ms_ssim import MINIMUM_SIZE, ms_ssim
from hdrmetrics.metrics.ssim import local_similarity, ssim


def _noisy(photo: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(photo.shape, generator=generator, dtype=photo.dtype)
    return (photo * 0.95 + 0.04 * noise).clamp(0, 1)


def test_ssim_equals_scikit_image(photos: dict[str, Tensor]) -> None:
    # Gaussian weights, sigma 1.5 (11 pixels at its default truncation), population covariance; it
    # leaves out 5 pixels on each side, which makes its mean that of the valid windows.
    metric = create_metric("ssim")
    assert len(photos) == 10
    for name, photo in photos.items():
        test = _noisy(photo)
        want = skimage.metrics.structural_similarity(
            np.moveaxis(test[0].numpy(), 0, 2), np.moveaxis(photo[0].numpy(), 0, 2),
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0,
            channel_axis=2,
        )  # fmt: skip
        assert float(metric(test, photo)) == pytest.approx(want, abs=1e-9), name
        assert float(metric(test.float(), photo.float())) == pytest.approx(want, abs=1e-5), name


def test_ms_ssim_equals_pytorch_msssim(photos: dict[str, Tensor]) -> None:
    # pytorch-msssim 1.0: window 11, sigma 1.5, valid, default weights. Sides are cut to multiples
    # of 16: libraries disagree on halving odd sizes (it pads with zeros; we repeat the edge, as
    # the authors' code).
    metric = create_metric("ms-ssim")
    for name, photo in photos.items():
        height, width = (side // 16 * 16 for side in photo.shape[-2:])
        crop = photo[..., :height, :width]
        test = _noisy(crop)
        want = float(pytorch_msssim.ms_ssim(test, crop, data_range=1.0))
        # its window is made in single precision, which moves the sixth digit
        assert float(metric(test, crop)) == pytest.approx(want, abs=5e-6), name
        assert float(metric(test.float(), crop.float())) == pytest.approx(want, abs=1e-5), name


def test_strips_equal_the_map(hdr_scene: Tensor) -> None:
    reference = hdr_scene.repeat(2, 1, 3, 4) / 1e4  # several strips, two images
    test = (reference * 1.02 + 0.001).clamp(0, 1)
    want = local_similarity(test, reference, 1.0).mean(dim=(1, 2, 3))
    torch.testing.assert_close(ssim(test, reference, data_range=1.0), want, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ["ssim", "ms-ssim", "pu21-ssim", "pu21-ms-ssim"])
def test_identical_images_are_exactly_one_in_float32(name: str, hdr_scene: Tensor) -> None:
    image = hdr_scene.float().repeat(1, 1, 2, 2)
    light = image if name.startswith("pu21") else image / 1e4
    assert create_metric(name)(light, light.clone()).item() == 1.0


def test_replicate_border_and_its_size() -> None:
    image = torch.rand(1, 1, 7, 5)
    assert float(create_metric("pu21-ssim")(image * 100, image * 100)) == pytest.approx(1.0)
    with pytest.raises(ShapeError, match="11×11"):
        create_metric("ssim")(image, image)
    with pytest.raises(ShapeError, match="11×11"):
        create_metric("pu21-ssim", border="valid")(image, image)


def test_ms_ssim_says_its_minimum() -> None:
    image = torch.rand(1, 1, MINIMUM_SIZE, MINIMUM_SIZE)
    assert float(ms_ssim(image, image, data_range=1.0)) == pytest.approx(1.0)
    with pytest.raises(ShapeError, match="161×161"):
        create_metric("ms-ssim")(image[..., 1:], image[..., 1:])


def test_negative_similarity_is_no_nan() -> None:
    image = torch.rand(1, 1, 176, 176, dtype=torch.float64, requires_grad=True)
    value = ms_ssim(1 - image, image.detach(), data_range=1.0)
    value.sum().backward()
    assert value.item() == 0.0
    assert image.grad is not None
    assert torch.isfinite(image.grad).all()


def test_conditions_name_the_variant() -> None:
    found = create_metric("pu21-ssim").conditions()
    assert found["border"] == "replicate"
    assert found["channels"] == "luminance"
    assert found["code_peak"] == 256.0
    assert "Gaussian 11" in found["window"]
    assert create_metric("ssim").conditions()["border"] == "valid"


def test_bad_options() -> None:
    with pytest.raises(OptionError, match="border"):
        create_metric("ssim", border="circular")
    with pytest.raises(OptionError, match="channels"):
        create_metric("ssim", channels="hue")
    with pytest.raises(OptionError, match="no option"):
        create_metric("ssim", windows=3)
