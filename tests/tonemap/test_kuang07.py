"""iCAM06: its stages against NumPy and the published behaviour of the model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdrmetrics import read_image, sample_images
from hdrmetrics.tonemap import create_operator
from hdrmetrics.tonemap.kuang07 import _adapt, _hyperbola, _luminance_factor, _rods


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).view(1, 1, -1, 1)


def test_the_luminance_factor_is_hunt_s() -> None:
    adapting = np.array([1e-3, 0.2, 20.0, 318.31, 4000.0])
    k = 1 / (5 * adapting + 1)
    expected = 0.2 * k**4 * 5 * adapting + 0.1 * (1 - k**4) ** 2 * np.cbrt(5 * adapting)
    np.testing.assert_allclose(_luminance_factor(column(*adapting)).flatten(), expected)
    assert float(_luminance_factor(column(318.31))) == pytest.approx(1.17, abs=5e-3)  # CIECAM02


def test_adaptation_takes_the_white_to_d65() -> None:
    """In bright light adaptation is complete: the seen white becomes the reference's colour."""
    white = torch.tensor([5200.0, 5000.0, 2500.0], dtype=torch.float64).view(1, 3, 1, 1)
    out = _adapt(white, white).flatten().numpy()
    np.testing.assert_allclose(out, [96.047, 100.0, 108.883], rtol=1e-3)


def test_the_rods_response() -> None:
    y, adapting, white, p = 3.0, 0.8, 40.0, 0.75
    share, s = y / white, 5 * adapting
    bleaching = 0.5 / (1 + 0.3 * (s * share) ** 0.3) + 0.5 / (1 + 5 * s)
    j = 1e-5 / (s + 1e-5)
    factor = 3800 * j**2 * s + 0.2 * (1 - j**2) ** 4 * s ** (1 / 6)
    x = (factor * share) ** p
    expected = 3.05 * bleaching * 400 * x / (27.13 + x) + 0.3
    out = _rods(column(y), column(adapting), column(white), column(p))
    assert float(out) == pytest.approx(expected)
    assert float(_hyperbola(column(27.13))) == pytest.approx(200.0)


@pytest.fixture(scope="module")
def photograph() -> torch.Tensor:
    light = read_image(sample_images()["courtyard"]).tensor(dtype=torch.float64)
    return light[..., 40:140, 60:200].clamp(min=1e-3)


def test_a_photograph_fills_the_display(photograph: torch.Tensor) -> None:
    out = create_operator("kuang07")(photograph)
    values = np.sort(out.flatten().numpy())
    assert np.mean(values < 0) == pytest.approx(0.01, abs=2e-3)
    assert np.mean(values > 1) == pytest.approx(0.01, abs=2e-3)


def test_a_dark_surround_asks_for_more_contrast(photograph: torch.Tensor) -> None:
    average, dark = (
        create_operator("kuang07", surround_gamma=g)(photograph).clamp(0, 1) for g in (1.0, 1.5)
    )
    assert float(dark.mean()) < float(average.mean())


def test_a_colour_cast_fades(photograph: torch.Tensor) -> None:
    """Chromatic adaptation moves an orange picture towards neutral."""
    orange = photograph * torch.tensor([1.6, 1.0, 0.4], dtype=torch.float64).view(1, 3, 1, 1)

    def cast(picture: torch.Tensor) -> float:
        red, _, blue = picture.clamp(0, 1).mean(dim=(0, 2, 3))
        return float(red / blue)

    toned = [create_operator("kuang07")(p) for p in (photograph, orange)]
    assert cast(toned[1]) / cast(toned[0]) < 0.6 * cast(orange / orange.max()) / cast(
        photograph / photograph.max()
    )
