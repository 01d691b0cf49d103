import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from hdrmetrics.collection.bursts.faults import faults_of

from .leaves import leaves


def faults(codes):
    codes = torch.from_numpy(np.asarray(codes, np.float32))
    if codes.ndim == 2:
        codes = codes[..., None]
    return faults_of(codes.movedim(2, 0))


def test_a_step_fills_all_pixels_and_a_gaussian_edge_fewer():
    step = np.where(np.arange(200) < 100, 0.2, 0.8) * np.ones((50, 1))
    assert faults(step).detail == pytest.approx(100, rel=1e-6)  # √(200·50)
    for width in (1.0, 2.0):
        blurred = ndimage.gaussian_filter1d(step, width, axis=1)
        # The steepest step between two pixels, over what of the edge lies within 9 of them.
        steep = np.diff(blurred[0])
        within = blurred[0][9:] - blurred[0][:-9]
        expected = 100 * steep.max() / within.max()
        assert faults(blurred).detail == pytest.approx(expected, rel=0.15)


def test_exposure_and_contrast_leave_detail_as_it_is():
    codes = leaves(3)
    assert faults(0.4 * codes + 0.3).detail == pytest.approx(faults(codes).detail, rel=0.02)


def test_blur_is_seen_in_the_order_that_another_measure_sees():
    measure = pytest.importorskip("skimage.measure", reason="skimage is a peer to compare with")
    codes = leaves(1).mean(axis=2)
    blurred = [ndimage.gaussian_filter(codes, width) for width in (0, 0.7, 1.2, 2, 4)]
    ours = [faults(one).detail for one in blurred]
    theirs = [measure.blur_effect(one) for one in blurred]
    assert np.argsort(ours).tolist() == np.argsort([-one for one in theirs]).tolist()


@pytest.mark.parametrize("width", [2.0, 8.0])
def test_noise_is_measured_in_codes(width):
    draw = np.random.default_rng(0)
    flat = 0.5 + draw.normal(0, width / 255, (128, 128))
    assert faults(flat).noise == pytest.approx(width, rel=0.05)


def test_blocks_are_seen_where_compression_leaves_them():
    codes = np.round(255 * leaves(2, 128, 128)).astype(np.uint8)
    found = []
    for quality in (95, 30, 10):
        file = io.BytesIO()
        Image.fromarray(codes).save(file, "JPEG", quality=quality)
        found.append(faults(np.asarray(Image.open(file)) / 255).blocks)
    assert found[0] < 0.1 < found[2]
    assert found == sorted(found)


def test_ends_are_counted():
    codes = np.full((40, 50, 3), 0.5)
    codes[:10] = 0.0
    codes[20:24, :, 0] = 1.0
    found = faults(codes)
    assert (found.bright, found.dark) == (0.1, 0.25)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (7, 9), (10, 3)])
def test_the_smallest_pictures_have_numbers(shape):
    assert all(np.isfinite(faults(np.full(shape, 0.25))))


def test_tiles_of_a_large_picture_tell_as_much():
    codes = np.tile(leaves(4, 96, 128), (14, 12, 1))
    large, small = faults(codes), faults(codes[:768, :1024])
    assert large.detail == pytest.approx(small.detail * np.sqrt(14 * 12 / 64), rel=0.1)
    assert large.bright == pytest.approx(small.bright, abs=0.01)
