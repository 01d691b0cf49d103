"""Separable filters: an independent convolution, borders, adjoint, strips, bad input."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.numerics import filters

MODES = {"replicate": "nearest", "reflect": "mirror", "zero": "constant"}


@pytest.mark.parametrize("border", MODES)
@pytest.mark.parametrize("shape", [(40, 53), (900, 700)])
def test_equals_scipy(border: filters.Border, shape: tuple[int, int]) -> None:
    image = torch.rand(2, *shape, dtype=torch.float64)
    down, across = filters.gaussian_taps(11, 1.5), (0.2, 0.5, -0.3)
    got = filters.separable_filter(image, down, across, border=border)
    for plane, want in zip(got, image, strict=True):
        array = ndimage.correlate1d(want.numpy(), down, axis=0, mode=MODES[border])
        array = ndimage.correlate1d(array, across, axis=1, mode=MODES[border])
        np.testing.assert_allclose(plane, array, atol=1e-13)


def test_valid_is_the_inside_of_the_others() -> None:
    image = torch.rand(1, 1, 60, 50)
    taps = filters.gaussian_taps(7, 1.0)
    whole = filters.separable_filter(image, taps, border="zero")
    torch.testing.assert_close(filters.separable_filter(image, taps), whole[..., 3:-3, 3:-3])


def test_gradient_and_second_gradient() -> None:
    image = torch.rand(1, 9, 8, dtype=torch.float64, requires_grad=True)

    def run(x: torch.Tensor) -> torch.Tensor:
        return filters.separable_filter(x, (0.1, 0.7, 0.2), (0.4, -0.1, 0.3), border="replicate")

    assert torch.autograd.gradcheck(run, image)
    assert torch.autograd.gradgradcheck(lambda x: run(x).square(), image)


def test_gaussian_taps() -> None:
    taps = np.array(filters.gaussian_taps(11, 1.5))
    assert taps.sum() == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(taps[6] / taps[5], np.exp(-1 / 4.5))
    with pytest.raises(OptionError):
        filters.gaussian_taps(4, 1.0)


def test_too_small() -> None:
    with pytest.raises(ShapeError, match="smaller"):
        filters.separable_filter(torch.rand(5, 20), filters.gaussian_taps(11, 1.5))
    with pytest.raises(ShapeError, match="reflect"):
        filters.separable_filter(
            torch.rand(5, 20), filters.gaussian_taps(11, 1.5), border="reflect"
        )
