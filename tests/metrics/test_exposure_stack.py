"""The exposure stack against the authors' formulas, its properties, and bad input."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, PixelValueError, ShapeError
from hdrmetrics.metrics.exposure_stack import expose, exposure_stack, pooled
from hdrmetrics.metrics.ssim import ssim
from hdrmetrics.metrics.vsi import vsi

if TYPE_CHECKING:
    from tests.conftest import Goldens

BT709 = (0.212656, 0.715158, 0.072186)


def _mae(test: Tensor, reference: Tensor, *, mask: Tensor | None = None) -> Tensor:
    error = (test - reference).abs().mean(dim=1, keepdim=True)
    weight = torch.ones_like(error) if mask is None else mask
    return (error * weight).sum(dim=(1, 2, 3)) / weight.sum(dim=(1, 2, 3))


def _ssim(test: Tensor, reference: Tensor, *, mask: Tensor | None = None) -> Tensor:
    return ssim(test, reference, data_range=1.0, mask=mask)


def _published(reference: Tensor) -> tuple[list[float], Tensor, Tensor]:
    """Exposures, pictures and weights pixel by pixel, as in the authors' public code."""
    pixels = reference[0].flatten(1).T.tolist()
    floor = min(v for pixel in pixels for v in pixel if v > 0)
    pixels = [[v if v > 0 else floor for v in pixel] for pixel in pixels]
    logs = [math.log2(sum(w * v for w, v in zip(BT709, pixel, strict=True))) for pixel in pixels]
    number = 3 * math.ceil((max(logs) - min(logs)) / 8)
    exposures, pictures, masks = [], [], []
    for i in range(number):
        exposure = 2 ** (min(logs) + 8 / 3 * (i + 1))
        picture = [
            [min(max((v / exposure - 1 / 128) / (1 - 1 / 128), 1e-8), 1) ** (1 / 2.2) for v in p]
            for p in pixels
        ]
        values = [v for pixel in picture for v in pixel]
        white = sum(v == 1 for v in values) / len(values)
        black = sum(v <= 0.000232 for v in values) / len(values)
        if white < 7 / 8 and black <= 3 / 4:
            luma = [sum(w * v for w, v in zip(BT709, pixel, strict=True)) for pixel in picture]
            exposures.append(exposure)
            pictures.append(picture)
            masks.append([1.0 if 0.1 < v <= 0.9 else 1e-5 for v in luma])
    weights = torch.tensor(masks, dtype=torch.float64)
    weights = weights / weights.sum(dim=0)
    # they set to zero what lies below an equal share
    weights[weights < 1 / len(exposures) - 1e-12] = 0
    return exposures, torch.tensor(pictures, dtype=torch.float64).mT, weights


@pytest.mark.parametrize("name", ["lights", "dim", "black patch"])
def test_equals_the_published_stack(goldens: Goldens, name: str) -> None:
    reference = goldens.tensor(f"{'dim' if name == 'dim' else 'lights'}.npz:reference")
    if name == "black patch":
        reference[..., :10, :10] = 0
        reference[0, 2, 20:30] = -3
    exposures, pictures, weights = _published(reference)
    found = exposure_stack(reference)
    assert len(exposures) >= 3
    torch.testing.assert_close(found.exposures, torch.tensor(exposures).double())
    torch.testing.assert_close(found.weights.flatten(1), weights, rtol=0, atol=1e-4)
    # they raise black pixels of the reference for showing, too; the test's they leave
    raised = reference.clamp_min(reference[reference > 0].min())
    for exposure, picture in zip(found.exposures, pictures, strict=True):
        shown = expose(raised, exposure)[0].flatten(1)
        torch.testing.assert_close(shown, picture, rtol=0, atol=1e-9)


def test_equals_the_published_mean(goldens: Goldens) -> None:
    reference = goldens.tensor("lights.npz:reference")
    for distortion in ("blur1", "noise20", "same"):
        test = goldens.tensor(f"lights.npz:test_{distortion}")
        exposures, pictures, weights = _published(reference)
        want = 0.0
        for exposure, picture, weight in zip(exposures, pictures, weights, strict=True):
            shown = ((test / exposure - 1 / 128) / (1 - 1 / 128)).clamp(1e-8, 1) ** (1 / 2.2)
            error = (shown[0].flatten(1) - picture).abs() * weight
            want += float(error.sum() / (3 * weight.sum())) / len(exposures)
        assert float(pooled(_mae, test, reference)) == pytest.approx(want, abs=1e-5)


def test_exposing_inverts_the_display() -> None:
    codes = torch.linspace(0.001, 1, 50, dtype=torch.float64)
    light = 250 * ((1 - 1 / 128) * codes**2.2 + 1 / 128)
    torch.testing.assert_close(expose(light, 250.0), codes, rtol=1e-9, atol=1e-12)
    assert float(expose(torch.tensor([1e9]), 250.0)) == 1
    assert float(expose(torch.tensor([-1.0]), 250.0)) == pytest.approx(0.00023, rel=0.01)


def test_exposures_cover_the_range_whatever_the_unit(goldens: Goldens) -> None:
    reference = goldens.tensor("lights.npz:reference")
    found, scaled = exposure_stack(reference), exposure_stack(1000 * reference)
    torch.testing.assert_close(scaled.exposures, 1000 * found.exposures)
    torch.testing.assert_close(scaled.weights, found.weights)
    torch.testing.assert_close(found.weights.sum(dim=0), torch.ones(1, 97, 133).double())
    assert float(found.exposures[-1]) >= float(reference.max()) / 2 ** (8 / 3)


def test_a_single_luminance_has_exposures() -> None:
    flat = torch.full((1, 1, 12, 12), 3.0)
    found = exposure_stack(flat)
    assert len(found.exposures) >= 1
    assert float(expose(flat, found.exposures[0]).mean()) == pytest.approx(0.43, abs=0.01)
    assert float(pooled(_mae, flat, flat)) == 0
    assert float(pooled(_mae, 2 * flat, flat)) > 0.05


def test_black_pixels_are_not_taken_for_a_difference(goldens: Goldens) -> None:
    reference = goldens.tensor("lights.npz:reference")
    reference[..., :40, :40] = 0
    assert float(pooled(_mae, reference, reference)) == 0


def test_falls_with_distortion_and_is_one_for_identical(goldens: Goldens) -> None:
    reference = goldens.tensor("lights.npz:reference")
    for metric in (_ssim, lambda t, r, *, mask=None: vsi(t, r, mask=mask)):
        scores = [
            float(pooled(metric, goldens.tensor(f"lights.npz:test_{name}"), reference))
            for name in ("same", "blur1", "blur3")
        ]
        assert scores[0] == pytest.approx(1, abs=1e-12)
        assert scores[0] > scores[1] > scores[2]


def test_sees_what_no_single_exposure_shows(goldens: Goldens) -> None:
    reference = goldens.tensor("lights.npz:reference")
    lamps, shadows = reference.clone(), reference.clone()
    lamps[reference > 1000] *= 0.5
    shadows[reference < 5] *= 0.5
    for test in (lamps, shadows):
        assert float(pooled(_mae, test, reference)) > 1e-3
    assert float(_mae(expose(lamps, 50.0), expose(reference, 50.0))) == 0


def test_alignment_takes_out_the_exposure(goldens: Goldens) -> None:
    reference = goldens.tensor("dim.npz:reference")[..., :48, :64]
    test = reference * 2**0.7
    plain = float(pooled(_mae, test, reference))
    aligned = float(pooled(_mae, test, reference, align_stops=2, higher_is_better=False))
    assert plain > 0.1
    assert aligned < 0.001
    beyond = float(pooled(_mae, test, reference, align_stops=0.25, higher_is_better=False))
    assert aligned < beyond < plain
    assert float(pooled(_ssim, test, reference, align_stops=2)) > 0.9999
    # never worse than not aligning
    noisy = goldens.tensor("dim.npz:test_noise20")[..., :48, :64]
    assert float(pooled(_ssim, noisy, reference, align_stops=1)) >= float(
        pooled(_ssim, noisy, reference)
    )


def test_mask(goldens: Goldens) -> None:
    reference = goldens.tensor("lights.npz:reference")
    test = reference.clone()
    test[..., :60] *= 1.5
    ones = torch.ones(1, 1, 97, 133)
    right = ones.clone()
    right[..., :60] = 0
    plain = float(pooled(_mae, test, reference))
    assert float(pooled(_mae, test, reference, mask=ones)) == pytest.approx(plain, rel=1e-12)
    assert float(pooled(_mae, test, reference, mask=right)) == 0
    assert float(pooled(_mae, test, reference, mask=1 - right)) > plain
    for mask in (right, right.bool()):
        unweighted = pooled(_mae, test, reference, mask=mask, weighted=False)
        assert float(unweighted) == 0


def test_without_weights_the_metric_gets_no_mask(goldens: Goldens) -> None:
    reference = goldens.tensor("lights.npz:reference")
    test = goldens.tensor("lights.npz:test_blur1")

    def plain(t: Tensor, r: Tensor) -> Tensor:
        return (t - r).abs().mean(dim=(1, 2, 3))

    stack = exposure_stack(reference)
    want = [(expose(test, e) - expose(reference, e)).abs().mean() for e in stack.exposures]
    got = pooled(plain, test, reference, weighted=False)
    torch.testing.assert_close(got, torch.stack(want).mean()[None])


def test_a_batch_gives_what_its_images_give(goldens: Goldens) -> None:
    lights = goldens.tensor("lights.npz:reference")[..., :90, :120]
    dim = goldens.tensor("dim.npz:reference")[..., :90, :120]
    references, tests = torch.cat([lights, dim]), torch.cat([lights**1.02, dim * 1.1])
    together = pooled(_ssim, tests, references)
    alone = [pooled(_ssim, t, r) for t, r in zip(tests, references, strict=True)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-12, atol=0)
    shared = pooled(_ssim, tests, lights)
    torch.testing.assert_close(shared[:1], together[:1], rtol=1e-12, atol=0)


def test_gradient_is_the_derivative() -> None:
    generator = torch.Generator().manual_seed(2)
    reference = 10 ** (3 * torch.rand(1, 3, 7, 6, generator=generator, dtype=torch.float64))
    noise = torch.rand(reference.shape, generator=generator, dtype=torch.float64)
    test = (reference * (0.6 + noise)).requires_grad_()

    def squared(t: Tensor, r: Tensor, *, mask: Tensor) -> Tensor:
        return ((t - r).square() * mask).sum(dim=(1, 2, 3)) / mask.sum()

    assert torch.autograd.gradcheck(lambda x: pooled(squared, x, reference), test)
    aligned = pooled(squared, test, reference, align_stops=0.5, higher_is_better=False)
    aligned.backward()
    assert test.grad is not None
    assert bool(test.grad.isfinite().all())


def test_refuses_what_it_cannot_expose() -> None:
    image = torch.rand(1, 3, 8, 8) + 0.1
    with pytest.raises(ShapeError, match="differ in shape"):
        pooled(_mae, image, image[..., 1:])
    with pytest.raises(ShapeError, match="belongs to one image"):
        exposure_stack(image.repeat(2, 1, 1, 1))
    with pytest.raises(PixelValueError, match="black"):
        pooled(_mae, image, torch.zeros_like(image))
    with pytest.raises(PixelValueError, match="NaN or infinite"):
        exposure_stack(torch.full((4, 4), torch.nan))
    with pytest.raises(OptionError, match="align_stops"):
        pooled(_mae, image, image, align_stops=-1)
    with pytest.raises(OptionError, match="selects no pixel"):
        pooled(_mae, image, image, mask=torch.zeros(8, 8))
