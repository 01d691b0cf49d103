"""Every operator against its paper's formula written again in NumPy, and some closed values."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from hdrmetrics import read_image, sample_images
from hdrmetrics.tonemap import create_operator, list_operators
from tests.tonemap import papers

ALL = [info.name for info in list_operators()]

# These transcriptions leave out the small offsets that keep black pixels finite, and round the
# colour matrix to eight digits.
ROUNDED = {"pattanaik00": 2e-5, "reinhard_devlin05": 1e-7}


def to_array(image: torch.Tensor) -> papers.Array:
    return np.moveaxis(image[0].numpy(), 0, 2)


@pytest.mark.parametrize("name", sorted(papers.FORMULAS))
def test_the_paper_s_formula(name: str, scene: torch.Tensor) -> None:
    expected = papers.FORMULAS[name](to_array(scene))
    ours = to_array(create_operator(name)(scene))
    scale = np.abs(expected).mean()
    assert np.abs(ours - expected).max() <= ROUNDED.get(name, 1e-9) * scale


@pytest.mark.parametrize("name", ["drago03", "reinhard02", "durand02", "mertens07", "ashikhmin02"])
def test_the_paper_s_formula_on_a_photograph_in_float32(name: str) -> None:
    image = read_image(sample_images()["courtyard"]).tensor()[..., 40:88, 60:140].clamp(min=1e-3)
    expected = papers.FORMULAS[name](to_array(image.double()))
    ours = to_array(create_operator(name)(image))
    assert np.abs(ours - expected).mean() <= 1e-4 * np.abs(expected).mean()


def test_everything_but_icam06_has_a_transcription() -> None:
    # iCAM06 is a chain of twenty formulas; its stages are tested in test_kuang07.py. Those with
    # networks are held against the formulas in tests/learned/test_tonemapping.py.
    assert set(ALL) - set(papers.FORMULAS) == {"kuang07", "reinhard_net", "reinhard_grid"}


@pytest.mark.parametrize("bias", [0.6, 0.73, 0.95])
def test_drago_with_another_bias(bias: float, scene: torch.Tensor) -> None:
    expected = papers.drago03(to_array(scene), bias)
    np.testing.assert_allclose(to_array(create_operator("drago03", bias=bias)(scene)), expected)


def test_the_free_curve_is_one_half_where_alpha_times_light_is_mu() -> None:
    light = torch.tensor([[0.0, 5.0, 20.0]], dtype=torch.float64)
    out = create_operator("reinhard_free", alpha=0.2, mu=4.0)(light).flatten()
    assert out.tolist() == [0.0, 0.2, 0.5]


def test_reinhard_burns_out_at_white() -> None:
    light = torch.logspace(-1, 2, 50, dtype=torch.float64).view(1, 1, 5, 10)
    key = 0.18
    peak = float(key * light.max() / torch.exp(torch.log(light + 1e-6).mean()))
    out = create_operator("reinhard02", key=key, white=peak)(light)
    assert out.max().item() == pytest.approx(1.0, abs=1e-12)


def test_drago_and_the_logarithm_reach_white_at_the_peak(scene: torch.Tensor) -> None:
    grey = scene[:, :1]
    for name in ("drago03", "logarithmic", "schlick94"):
        assert create_operator(name)(grey).max().item() == pytest.approx(1.0, abs=1e-12)


def test_gamma_of_one_stop() -> None:
    light = torch.tensor([[0.125, 0.5]], dtype=torch.float64)
    out = create_operator("gamma", gamma=2.0, stops=1.0)(light).flatten()
    torch.testing.assert_close(out, torch.tensor([0.5, 1.0], dtype=torch.float64))


def test_tumblin_keeps_the_display_s_own_adaptation(scene: torch.Tensor) -> None:
    """Adapted alike in world and display, the curve is a constant factor."""
    ratio = create_operator("tumblin99", adaptation=20.0, world=20.0)(scene) / scene
    assert float(ratio.std() / ratio.mean()) < 1e-12


def test_ferwerda_sees_no_rods_in_daylight() -> None:
    light = torch.tensor([800.0, 400.0, 100.0], dtype=torch.float64).view(1, 3, 1, 1)
    out = create_operator("ferwerda96", world=400.0)(light)
    torch.testing.assert_close(out / out[:, :1], light / light[:, :1])


def test_ferwerda_loses_colour_at_night() -> None:
    light = torch.tensor([8e-3, 4e-3, 1e-3], dtype=torch.float64).view(1, 3, 1, 1)
    out = create_operator("ferwerda96", world=1e-3)(light).flatten()
    assert float(out[0] / out[2]) < 4.0  # of eight in the scene


def test_more_passes_of_chiu_are_the_same_as_filtering_again(scene: torch.Tensor) -> None:
    """The cosine transform stands for repeated 3×3 passes, for any number of them."""
    from scipy import ndimage

    from hdrmetrics.tonemap.blur import cosine_filter
    from hdrmetrics.tonemap.chiu93 import _smoothing

    plane = scene[:, :1]
    kernel = np.array([[0.080, 0.113, 0.080], [0.113, 0.227, 0.113], [0.080, 0.113, 0.080]])
    expected = plane[0, 0].numpy()
    for _ in range(7):
        expected = ndimage.correlate(expected, kernel, mode="nearest")
    ours = cosine_filter(plane, _smoothing(*plane.shape[-2:]) ** 7)[0, 0].numpy()
    np.testing.assert_allclose(ours, expected, rtol=1e-9)


def test_the_grid_approximates_the_exact_bilateral_filter() -> None:
    from hdrmetrics.numerics.bilateral_grid import bilateral_grid
    from hdrmetrics.tonemap.bilateral import bilateral_exact

    light = read_image(sample_images()["courtyard"]).tensor(dtype=torch.float64)
    logs = torch.log10(light[:, 1:2, 40:140, 60:200] + 1e-3)
    low, high = (float(v) for v in torch.aminmax(logs))
    fast, exact = bilateral_grid(logs, 3.0, 0.4, low, high), bilateral_exact(logs, 3.0, 0.4)
    assert float((fast - exact).abs().mean()) < 0.05 * float(logs.std())
    # It keeps a step that a Gaussian of the same width would smear out.
    step = torch.where(torch.arange(40) < 20, 0.0, 3.0).double().expand(1, 1, 30, 40).contiguous()
    for smooth in (bilateral_grid(step, 3.0, 0.4, 0.0, 3.0), bilateral_exact(step, 3.0, 0.4)):
        assert float((smooth - step).abs().max()) < 1e-6


def test_reinhard_local_is_global_on_flat_ground() -> None:
    light = torch.full((1, 1, 40, 40), 50.0, dtype=torch.float64)
    light[..., 20:, :] = 55.0  # contrast too low to end any surround
    local = create_operator("reinhard02_local", key=0.18, white=1e6)(light)
    scaled = 0.18 * light / math.exp(float(torch.log(light + 1e-6).mean()))
    assert float((local - scaled / (1 + scaled)).abs().max()) < 2e-3


def test_durand_brings_the_base_to_the_target_contrast() -> None:
    """Two flat halves hold no detail: only the base's contrast is left."""
    light = torch.full((1, 1, 60, 80), 1.0, dtype=torch.float64)
    light[..., 40:] = 1000.0
    for name in ("durand02", "durand02_exact"):
        out = create_operator(name, contrast=20.0)(light)
        assert float(out.max() / out.min()) == pytest.approx(20.0, rel=1e-3)
        assert float(out.max()) == pytest.approx(1.0, rel=1e-4)


def test_histogram_adjustment_never_exaggerates_contrast(grey_ramp: torch.Tensor) -> None:
    """On a picture with less contrast than the display the curve is not steeper than the scene."""
    light = 100.0 ** torch.linspace(0, 0.3, 400, dtype=torch.float64).view(1, 1, 20, 20)
    out = create_operator("ward_histogram97")(light).flatten() * 99 + 1
    slope = torch.diff(torch.log(out)) / torch.diff(torch.log(light.flatten()))
    assert float(slope.max()) < 1.1
