"""Descriptors against a slow transcription, closed forms, and the symmetries they promise."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage, signal
from torch import Tensor

from hdrmetrics import read_image, sample_images
from hdrmetrics.learned.fronts import descriptors as module
from hdrmetrics.learned.fronts import quick
from hdrmetrics.learned.fronts.alone import CellsAlone
from hdrmetrics.learned.fronts.cells import CELL, MARGIN, OCTAVES, cell_shape
from hdrmetrics.learned.fronts.descriptors import (
    CHROMA_NAMES,
    NAMES,
    PAIR_NAMES,
    describe,
    describe_chroma,
    describe_pair,
)
from trainers.feeding.symmetry import symmetric

Array = NDArray[np.float64]
FLOOR = (math.log(1e-7) + 9.0) / 2.5
"""What stands for no energy at all."""


def tensor(code: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(code, dtype=np.float64))[None, None]


def noise(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def named(described: Tensor, names: tuple[str, ...] = NAMES) -> dict[str, Tensor]:
    assert described.shape[1] == len(names)
    return dict(zip(names, described.unbind(dim=1), strict=True))


# -- a slow transcription: no level is thinned out, pixels are named by where they lie ----------


def _spread(kernel: Array, step: int) -> Array:
    wide = np.zeros([step * (side - 1) + 1 for side in kernel.shape])
    wide[::step, ::step] = kernel
    return wide


ONCE = np.outer([1, 2, 1], [1, 2, 1]) / 16.0
TWICE = np.asarray(signal.convolve2d(ONCE, ONCE))


def _filtered(x: Array, kernel: Array, step: int) -> Array:
    # What would need a pixel outside the picture is NaN, and must reach no cell.
    found = ndimage.correlate(x, _spread(kernel, step), mode="constant", cval=np.nan)
    return np.asarray(found, dtype=np.float64)


def _moved(x: Array, down: int, right: int) -> Array:
    """Return at each pixel the value so many pixels down and to the right."""
    return np.asarray(ndimage.shift(x, (-down, -right), order=0, cval=np.nan), dtype=np.float64)


def _cells(x: Array, octave: int) -> Array:
    """Return the means over the pixels of an octave that lie in each cell of 16 px."""
    step = 2**octave
    # Two blurs cost 2 px of level 0, then 4 px: octaves begin at 0, 2 and 6 px.
    first = next(p for p in range((0, 2, 6)[octave], 99, step) if p >= MARGIN)
    rows, columns = ((side - 32) // 16 for side in x.shape)
    inner = x[first::step, first::step][: rows * 16 // step, : columns * 16 // step]
    return np.asarray(
        inner.reshape(rows, 16 // step, columns, 16 // step).mean(axis=(1, 3)), dtype=np.float64
    )


def _log(energy: Array) -> Array:
    return np.asarray((np.log(energy + 1e-7) + 9.0) / 2.5)


def _flat(slope: Array) -> Array:
    return np.asarray(1 / (1 + (500 * slope) ** 2))


def _levels(code: Array) -> list[Array]:
    found = [code]
    for octave in range(OCTAVES - 1):
        found.append(_filtered(found[-1], TWICE, 2**octave))
    return found


def _bands(code: Array, octave: int) -> tuple[Array, Array]:
    once = _filtered(code, ONCE, 2**octave)
    return code - once, once - _filtered(once, ONCE, 2**octave)


def slow(code: Array) -> dict[str, Array]:
    """Return the descriptors of a picture by name."""
    mean = _cells(code, 0)
    found = {
        "level": (mean - 0.5) / 0.25,
        "contrast": (np.log(_cells(code**2, 0) - mean**2 + 1e-6) + 6) / 2.5,
        "dark": 4 * _cells(1 / (1 + (code / 0.01) ** 2), 0),
        "light": 4 * _cells(1 / (1 + (np.maximum(1 - code, 0) / 0.01) ** 2), 0),
    }
    for k, level in enumerate(_levels(code)):
        step = 2**k

        def mean_of(x: Array, k: int = k) -> Array:
            return _cells(x, k)

        fine, middle = _bands(level, k)
        energy, energy_middle = mean_of(fine**2), mean_of(middle**2)
        found[f"fine{k}"], found[f"middle{k}"] = _log(energy), _log(energy_middle)
        found[f"peaky{k}"] = (mean_of(abs(fine)) / np.sqrt(energy + 1e-6) - 0.7) / 0.16
        found[f"heavy{k}"] = np.log(mean_of(fine**4) / (energy + 1e-6) ** 2 + 0.05) - 1
        found[f"peakym{k}"] = (mean_of(abs(middle)) / np.sqrt(energy_middle + 1e-6) - 0.7) / 0.16
        products = {
            "next-x": fine * _moved(fine, 0, step),
            "next-y": fine * _moved(fine, step, 0),
            "next-d": fine * _moved(fine, step, step),
            "next-e": _moved(fine, 0, step) * _moved(fine, step, 0),
        }
        for lag in (2, 3) if k < 2 else ():
            products[f"lag{lag}-x"] = fine * _moved(fine, 0, lag * step)
            products[f"lag{lag}-y"] = fine * _moved(fine, lag * step, 0)
        for name, product in products.items():
            found[f"{name}{k}"] = mean_of(product) / (energy + 1e-6) / 0.35
        for axis, (down, right) in {"x": (0, step), "y": (step, 0)}.items():
            slope = _moved(level, down, right) - level
            found[f"slope-{axis}{k}"] = _log(mean_of(slope**2))
            found[f"flat-{axis}{k}"] = mean_of(_flat(slope)) / 0.25 - 1
    for axis, (down, right) in {"x": (0, 1), "y": (1, 0)}.items():
        slope = _moved(code, down, right) - code
        for lag in (7, 8):
            both = abs(slope) * _moved(abs(slope), lag * down, lag * right)
            share = _cells(both, 0) / (_cells(slope**2, 0) + 1e-6)
            found[f"grid{lag}-{axis}"] = (share - 0.5) / 0.5
        flat = {n: _moved(_flat(slope), n * down, n * right) for n in (-2, -1, 0, 1, 2, 3)}
        run = flat[0] * flat[1] * flat[2] * flat[3]
        found[f"plateau-{axis}"] = _cells(run, 0) / 0.25 - 1
        sides = flat[-2] * flat[-1] + flat[1] * flat[2]
        found[f"brink-{axis}"] = _log(_cells(slope**2 * sides, 0))
    return found


def slow_pair(test: Array, reference: Array) -> dict[str, Array]:
    """Return the descriptors of two pictures by name."""
    found = {}
    levels = list(zip(_levels(test), _levels(reference), strict=True))
    for k, (a, b) in enumerate(levels):
        bands = zip(("fine", "middle"), _bands(a, k), _bands(b, k), strict=True)
        for name, x, y in bands:
            scale = np.sqrt((_cells(x**2, k) + 1e-6) * (_cells(y**2, k) + 1e-6))
            found[f"error-{name}{k}"] = _log(_cells((x - y) ** 2, k))
            found[f"agreement-{name}{k}"] = _cells(x * y, k) / scale / 0.5 - 1
        step = 2**k
        error = a - b
        slopes = [_moved(error, d * step, (1 - d) * step) - error for d in (0, 1)]
        mean = (_cells(slopes[0] ** 2, k) + _cells(slopes[1] ** 2, k)) / 2
        found[f"error-slope{k}"] = _log(mean)
    a, b = _cells(test, 0), _cells(reference, 0)
    spreads = [_cells(x**2, 0) - m**2 + 1e-6 for x, m in ((test, a), (reference, b))]
    both = _cells(test * reference, 0) - a * b
    found["error-level"] = _log((a - b) ** 2)
    found["error-code"] = _log(_cells((test - reference) ** 2, 0))
    coarse = _filtered(_filtered(levels[2][0] - levels[2][1], ONCE, 4), ONCE, 4)
    found["error-coarse"] = _log(_cells(coarse**2, 2))
    found["agreement-code"] = both / np.sqrt(spreads[0] * spreads[1]) / 0.5 - 1
    return found


def _picture(height: int, width: int, seed: int = 0) -> Array:
    """Return noise of several sizes, steps, black, white, and light beyond an SDR display."""
    rng = np.random.Generator(np.random.PCG64(seed))
    coarse = ndimage.zoom(rng.normal(size=(6, 7)), (height / 6, width / 7), order=3)
    found = 0.5 + 0.2 * coarse[:height, :width] + 0.01 * rng.normal(size=(height, width))
    found[:, : width // 3] = np.round(found[:, : width // 3] * 12) / 12
    found[-24:, -30:] *= 2.0
    return np.asarray(np.maximum(found, 0.0), dtype=np.float64)


@pytest.mark.parametrize("size", [(48, 48), (85, 71), (64, 113)])
def test_a_slow_transcription_agrees(size: tuple[int, int]) -> None:
    code = _picture(*size)
    wanted = slow(code)
    assert set(wanted) == set(NAMES)
    for name, values in named(describe(tensor(code))).items():
        assert np.isfinite(wanted[name]).all(), f"{name} looks beyond its margin"
        np.testing.assert_allclose(values[0], wanted[name], rtol=1e-9, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("size", [(48, 48), (66, 95)])
def test_a_slow_transcription_of_pairs_agrees(size: tuple[int, int]) -> None:
    test, reference = _picture(*size), _picture(*size)
    test += 0.03 * np.random.Generator(np.random.PCG64(5)).normal(size=size)
    wanted = slow_pair(test, reference)
    assert set(wanted) == set(PAIR_NAMES)
    for name, values in named(describe_pair(tensor(test), tensor(reference)), PAIR_NAMES).items():
        assert np.isfinite(wanted[name]).all(), f"{name} looks beyond its margin"
        np.testing.assert_allclose(values[0], wanted[name], rtol=1e-9, atol=1e-8, err_msg=name)


def test_chroma_by_its_formula() -> None:
    chroma = 0.3 * noise(2, 2, 70, 85)
    found = describe_chroma(chroma)
    assert found.shape == (2, len(CHROMA_NAMES), 2, 3)
    cell = chroma[1, :, 32:48, 16:32].numpy()  # the second one down
    own = found[1, :, 1, 0]
    np.testing.assert_allclose(own[:2], cell.mean(axis=(1, 2)) / 0.35)
    spread = np.log(cell.var(axis=(1, 2)).sum() + 1e-5)
    assert float(own[2]) == pytest.approx((spread + 5.5) / 2.5)


# -- closed forms --------------------------------------------------------------------------------


def test_names() -> None:
    for names in (NAMES, CHROMA_NAMES, PAIR_NAMES):
        assert len(set(names)) == len(names)
    assert not set(NAMES) & set(PAIR_NAMES)
    # Level and light; per octave energies, shapes, neighbours, slopes; far lags; grid, plateaus.
    assert len(NAMES) == 4 + 3 * (5 + 4 + 4) + 2 * 4 + 4 + 4
    assert len(PAIR_NAMES) == 3 * 4 + 3 + 4
    assert cell_shape(48, 63) == (1, 1)
    assert cell_shape(256, 640) == (14, 38)
    assert describe(torch.rand(1, 1, 48, 63)).shape == (1, len(NAMES), 1, 1)


def test_a_flat_picture_has_nothing_but_its_level() -> None:
    wanted = dict.fromkeys(NAMES, 0.0)
    for name in NAMES:
        if name.startswith(("fine", "middle", "slope", "brink")):
            wanted[name] = FLOOR
        elif name.startswith(("flat", "plateau")):
            wanted[name] = 3.0
        elif name.startswith("peaky"):
            wanted[name] = -0.7 / 0.16
        elif name.startswith("heavy"):
            wanted[name] = math.log(0.05) - 1
        elif name.startswith("grid"):
            wanted[name] = -1.0
    wanted |= {"level": 0.4, "contrast": (math.log(1e-6) + 6) / 2.5}
    wanted |= {"dark": 4 / (1 + 60.0**2), "light": 4 / (1 + 40.0**2)}
    found = named(describe(torch.full((1, 1, 64, 80), 0.6, dtype=torch.float64)))
    assert {n: float(v.mean()) for n, v in found.items()} == pytest.approx(wanted, abs=1e-7)
    assert all(float(v.max() - v.min()) < 1e-7 for v in found.values())


@pytest.mark.parametrize(("code", "dark", "light"), [(0.0, 4, 0), (1.0, 0, 4), (2.3, 0, 4)])
def test_dark_and_light(code: float, dark: float, light: float) -> None:
    found = named(describe(torch.full((1, 1, 48, 48), code, dtype=torch.float64)))
    assert float(found["dark"]) == pytest.approx(dark, abs=1e-3)
    assert float(found["light"]) == pytest.approx(light, abs=1e-3)
    half = named(describe(torch.full((1, 1, 48, 48), 0.01, dtype=torch.float64)))
    assert float(half["dark"]) == pytest.approx(2.0), "a hundredth of the display's white"


@pytest.mark.parametrize("waves", [1, 3])
@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_wave_by_the_response_of_the_filters(waves: int, axis: str) -> None:
    """Of whole periods per cell: blur multiplies by cos²(ω/2), and lags n correlate by cos(nω)."""
    amplitude, omega = 0.2, 2 * math.pi * waves / CELL
    line = 0.5 + amplitude * np.cos(omega * np.arange(96) + 0.3)
    picture = np.broadcast_to(line, (64, 96))
    code = tensor(picture if axis == "x" else picture.T)
    found = {name: float(v.mean()) for name, v in named(describe(code)).items()}
    across = {"x": "y", "y": "x"}[axis]
    assert found["level"] == pytest.approx(0, abs=1e-9)
    assert found["contrast"] == pytest.approx((math.log(amplitude**2 / 2 + 1e-6) + 6) / 2.5)
    for k in range(OCTAVES):
        blur = math.cos(omega / 2) ** 2
        energy = amplitude**2 / 2 * (1 - blur) ** 2
        wanted = {f"fine{k}": energy, f"middle{k}": energy * blur**2}
        wanted[f"slope-{axis}{k}"] = amplitude**2 / 2 * (2 * math.sin(omega / 2)) ** 2
        wanted[f"slope-{across}{k}"] = 0.0
        for name, value in wanted.items():
            assert found[name] == pytest.approx((math.log(value + 1e-7) + 9) / 2.5, abs=1e-6), name
        share = energy / (energy + 1e-6) / 0.35
        assert found[f"next-{axis}{k}"] == pytest.approx(share * math.cos(omega), abs=1e-6)
        assert found[f"next-{across}{k}"] == pytest.approx(share, abs=1e-6)
        for name in ("next-d", "next-e"):
            assert found[f"{name}{k}"] == pytest.approx(share * math.cos(omega), abs=1e-6)
        if k < 2:
            for lag in (2, 3):
                wave = share * math.cos(lag * omega)
                assert found[f"lag{lag}-{axis}{k}"] == pytest.approx(wave, abs=1e-6)
            # The mean of cos⁴ is 3/8.
            heavy = math.log(1.5 * (energy / (energy + 1e-6)) ** 2 + 0.05) - 1
            assert found[f"heavy{k}"] == pytest.approx(heavy, abs=1e-6)
        assert found[f"flat-{across}{k}"] == pytest.approx(3.0)
        amplitude, omega = amplitude * blur**2, 2 * omega


def test_white_noise_correlates_as_the_filters_do() -> None:
    found = named(describe(0.5 + 0.1 * noise(1, 1, 512, 512)))
    delta = np.zeros((3, 3))
    delta[1, 1] = 1.0
    band = delta - ONCE
    # The second octave's detail is that of the picture blurred twice, at steps of two.
    coarse = signal.convolve2d(TWICE, _spread(band, 2))
    for k, kernel in enumerate((band, coarse)):
        spectrum = signal.correlate2d(kernel, kernel)
        centre, step = spectrum.shape[0] // 2, 2**k
        energy = spectrum[centre, centre]
        lags = {"next-x": (0, 1), "next-y": (1, 0), "next-d": (1, 1), "next-e": (1, -1)}
        lags |= {"lag2-x": (0, 2), "lag2-y": (2, 0), "lag3-x": (0, 3)}
        for name, (down, right) in lags.items():
            place = (centre + down * step, centre + right * step)
            inside = max(place) < len(spectrum)
            wanted = (spectrum[place] if inside else 0.0) / energy / 0.35
            # The quotient's bias is of the order of one by the pixels of a cell.
            assert float(found[f"{name}{k}"].mean()) == pytest.approx(wanted, abs=0.05), (name, k)
        mean = float((2.5 * found[f"fine{k}"] - 9).exp().mean())
        assert mean == pytest.approx(0.01 * energy, rel=0.05)
    # Of a normal law, with E|x| = √(2/π)·σ and E x⁴ = 3σ⁴, but for the bias of few pixels.
    assert float(found["peaky0"].mean() * 0.16 + 0.7) == pytest.approx(
        (2 / math.pi) ** 0.5, abs=0.01
    )
    assert float((found["heavy0"].mean() + 1).exp()) == pytest.approx(3.0, abs=0.15)


def test_a_staircase_has_plateaus_and_brinks() -> None:
    height = 0.05
    stairs = height * (np.arange(96) // 8)
    found = {
        n: float(v.mean()) for n, v in named(describe(tensor(np.tile(stairs, (64, 1))))).items()
    }
    # Two of 16 slopes per row are steps; a run of four slopes contains one at eight places of 16.
    step = 1 / (1 + (500 * height) ** 2)
    assert found["flat-x0"] == pytest.approx((14 + 2 * step) / 16 / 0.25 - 1)
    assert found["plateau-x"] == pytest.approx((8 + 8 * step) / 16 / 0.25 - 1)
    assert found["plateau-y"] == pytest.approx(3.0)
    energy = 2 / 16 * height**2
    assert found["slope-x0"] == pytest.approx((math.log(energy + 1e-7) + 9) / 2.5)
    # Both sides are flat, and beside a step there is little: neighbours of flat pixels are flat.
    assert found["brink-x"] == pytest.approx((math.log(2 * energy) + 9) / 2.5, abs=0.01)
    assert found["brink-y"] == pytest.approx(FLOOR)
    assert found["grid8-x"] == pytest.approx((energy / (energy + 1e-6) - 0.5) / 0.5)
    assert found["grid7-x"] == pytest.approx(-1.0)


def test_blocks_of_eight_agree_eight_pixels_on() -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    blocks = np.kron(0.5 + 0.05 * rng.normal(size=(16, 16)), np.ones((8, 8)))
    blocks += 0.002 * rng.normal(size=blocks.shape)
    plain = 0.5 + 0.05 * rng.normal(size=blocks.shape)
    # Where the grid begins is no matter: crops are not aligned with it.
    for picture in (blocks, blocks[3:, 5:]):
        found = named(describe(tensor(picture)))
        for axis in "xy":
            assert bool((found[f"grid8-{axis}"] > found[f"grid7-{axis}"]).all())
            assert float((found[f"grid8-{axis}"] - found[f"grid7-{axis}"]).mean()) > 0.8
    found = named(describe(tensor(plain)))
    for axis in "xy":
        assert abs(float((found[f"grid8-{axis}"] - found[f"grid7-{axis}"]).mean())) < 0.1


# -- properties ----------------------------------------------------------------------------------


def test_windows_of_a_picture_are_pictures_of_their_own() -> None:
    code, other = tensor(_picture(160, 200)), tensor(_picture(160, 200, seed=1))
    window = (..., slice(32, 112), slice(48, 144))
    cells = (..., slice(2, 5), slice(3, 7))
    torch.testing.assert_close(describe(code)[cells], describe(code[window]))
    pair = describe_pair(code, other)
    torch.testing.assert_close(pair[cells], describe_pair(code[window], other[window]))


def test_a_cell_sees_its_margin_and_no_more() -> None:
    code, other = tensor(_picture(112, 112)), tensor(_picture(112, 112, seed=1))
    top, left = MARGIN + CELL, MARGIN + 2 * CELL  # of the cell in the second row, third column
    changed = 0.5 + 0.3 * noise(1, 1, 112, 112)
    inside = (..., slice(top - MARGIN, top + 2 * CELL), slice(left - MARGIN, left + 2 * CELL))
    changed[inside] = code[inside]
    for one, two in (
        (describe(code), describe(changed)),
        (describe_pair(code, other), describe_pair(changed, other)),
    ):
        torch.testing.assert_close(one[..., 1, 2], two[..., 1, 2])
        assert not bool((one - two).abs().flatten(2).max(dim=-1).values.eq(0).any())


def test_strips_and_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    code = torch.cat([tensor(_picture(120, 90, seed=s)) for s in range(3)]).float()
    other = code.roll(1, 0)
    whole = describe(code), describe_pair(code, other)
    for part in (1, 3 * CELL**2 * 2, 7 * CELL**2 * 3):
        monkeypatch.setattr(module, "_PART", part)
        monkeypatch.setattr(quick, "_DOWN", part % 5 + 1)
        monkeypatch.setattr(quick, "_ACROSS", part % 3 + 1)
        found = describe(code), describe_pair(code, other)
        for a, b in zip(found, whole, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)
    for index in range(3):
        one = slice(index, index + 1)
        alone = describe(code[one])
        torch.testing.assert_close(alone, whole[0][one], rtol=1e-4, atol=1e-4)


def _joint(code: Tensor, chroma: Tensor, reference: Tensor) -> Tensor:
    colour = describe_chroma(chroma)
    parts = [describe(code), colour, describe(reference), colour, describe_pair(code, reference)]
    return torch.cat(parts, dim=1)


def test_a_transposed_picture_has_transposed_descriptors() -> None:
    code, other = tensor(_picture(112, 80)), tensor(_picture(112, 80, seed=1))
    chroma = 0.2 * noise(1, 2, 112, 80)
    turned = [x.transpose(-1, -2) for x in (code, chroma, other)]
    whole = _joint(code, chroma, other), _joint(*turned)
    pair = describe_pair(code, other), describe_pair(turned[0], turned[2])
    alone = describe(code), describe(turned[0])
    two = (torch.cat([x, x], dim=1) for x in alone)
    for plain, wanted in (whole, pair, alone, tuple(two)):
        found = symmetric(plain, transposed=True, flips=(False, False))
        torch.testing.assert_close(found, wanted)
        still = symmetric(plain, transposed=False, flips=(False, False))
        assert torch.equal(still, plain)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("flips", [(True, False), (False, True), (True, True)])
def test_a_mirrored_picture_has_mirrored_descriptors(
    photos: dict[str, Tensor], transposed: bool, flips: tuple[bool, bool]
) -> None:
    """Nearly: pairs of pixels lie in the cell of the upper or left one, now the other one."""
    photo = photos["astronaut"][..., :256, :240]
    code = photo.mean(dim=1, keepdim=True)
    other = (code + 0.02 * noise(*code.shape)).clamp(0, 1)
    chroma = (photo[:, ::2] - code) / (photo[:, ::2] + code + 0.05)

    def seen(x: Tensor) -> Tensor:
        x = x.transpose(-1, -2) if transposed else x
        return x.flip([dim for dim, flip in zip((-2, -1), flips, strict=True) if flip])

    plain = _joint(code, chroma, other)
    wanted = _joint(*(seen(x) for x in (code, chroma, other)))
    found = symmetric(plain, transposed=transposed, flips=flips)
    assert found.shape == wanted.shape
    spread = wanted.flatten(2).std(dim=-1)
    error = (found - wanted).abs().flatten(2).mean(dim=-1) / spread
    assert float(error.median()) < 0.2
    assert float(error.max()) < 0.9
    means = (found - wanted).mean(dim=(2, 3)).abs() / spread
    assert float(means.median()) < 0.02
    assert float(means.max()) < 0.25
    diagonals = [NAMES.index(f"next-{one}0") for one in "de"]
    exchanged = plain.transpose(-1, -2) if transposed else plain
    exchanged = exchanged.flip([d for d, flip in zip((-2, -1), flips, strict=True) if flip])
    left = (exchanged - wanted).abs().flatten(2).mean(dim=-1) / spread
    if sum(flips) == 1:
        assert bool((error[0, diagonals] < 0.5 * left[0, diagonals]).all())
    # Pixels alone decide level, contrast and light, and these are exact.
    torch.testing.assert_close(found[:, :4], wanted[:, :4])


@pytest.mark.parametrize(
    ("flips", "all_of_it", "median"),
    [((True, False), 0.33, 0.06), ((False, True), 0.33, 0.06), ((True, True), 0.46, 0.16)],
)
def test_how_nearly_flipped_descriptors_are_those_of_the_flipped_picture(
    flips: tuple[bool, bool], all_of_it: float, median: float
) -> None:
    """The figures that the docstring names."""
    errors, sizes = [], []
    for path in sample_images().values():
        light = read_image(path, peak=1000).tensor(dtype=torch.float64)
        top, left = ((side - 256) // 2 for side in light.shape[-2:])
        light = light[..., top : top + 256, left : left + 256]
        flipped = light.flip([dim for dim, flip in zip((-2, -1), flips, strict=True) if flip])
        wanted, plain = (CellsAlone().see(x, None, "hdr")[:, :62] for x in (flipped, light))
        found = symmetric(plain, transposed=False, flips=flips)
        errors.append((found - wanted).square())
        sizes.append(wanted.square())
    error, size = torch.cat(errors), torch.cat(sizes)
    assert float((error.sum() / size.sum()).sqrt()) == pytest.approx(all_of_it, abs=0.015)
    by_channel = (error.sum(dim=(0, 2, 3)) / size.sum(dim=(0, 2, 3))).sqrt()
    assert float(by_channel.median()) == pytest.approx(median, abs=0.01)
    largest = error.flatten().sort(descending=True).values[: error.numel() // 100]
    assert float(largest.sum() / error.sum()) > 0.5


def test_error_grows_with_noise_and_agreement_falls() -> None:
    reference = tensor(_picture(112, 112))
    grain = noise(1, 1, 112, 112)
    rows = []
    for strength in (0.0, 0.003, 0.01, 0.03, 0.1):
        found = named(describe_pair(reference + strength * grain, reference), PAIR_NAMES)
        rows.append({name: float(values.mean()) for name, values in found.items()})
    for name in PAIR_NAMES:
        values = [row[name] for row in rows]
        sign = 1 if name.startswith("error") else -1
        steps = [sign * (b - a) for a, b in pairwise(values)]
        assert min(steps) > 0, (name, values)


def test_identical_pictures_differ_in_nothing() -> None:
    code = 0.5 + 0.3 * noise(1, 1, 96, 96)
    found = named(describe_pair(code, code), PAIR_NAMES)
    for name, values in found.items():
        if name.startswith("error"):
            torch.testing.assert_close(values, torch.full_like(values, FLOOR))
        else:
            assert float(values.min()) > 0.9, name
            assert float(values.max()) <= 1.0, name
    negative = named(describe_pair(1.0 - code, code), PAIR_NAMES)
    assert all(float(v.max()) < -2.9 for n, v in negative.items() if n.startswith("agreement"))


# -- gradients -----------------------------------------------------------------------------------


def _directional(function: Callable[[Tensor], Tensor], at: Tensor) -> tuple[float, float]:
    """Return the slope along a random direction, from the gradient and from differences."""
    at = at.clone().requires_grad_()
    mixture = noise(*function(at).shape, seed=3)
    direction = noise(*at.shape, seed=4)

    def mixed(x: Tensor) -> Tensor:
        return (function(x) * mixture).sum()

    (gradient,) = torch.autograd.grad(mixed(at), at)
    step = 1e-7  # 500·x stays small against one
    with torch.no_grad():
        high, low = (mixed(at + sign * step * direction) for sign in (1, -1))
    return float((gradient * direction).sum()), float(high - low) / (2 * step)


def test_gradients_are_those_of_differences() -> None:
    code, other = 0.5 + 0.1 * noise(1, 1, 66, 50), 0.5 + 0.1 * noise(1, 1, 66, 50, seed=1)
    chroma = 0.3 * noise(1, 2, 66, 50)
    for function, at in (
        (lambda x: describe(x), code),
        (describe_chroma, chroma),
        (lambda x: describe_pair(x, other), code),
        (lambda x: describe_pair(other, x), code),
    ):
        slope, difference = _directional(function, at)
        assert slope == pytest.approx(difference, rel=1e-4)
        assert slope != 0


@pytest.mark.parametrize("light", [0.0, 1e-3, 100.0, 1e4])
def test_finite_at_the_ends_of_the_scale(light: float) -> None:
    picture = torch.full((1, 3, 64, 64), light).requires_grad_()
    found = CellsAlone().see(picture, None, "hdr")
    assert found.shape == (1, 62 + 32, 2, 2)
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert picture.grad is not None
    assert bool(found.isfinite().all())
    assert bool(picture.grad.isfinite().all())
    spiked = torch.zeros(1, 3, 64, 64)
    spiked[..., 30, 30] = 1e4
    assert bool(CellsAlone().see(spiked, None, "hdr").isfinite().all())


def test_identical_pictures_have_finite_gradients() -> None:
    for code in (torch.zeros(1, 1, 64, 64), torch.rand(1, 1, 64, 64), torch.ones(1, 1, 64, 64)):
        test, reference = (code.clone().requires_grad_() for _ in range(2))
        found = describe_pair(test, reference)
        found.sum().backward()  # type: ignore[no-untyped-call]
        for leaf in (test, reference):
            assert leaf.grad is not None
            assert bool(leaf.grad.isfinite().all())


def test_channels_that_are_no_descriptors() -> None:
    for channels in (1, len(NAMES) + 1, 3 * len(NAMES)):
        with pytest.raises(ValueError, match=f"{channels} channels"):
            symmetric(torch.zeros(1, channels, 2, 2), transposed=True, flips=(False, False))
