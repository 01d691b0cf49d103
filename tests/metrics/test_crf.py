"""CRF correction against the published formulas, what it must recover, and bad input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from hdrmetrics.errors import PixelValueError, ShapeError
from hdrmetrics.metrics.crf import crf_correction

if TYPE_CHECKING:
    from tests.conftest import Goldens

Array = NDArray[np.float64]
XYZ = np.array([[0.412424, 0.357579, 0.180464], [0.212656, 0.715158, 0.072186],
                [0.019332, 0.119193, 0.950444]])  # fmt: skip


def _published(test: Array, reference: Array) -> Array:
    """The protocol on pixels ``(P, 3)``, by the normal equations as its authors write them."""

    def pq(y: Array) -> Array:
        p = (y / 1e4) ** 0.1593
        return ((0.8359 + 18.8516 * p) / (1 + 18.6875 * p)) ** 78.8438

    def inverse_pq(v: Array) -> Array:
        r = v ** (1 / 78.8438)
        return 1e4 * ((0.8359 - r) / (18.6875 * r - 18.8516)) ** (1 / 0.1593)

    def to_yuv(rgb: Array) -> Array:
        x, y, z = np.clip(XYZ @ np.maximum(rgb, 0.005).T, 1e-4, 1e8)
        cx, cy = x / (x + y + z), y / (x + y + z)
        d = -2 * cx + 12 * cy + 3
        return np.stack([y, 4 * cx / d * 410 / 255, 9 * cy / d * 410 / 255], axis=1)

    def solve(m: Array, wanted: Array, strength: float, identity: Array) -> Array:
        ridge = strength * len(m) / m.shape[1]
        left = m.T @ m + ridge * np.eye(m.shape[1])
        return m @ np.linalg.inv(left) @ (m.T @ wanted + ridge * identity)

    a, b = to_yuv(test), to_yuv(reference)
    v = pq(a[:, :1])
    powers = np.concatenate([v**3, v**2, v, np.ones_like(v)], axis=1)
    luma = solve(powers, pq(b[:, :1]), 0.0, np.zeros((4, 1)))
    light = inverse_pq(np.maximum(luma, pq(np.array(0.005))))[:, 0]

    c = a[:, 1:]
    cross = np.concatenate([c**3, c**2, c[:, :1] * c[:, 1:], c, np.ones((len(c), 1))], axis=1)
    identity = np.zeros((8, 2))
    identity[5, 0] = identity[6, 1] = 1
    u, w = np.maximum(solve(cross, b[:, 1:], 0.01, identity), 0.005).T * 255 / 410
    cx, cy = 9 * u / (6 * u - 16 * w + 12), 4 * w / (6 * u - 16 * w + 12)
    xyz = np.stack([cx / cy * light, light, (1 - cx - cy) / cy * light])
    out: Array = np.maximum(np.linalg.inv(XYZ) @ np.clip(xyz, 1e-4, 1e8), 0).T
    return out


def _pixels(image: Tensor) -> Array:
    array: Array = image[0].flatten(1).T.double().numpy()
    return array


def _pairs(goldens: Goldens) -> dict[str, tuple[Tensor, Tensor]]:
    lights, dim = goldens.tensor("lights.npz:reference"), goldens.tensor("dim.npz:reference")
    tint = torch.tensor([1.1, 1.0, 0.8]).double()[:, None, None]
    return {
        "noise": (goldens.tensor("lights.npz:test_noise20"), lights),
        "clipped": (2 * lights.clamp_max(200), lights),
        "tinted": (goldens.tensor("dim.npz:test_dct") ** 1.3 * tint, dim),
        "too dark": (lights * 1e-4, lights),
        "too bright": (lights * 300, lights),
    }


@pytest.mark.parametrize("case", ["noise", "clipped", "tinted", "too dark", "too bright"])
def test_equals_the_published_formulas(goldens: Goldens, case: str) -> None:
    test, reference = _pairs(goldens)[case]
    want = torch.from_numpy(_published(_pixels(test), _pixels(reference)))
    got = crf_correction(test, reference)[0].flatten(1).T
    # their inverse of the normal matrix loses digits where the data leave it nearly singular
    torch.testing.assert_close(got, want, rtol=2e-6, atol=1e-7)
    single = crf_correction(test.float(), reference.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single[0].flatten(1).T.double(), want, rtol=1e-3, atol=1e-4)


def test_a_perfect_test_stays(goldens: Goldens) -> None:
    # colours out of gamut and below 0.005 cd/m² aside, of which the picture has none
    reference = goldens.tensor("lights.npz:reference")
    torch.testing.assert_close(
        crf_correction(reference, reference), reference, rtol=1e-3, atol=1e-3
    )


def _pq(luminance: Tensor) -> Tensor:
    power = (luminance / 1e4) ** 0.1593
    return ((0.8359 + 18.8516 * power) / (1 + 18.6875 * power)) ** 78.8438


def _inverse_pq(values: Tensor) -> Tensor:
    root = values ** (1 / 78.8438)
    return 1e4 * ((0.8359 - root) / (18.6875 * root - 18.8516)) ** (1 / 0.1593)


def _luminance(image: Tensor) -> Tensor:
    return torch.einsum("c,nchw->nhw", torch.from_numpy(XYZ[1]), image)[:, None]


def test_recovers_a_tone_curve_exactly(goldens: Goldens) -> None:
    test = goldens.tensor("lights.npz:reference").clamp(0.5, 2000)
    y = _luminance(test)
    v = _pq(y)
    wanted = 0.05 + 0.5 * v + 0.9 * v**2 - 0.5 * v**3  # a shoulder, as cameras have one
    reference = test * (_inverse_pq(wanted) / y)
    assert float((test.log() - reference.log()).abs().mean()) > 0.3
    got = crf_correction(test, reference)
    torch.testing.assert_close(got, reference, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("gain", "gamma"), [(1.0, 1.25), (40.0, 1.0), (3.0, 0.8)])
def test_recovers_gain_and_gamma_nearly(goldens: Goldens, gain: float, gamma: float) -> None:
    # neither is a cubic in PQ values
    reference = goldens.tensor("dim.npz:reference")
    y = _luminance(reference)
    test = reference * gain * y ** (gamma - 1)
    assert float((test.log() - reference.log()).abs().mean()) > 0.1
    error = (crf_correction(test, reference).log() - reference.log()).abs()
    assert float(error.mean()) < 0.005
    assert float(error.max()) < 0.1


def test_luminance_comes_nearer_in_pq(goldens: Goldens) -> None:
    # least squares with the identity among its choices cannot make it worse
    def pq(image: Tensor) -> Tensor:
        return _pq(_luminance(image.clamp_min(0.005)))

    for test, reference in _pairs(goldens).values():
        before = (pq(test) - pq(reference)).square().sum()
        after = (pq(crf_correction(test, reference)) - pq(reference)).square().sum()
        assert float(after) <= float(before) * (1 + 1e-9)


def test_a_batch_gives_what_its_images_give(goldens: Goldens) -> None:
    reference = goldens.tensor("lights.npz:reference")
    tests = torch.cat([reference**0.9, 3 * reference, goldens.tensor("lights.npz:test_dct")])
    together = crf_correction(tests, reference)
    for i in range(3):
        assert torch.equal(together[i : i + 1], crf_correction(tests[i : i + 1], reference))
    assert torch.equal(crf_correction(tests[1], reference[0]), together[1:2])


@pytest.mark.parametrize("value", [0.0, 5.0, 2e4])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (8, 8)])
def test_flat_and_tiny_pictures_are_mapped_onto_each_other(
    shape: tuple[int, int], value: float
) -> None:
    # the authors' matrix is singular here
    test, reference = torch.full((1, 3, *shape), value), torch.full((1, 3, *shape), 9.0)
    got = crf_correction(test, reference)
    torch.testing.assert_close(got, reference, rtol=1e-4, atol=1e-4)


def test_stays_finite_where_the_fit_leaves_pq() -> None:
    generator = torch.Generator().manual_seed(3)
    test = 10 ** (torch.rand(1, 3, 24, 24, generator=generator).double() * 7 - 3)
    reference = torch.where(test > 5e3, 1e8, test)
    got = crf_correction(test, reference)
    assert bool(got.isfinite().all())
    assert float(got.min()) >= 0


def test_gradients_pass_with_the_fit_held() -> None:
    generator = torch.Generator().manual_seed(1)
    reference = 100 * torch.rand(1, 3, 6, 5, generator=generator, dtype=torch.float64) + 1
    test = (0.5 * reference**1.1).requires_grad_()
    value = crf_correction(test, reference)
    value.log().sum().backward()
    assert test.grad is not None
    assert bool(test.grad.isfinite().all())
    assert float(test.grad.abs().min()) > 0
    with torch.no_grad():
        assert torch.equal(crf_correction(test, reference), value)


def test_refuses_what_it_cannot_fit() -> None:
    image = torch.ones(1, 3, 4, 4)
    with pytest.raises(ShapeError, match="three channels"):
        crf_correction(image[:, :1], image)
    with pytest.raises(ShapeError, match="three channels"):
        crf_correction(image, image[:, :1])
    with pytest.raises(ShapeError, match="differ in shape"):
        crf_correction(image, image[..., 1:])
    with pytest.raises(ShapeError, match="must hold floats"):
        crf_correction(image.int(), image)
    broken = image.clone()
    broken[0, 1, 2, 3] = torch.inf
    with pytest.raises(PixelValueError, match="reference image"):
        crf_correction(image, broken)
