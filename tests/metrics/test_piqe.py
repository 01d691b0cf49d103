"""PIQE against an independent implementation on real photographs, and its behaviour at edges."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
import skimage.data
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, PixelValueError, ShapeError
from hdrmetrics.metrics import piqe as module

# The pictures here are on the 8-bit scale.
piqe = functools.partial(module.piqe, data_range=255)
piqe_details = functools.partial(module.piqe_details, data_range=255)

# pypiqe 1.2 (M. W. Rutherford, "converted from and tested against the MATLAB function") on the
# pictures of _grey: score, then the numbers of active, artifact and noise pixels.
PYPIQE = {
    "astronaut": (33.759051, 224000, 88576, 14848),
    "brick": (67.327949, 259072, 203008, 26112),
    "camera": (40.137402, 203264, 52992, 75008),
    "chelsea": (34.016981, 106144, 32064, 23232),
    "coffee": (27.827134, 226688, 44160, 50432),
    "coins": (22.074736, 116352, 20304, 23552),
    "grass": (22.263028, 262144, 11776, 113152),
    "gravel": (12.095084, 262144, 34048, 23040),
    "immunohistochemistry": (17.906128, 258048, 50432, 29952),
    "moon": (36.679168, 258816, 113408, 512),
    "page": (43.572779, 63216, 28896, 14992),
    "text": (12.683476, 77056, 9280, 8704),
}


def _grey(name: str) -> Tensor:
    """Whole code values whose maximum is 255, since pypiqe divides by the maximum."""
    pixels = getattr(skimage.data, name)().astype(np.int64)
    if pixels.ndim == 3:
        pixels = (pixels @ np.array([299, 587, 114]) + 500) // 1000
    stretched = np.floor(pixels * (255 / pixels.max()) + 0.5)
    return torch.from_numpy(stretched)[None, None]


def _pixels(blocks: Tensor, height: int, width: int) -> int:
    spread = blocks.repeat_interleave(16, -2).repeat_interleave(16, -1)
    return int(spread[..., :height, :width].sum())


def _scene(height: int = 128, width: int = 160, noise: float = 4.0) -> Tensor:
    generator = torch.Generator().manual_seed(4)
    y = torch.arange(height, dtype=torch.float64)[:, None]
    x = torch.arange(width, dtype=torch.float64)
    waves = 120 + 50 * torch.sin(0.3 * x + 0.2 * y) + 40 * torch.sin(0.13 * x - 0.37 * y)
    grain = torch.randn(height, width, generator=generator, dtype=torch.float64)
    return (waves + noise * grain).clamp(0, 255)[None, None]


# -- truth ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PYPIQE)
def test_equals_pypiqe(name: str) -> None:
    image = _grey(name)
    score, *counts = PYPIQE[name]
    found = piqe_details(image, round_to_8bit=True)
    assert float(found.score) == pytest.approx(score, abs=2e-6)
    maps = (found.active, found.artifacts, found.noise)
    assert [_pixels(m, *image.shape[-2:]) for m in maps] == counts
    # rounding is the only difference that the option makes
    assert float(piqe(image)) == float(found.score)
    assert float(piqe(image.float(), round_to_8bit=True)) == pytest.approx(score, abs=1e-5)


def test_takes_the_luma_of_colours() -> None:
    rgb = torch.from_numpy(skimage.data.coffee().astype(np.float64)).permute(2, 0, 1)[None]
    weights = torch.tensor([0.298936, 0.587043, 0.114021], dtype=torch.float64)
    luma = torch.einsum("c,nchw->nhw", weights, rgb)[:, None]
    for round_to_8bit in (False, True):
        got, want = (piqe(image, round_to_8bit=round_to_8bit) for image in (rgb, luma))
        assert float(got) == pytest.approx(float(want), abs=1e-3)
    assert float(piqe(rgb, round_to_8bit=True)) == pytest.approx(PYPIQE["coffee"][0], abs=0.5)


def test_block_statistics_by_hand() -> None:
    image = _scene(32, 48)
    found = piqe_details(image)
    weights = np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))
    kernel = np.outer(weights, weights) / weights.sum() ** 2
    padded = np.pad(image[0, 0].numpy(), 3, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (7, 7))
    mean = (windows * kernel).sum((2, 3))
    deviation = np.sqrt((windows**2 * kernel).sum((2, 3)) - mean**2)
    normal = (image[0, 0].numpy() - mean) / (deviation + 1)
    for i in range(2):
        for j in range(3):
            block = normal[16 * i : 16 * i + 16, 16 * j : 16 * j + 16]
            variance = block.var(ddof=1)
            edges = (block[0], block[-1], block[:, 0], block[:, -1])
            flat = any(edge[s : s + 6].std(ddof=1) < 0.1 for edge in edges for s in range(11))
            surround = np.delete(block, [7, 9], axis=1).std(ddof=1)
            contrast = block[:, 7:9].std(ddof=1) / surround
            sigma = math.sqrt(variance)
            noisy = sigma > 2 * abs(sigma - contrast) / max(sigma, contrast)
            assert bool(found.active[0, 0, i, j]) == (variance > 0.1)
            assert bool(found.artifacts[0, 0, i, j]) == (variance > 0.1 and flat)
            assert bool(found.noise[0, 0, i, j]) == (variance > 0.1 and noisy)
            share = (variance > 0.1) * (flat * (1 - variance) + noisy * variance)
            assert float(found.distortion[0, 0, i, j]) == pytest.approx(share, abs=1e-9)
    want = 100 * (float(found.distortion.sum()) + 1) / (float(found.active.sum()) + 1)
    assert float(found.score) == pytest.approx(want)


# -- properties ---------------------------------------------------------------------------------


def test_uniform_pictures_score_worst() -> None:
    for value in (0.0, 77.3, 595.0):
        found = piqe_details(torch.full((2, 1, 40, 50), value))
        assert found.score.tolist() == [100.0, 100.0]
        assert not bool(found.active.any())


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (15, 16), (17, 31), (33, 5)])
def test_any_size_has_a_score(size: tuple[int, int]) -> None:
    found = piqe_details(_scene(*size))
    assert 0 <= float(found.score) <= 100
    assert found.active.shape == (1, 1, -(-size[0] // 16), -(-size[1] // 16))


def test_scores_stay_within_their_range() -> None:
    # a grid of dots gives blocks a variance just above 1, the most of any pattern tried
    dots = torch.zeros(1, 1, 64, 64)
    dots[..., ::2, ::2] = 255
    impulses = 255.0 * (torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)) < 0.3)
    for image in (dots, 255 - dots, impulses, 20 * dots):
        assert 0 <= float(module.block_quality(image).score) <= 100


def test_rises_with_noise_and_with_blocks() -> None:
    photo = _grey("coffee")
    noise = torch.randn(photo.shape, generator=torch.Generator().manual_seed(2)).double()
    noisy = [float(piqe((photo + level * noise).clamp(0, 255))) for level in (0, 10, 30, 60)]
    assert noisy == sorted(noisy)
    assert noisy[-1] > noisy[0] + 15
    means = torch.nn.functional.avg_pool2d(photo, 8)
    blocky = means.repeat_interleave(8, -2).repeat_interleave(8, -1)
    scores = [float(piqe(photo + share * (blocky - photo))) for share in (0, 0.5, 0.9)]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0] + 15


def test_rounding_is_an_option() -> None:
    dark = _grey("coffee") / 16
    assert abs(float(piqe(dark, round_to_8bit=True)) - float(piqe(dark))) > 3
    assert float(piqe(dark, round_to_8bit=True)) == float(piqe((dark + 0.5).floor()))
    halves = torch.tensor([0.5, 1.5, 2.5, 3.5]).repeat(1, 1, 32, 8)
    assert float(piqe(halves, round_to_8bit=True)) == float(piqe(halves + 0.5))


def test_a_batch_gives_what_its_images_give() -> None:
    batch = torch.cat([_scene(90, 70, noise) for noise in (0, 4, 30)])
    mask = (torch.rand(3, 1, 90, 70, generator=torch.Generator().manual_seed(1)) > 0.5).double()
    for chosen in (None, mask):
        together = piqe(batch, mask=chosen)
        alone = [
            piqe(batch[i : i + 1], mask=None if chosen is None else chosen[i]) for i in range(3)
        ]
        torch.testing.assert_close(together, torch.cat(alone), rtol=1e-12, atol=0)


def test_mask() -> None:
    image = _scene()
    ones = torch.ones(1, 1, 128, 160)
    assert float(piqe(image[..., :121, :155], mask=ones[..., :121, :155])) == float(
        piqe(image[..., :121, :155])
    )
    left = ones.clone()
    left[..., 80:] = 0
    worse = image.clone()
    worse[..., 112:] = 100
    assert float(piqe(worse, mask=left)) == float(piqe(image, mask=left))
    details = piqe_details(image)
    active, distortion = details.active[..., :5].sum(), details.distortion[..., :5].sum()
    want = 100 * (float(distortion) + 1) / (float(active) + 1)
    assert float(piqe(image, mask=left)) == pytest.approx(want, rel=1e-12)


def test_options_change_the_blocks() -> None:
    image = _scene(96, 96)
    assert piqe_details(image, block=8).active.shape == (1, 1, 12, 12)
    assert not bool(piqe_details(image, activity_threshold=5.0).active.any())


def test_keeps_the_type_and_needs_no_gradient() -> None:
    image = _scene().float().requires_grad_()
    score = piqe(image)
    assert score.dtype == torch.float32
    assert not score.requires_grad


# -- bad input ----------------------------------------------------------------------------------


def test_refuses_what_it_cannot_judge() -> None:
    image = _scene(32, 32)
    for block in (15, 6, 0):
        with pytest.raises(OptionError, match="block must be even"):
            piqe(image, block=block)
    with pytest.raises(OptionError, match="threshold"):
        piqe(image, activity_threshold=-0.1)
    with pytest.raises(ShapeError, match="must hold floats"):
        piqe(image.to(torch.uint8))
    with pytest.raises(OptionError, match="selects no pixel"):
        piqe(image, mask=torch.zeros(32, 32))
    broken = image.clone()
    broken[..., 3, 3] = torch.nan
    with pytest.raises(PixelValueError, match="NaN or infinite"):
        piqe(broken)
