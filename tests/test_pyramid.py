"""The steerable pyramid against direct sums over mirrored images."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.numerics.pyramid import (
    MINIMUM_SIZE,
    ORIENTATIONS,
    SteerablePyramid,
    build_pyramid,
    pyramid_height,
    reconstruct,
)

SIZES = [(15, 16), (17, 17), (18, 31), (34, 41), (64, 64), (97, 133)]
by_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture(scope="module")
def filters() -> dict[str, NDArray[np.float64]]:
    data = json.loads(files("hdrmetrics").joinpath("data/steerable_sp3.json").read_text("utf-8"))
    return {name: np.array(values) for name, values in data.items() if name != "origin"}


def picture(size: tuple[int, int], count: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(size[0] * 1000 + size[1])
    return torch.randn(count, 1, *size, generator=generator, dtype=torch.float64) * 40


def test_filters_have_the_symmetries_of_their_design(
    filters: dict[str, NDArray[np.float64]],
) -> None:
    for name, gain in (("high", 0.0), ("low_first", 1.0), ("low", 2.0)):
        taps = filters[name]
        np.testing.assert_array_equal(taps, taps.T)
        np.testing.assert_array_equal(taps, taps[::-1])
        assert taps.sum() == pytest.approx(gain, abs=3e-7)
    bands = filters["oriented"]
    assert bands.shape == (ORIENTATIONS, 9, 9)
    np.testing.assert_array_equal(bands, -bands[:, ::-1, ::-1])  # odd: edges, not lines
    np.testing.assert_array_equal(bands[2], -bands[0].T)  # a quarter turn
    np.testing.assert_array_equal(bands[3], bands[1][:, ::-1])  # mirrored


@by_size
def test_every_band_is_a_direct_sum(
    size: tuple[int, int], filters: dict[str, NDArray[np.float64]]
) -> None:
    image = picture(size)
    pyramid = build_pyramid(image)
    plane = image[0, 0].numpy()

    def correlate(array: NDArray[np.float64], taps: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(ndimage.correlate(array, taps, mode="mirror"))

    np.testing.assert_allclose(pyramid.high[0, 0], correlate(plane, filters["high"]), atol=1e-11)
    low = correlate(plane, filters["low_first"])
    for bands in pyramid.oriented:
        for band, taps in zip(bands[0], filters["oriented"], strict=True):
            np.testing.assert_allclose(band, correlate(low, taps), atol=1e-11)
        low = correlate(low, filters["low"])[::2, ::2]
    np.testing.assert_allclose(pyramid.low[0, 0], low, atol=1e-11)
    assert len(pyramid.oriented) == pyramid_height(*size)


@by_size
def test_reconstruction_is_a_direct_sum(
    size: tuple[int, int], filters: dict[str, NDArray[np.float64]]
) -> None:
    pyramid = build_pyramid(picture(size))

    def convolve(array: NDArray[np.float64], taps: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(ndimage.convolve(array, taps, mode="mirror"))

    image = pyramid.low[0, 0].numpy()
    for bands in reversed(pyramid.oriented):
        spread = np.zeros(tuple(bands.shape[-2:]))
        spread[::2, ::2] = image
        image = convolve(spread, filters["low"])
        for band, taps in zip(bands[0].numpy(), filters["oriented"], strict=True):
            image = image + convolve(band, taps)
    image = convolve(image, filters["low_first"])
    image = image + convolve(pyramid.high[0, 0].numpy(), filters["high"])
    np.testing.assert_allclose(reconstruct(pyramid)[0, 0], image, atol=1e-10)


def test_reconstruction_resembles_a_photograph(hdr_scene: torch.Tensor) -> None:
    """The documented signal-to-noise ratio, about 15 dB."""
    image = hdr_scene.mean(dim=1, keepdim=True).log()
    image = image - image.mean()
    error = reconstruct(build_pyramid(image)) - image
    ratio = 10 * torch.log10(image.square().mean() / error.square().mean())
    assert 12 < float(ratio) < 30


def test_an_edge_answers_in_the_band_of_its_orientation() -> None:
    edge = torch.zeros(1, 1, 64, 64, dtype=torch.float64)
    edge[..., 32:] = 1.0  # a vertical edge
    energy = build_pyramid(edge).oriented[0].square().sum(dim=(0, 2, 3))
    assert int(energy.argmax()) == 0
    assert float(energy[2]) < 1e-20
    turned = build_pyramid(edge.transpose(-2, -1)).oriented[0].square().sum(dim=(0, 2, 3))
    assert int(turned.argmax()) == 2


def test_fewer_octaves_on_request() -> None:
    image = picture((80, 80))
    whole, short = build_pyramid(image), build_pyramid(image, octaves=1)
    assert len(whole.oriented) == 3
    assert len(short.oriented) == 1
    torch.testing.assert_close(short.oriented[0], whole.oriented[0])
    assert short.low.shape[-2:] == (40, 40)
    assert build_pyramid(image, octaves=0).oriented == ()


HEIGHTS = {(16, 500): 0, (17, 17): 1, (33, 33): 1, (34, 34): 2, (256, 256): 4, (1080, 1920): 6}


@pytest.mark.parametrize(("size", "octaves"), HEIGHTS.items())
def test_height(size: tuple[int, int], octaves: int) -> None:
    assert pyramid_height(*size) == octaves


def test_batch_precision_and_gradient() -> None:
    images = picture((35, 40), count=3)
    batch = build_pyramid(images)
    for index in range(3):
        single = build_pyramid(images[index : index + 1])
        torch.testing.assert_close(batch.low[index : index + 1], single.low)
        torch.testing.assert_close(batch.oriented[1][index : index + 1], single.oriented[1])
    rough = build_pyramid(images.float())
    assert rough.high.dtype == torch.float32
    torch.testing.assert_close(rough.oriented[0].double(), batch.oriented[0], rtol=0, atol=1e-4)

    def rebuilt(image: torch.Tensor) -> torch.Tensor:
        pyramid = build_pyramid(image)
        return reconstruct(SteerablePyramid(pyramid.high, pyramid.oriented, 2 * pyramid.low))

    leaf = picture((18, 17)).requires_grad_()
    assert torch.autograd.gradcheck(rebuilt, leaf, fast_mode=True)


def test_kernels_made_without_gradients_serve_later_calls() -> None:
    with torch.inference_mode():
        build_pyramid(picture((20, 20)))
    leaf = picture((20, 20)).requires_grad_()
    build_pyramid(leaf).high.sum().backward()
    assert leaf.grad is not None


@pytest.mark.parametrize(
    "shape", [(1, 3, 32, 32), (32, 32), (1, 1, MINIMUM_SIZE - 1, 40), (1, 1, 40, MINIMUM_SIZE - 1)]
)
def test_wrong_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="steerable pyramid takes"):
        build_pyramid(torch.zeros(shape))


@pytest.mark.parametrize("octaves", [-1, 3])
def test_too_many_octaves(octaves: int) -> None:
    with pytest.raises(OptionError, match="at most 2"):
        build_pyramid(torch.zeros(1, 1, 40, 40), octaves)
