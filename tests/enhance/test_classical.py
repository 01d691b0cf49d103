"""Classical enhancers against other libraries and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage as ndi
import torch
from skimage import restoration
from torch import Tensor

from hdrmetrics.codecs import create_codec
from hdrmetrics.enhance import create_enhancer
from hdrmetrics.enhance.deblocking import blockiness
from hdrmetrics.enhance.non_local_means import noise_level
from hdrmetrics.enhance.wiener import wiener_kernel
from tests.enhance.pictures import photograph


def channels_last(image: Tensor) -> np.ndarray:
    return image[0].movedim(0, -1).double().numpy()


def by_scipy(image: Tensor, sigma: float) -> Tensor:
    """Return a Gaussian blur, cut at 4σ (rounded), borders repeated."""
    planes = [
        ndi.gaussian_filter(p, sigma, mode="nearest", truncate=4.0)
        for p in image[0].double().numpy()
    ]
    return torch.from_numpy(np.stack(planes))[None]


def test_unsharp_mask_against_scipy() -> None:
    image = photograph().double()
    found = create_enhancer("unsharp_mask", amount=0.7, sigma=1.5)(image)
    wanted = (image + 0.7 * (image - by_scipy(image, 1.5))).clamp(0, 1)
    torch.testing.assert_close(found, wanted, rtol=0, atol=2e-6)


def test_richardson_lucy_against_scipy() -> None:
    image = photograph().double()
    found = create_enhancer("richardson_lucy", iterations=4, sigma=1.25)(image)
    wanted = image.clamp(min=1e-6)
    for _ in range(4):
        wanted = wanted * by_scipy(image / by_scipy(wanted, 1.25), 1.25)
    torch.testing.assert_close(found, wanted.clamp(0, 1), rtol=0, atol=2e-5)


def test_richardson_lucy_keeps_light_and_sharpens() -> None:
    clean = torch.zeros(1, 3, 41, 41) + 0.1
    clean[..., 18:23, 18:23] = 0.8
    blurred = by_scipy(clean, 1.0).float()
    found = create_enhancer("richardson_lucy", iterations=20)(blurred)
    assert float((found - clean).square().mean()) < 0.5 * float((blurred - clean).square().mean())
    assert float(found.sum()) == pytest.approx(float(blurred.sum()), rel=1e-3)


@pytest.mark.parametrize(("sigma", "balance"), [(1.0, 0.01), (1.5, 0.003), (0.6, 0.1)])
def test_wiener_against_scikit_image(sigma: float, balance: float) -> None:
    """On a picture that repeats, where its FFT has no borders."""
    half = int(np.ceil(4 * sigma))
    taps = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    taps /= taps.sum()
    tile = photograph(96, 96).double()
    wanted = restoration.wiener(
        channels_last(tile)[..., 1], np.outer(taps, taps), balance, clip=False
    )
    whole = tile.repeat(1, 1, 3, 3)
    enhancer = create_enhancer("wiener", sigma=sigma, balance=balance)
    found = enhancer.enhance(whole.float())[0, 1, 96:192, 96:192].double().numpy()
    np.testing.assert_allclose(found, wanted, atol=5e-4)


def test_the_wiener_filter_in_closed_form() -> None:
    kernel = wiener_kernel(1.0, 0.01, 16)
    assert float(kernel.sum()) == pytest.approx(1.0)
    torch.testing.assert_close(kernel, kernel.T)
    torch.testing.assert_close(kernel, kernel.flip(0))
    # A wave of frequency f along rows: gain H/(H² + b·Λ²) with Λ = 2 − 2 cos f.
    f = 2 * np.pi / 8
    places = np.arange(-16, 17)
    gain = float((kernel.numpy().sum(axis=0) * np.cos(f * places)).sum())
    taps = np.exp(-0.5 * np.arange(-4, 5) ** 2)
    blur = float((taps / taps.sum() * np.cos(f * np.arange(-4, 5))).sum())
    wanted = blur / (blur**2 + 0.01 * (2 - 2 * np.cos(f)) ** 2)
    assert gain == pytest.approx(wanted, abs=1e-4)


def test_non_local_means_against_scikit_image() -> None:
    """Loosely: its patches are one row and one column smaller, and it mirrors borders."""
    draw = torch.Generator().manual_seed(4)
    image = (photograph(56, 60) + 0.05 * torch.randn(1, 3, 56, 60, generator=draw)).clamp(0, 1)
    sigma, h = 0.06, 3 * 0.06
    enhancer = create_enhancer("non_local_means", sigma=sigma, strength=3, patch=2, window=5)
    wanted = restoration.denoise_nl_means(
        channels_last(image), 5, 5, h, fast_mode=True, sigma=sigma, channel_axis=-1
    )
    inner = (slice(8, -8), slice(8, -8))
    apart = channels_last(enhancer(image))[inner] - wanted[inner]
    moved = channels_last(image)[inner] - wanted[inner]
    assert np.sqrt((apart**2).mean()) < 0.1 * np.sqrt((moved**2).mean())


def test_non_local_means_in_its_own_words() -> None:
    image = photograph(7, 6)
    sigma, h = 0.04, 0.8 * 0.04
    found = create_enhancer("non_local_means", sigma=sigma, patch=1, window=2)(image)
    x = np.pad(channels_last(image), ((3, 3), (3, 3), (0, 0)), mode="edge")
    for i, j in ((0, 0), (3, 2), (6, 5)):
        a = x[i + 2 : i + 5, j + 2 : j + 5]
        weights, total = 0.0, np.zeros(3)
        for down in range(-2, 3):
            for right in range(-2, 3):
                b = x[i + 2 + down : i + 5 + down, j + 2 + right : j + 5 + right]
                w = np.exp(-max(((a - b) ** 2).mean() - 2 * sigma**2, 0) / h**2)
                weights += w
                total += w * x[i + 3 + down, j + 3 + right]
        np.testing.assert_allclose(channels_last(found)[i, j], total / weights, atol=1e-5)


def test_the_estimate_of_noise() -> None:
    draw = torch.Generator().manual_seed(0)
    smooth = torch.linspace(0.2, 0.8, 128).expand(1, 3, 128, 128)
    for sigma in (0.01, 0.05):
        noisy = smooth + sigma * torch.randn(smooth.shape, generator=draw)
        assert noise_level(noisy) == pytest.approx(sigma, rel=0.04)
    assert noise_level(smooth) < 1e-3
    assert noise_level(smooth[..., :1]) == 0.0


def test_non_local_means_takes_noise_away() -> None:
    draw = torch.Generator().manual_seed(2)
    clean = by_scipy(photograph(64, 64), 2.0).float()
    noisy = (clean + 0.06 * torch.randn(clean.shape, generator=draw)).clamp(0, 1)
    found = create_enhancer("non_local_means")(noisy)
    assert float((found - clean).square().mean()) < 0.15 * float((noisy - clean).square().mean())


def test_deblocking_by_the_letters_of_the_standard() -> None:
    draw = np.random.default_rng(0)
    row = draw.integers(90, 130, 18).astype(np.float64)
    strength = 6.0
    wanted = row.copy()
    for border in (8, 16):
        a, b, c, d = row[border - 2 : border + 2]
        step = (a - 4 * b + 4 * c - d) / 8
        one = np.sign(step) * max(0.0, abs(step) - max(0.0, 2 * (abs(step) - strength)))
        two = np.clip((a - d) / 4, -abs(one) / 2, abs(one) / 2)
        wanted[border - 2 : border + 2] = a - two, b + one, c - one, d + two
    image = torch.tensor(row / 255).expand(1, 3, 1, 18)
    found = create_enhancer("deblocking", strength=strength)(image)
    np.testing.assert_allclose(255 * found[0, 0, 0].numpy(), wanted, atol=1e-4)
    turned = create_enhancer("deblocking", strength=strength)(image.transpose(-1, -2))
    torch.testing.assert_close(turned.transpose(-1, -2), found)


def test_deblocking_leaves_edges_and_pictures_without_blocks() -> None:
    edge = torch.full((1, 3, 16, 16), 0.1)
    edge[..., 8:] = 0.9
    assert torch.equal(create_enhancer("deblocking", strength=10)(edge), edge)
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 48, 64)
    assert blockiness(ramp) < 1e-3
    coded = create_codec("jpeg", quality=10)(ramp.contiguous()).image
    assert blockiness(coded) > 0.3
    found = create_enhancer("deblocking")(coded)
    assert float((found - ramp).square().mean()) < float((coded - ramp).square().mean())
