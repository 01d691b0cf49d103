"""Inverse operators against plain transcriptions of their papers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from hdrmetrics.expand import expand
from hdrmetrics.expand.bilateral import bilateral_filter
from tests.expand import papers

PEAK, GAMMA = 800.0, 2.2


@pytest.fixture(scope="module")
def pictures(photos: dict[str, torch.Tensor]) -> dict[str, NDArray[np.float64]]:
    """Pictures with clipped areas, a colour cast, black pixels and odd sizes."""
    found = {}
    for name, gain in (("coffee", 1.3), ("chelsea", 1.7), ("astronaut", 1.3)):
        crop = photos[name][0, :, 30:97, 40:123].expand(3, -1, -1)
        tint = torch.tensor([1.0, 0.98, 0.93], dtype=torch.float64).view(3, 1, 1)
        crop = (crop * tint * gain).clamp(0, 1)
        codes = np.moveaxis(np.round(crop.numpy() * 255) / 255, 0, 2)
        codes[3:5, 7:9] = 0.0
        found[name] = codes
    return found


CASES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "landis": ("landis02", {}, lambda x: papers.landis(x, PEAK)),
    "landis steep": (
        "landis02",
        {"alpha": 3.0, "threshold": 0.25},
        lambda x: papers.landis(x, PEAK, 3.0, 0.25),
    ),
    "akyuz": ("akyuz07", {}, lambda x: papers.akyuz(x, PEAK)),
    "akyuz dark": ("akyuz07", {"exponent": 2.0}, lambda x: papers.akyuz(x, PEAK, 2.0)),
    "masia": ("masia09", {}, lambda x: papers.masia(x, PEAK)),
    "masia 2015": ("masia09", {"regression": "2015"}, lambda x: papers.masia(x, PEAK, "2015")),
    "masia denoised": (
        "masia09",
        {"denoise": "bilateral"},
        lambda x: papers.masia(x, PEAK, denoise=True),
    ),
    "kuo": ("kuo12", {}, lambda x: papers.kuo(x, PEAK, GAMMA)),
    "huo physiological": ("huophys13", {}, lambda x: papers.huo_physiological(x, PEAK)),
    "huo dodging": ("huo14", {"unit": "paper"}, lambda x: papers.huo_dodging(x)),
    "kovaleski": (
        "kovaleski-oliveira14",
        {},
        lambda x: papers.kovaleski_oliveira(x, PEAK, GAMMA),
    ),
}


def tensor(codes: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(np.moveaxis(codes, 2, 0).copy())[None]


@pytest.mark.filterwarnings("ignore::hdrmetrics.errors.HdrMetricsWarning")  # a dark key
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_operator_is_its_paper(
    case: str, dtype: torch.dtype, pictures: dict[str, NDArray[np.float64]]
) -> None:
    operator, settings, transcription = CASES[case]
    for name, codes in pictures.items():
        wanted = transcription(codes**GAMMA)
        found = expand(tensor(codes).to(dtype), operator, peak=PEAK, **settings)
        assert found.dtype == dtype
        error = np.abs(np.moveaxis(found[0].double().numpy(), 0, 2) - wanted)
        # Near white the dodging formula divides by 1e-5: float32 keeps three digits there.
        limit = 1e-9 if dtype == torch.float64 else 2e-3 if operator == "huo14" else 1e-4
        assert error.mean() <= limit * wanted.mean(), name
        assert error.max() <= 20 * limit * wanted.max(), name


def test_clipped_pictures_are_what_the_local_operators_saw(
    pictures: dict[str, NDArray[np.float64]],
) -> None:
    """The comparison above means little unless something is clipped and something is not."""
    shares = [float((codes.max(axis=2) > 254.5 / 255).mean()) for codes in pictures.values()]
    assert all(0.01 < share < 0.9 for share in shares), shares


@pytest.mark.parametrize(("spatial", "tonal"), [(16.0, 0.3), (3.5, 0.05), (150.0, 0.006)])
def test_bilateral_grid_is_its_transcription(
    spatial: float, tonal: float, pictures: dict[str, NDArray[np.float64]]
) -> None:
    data, guide = pictures["coffee"][..., 0], pictures["coffee"][..., 1]
    found = bilateral_filter(
        torch.from_numpy(data.copy())[None, None],
        spatial,
        tonal,
        guide=torch.from_numpy(guide.copy())[None, None],
    )
    wanted = papers.bilateral_grid(data, guide, spatial, tonal)
    np.testing.assert_allclose(found[0, 0].numpy(), wanted, atol=1e-12)


def test_bilateral_grid_is_near_the_exact_filter(photos: dict[str, torch.Tensor]) -> None:
    picture = photos["camera"][..., 100:164, 100:180]
    spatial, tonal = 4.0, 0.15
    plane = picture[0, 0].numpy()
    offsets = np.arange(-16, 17)
    padded = np.pad(plane, 16, mode="reflect")
    sums, total = np.zeros_like(plane), np.zeros_like(plane)
    for dy in offsets:
        for dx in offsets:
            other = padded[16 + dy : 16 + dy + plane.shape[0], 16 + dx : 16 + dx + plane.shape[1]]
            weight = np.exp(
                -(dx**2 + dy**2) / (2 * spatial**2) - (other - plane) ** 2 / (2 * tonal**2)
            )
            sums, total = sums + weight * other, total + weight
    exact = sums / total
    found = bilateral_filter(picture, spatial, tonal)[0, 0].numpy()
    # The grid is an approximation: the same picture, at a tenth of what the filter changes.
    assert np.abs(found - exact).mean() < 0.35 * np.abs(exact - plane).mean()
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.995
