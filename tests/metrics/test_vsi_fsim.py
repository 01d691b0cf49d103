"""VSI and FSIM against the authors' values, and their behaviour at the edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError, PixelValueError, ShapeError
from hdrmetrics.metrics._local_similarity import decimate, decimation, real_power
from hdrmetrics.metrics.fsim import fsim, fsim_compare, fsim_features, phase_congruency
from hdrmetrics.metrics.vsi import saliency, vsi_compare, vsi_features
from hdrmetrics.metrics.vsi import vsi as vsi_of
from hdrmetrics.photometry.transfer import pu21_encode

if TYPE_CHECKING:
    from tests.conftest import Goldens

Measure = Callable[..., Tensor]


def vsi(test: Tensor, reference: Tensor, *, mask: Tensor | None = None) -> Tensor:
    return vsi_of(test, reference, data_range=255, mask=mask)


def _fsim(test: Tensor, reference: Tensor, *, mask: Tensor | None = None) -> Tensor:
    return fsim(test, reference, data_range=255, mask=mask)


def _fsimc(test: Tensor, reference: Tensor, *, mask: Tensor | None = None) -> Tensor:
    return fsim(test, reference, data_range=255, chromatic=True, mask=mask)


MEASURES = {"PU21-VSI": vsi, "PU21-FSIM": _fsim, "PU21-FSIMc": _fsimc}
every_measure = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES.keys())


def _codes(height: int, width: int, seed: int = 0, channels: int = 3) -> Tensor:
    """A smooth coloured picture with some noise, code values 0 to 255."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(height, dtype=torch.float64)[:, None]
    x = torch.arange(width, dtype=torch.float64)
    planes = [
        128 + 90 * torch.sin(0.11 * (c + 1) * x + c) * torch.cos(0.07 * (c + 2) * y)
        for c in range(channels)
    ]
    noise = 12 * torch.randn(1, channels, height, width, generator=generator, dtype=x.dtype)
    return (torch.stack(planes)[None] + noise).clamp(0, 255)


# -- truth ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", MEASURES)
def test_equals_the_authors_on_hdr(goldens: Goldens, name: str, dtype: torch.dtype) -> None:
    variant = "rgb (second output)" if name == "PU21-FSIMc" else "rgb"
    tolerance = 1e-10 if dtype == torch.float64 else 5e-6
    rows = goldens.select(name, variant)
    assert len(rows) == 18
    for row in rows:
        test, reference = (
            pu21_encode(goldens.tensor(row[key]).to(dtype))
            for key in ("test_file", "reference_file")
        )
        got = MEASURES[name](test, reference)
        assert got.dtype == dtype
        assert float(got) == pytest.approx(float(row["value"]), abs=tolerance), row


@pytest.mark.parametrize("name", ["PU21-VSI", "PU21-FSIM"])
@pytest.mark.parametrize(("peak", "ambient"), [(100, 10), (1000, 0)])
def test_equals_the_authors_on_a_display(
    goldens: Goldens, name: str, peak: int, ambient: int
) -> None:
    unit = " lux" if ambient else ""
    variant = f"display GOG peak={peak} contrast=1000 gamma=2.2 ambient={ambient}{unit}"
    black = peak / 1000 + ambient / torch.pi * 0.005

    def shown(file: str) -> Tensor:
        # the authors convert 8-bit pixels to single precision
        encoded = (goldens.tensor(file).float() / 255).double()
        return pu21_encode((peak - black) * encoded**2.2 + black)

    rows = goldens.select(name, variant)
    assert len(rows) == 7
    for row in rows:
        got = MEASURES[name](shown(row["test_file"]), shown(row["reference_file"]))
        assert float(got) == pytest.approx(float(row["value"]), abs=1e-7), row


# Values of the authors' m_vsi.m and m_fsim.m, run unchanged in Octave 7.3 with an imresize after
# MATLAB's algorithm, on stimuli repeated to a size (decimation 2, 3, 4; odd sides) or cut out.
LARGE = {
    ("lights", "noise20", 387, 531): (0.994277329559, 0.988300506107, 0.984377535271),
    ("dim", "blur1", 776, 900): (0.999574827813, 0.997279151443, 0.997276097450),
    ("lights", "dct", 1030, 1201): (0.999860850025, 0.999644346510, 0.999567235664),
    ("dim", "banding", 511, 384): (0.998361754481, 0.994091856115, 0.993775324709),
}
SMALL = {
    (7, 5): (0.967845004412, 0.943941294222, 0.922899801566),
    (3, 3): (0.959009973128, 0.984975030449, 0.948861189857),
    (5, 48): (0.972023256486, 0.964399103320, 0.946050713952),
}


@pytest.mark.parametrize("case", LARGE, ids=lambda c: f"{c[0]}-{c[2]}x{c[3]}")
def test_equals_the_authors_where_they_decimate(
    goldens: Goldens, case: tuple[str, str, int, int]
) -> None:
    file, distortion, height, width = case

    def repeated(key: str) -> Tensor:
        tile = goldens.tensor(f"{file}.npz:{key}")
        times = (1, 1, -(-height // tile.shape[2]), -(-width // tile.shape[3]))
        return pu21_encode(tile.repeat(times)[..., :height, :width])

    test, reference = repeated(f"test_{distortion}"), repeated("reference")
    for measure, want in zip(MEASURES.values(), LARGE[case], strict=True):
        assert float(measure(test, reference)) == pytest.approx(want, abs=1e-10)
        single = measure(test.float(), reference.float())
        assert float(single) == pytest.approx(want, abs=5e-6)


@pytest.mark.parametrize("size", SMALL)
def test_equals_the_authors_on_small_pictures(goldens: Goldens, size: tuple[int, int]) -> None:
    cut = (..., slice(15, 15 + size[0]), slice(25, 25 + size[1]))
    test = pu21_encode(goldens.tensor("lights.npz:test_noise20"))[cut]
    reference = pu21_encode(goldens.tensor("lights.npz:reference"))[cut]
    for measure, want in zip(MEASURES.values(), SMALL[size], strict=True):
        assert float(measure(test, reference)) == pytest.approx(want, abs=1e-10)


def test_equals_the_authors_on_grey_and_flat_pictures(goldens: Goldens) -> None:
    # from the same run of the authors' code; their FSIM of a flat picture is NaN
    scene = pu21_encode(goldens.tensor("lights.npz:reference"))[..., :64, :80]
    noisy = pu21_encode(goldens.tensor("lights.npz:test_noise20"))[..., :64, :80]
    grey, grey_noisy = scene[:, 1:2], noisy[:, 1:2]
    flat = torch.full_like(scene, 100.0)
    pairs = [
        (grey_noisy, grey, 0.962410441338),
        (1.2 * flat, flat, 0.999435934540),
        (flat, scene, 0.429939462283),
        (scene, flat, 0.429939462283),
        (0 * flat, scene, 0.397888695229),
        (0 * flat, 0 * flat, 1.0),
    ]
    for test, reference, want in pairs:
        assert float(vsi(test, reference)) == pytest.approx(want, abs=1e-10)
    assert float(_fsim(grey_noisy, grey)) == pytest.approx(0.922352371152, abs=1e-10)
    assert float(_fsimc(grey_noisy, grey)) == pytest.approx(0.922352371152, abs=1e-10)


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
def test_decimation_is_a_zero_padded_mean(factor: int) -> None:
    image = _codes(17, 22)
    box = torch.ones(3, 1, factor, factor, dtype=image.dtype) / factor**2
    # conv2(…, "same") keeps the centre of the full convolution, its first half being longer
    full = torch.nn.functional.conv2d(image, box, padding=factor - 1, groups=3)
    start = factor // 2
    want = full[..., start : start + 17, start : start + 22][..., ::factor, ::factor]
    torch.testing.assert_close(decimate(image, factor), want, rtol=1e-12, atol=1e-12)


def test_decimation_rounds_halves_up() -> None:
    assert [decimation(s, 9999) for s in (3, 383, 384, 639, 640, 1080)] == [1, 1, 2, 2, 3, 4]


def test_real_power_is_the_complex_one() -> None:
    x = torch.tensor([-3.0, -0.2, 0.0, 0.4, 1.0], dtype=torch.float64)
    torch.testing.assert_close(real_power(x, 0.03), (x.to(torch.complex128) ** 0.03).real)


def test_phase_congruency_is_blind_to_contrast_and_keen_on_edges() -> None:
    step = torch.zeros(1, 64, 96, dtype=torch.float64)
    step[..., 48:] = 100.0
    found = phase_congruency(step)
    torch.testing.assert_close(phase_congruency(2 * step), found, rtol=0, atol=1e-3)
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1
    along = found[0, 32]
    assert int(along[24:72].argmax()) + 24 in (47, 48)
    assert float(along[47]) > 0.75
    assert float(along[30:36].max()) < 0.1


def test_saliency_prefers_the_centre_and_spans_one() -> None:
    picture = torch.full((1, 3, 120, 160), 60.0, dtype=torch.float64)
    for row, column in ((60, 80), (14, 18)):
        picture[..., row - 6 : row + 6, column - 6 : column + 6] = torch.tensor(
            [230.0, 120.0, 30.0], dtype=torch.float64
        )[:, None, None]
    found = saliency(picture)
    assert found.shape == (1, 1, 120, 160)
    assert (float(found.min()), float(found.max())) == (0.0, 1.0)
    centre, corner = found[..., 50:70, 70:90].max(), found[..., :30, :36].max()
    assert float(centre) > 1.2 * float(corner) > 0.3


# -- properties ---------------------------------------------------------------------------------


@every_measure
@pytest.mark.parametrize("size", [(3, 3), (7, 5), (64, 96), (390, 401)])
def test_identical_pictures_score_one(measure: Measure, size: tuple[int, int]) -> None:
    image = _codes(*size)
    assert float(measure(image, image)) == 1.0
    assert float(measure(image.float(), image.float())) == 1.0


@every_measure
def test_is_symmetric(measure: Measure) -> None:
    a, b = _codes(70, 93, seed=1), _codes(70, 93, seed=2)
    torch.testing.assert_close(measure(a, b), measure(b, a), rtol=1e-12, atol=0)


@every_measure
def test_falls_with_noise_and_blur(measure: Measure) -> None:
    image = _codes(96, 128)
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(5)).double()
    scores = [float(measure(image + level * noise, image)) for level in (0, 5, 15, 40)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1
    blurred, scores = image, []
    for _ in range(4):
        blurred = torch.nn.functional.avg_pool2d(blurred, 3, 1, 1, count_include_pad=False)
        scores.append(float(measure(blurred, image)))
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1] > 0.1


def test_colour_counts_in_vsi_and_fsimc_only() -> None:
    image = _codes(64, 64)
    # leaves Y as it is: 0.299 and 0.114 weigh red and blue
    tinted = image + torch.tensor([22.8, 0.0, -59.8]).double()[:, None, None]
    assert float(_fsim(tinted, image)) == pytest.approx(1, abs=1e-9)
    assert float(_fsimc(tinted, image)) < 0.98
    assert float(vsi(tinted, image)) < 0.98


@every_measure
def test_a_batch_gives_what_its_images_give(measure: Measure) -> None:
    tests = torch.cat([_codes(50, 61, seed=s) for s in range(3)])
    references = torch.cat([_codes(50, 61, seed=9), _codes(50, 61, seed=8), tests[2:]])
    mask = (torch.rand(3, 1, 50, 61, generator=torch.Generator().manual_seed(1)) > 0.4).double()
    together = measure(tests, references, mask=mask)
    alone = [measure(tests[i : i + 1], references[i : i + 1], mask=mask[i]) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-12, atol=0)
    shared = measure(tests, references[:1])
    torch.testing.assert_close(shared[2:], measure(tests[2:], references[:1]), rtol=1e-12, atol=0)


@every_measure
def test_one_channel_is_three_equal_ones(measure: Measure) -> None:
    a, b = _codes(40, 56, 1, channels=1), _codes(40, 56, 2, channels=1)
    assert torch.equal(measure(a, b), measure(a.repeat(1, 3, 1, 1), b.repeat(1, 3, 1, 1)))
    assert torch.equal(measure(a[0, 0], b[0, 0]), measure(a, b))


def test_prepared_features_give_the_same() -> None:
    test, reference = _codes(60, 80, 1), _codes(60, 80, 2)
    local = vsi_compare(test, vsi_features(reference))
    value = (local.similarity * local.weight).sum() / local.weight.sum()
    torch.testing.assert_close(value[None], vsi(test, reference))
    local = fsim_compare(test, fsim_features(reference), chromatic=True)
    value = (local.similarity * local.weight).sum() / local.weight.sum()
    torch.testing.assert_close(value[None], _fsimc(test, reference))


@every_measure
@pytest.mark.parametrize("size", [(80, 100), (395, 420)])
def test_mask(measure: Measure, size: tuple[int, int]) -> None:
    reference = _codes(*size, seed=1)
    test = reference.clone()
    test[..., : size[1] // 2] += (
        40
        * torch.randn(*size, generator=torch.Generator().manual_seed(2)).double()[:, : size[1] // 2]
    )
    right = torch.zeros(1, 1, *size)
    right[..., size[1] * 3 // 4 :] = 1
    ones = torch.ones(1, 1, *size)
    plain = float(measure(test, reference))
    assert float(measure(test, reference, mask=ones)) == pytest.approx(plain, rel=1e-12)
    assert float(measure(test, reference, mask=0.25 * ones)) == pytest.approx(plain, rel=1e-12)
    # saliency and phase congruency are computed on the whole, so that the clean part is near 1
    assert float(measure(test, reference, mask=right)) > 1 - (1 - plain) / 4
    assert float(measure(test, reference, mask=1 - right)) < plain


@every_measure
def test_pictures_without_content_have_finite_scores_and_gradients(measure: Measure) -> None:
    flat = torch.full((1, 3, 20, 24), 90.0)
    for dtype in (torch.float64, torch.float32):
        scene = _codes(20, 24).to(dtype)
        for a in (0 * scene, flat.to(dtype), scene):
            for b in (0 * scene, flat.to(dtype), scene):
                test = a.clone().requires_grad_()
                score = measure(test, b)
                score.sum().backward()
                assert 0 < float(score.detach()) <= 1
                assert test.grad is not None
                assert bool(test.grad.isfinite().all())
    assert float(measure(flat, flat)) == 1
    mask = torch.zeros(1, 1, 20, 24)
    mask[..., :5] = 1
    assert float(measure(flat, flat, mask=mask)) == 1


@every_measure
@pytest.mark.parametrize("size", [(20, 26), (15, 17)])
def test_gradient_is_the_derivative(measure: Measure, size: tuple[int, int]) -> None:
    test, reference = _codes(*size, seed=1).requires_grad_(), _codes(*size, seed=2)
    assert torch.autograd.gradcheck(
        lambda x: measure(x, reference), test, eps=1e-5, atol=1e-6, rtol=1e-3, fast_mode=True
    )


@every_measure
def test_not_a_number_is_refused(measure: Measure) -> None:
    image = _codes(32, 32)
    broken = image.clone()
    broken[0, 0, 4, 4] = torch.nan
    with pytest.raises(PixelValueError, match="test image has 1 pixel value"):
        measure(broken, image)
    with pytest.raises(PixelValueError, match="reference image has 1 pixel value"):
        measure(image, broken)


# -- bad input ----------------------------------------------------------------------------------


@every_measure
def test_refuses_what_it_cannot_compare(measure: Measure) -> None:
    image = _codes(32, 40)
    with pytest.raises(ShapeError, match="differ in shape"):
        measure(image, image[..., 1:])
    with pytest.raises(ShapeError, match="at least 3×3"):
        measure(image[..., :2], image[..., :2])
    with pytest.raises(ShapeError, match="must hold floats"):
        measure(image.long(), image.long())
    with pytest.raises(ShapeError, match="a mask is"):
        measure(image, image, mask=torch.ones(1, 1, 3, 3))
    with pytest.raises(OptionError, match=r"lie in \[0, 1\]"):
        measure(image, image, mask=torch.full((32, 40), 2.0))
    with pytest.raises(OptionError, match="selects no pixel"):
        measure(image, image, mask=torch.zeros(32, 40))


def test_refuses_a_mask_that_decimation_drops() -> None:
    image = _codes(384, 384)
    mask = torch.zeros(384, 384)
    mask[-1] = 1  # with pairs of rows from 0, …, 382, the last one lies in the last pair
    assert float(vsi(image, image, mask=mask)) == 1
    image, mask = _codes(900, 900), torch.zeros(900, 900)
    mask[-1] = 1  # squares of four around rows 0, 4, …, 896 end at row 898
    with pytest.raises(OptionError, match="decimation by 4"):
        vsi(image, image, mask=mask)
