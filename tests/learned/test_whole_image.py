"""Whole pictures: windows from one pass against the windows one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.learned.architecture import WINDOW, Architecture
from hdrmetrics.learned.fronts.cells import CELL
from hdrmetrics.learned.network import QualityNetwork, build_network
from hdrmetrics.learned.whole_image import Axis, floats_per_pixel, mirrored, score_windows
from tests.learned.small import DIQM, NOR, alive, narrow, pictures, windows_of
from trainers.nets import PAPER_NOR

each = pytest.mark.parametrize("architecture", [NOR, DIQM], ids=lambda a: a.name)


def network_of(architecture: Architecture) -> QualityNetwork:
    return alive(build_network(architecture, seed=2))


def both(architecture: Architecture, test: Tensor, reference: Tensor) -> tuple[Tensor, ...]:
    return (test,) if architecture.inputs == "none" else (test, reference)


@torch.no_grad()
@each
def test_windows_are_pictures_of_their_own(architecture: Architecture) -> None:
    network = network_of(architecture)
    light = pictures(1, 488, 600)
    inputs = both(architecture, light, light.flip(-1))
    whole = score_windows(network, *inputs, domain="hdr")
    crops = zip(*(windows_of(image) for image in inputs), strict=True)
    own = [network(*windows, domain="hdr") for windows in crops]
    assert whole.raw.shape == (1, len(own), len(architecture.heads))
    # Float32 rounding in another order; the outputs spread over about one.
    torch.testing.assert_close(whole.raw[0], torch.cat(own), rtol=1e-4, atol=1e-4)
    assert float(whole.raw.std()) > 0.01


@torch.no_grad()
@each
def test_masked_windows_are_pictures_of_their_own(architecture: Architecture) -> None:
    network = network_of(architecture).double()
    light = pictures(1, 272, 528).double()
    inputs = both(architecture, light, light.flip(-1))
    mask = torch.rand(1, 1, 272, 528, generator=torch.Generator().manual_seed(0)).double()
    mask[..., :100, :200] = 0
    whole = score_windows(network, *inputs, domain="hdr", mask=mask)
    crops = zip(*(windows_of(image) for image in (*inputs, mask)), strict=True)
    for index, (*windows, own) in enumerate(crops):
        alone = score_windows(network, *windows, domain="hdr", mask=own)
        for part in ("raw", "weight"):
            found = getattr(whole, part)[:, index : index + 1]
            torch.testing.assert_close(found, getattr(alone, part), rtol=1e-8, atol=1e-8)
    plain = score_windows(network, *inputs, domain="hdr").raw
    assert float((plain - whole.raw).abs().max()) > 1e-3, "the mask says something"


@torch.no_grad()
@each
def test_a_mask_weighs_the_cells_it_lies_on(architecture: Architecture) -> None:
    """Of a window of 256 px cells lie from 16 to 240; a mask of whole cells picks just these."""
    network = network_of(architecture).double()
    light = pictures(1, 256, 256).double()
    inputs = both(architecture, light, light.flip(-1))
    mask = torch.zeros(1, 1, 256, 256).double()
    mask[..., 16 + 3 * 16 : 16 + 8 * 16, 16 + 5 * 16 : 16 + 7 * 16] = 1
    found = score_windows(network, *inputs, domain="hdr", mask=mask).raw[:, 0]
    maps = [one[..., 3:8, 5:7] for one in network.features(*inputs, domain="hdr")]
    wanted = network.head(network.pool(tuple(maps)))
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)
    for kind in (torch.float16, torch.float32):
        rough = score_windows(network, *inputs, domain="hdr", mask=mask.to(kind)).raw[:, 0]
        torch.testing.assert_close(rough, wanted, rtol=1e-6, atol=1e-6)
        nothing = score_windows(network, *inputs, domain="hdr", mask=0 * mask.to(kind))
        assert bool(nothing.raw.isfinite().all())


@torch.no_grad()
@each
def test_parts_of_any_size_give_the_same(architecture: Architecture) -> None:
    network = network_of(architecture)
    light = pictures(2, 530, 700)
    inputs = both(architecture, light, light * 1.1)
    mask = torch.rand(2, 1, 530, 700)
    large = score_windows(network, *inputs, domain="hdr", mask=mask, floats=1 << 30)
    small = score_windows(network, *inputs, domain="hdr", mask=mask, floats=1)
    for part in ("raw", "weight"):
        torch.testing.assert_close(getattr(small, part), getattr(large, part), rtol=1e-4, atol=1e-4)


@torch.no_grad()
@each
def test_a_mosaic_has_the_windows_of_its_picture(architecture: Architecture) -> None:
    network = network_of(architecture)
    light = pictures(1, 512, 256)
    inputs = both(architecture, light, light.flip(-1))
    single = score_windows(network, *inputs, domain="hdr").raw[0]
    tiled = [image.tile(1, 1, 2, 2) for image in inputs]
    mosaic = score_windows(network, *tiled, domain="hdr").raw[0]
    assert mosaic.shape[0] == 4 * single.shape[0]
    torch.testing.assert_close(mosaic.mean(dim=0), single.mean(dim=0), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(mosaic[0], single[0], rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_overlapping_windows_are_those_of_crops_and_add_up_to_the_picture() -> None:
    network = network_of(NOR).double()
    light = pictures(1, 300, 640).double()
    found = score_windows(network, light, domain="hdr", overlap=True)
    rows, columns = (Axis.of(side, overlap=True) for side in (300, 640))
    assert columns.starts == (0, 128, 256, 384)
    assert len(rows.starts) == 2
    padded = rows.take(light, 2, 0, rows.padded)
    for index, (top, left) in enumerate(product(rows.starts, columns.starts)):
        own = padded[..., top : top + 256, left : left + 256]
        torch.testing.assert_close(found.raw[:, index], network(own, domain="hdr"))
    area = float(found.weight.sum()) * 256**2
    assert area == pytest.approx(rows.padded * columns.padded)
    mask = torch.zeros(1, 1, 300, 640).double()
    mask[..., :256] = 1
    masked = score_windows(network, light, domain="hdr", mask=mask, overlap=True)
    assert masked.weight[0, 3] == 0
    assert masked.weight[0, 2] == 0
    assert 0 < masked.weight[0, 1] < masked.weight[0, 0]


@torch.no_grad()
def test_batch_equals_single() -> None:
    network = network_of(DIQM).double()
    light = pictures(3, 300, 256).double()
    together = score_windows(network, light, light.flip(0), domain="hdr").raw
    for index in range(3):
        one = slice(index, index + 1)
        alone = score_windows(network, light[one], light.flip(0)[one], domain="hdr").raw
        torch.testing.assert_close(together[one], alone, rtol=1e-10, atol=1e-10)


def test_the_windows_cover_every_length() -> None:
    for length in [*range(64, 1100, 7), 1920, 16_384]:
        axis = Axis.of(length)
        assert axis.padded >= max(length, WINDOW)
        assert axis.padded < length + CELL or axis.padded == WINDOW
        assert axis.starts[0] == 0
        assert axis.starts[-1] == axis.padded - WINDOW
        gaps = [b - a for a, b in zip(axis.starts[:-1], axis.starts[1:], strict=True)]
        assert all(0 < gap <= WINDOW and gap % CELL == 0 for gap in gaps)
        if length > 2 * WINDOW:
            assert all(gap >= WINDOW // 2 - CELL for gap in gaps), "half overlap at most"
    assert Axis.of(1024).starts == (0, 256, 512, 768), "as few as cover the side"


def test_mirroring() -> None:
    row = torch.arange(5.0)[None, None, None]
    taken = mirrored(row, 3, -5, 11)[0, 0, 0].tolist()
    assert taken == [3, 4, 3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2]
    assert mirrored(row, 3, 0, 5)[0, 0, 0].tolist() == [0, 1, 2, 3, 4]
    assert mirrored(row, 3, 1, 4).data_ptr() == row[..., 1:].data_ptr(), "inside nothing is copied"
    assert mirrored(row[..., :1], 3, -2, 3)[0, 0, 0].tolist() == [0] * 5
    axis = Axis.of(5)
    assert axis.padded == WINDOW
    assert axis.take(row, 3, 125, 130)[0, 0, 0].tolist() == [0, 1, 2, 3, 4]


@torch.no_grad()
def test_small_pictures_are_mirrored_to_a_window() -> None:
    network = network_of(NOR)
    light = pictures(1, 128, 300)
    found = score_windows(network, light, domain="hdr").raw
    window = torch.cat([light.flip(2)[:, :, 63:127], light, light.flip(2)[:, :, 1:65]], dim=2)
    assert window.shape[2] == 256
    again = score_windows(network, window, domain="hdr").raw
    torch.testing.assert_close(found, again, rtol=1e-4, atol=1e-4)
    for shape in ((64, 64), (64, 700), (100, 65)):
        assert bool(score_windows(network, pictures(1, *shape), domain="hdr").raw.isfinite().all())
    with pytest.raises(ShapeError, match="needs 64 a side"):
        score_windows(network, pictures(1, 63, 300), domain="hdr")


@torch.no_grad()
@each
def test_no_pass_is_larger_than_asked(
    architecture: Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = network_of(architecture)
    seen: list[int] = []
    original = QualityNetwork.cells

    def spy(self: QualityNetwork, test: Tensor, *others: Tensor, **options: object) -> object:
        seen.append(test.shape[0] * test.shape[-1] * test.shape[-2])
        return original(self, test, *others, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(QualityNetwork, "cells", spy)
    limit = 3.2 * WINDOW**2
    floats = int(limit * floats_per_pixel(network.architecture))
    for light in (pictures(1, 260, 3000), pictures(1, 1500, 300), pictures(7, 256, 256)):
        seen.clear()
        score_windows(network, *both(architecture, light, light), domain="hdr", floats=floats)
        assert len(seen) > 1
        assert max(seen) <= limit


@torch.no_grad()
def test_masks() -> None:
    network = network_of(NOR).double()
    light = pictures(1, 256, 512).double()
    plain = score_windows(network, light, domain="hdr")
    full = score_windows(network, light, domain="hdr", mask=torch.ones(1, 1, 256, 512))
    torch.testing.assert_close(full.raw, plain.raw, rtol=1e-5, atol=1e-6)
    assert full.weight.tolist() == [[1.0, 1.0]]
    mask = torch.ones(1, 1, 256, 512)
    mask[..., 128:] = 0
    half = score_windows(network, light, domain="hdr", mask=mask)
    assert half.weight.tolist() == [[0.5, 0.0]]
    assert bool(half.raw.isfinite().all())
    spoilt = light.clone()
    spoilt[..., 200:256] *= 1 + 0.5 * torch.rand(spoilt[..., 200:256].shape)
    change = [
        (score_windows(network, spoilt, domain="hdr", mask=m).raw - base.raw)[0, 0].abs().max()
        for m, base in ((mask, half), (None, plain))
    ]
    assert float(change[0]) < 0.3 * float(change[1]), "what is masked counts for little"


@torch.no_grad()
def test_a_mask_within_the_border_leaves_the_places_unweighted() -> None:
    network = network_of(NOR).double()
    light = pictures(1, 256, 256).double()
    mask = torch.zeros(1, 1, 256, 256).double()
    mask[..., :16, :] = 1
    found = score_windows(network, light, domain="hdr", mask=mask)
    torch.testing.assert_close(found.raw, score_windows(network, light, domain="hdr").raw)
    assert found.weight.tolist() == [[16 / 256]]


def test_networks_that_see_a_window_as_a_whole_are_refused() -> None:
    network = build_network(narrow(PAPER_NOR))
    with pytest.raises(OptionError, match="sees a window as a whole"):
        score_windows(network, pictures(1, 256, 300), domain="hdr")


@pytest.mark.parametrize("length", [1, 2, 7])
def test_pixels_are_mirrored_at_both_ends(length: int) -> None:
    line = torch.arange(float(length))[None, None, None]
    padded = np.pad(np.arange(float(length)), 20, mode="reflect") if length > 1 else np.zeros(41)
    for first in range(-20, length):
        for last in range(first + 1, length + 20):
            found = mirrored(line, 3, first, last)[0, 0, 0].numpy()
            np.testing.assert_array_equal(found, padded[first + 20 : last + 20])
