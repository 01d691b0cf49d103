"""Resizing against values of the original algorithm, an independent library, and bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from hdrmetrics.errors import OptionError, ShapeError
from hdrmetrics.numerics.resize import imresize

CURVES = Path(__file__).parent / "data" / "procedural" / "hdrvdp_curves.npz"


def _picture(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def _by_hand(line: np.ndarray, target: int, method: str) -> np.ndarray:
    """One line resized sample by sample, written from the definition."""
    scale = target / len(line)
    stretch = max(1.0, 1.0 / scale)
    out = []
    for i in range(target):
        centre = (i + 0.5) / scale - 0.5
        total = weight_sum = 0.0
        for j in range(-4 * len(line), 5 * len(line)):
            d = abs(centre - j) / stretch
            if method == "bilinear":
                weight = max(0.0, 1.0 - d)
            elif d <= 1:
                weight = 1.5 * d**3 - 2.5 * d**2 + 1
            else:
                weight = -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2 if d < 2 else 0.0
            mirrored = j % (2 * len(line))
            total += weight * line[min(mirrored, 2 * len(line) - 1 - mirrored)]
            weight_sum += weight
        out.append(total / weight_sum)
    return np.array(out)


def test_equals_the_original() -> None:
    with np.load(CURVES) as curves:
        source = torch.from_numpy(curves["imresize_in_5x7"])
        for key in ("imresize_to_3x4", "imresize_to_8x11"):
            want = torch.from_numpy(curves[key])
            got = imresize(source, (want.shape[0], want.shape[1]))
            torch.testing.assert_close(got, want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", ["bicubic", "bilinear"])
@pytest.mark.parametrize(("length", "target"), [(9, 4), (4, 9), (1, 5), (7, 1), (6, 6), (3, 256)])
def test_equals_the_definition(method: str, length: int, target: int) -> None:
    line = _picture(length)
    want = torch.from_numpy(_by_hand(line.numpy(), target, method))
    got = imresize(line[:, None], (target, 1), method)[:, 0]
    torch.testing.assert_close(got, want, rtol=0, atol=1e-12)
    torch.testing.assert_close(imresize(line[None], (1, target), method)[0], want)


@pytest.mark.parametrize("method", ["bicubic", "bilinear"])
@pytest.mark.parametrize("size", [(97, 61), (700, 33), (256, 256), (401, 810)])
def test_interior_equals_torch(method: str, size: tuple[int, int]) -> None:
    # torch renormalises at the border where MATLAB mirrors, so only the interior agrees
    image = _picture(1, 2, 310, 407)
    want = F.interpolate(image, size, mode=method, antialias=True)
    got = imresize(image, size, method)
    margin = 10
    inner = (..., slice(margin, -margin), slice(margin, -margin))
    torch.testing.assert_close(got[inner], want[inner], rtol=0, atol=1e-12)


def test_without_antialiasing_it_interpolates() -> None:
    line = torch.arange(16, dtype=torch.float64)[None]
    got = imresize(line, (1, 4), "bilinear", antialias=False)
    torch.testing.assert_close(got, torch.tensor([[1.5, 5.5, 9.5, 13.5]], dtype=torch.float64))
    assert not torch.allclose(imresize(line, (1, 4), "bilinear")[0, 0], got[0, 0])


def test_keeps_constants_size_and_dtype() -> None:
    constant = torch.full((2, 3, 30, 41), 7.25)
    for size in ((11, 90), (30, 41), (1, 1)):
        got = imresize(constant, size)
        assert got.shape == (2, 3, *size)
        assert got.dtype == torch.float32
        torch.testing.assert_close(got, torch.full_like(got, 7.25))
    image = _picture(30, 41)
    assert torch.equal(imresize(image, (30, 41)), image)


def test_single_precision_follows_double() -> None:
    image = _picture(1, 3, 540, 333)
    got = imresize(image.float(), (256, 256), "bilinear").double()
    torch.testing.assert_close(got, imresize(image, (256, 256), "bilinear"), rtol=0, atol=2e-6)


def test_gradient_flows_also_after_inference_mode() -> None:
    image = _picture(2, 1, 9, 7).requires_grad_()
    with torch.inference_mode():
        imresize(image.detach().clone(), (5, 13))
    assert torch.autograd.gradcheck(lambda x: imresize(x, (5, 13)), image)


def test_refuses_what_it_cannot_resize() -> None:
    image = _picture(5, 5)
    with pytest.raises(OptionError, match="unknown method"):
        imresize(image, (3, 3), "lanczos")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="at least 1×1"):
        imresize(image, (0, 3))
    for bad in (image[0], torch.zeros(4, 4, dtype=torch.uint8), torch.zeros(0, 4)):
        with pytest.raises(ShapeError, match="floating-point"):
            imresize(bad, (3, 3))
