"""The curve: what the public code computes, closed forms, order of tones, and strips."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.learned.curves.curve import bend, bend_large
from tests.conftest import Goldens


def _maps(count: int, size: tuple[int, int], seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(1, count, *size, generator=draw) - 1


def test_equals_what_the_public_code_made(goldens: Goldens) -> None:
    before = goldens.tensor("sdr.npz:reference") / 255
    found = bend(before, goldens.tensor("curve.npz:alpha"))
    torch.testing.assert_close(found, goldens.tensor("curve.npz:enhanced"), rtol=0, atol=1e-6)


def test_a_whole_brightening_and_darkening_are_powers() -> None:
    x = torch.linspace(0, 1, 33, dtype=torch.float64).view(1, 1, 1, 33)
    ones = torch.ones_like(x)
    torch.testing.assert_close(bend(x, ones, 3), 1 - (1 - x) ** 8)
    torch.testing.assert_close(bend(x, -ones, 3), x**8)
    assert torch.equal(bend(x, 0 * x), x)


def test_order_of_tones_and_both_ends_stay() -> None:
    codes = torch.linspace(0, 1, 65536, dtype=torch.float64).view(1, 1, 1, -1).repeat(1, 3, 1, 1)
    for seed in range(4):
        maps = _maps(24, (1, 1), seed).double().expand(-1, -1, 1, 65536)
        found = bend(codes, maps)
        assert bool((found.diff(dim=-1) >= 0).all())
        assert bool((found[..., 0] == 0).all())
        assert bool((found[..., -1] == 1).all())


def test_gradients_in_double_precision() -> None:
    x = torch.rand(1, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    a = (0.9 * _maps(4, (3, 3)).double()).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, a: bend(x, a, 2), (x, a))


@pytest.mark.parametrize("count", [3, 24])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("size", "small"), [((61, 83), (9, 11)), ((7, 5), (7, 5)), ((1, 1), (1, 1))]
)
def test_strips_give_what_the_whole_gives(
    count: int, dtype: torch.dtype, size: tuple[int, int], small: tuple[int, int]
) -> None:
    image, maps = torch.rand(1, 3, *size).to(dtype), _maps(count, small)
    wide = F.interpolate(maps.to(dtype), size, mode="bilinear", align_corners=False)
    for strip in (1, 200, 1 << 20):
        found = bend_large(image, maps, strip=strip)
        assert found.dtype == dtype
        torch.testing.assert_close(found, bend(image, wide), rtol=0, atol=1e-5)


def test_sixteen_bits_stay_apart() -> None:
    codes = torch.arange(65536, dtype=torch.float64).div(65535).view(1, 1, 256, 256)
    found = bend_large(codes.repeat(1, 3, 1, 1), torch.full((1, 24, 8, 8), 0.3))
    assert bool((found[0, 0].flatten().diff() > 0).all())


def test_what_does_not_belong_together_is_refused() -> None:
    image = torch.rand(1, 3, 8, 8)
    for maps in (torch.zeros(1, 4, 8, 8), torch.zeros(1, 24, 8, 9), torch.zeros(24, 8, 8)):
        with pytest.raises(ShapeError, match="wanted are"):
            bend(image, maps)
    with pytest.raises(ShapeError):
        bend_large(image[0], torch.zeros(1, 3, 4, 4))
    with pytest.raises(ShapeError):
        bend_large(image, torch.zeros(1, 5, 4, 4))
    with pytest.raises(OptionError, match="at least once"):
        bend(image, torch.zeros(1, 3, 8, 8), 0)
