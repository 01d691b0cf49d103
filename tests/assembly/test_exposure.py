"""Virtual exposures: the best one, covering ones, brackets and the camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from hdrmetrics.assembly import (
    SigmoidResponse,
    best_exposure,
    bracket,
    capture,
    clipping_exposure,
    covering_exposures,
)
from hdrmetrics.errors import OptionError, PixelValueError, ShapeError
from hdrmetrics.photometry.color import luminance


def well_exposed(light: torch.Tensor, factor: float, stops: float) -> int:
    exposed = luminance(light) * factor
    return int(((exposed >= 2.0**-stops * (1 - 1e-9)) & (exposed <= 1 + 1e-9)).sum())


@pytest.mark.parametrize("stops", [2.0, 5.0, 8.0])
def test_no_other_exposure_keeps_more_pixels(stops: float, scene: torch.Tensor) -> None:
    found = well_exposed(scene, float(best_exposure(scene, stops=stops)), stops)
    levels = luminance(scene)
    rivals = np.geomspace(0.5 / float(levels.max()), 2 / float(levels.min()), 3000)
    best = max(well_exposed(scene, rival, stops) for rival in rivals)
    assert found >= best
    assert found > 0


def test_best_exposure_by_hand() -> None:
    light = torch.tensor([0.0, 1.0, 2.0, 4.0, 100.0, 110.0]).double().view(1, 1, 1, 6)
    assert float(best_exposure(light, stops=3)) == pytest.approx(1 / 4)
    assert float(best_exposure(light, stops=20)) == pytest.approx(1 / 110)
    batch = torch.cat([light, light * 10])
    torch.testing.assert_close(
        best_exposure(batch, stops=3), torch.tensor([0.25, 0.025], dtype=torch.float64)
    )


def test_exposures_cover_every_pixel(scene: torch.Tensor) -> None:
    stops = 4.0
    factors = covering_exposures(scene, stops=stops)
    assert factors[0] == pytest.approx(float(best_exposure(scene, stops=stops)))
    seen = torch.zeros_like(luminance(scene), dtype=torch.bool)
    for factor in factors:
        exposed = luminance(scene) * factor
        seen |= (exposed >= 2.0**-stops * (1 - 1e-9)) & (exposed <= 1 + 1e-9)
    assert seen.all()
    assert len(factors) <= 8
    assert covering_exposures(scene, stops=stops, most=2) == factors[:2]
    assert len(covering_exposures(scene, stops=60)) == 1


def test_brackets() -> None:
    assert bracket(0.5) == pytest.approx([0.125, 0.5, 2.0])
    assert bracket(1.0, count=4, step=1.0) == pytest.approx([2**-1.5, 2**-0.5, 2**0.5, 2**1.5])
    assert bracket(3.0, count=1) == [3.0]


@pytest.mark.parametrize("share", [0.0, 0.05, 0.15])
def test_share_of_clipped_values(share: float, scene: torch.Tensor) -> None:
    factor = clipping_exposure(scene, share)
    clipped = float((scene * factor > 1 + 1e-12).double().mean())
    assert share - 0.002 < clipped <= share


def test_camera_is_its_formula(scene: torch.Tensor) -> None:
    factor = float(best_exposure(scene))
    x = (scene.numpy() * factor).clip(0, 1)
    smooth = 1.6 * x**0.9 / (x**0.9 + 0.6)
    np.testing.assert_allclose(capture(scene, factor, bits=None).numpy(), smooth, rtol=1e-12)
    codes = capture(scene, factor).numpy() * 255
    np.testing.assert_allclose(codes, np.floor(smooth * 255 + 0.5), atol=1e-9)
    assert set(np.unique(capture(scene, factor, bits=1))) == {0.0, 1.0}
    other = capture(scene, factor, response=SigmoidResponse(1.1, 0.4), bits=None)
    np.testing.assert_allclose(other.numpy(), 1.4 * x**1.1 / (x**1.1 + 0.4), rtol=1e-12)


def test_each_picture_of_a_batch_has_its_exposure(scene: torch.Tensor) -> None:
    batch = torch.cat([scene, scene * 30])
    both = capture(batch, best_exposure(batch))
    # The factors undo the 30 but for rounding, which may move a code by one.
    assert float((both[0] - both[1]).abs().max()) <= 1.001 / 255
    torch.testing.assert_close(both[:1], capture(scene, float(best_exposure(scene))))


def test_noise_is_seeded_and_has_its_size(scene: torch.Tensor) -> None:
    flat = torch.full((1, 3, 80, 80), 0.4, dtype=torch.float64)
    options: dict[str, Any] = {"response": "linear", "bits": None, "noise": 0.01}
    noisy = capture(flat, 1.0, **options, generator=torch.Generator().manual_seed(4))
    again = capture(flat, 1.0, **options, generator=torch.Generator().manual_seed(4))
    torch.testing.assert_close(noisy, again, rtol=0, atol=0)
    assert float(noisy.mean()) == pytest.approx(0.4, abs=5e-4)
    assert float(noisy.std()) == pytest.approx(0.01, rel=0.03)


def test_unquantised_camera_is_differentiable() -> None:
    light = torch.tensor([0.0, 0.2, 0.7, 3.0], dtype=torch.float64).view(1, 1, 2, 2)
    light.requires_grad_()
    capture(light, 0.9, bits=None).sum().backward()
    assert light.grad is not None
    assert torch.isfinite(light.grad).all()
    assert float(light.grad[0, 0, 1, 0]) > 0


LIGHT = torch.ones(2, 3, 4, 4)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: best_exposure(LIGHT * 0), PixelValueError),
        (lambda: best_exposure(LIGHT * float("nan")), PixelValueError),
        (lambda: best_exposure(-LIGHT), PixelValueError),
        (lambda: best_exposure(LIGHT, stops=0.0), OptionError),
        (lambda: best_exposure(LIGHT[:, :2]), ShapeError),
        (lambda: covering_exposures(LIGHT), OptionError),
        (lambda: covering_exposures(LIGHT[:1], most=0), OptionError),
        (lambda: bracket(0.0), OptionError),
        (lambda: bracket(1.0, count=0), OptionError),
        (lambda: bracket(1.0, step=-1.0), OptionError),
        (lambda: clipping_exposure(LIGHT, 1.0), OptionError),
        (lambda: clipping_exposure(LIGHT * 0, 0.1), PixelValueError),
        (lambda: capture(LIGHT * float("inf"), 1.0), PixelValueError),
        (lambda: capture(-LIGHT, 1.0), PixelValueError),
        (lambda: capture(LIGHT, 0.0), OptionError),
        (lambda: capture(LIGHT, float("nan")), OptionError),
        (lambda: capture(LIGHT, torch.ones(3)), ShapeError),
        (lambda: capture(LIGHT, 1.0, bits=0), OptionError),
        (lambda: capture(LIGHT, 1.0, noise=0.1), OptionError),
        (lambda: capture(LIGHT, 1.0, noise=-0.1), OptionError),
    ],
)
def test_bad_calls(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call()
