"""What is measured block by block in NumPy is what PyTorch measures where gradients are wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.learned.fronts import quick
from hdrmetrics.learned.fronts.alone import CellsAlone
from hdrmetrics.learned.fronts.cells import CELL, cell_shape, measured_count
from hdrmetrics.learned.fronts.compared import CellsCompared
from hdrmetrics.learned.fronts.descriptors import measured
from hdrmetrics.learned.fronts.pixels import code_and_chroma
from hdrmetrics.learned.fronts.seams import measured as measured_seams

DOUBLE: Any = {"rtol": 1e-8, "atol": 1e-8}
SINGLE: Any = {"rtol": 1e-4, "atol": 1e-4}


def picture(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return noise with black and white, and a flat part if rounding is too fine to show in it."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(*shape, generator=generator, dtype=torch.float64)
    if dtype == torch.float64:
        x[..., 20:60, 30:80] = 0.25
    x[..., 70:90, :40] = (3.0 * x[..., 70:90, :40] - 1.0).clamp(0.0, 1.0)
    return x.to(dtype)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("domain", "light"), [("sdr", 1.0), ("hdr", 300.0)])
@pytest.mark.parametrize("channels", [1, 3])
def test_both_ways_see_the_same(
    monkeypatch: pytest.MonkeyPatch,
    dtype: torch.dtype,
    domain: Domain,
    light: float,
    channels: int,
) -> None:
    image = light * picture(2, channels, 101, 127, dtype=dtype)
    recorded = CellsAlone().see_cells(image.clone().requires_grad_(), None, domain).detach()
    exact = DOUBLE if dtype == torch.float64 else SINGLE
    for down, across in ((8, 32), (1, 1), (3, 2)):
        monkeypatch.setattr(quick, "_DOWN", down)
        monkeypatch.setattr(quick, "_ACROSS", across)
        found = CellsAlone().see_cells(image, None, domain)
        torch.testing.assert_close(found, recorded, **exact)


def test_both_ways_see_the_same_of_two_pictures() -> None:
    test = picture(1, 3, 70, 96)
    reference = 100.0 * test.flip(-1)
    wanted = test.clone().requires_grad_()
    recorded = CellsCompared().see_cells(wanted, reference, "tonemapped").detach()
    found = CellsCompared().see_cells(test, reference, "tonemapped")
    torch.testing.assert_close(found, recorded, **DOUBLE)


def test_each_mean_by_itself() -> None:
    image = picture(1, 3, 80, 112)
    found = quick.measure(image, "code")
    code, chroma = code_and_chroma(image, "code")
    assert found.detail.shape == (1, measured_count(), *cell_shape(80, 112))
    torch.testing.assert_close(found.detail, measured(code), **DOUBLE)
    lines, steps = measured_seams(code)
    torch.testing.assert_close(found.seams, lines, **DOUBLE)
    torch.testing.assert_close(found.steps, steps, **DOUBLE)
    inner = chroma[..., CELL : 4 * CELL, CELL : 6 * CELL].numpy()
    cells = inner.reshape(1, 2, 3, CELL, 5, CELL)
    np.testing.assert_allclose(found.chroma[:, :2].numpy(), cells.mean(axis=(3, 5)), atol=1e-12)
    energy = (cells**2).sum(axis=1, keepdims=True).mean(axis=(3, 5))
    np.testing.assert_allclose(found.chroma[:, 2:].numpy(), energy, atol=1e-12)


def test_what_is_not_wanted_is_empty() -> None:
    image = picture(1, 3, 64, 64)
    whole, part = quick.measure(image, "code"), quick.measure(image, "code", seams=False)
    torch.testing.assert_close(part.detail, whole.detail, rtol=0, atol=0)
    torch.testing.assert_close(part.chroma, whole.chroma, rtol=0, atol=0)
    assert part.seams.shape[1] == part.steps.shape[1] == 0
    assert quick.measure(image, "code", chroma=False).chroma.shape[1] == 0


def test_pixels_may_lie_anyhow_in_memory_and_are_left_as_they_are() -> None:
    image = picture(1, 3, 64, 96)
    before = image.clone()
    whole = quick.measure(image, "code").detail
    turned = image.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    torch.testing.assert_close(quick.measure(turned, "code").detail, whole, rtol=0, atol=0)
    twice = quick.measure(image.expand(2, -1, -1, -1), "code").detail
    torch.testing.assert_close(twice[1:], whole, rtol=0, atol=0)
    assert torch.equal(image, before)


def test_one_cell_without_a_number_spoils_no_block_that_comes_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quick, "_ACROSS", 1)
    image = picture(1, 1, 48, 160)
    clean = quick.measure(image, "code").detail
    image[..., 20, 20] = torch.nan
    found = quick.measure(image, "code").detail
    assert bool(found[..., 0].isnan().any())
    torch.testing.assert_close(found[..., 3:], clean[..., 3:], rtol=0, atol=0)
