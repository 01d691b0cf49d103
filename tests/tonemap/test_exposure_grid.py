"""A grid of exposures read along edges, and the local form: other libraries, closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from hdrmetrics.errors import OptionError, PixelValueError, ShapeError
from hdrmetrics.tonemap import create_operator
from hdrmetrics.tonemap.exposure_grid import SPAN, slice_grid, tone_by_grid, total_variation
from hdrmetrics.tonemap.reinhard_free_local import local_mean
from tests.tonemap import papers


def drawn(*size: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*size, generator=generator, dtype=torch.float64)


def test_slicing_against_scipy() -> None:
    grid, guide = drawn(2, 5, 3, 4), 3 * drawn(2, 1, 6, 9, seed=1)
    rows, columns = np.meshgrid(np.linspace(0, 2, 6), np.linspace(0, 3, 9), indexing="ij")
    for found, cells, one in zip(slice_grid(grid, guide), grid, guide, strict=True):
        levels = (one[0].numpy() / SPAN).clip(-1, 1) * 2 + 2
        wanted = map_coordinates(cells.numpy(), [levels, rows, columns], order=1, mode="nearest")
        np.testing.assert_allclose(found[0].numpy(), wanted, atol=1e-12)


def test_a_grid_of_one_cell_is_one_number() -> None:
    assert torch.equal(slice_grid(torch.full((1, 1, 1, 1), 0.7), torch.zeros(2, 1, 3, 4)),
                       torch.full((2, 1, 3, 4), 0.7))  # fmt: skip


def test_a_constant_grid_is_the_free_curve(scene: torch.Tensor) -> None:
    grid = torch.full((1, 8, 8, 8), math.log(0.4), dtype=torch.float64)
    expected = create_operator("reinhard_free", alpha=0.4)(scene)
    torch.testing.assert_close(tone_by_grid(scene, grid), expected)
    centre = torch.full((1, 1, 1, 1), 7.0, dtype=torch.float64)
    expected = create_operator("reinhard_free", alpha=0.4, mu=7.0)(scene)
    torch.testing.assert_close(tone_by_grid(scene, grid, centre=centre), expected)
    grey = tone_by_grid(scene[:, 1:2], grid)
    torch.testing.assert_close(grey, tone_by_grid(scene[:, 1:2].expand(-1, 3, -1, -1), grid)[:, :1])


def test_a_grid_over_brightness_alone_is_a_curve_by_hand() -> None:
    light = torch.tensor([[[[math.exp(-2.5), 1.0, math.exp(2.5)]]]], dtype=torch.float64)
    grid = torch.tensor([-1.0, 0.0, 3.0], dtype=torch.float64).view(1, 3, 1, 1)
    exposed = light.log() + torch.tensor([-0.5, 0.0, 1.5], dtype=torch.float64)
    centre = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    torch.testing.assert_close(tone_by_grid(light, grid, centre=centre), torch.sigmoid(exposed))


def test_gradients_of_grid_and_image() -> None:
    light = torch.exp(drawn(1, 3, 4, 5)).requires_grad_()
    grid = drawn(1, 4, 2, 3, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(tone_by_grid, (light, grid), eps=1e-7, atol=1e-5)


def test_odd_pictures_have_finite_results_and_gradients() -> None:
    for light in (torch.zeros(1, 3, 4, 4), torch.full((1, 3, 1, 1), 5.0), torch.zeros(1, 3, 5, 5)):
        light[..., -1, -1] += 1e9 * (light.shape[-1] == 5)
        light.requires_grad_()
        grid = torch.zeros(1, 4, 4, 4, requires_grad=True)
        out = tone_by_grid(light, grid)
        out.sum().backward()
        for one in (out, light.grad, grid.grad):
            assert one is not None
            assert torch.isfinite(one).all()


def test_half_precision_is_computed_in_single() -> None:
    light = torch.exp(drawn(1, 3, 6, 7)).bfloat16()
    out = tone_by_grid(light, torch.zeros(1, 2, 2, 2))
    torch.testing.assert_close(out, tone_by_grid(light.float(), torch.zeros(1, 2, 2, 2)))
    assert out.dtype == torch.float32


def test_variation_by_hand() -> None:
    grid = torch.arange(8.0).view(1, 2, 2, 2)  # steps of 4, 2 and 1
    assert total_variation(grid).tolist() == [21.0]
    assert total_variation(torch.ones(2, 1, 1, 1)).tolist() == [0.0, 0.0]
    assert total_variation(torch.ones(3, 4, 4, 4)).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 2, 2, 2), (1, 0, 2, 2)])
def test_other_grids_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="levels, rows, columns"):
        tone_by_grid(torch.ones(2, 3, 4, 4), torch.zeros(shape))


def test_bad_light_is_refused() -> None:
    with pytest.raises(PixelValueError):
        tone_by_grid(torch.full((1, 3, 4, 4), float("nan")), torch.zeros(1, 2, 2, 2))


# -- the local form ---------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"alpha": 0.5, "mu": 3.0, "gamma": 0.7}])
def test_no_locality_is_the_free_curve(scene: torch.Tensor, settings: dict[str, float]) -> None:
    local = create_operator("reinhard_free_local", locality=0.0, **settings)
    assert torch.equal(local(scene), create_operator("reinhard_free", **settings)(scene))


@pytest.mark.parametrize("locality", [0.3, 1.0])
def test_the_local_formula_at_other_localities(scene: torch.Tensor, locality: float) -> None:
    expected = papers.reinhard_free_local(np.moveaxis(scene[0].numpy(), 0, 2), locality)
    ours = create_operator("reinhard_free_local", locality=locality)(scene)
    np.testing.assert_allclose(np.moveaxis(ours[0].numpy(), 0, 2), expected, rtol=1e-9)


def two_rooms() -> torch.Tensor:
    """A dark and a bright room with the same pattern, ``(1, 1, 48, 64)``, six stops apart."""
    pattern = 1 + 0.2 * torch.sin(torch.arange(64) * 0.9) * torch.ones(48, 1)
    return (pattern * torch.where(torch.arange(64) < 32, 1.0, 64.0))[None, None].double()


def test_an_edge_of_light_has_no_halo() -> None:
    """Each side looks next to the edge as it does far from it, up to the pattern."""
    light = two_rooms() / two_rooms()[..., :1, :1]
    flat = torch.where(torch.arange(64) < 32, 1.0, 64.0).double().expand(1, 1, 48, 64)
    out = create_operator("reinhard_free_local", locality=1.0)(flat.contiguous())[0, 0, 24]
    assert float(out[:32].max() / out[:32].min()) < 1.001
    assert float(out[32:].max() / out[32:].min()) < 1.001
    plain, local = (
        create_operator("reinhard_free_local", locality=rho)(light)[0, 0] for rho in (0.0, 0.9)
    )
    ratio = [float(one[:, 40:].mean() / one[:, :24].mean()) for one in (plain, local)]
    assert ratio[1] < 0.5 * ratio[0], "large differences of light are reduced"
    contrast = [float(one[:, 40:].std() / one[:, 40:].mean()) for one in (plain, local)]
    assert contrast[1] > 0.9 * contrast[0], "detail in the light is not"


def test_the_local_mean_says_why_it_cannot_be_mapped() -> None:
    with pytest.raises(OptionError, match="global one"):
        torch.func.vmap(lambda one: local_mean(one[None]))(torch.rand(2, 1, 8, 8))
