"""Visible differences against a transcription with SciPy, HDR-VDP-2, and what must hold."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import spearmanr
from torch import Tensor

from hdrmetrics import create_metric, read_image, sample_images
from hdrmetrics.distort import distort
from hdrmetrics.learned.architecture import OURS_DIQM
from hdrmetrics.learned.fronts.cells import CELL, cell_shape
from hdrmetrics.learned.fronts.compared import CellsCompared
from hdrmetrics.learned.fronts.pixels import picture_light
from hdrmetrics.learned.fronts.visible import _GAINS, FLOOR, NAMES, OCTAVES, describe_visible
from hdrmetrics.learned.network import build_network
from hdrmetrics.learned.statistics import window_moments
from hdrmetrics.learned.whole_image import score_windows
from hdrmetrics.metrics.hdrvdp2.csf import neural_csf
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.display import get_display
from hdrmetrics.photometry.transfer import pu21_encode
from trainers.feeding.symmetry import symmetric

from .small import narrow

Array = NDArray[np.float64]


def scene(*shape: int, seed: int = 0, deep: float = 0.5) -> Array:
    """Return light of about 50 cd/m²: noise in several octaves."""
    rng = np.random.Generator(np.random.PCG64(seed))
    found = np.zeros(shape)
    for scale in (1, 2, 4, 8):
        found += ndimage.gaussian_filter(rng.normal(size=shape), scale / 2) * scale
    return np.asarray(50.0 * np.exp(deep * found / found.std()))


def tensor(light: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(light, dtype=np.float64))[None, None]


def blur(x: Array, times: int = 1) -> Array:
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    for _ in range(times):
        x = ndimage.convolve(x, kernel, mode="nearest")
    return x


def halved(x: Array) -> Array:
    height, width = x.shape
    x = np.pad(x, ((0, height % 2), (0, width % 2)), mode="edge")
    return np.asarray(x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2).mean(axis=(1, 3)))


def grown(x: Array, shape: tuple[int, ...]) -> Array:
    # Pixel i of the result lies at (i + ½)·(old/new) − ½ of the map.
    places = [
        np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, None)
        for old, new in zip(x.shape, shape, strict=True)
    ]
    grid = np.meshgrid(*places, indexing="ij")
    return np.asarray(ndimage.map_coordinates(x, grid, order=1, mode="nearest"))


def bands(light: Array) -> list[Array]:
    wide = grown(blur(halved(blur(light, 2)), 4), light.shape)
    near = (blur(light) + blur(light, 2) + blur(light, 4) + wide) / 4
    retina = 0.425 * light + 0.572 * near + 0.003 * light.mean()
    code = pu21_encode(torch.from_numpy(retina)).numpy() * 0.85
    found = []
    for _ in range(OCTAVES):
        found += [code - blur(code), blur(code) - blur(code, 2)]
        code = halved(blur(code, 2))
    return found


def slow(test: Array, reference: Array) -> Array:
    """Return the visible differences of two pictures, by formulas and SciPy's filters."""
    pairs = list(zip(bands(test), bands(reference), strict=True))
    shared = [
        ndimage.uniform_filter(np.minimum(abs(a), abs(b)), 3, mode="constant") for a, b in pairs
    ]
    rows, columns = cell_shape(*test.shape)
    found = np.zeros((len(pairs), rows, columns))
    for index, (a, b) in enumerate(pairs):
        beside = np.zeros(a.shape)
        if index >= 2:
            beside += halved(shared[index - 2])
        if index + 2 < len(pairs):
            beside += grown(shared[index + 2], a.shape)
        gain = _GAINS[index]
        mask = 1.55 * (gain * shared[index]) ** 3 + 33.5 * (gain * beside / 4) ** 3
        response = abs(gain * (a - b)) ** 3 / np.sqrt(1 + mask**2)
        side = CELL >> (index // 2)
        for i in range(rows):
            for j in range(columns):
                own = response[i * side : (i + 3) * side, j * side : (j + 3) * side]
                found[index, i, j] = ((own**2).mean() + 1e-12) ** 0.25
    return found


@pytest.mark.parametrize("size", [(48, 48), (85, 71), (64, 129)])
def test_a_transcription_agrees(size: tuple[int, int]) -> None:
    reference = scene(*size)
    test = reference * np.exp(0.1 * np.random.Generator(np.random.PCG64(1)).normal(size=size))
    found = describe_visible(tensor(test), tensor(reference))
    assert found.shape == (1, len(NAMES), *cell_shape(*size))
    np.testing.assert_allclose(found[0].numpy(), slow(test, reference), rtol=1e-7)


def test_gains_are_those_of_the_eye() -> None:
    frequency = torch.tensor([15.0, 10.6, 7.5, 5.3, 3.75, 2.65, 1.9, 1.3])
    wanted = 2 * neural_csf(frequency, torch.tensor(60.0))
    assert list(_GAINS) == pytest.approx(wanted.tolist(), rel=0.01)


def test_identical_pictures_differ_nowhere_and_order_is_no_matter() -> None:
    one, other = tensor(scene(80, 96)), tensor(scene(80, 96, seed=1))
    nothing = describe_visible(one, one)
    torch.testing.assert_close(nothing, torch.full_like(nothing, FLOOR))
    torch.testing.assert_close(describe_visible(one, other), describe_visible(other, one))
    assert float(describe_visible(one, other).min()) > 0.1


@pytest.mark.parametrize("level", [1.0, 50.0, 2000.0])
def test_the_stronger_the_difference_the_more_is_seen(level: float) -> None:
    reference = tensor(scene(96, 96)) / 50 * level
    noise = torch.randn(reference.shape, generator=torch.Generator().manual_seed(0)).double()
    found = [describe_visible(reference * (s * noise).exp(), reference) for s in (0.01, 0.05, 0.2)]
    for weak, strong in pairwise(found):
        assert bool((strong > weak).all())


def test_detail_that_both_share_hides_a_difference() -> None:
    rng = np.random.Generator(np.random.PCG64(2))
    noise = np.exp(0.1 * rng.normal(size=(96, 96)))
    found = []
    for deep in (0.0, 0.2, 0.8):
        reference = scene(96, 96, deep=deep)
        found.append(describe_visible(tensor(reference * noise), tensor(reference)).mean())
    assert found[0] > found[1] > found[2]


@pytest.mark.parametrize("place", [(0, 0), (79, 40), (40, 95), (8, 90)])
def test_the_border_is_seen(place: tuple[int, int]) -> None:
    reference = scene(80, 96)
    test = reference.copy()
    test[place] *= 3
    found = describe_visible(tensor(test), tensor(reference))[0, 0]
    i, j = (min(max(at // CELL - 1, 0), n - 1) for at, n in zip(place, found.shape, strict=True))
    assert float(found[i, j]) == float(found.max()) > 0.05


def test_flips_and_transpositions_only_move_cells() -> None:
    test, reference = tensor(scene(96, 128)), tensor(scene(96, 128, seed=1))
    found = describe_visible(test, reference)
    for dims in ((-1,), (-2,), (-2, -1)):
        flipped = describe_visible(test.flip(dims), reference.flip(dims))
        torch.testing.assert_close(flipped, found.flip(dims))
    turned = describe_visible(test.transpose(-1, -2), reference.transpose(-1, -2))
    torch.testing.assert_close(turned, found.transpose(-1, -2))
    network = build_network(OURS_DIQM).double()
    pairs = (test, reference), (test.flip(-1), reference.flip(-1))
    joint = [network.channels(*pair, domain="hdr") for pair in pairs]
    moved = symmetric(joint[0], transposed=False, flips=(False, True))
    torch.testing.assert_close(moved[:, -8:], joint[1][:, -8:])


def test_any_light_gives_numbers_that_half_precision_holds() -> None:
    values = torch.tensor([0.0, 1e-6, 0.01, 1.0, 1e4, 1e8])
    for one in values:
        for other in values:
            test = torch.full((1, 1, 48, 48), float(one))
            test[..., ::5, ::3] = float(other)
            for reference in (torch.full_like(test, float(one)), test.flip(-1)):
                found = describe_visible(test, reference)
                assert bool(found.half().isfinite().all())
                assert float(found.min()) >= 0.99 * FLOOR


def test_gradients_by_differences() -> None:
    test, reference = tensor(scene(48, 48)), tensor(scene(48, 48, seed=1)).requires_grad_()
    test.requires_grad_()
    assert torch.autograd.gradcheck(
        describe_visible, (test, reference), eps=1e-5, atol=1e-5, fast_mode=True
    )
    same = test.detach().clone().requires_grad_()
    describe_visible(same, test.detach()).sum().backward()  # type: ignore[no-untyped-call]
    assert same.grad is not None
    assert bool(same.grad.isfinite().all())


def test_they_rank_as_hdr_vdp_does() -> None:
    light = read_image(sample_images()["courtyard"]).tensor()[..., 64:320, 64:320]
    metric = create_metric("hdrvdp2")
    seen, quality = [], []
    for name in ("gaussian_noise", "gaussian_blur", "quantisation", "saturation_clipping"):
        for strength in (0.1, 0.3, 0.5, 0.7, 0.9):
            test = distort(light, name, strength=strength, domain="hdr", seed=0)
            found = describe_visible(luminance(test).clamp(min=0), luminance(light))
            # Bands down to 3.75 cycles per degree have nearly all of the weight in HDR-VDP-2.
            seen.append(float(found.pow(4).mean(dim=(-2, -1)).add(1e-12).log()[0, :5].mean()))
            quality.append(float(metric(test, light)))
    assert spearmanr(seen, quality).statistic < -0.95


def test_codes_are_seen_on_the_display_of_the_labels() -> None:
    code = torch.rand(1, 3, 40, 5000)  # more rows than are worked through at once
    wanted = luminance(get_display("srgb-100").forward(code))
    torch.testing.assert_close(picture_light(code, "code"), wanted)
    # IEC 61966-2-1, from a black of 0.1 to a white of 100 cd/m².
    grey = torch.tensor([0.0, 0.02, 0.5, 1.0])
    known = [0.1, 0.1 + 99.9 * 0.02 / 12.92, 0.1 + 99.9 * ((0.5 + 0.055) / 1.055) ** 2.4, 100.0]
    assert picture_light(grey[None, None, None], "code").flatten().tolist() == pytest.approx(known)
    assert not picture_light(-code, "light").any()


def test_pooled_they_are_logarithms_of_means_of_powers() -> None:
    maps = torch.rand(2, 151, 4, 5, dtype=torch.float64) * 3
    moments = window_moments(maps, [(0, 4)], [(0, 5)])
    found = CellsCompared().pool(moments, 0)[:, 0].reshape(2, 3, 151)
    values = maps[:, -8:].numpy()
    for index, power in enumerate((1, 2, 4)):
        wanted = np.log((values**power).mean(axis=(2, 3)) + 1e-3**power) / (2 * power)
        np.testing.assert_allclose(found[:, index, -8:], wanted, rtol=1e-9)
    plain = CellsCompared().pool(moments, 1)
    torch.testing.assert_close(found[..., :-8], plain[:, 0].reshape(2, 3, 151)[..., :-8])


@torch.no_grad()
def test_windows_of_a_larger_picture_are_seen_alone() -> None:
    network = build_network(narrow(OURS_DIQM), seed=1)
    reference = torch.from_numpy(scene(256, 512)).float()[None, None]
    test = reference * 1.1
    test[..., 250:] *= 1.5
    found = score_windows(network, test, reference, domain="hdr").raw[0]
    for index, window in enumerate((slice(0, 256), slice(256, 512))):
        alone = network(test[..., window], reference[..., window], domain="hdr")
        torch.testing.assert_close(found[index], alone[0], rtol=1e-4, atol=1e-4)
