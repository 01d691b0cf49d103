from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from datasets.framing.calibration import HIGHEST, calibrate
from datasets.framing.crop_quality import LEAST_TEXTURE, good_positions
from datasets.framing.crops import MOST_OVERLAP, choose_crops
from datasets.scenes.scene import Kind
from datasets.streams import stream
from hdrmetrics import read_image, sample_images
from hdrmetrics.errors import OptionError, ShapeError


def _texture(height: int, width: int, mean: float = 0.5, spread: float = 0.1) -> torch.Tensor:
    rng = np.random.default_rng(0)
    plane = rng.normal(mean, spread, (1, height, width)).clip(0.05, 0.95)
    return torch.from_numpy(plane).float().expand(3, -1, -1).clone()


def _shared(a: tuple[int, int], b: tuple[int, int], size: int) -> float:
    rows, columns = (max(0, size - abs(p - q)) for p, q in zip(a, b, strict=True))
    return rows * columns / size**2


@pytest.mark.parametrize("size", [(384, 512), (306, 512), (512, 384), (300, 300), (256, 256)])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_crops_lie_in_the_frame_and_apart(size: tuple[int, int], count: int) -> None:
    for seed in range(5):
        crops = choose_crops(_texture(*size), count, stream(seed), kind="sdr")
        assert 1 <= len(crops) <= count
        for y, x in crops:
            assert 0 <= y <= size[0] - 256
            assert 0 <= x <= size[1] - 256
        for a, b in itertools.combinations(crops, 2):
            assert _shared(a, b, 256) <= MOST_OVERLAP


def test_as_many_as_fit_are_found_from_any_start() -> None:
    # Only opposite ends are far enough apart here.
    for seed in range(10):
        assert len(choose_crops(_texture(256, 384), 2, stream(seed), kind="sdr")) == 2
        assert len(choose_crops(_texture(384, 512), 3, stream(seed), kind="sdr")) == 3


def test_a_frame_with_room_for_one_has_one() -> None:
    assert choose_crops(_texture(256, 256), 3, stream(0), kind="sdr") == [(0, 0)]


def test_the_same_draw_gives_the_same_crops_another_one_others() -> None:
    frame = _texture(384, 512)
    first = choose_crops(frame, 2, stream(1), kind="sdr")
    assert first == choose_crops(frame, 2, stream(1), kind="sdr")
    assert len({tuple(choose_crops(frame, 2, stream(n), kind="sdr")) for n in range(8)}) > 5


@pytest.mark.parametrize("kind", ["sdr", "hdr"])
def test_flat_frames_have_no_crop(kind: Kind) -> None:
    flat = torch.full((3, 300, 300), 0.5 if kind == "sdr" else 100.0)
    assert choose_crops(flat, 2, stream(0), kind=kind) == []


def test_a_slope_is_flat_however_steep() -> None:
    slope = torch.linspace(0.1, 0.9, 300).expand(3, 300, 300)
    assert choose_crops(slope, 2, stream(0), kind="sdr") == []


def test_crops_are_found_where_the_texture_is() -> None:
    frame = torch.full((3, 384, 1024), 0.5)
    frame[..., 700:] = _texture(384, 324)
    crops = choose_crops(frame, 4, stream(0), kind="sdr")
    assert crops
    # A quarter of the crop's columns or more lie in the textured part.
    assert all(x + 256 - 700 >= LEAST_TEXTURE * 256 - 8 for _, x in crops)


def test_white_and_black_parts_are_clipped() -> None:
    for value in (0.0, 1.0):
        frame = _texture(256, 256)
        frame[..., :90] = value
        assert choose_crops(frame, 1, stream(0), kind="sdr") == []
        frame = _texture(256, 256)
        frame[..., :40] = value
        assert choose_crops(frame, 1, stream(0), kind="sdr") == [(0, 0)]


def test_a_saturated_colour_is_not_clipped() -> None:
    frame = _texture(256, 256)
    frame[0] = 1.0  # red at its end, the others keep their texture
    assert choose_crops(frame, 1, stream(0), kind="sdr") == [(0, 0)]


@pytest.mark.parametrize("level", [HIGHEST, 2000.0])
def test_light_at_one_saturated_value_is_clipped(level: float) -> None:
    frame = _texture(256, 256) * 1000
    frame[..., :100] = level
    assert choose_crops(frame, 1, stream(0), kind="hdr") == []


@pytest.mark.parametrize(("kind", "dark"), [("sdr", 0.03), ("hdr", 0.02)])
def test_dark_frames_have_no_crop(kind: Kind, dark: float) -> None:
    frame = _texture(256, 256) * (1.0 if kind == "sdr" else 100.0)
    frame[:, :100] *= 0.05 if kind == "sdr" else 0.001
    assert choose_crops(frame, 1, stream(0), kind=kind) == [(0, 0)]  # 39 % of it
    frame[:, :150] = dark * _texture(150, 256, 0.8)
    assert choose_crops(frame, 1, stream(0), kind=kind) == []


def test_real_scenes_have_crops_at_every_brightness() -> None:
    for name, path in sample_images().items():
        light = read_image(path).tensor()[0].clamp(min=0)
        for peak in (100.0, 10_000.0):
            crops = choose_crops(calibrate(light, peak), 2, stream(0, name), kind="hdr")
            assert len(crops) == 2, (name, peak)


def test_positions_agree_with_counting_in_every_window() -> None:
    rng = np.random.default_rng(2)
    codes = np.full((3, 70, 90), 0.5)
    codes[:, 10:50, 20:70] += rng.normal(0, 0.05, (40, 50))
    codes[:, 45:, 50:] = 1.0
    codes[:, :, :12] = 0.02
    codes = codes.astype(np.float32)
    grey = codes.astype(np.float64)[0] * 255
    residual = grey - uniform_filter(grey, 9, mode="nearest")
    energy: NDArray[np.float64] = uniform_filter(residual**2, 9, mode="nearest")
    masks = [energy >= 1.0, (codes >= 0.999).all(axis=0), codes[0] < 16 / 255]
    expected = np.zeros((39, 59), bool)
    for y, x in np.ndindex(expected.shape):
        textured, white, dark = (mask[y : y + 32, x : x + 32].mean() for mask in masks)
        expected[y, x] = textured >= 0.25 and white <= 0.25 and dark <= 0.5
    assert 0.1 < expected.mean() < 0.9
    assert np.array_equal(good_positions(torch.from_numpy(codes), 32, "sdr").numpy(), expected)


@pytest.mark.parametrize(
    ("shape", "count", "size", "error"),
    [
        ((3, 200, 300), 1, 256, ShapeError),
        ((1, 300, 300), 1, 256, ShapeError),
        ((1, 3, 300, 300), 1, 256, ShapeError),
        ((3, 300, 300), 0, 256, OptionError),
        ((3, 300, 300), 1, 0, OptionError),
    ],
)
def test_impossible_requests_are_refused(
    shape: tuple[int, ...], count: int, size: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        choose_crops(torch.full(shape, 0.5), count, stream(0), size=size, kind="sdr")
