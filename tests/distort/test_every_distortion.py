"""What every distortion keeps to: identity, ranges, seeds, batches, records and errors."""

from __future__ import annotations

import json
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort import (
    Distortion,
    compose,
    create_distortion,
    distort,
    distortion_info,
    list_distortions,
)
from hdrmetrics.errors import (
    DomainError,
    OptionError,
    PixelValueError,
    ShapeError,
    UnknownNameError,
)
from hdrmetrics.photometry.transfer import pu21_encode
from tests.distort.pictures import flat, scene

NAMES = [info.name for info in list_distortions()]
CASES = [(name, domain) for name in NAMES for domain in distortion_info(name).domains]
each = pytest.mark.parametrize(("name", "domain"), CASES)


def psnr(test: Tensor, reference: Tensor, domain: PixelDomain) -> float:
    code = (lambda x: pu21_encode(x) / 595) if domain == "hdr" else (lambda x: x)
    return float(-10 * torch.log10((code(test) - code(reference)).square().mean()))


def test_the_list_has_what_the_data_sets_need() -> None:
    assert sorted(NAMES) == NAMES
    assert set(NAMES) >= {
        "gaussian_blur", "defocus_blur", "motion_blur", "gaussian_noise", "camera_noise",
        "quantisation", "banding", "grating", "contrast_change", "exposure_change",
        "saturation_clipping", "colour_cast", "colour_shift", "resampling", "block_loss",
        "ghosting", "degradation",
    }  # fmt: skip
    assert [info.name for info in list_distortions("sdr")] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_descriptions_are_complete(name: str) -> None:
    info = distortion_info(name)
    assert info.title
    assert info.extent
    assert info.citation
    assert set(info.hdr_only) <= {parameter.name for parameter in info.parameters}
    for parameter in info.parameters:
        assert parameter.default is None
        assert parameter.automatic


@each
def test_strength_zero_is_the_identity_to_the_bit(name: str, domain: PixelDomain) -> None:
    image = scene(domain=domain)
    out = distort(image, name, strength=0.0, domain=domain, seed=3)
    assert torch.equal(out, image)
    assert out is not image
    assert create_distortion(name).amount(0.0, domain=domain) == {}


@each
def test_results_stay_in_the_domain(name: str, domain: PixelDomain) -> None:
    image = scene(domain=domain)
    image[..., :5, :5] = 0.0
    image[..., -5:, -5:] = 10_000.0 if domain == "hdr" else 1.0
    for seed in range(3):
        out = distort(image, name, strength=1.0, domain=domain, seed=seed)
        assert out.shape == image.shape
        assert bool(torch.isfinite(out).all())
        assert float(out.min()) >= 0
        assert domain == "hdr" or float(out.max()) <= 1
        assert not torch.equal(out, image)


@each
def test_more_strength_is_more_distortion(name: str, domain: PixelDomain) -> None:
    image = scene(128, 160, domain=domain)
    for seed in (1, 2):
        values = [
            psnr(distort(image, name, strength=s, domain=domain, seed=seed), image, domain)
            for s in (0.15, 0.4, 0.7, 1.0)
        ]
        assert values == sorted(values, reverse=True), (seed, values)


@each
def test_an_image_of_a_batch_depends_on_its_own_seed_and_strength(
    name: str, domain: PixelDomain
) -> None:
    batch = torch.cat((scene(domain=domain), scene(domain=domain).flip(-1), scene(domain=domain)))
    strengths = torch.tensor([0.5, 0.0, 0.9], dtype=torch.float64)
    together = distort(batch, name, strength=strengths, domain=domain, seed=[4, 5, 6])
    for i, (strength, seed) in enumerate(zip((0.5, 0.0, 0.9), (4, 5, 6), strict=True)):
        alone = distort(batch[i : i + 1], name, strength=strength, domain=domain, seed=seed)
        assert torch.equal(together[i : i + 1], alone)


@each
def test_the_seed_decides(name: str, domain: PixelDomain) -> None:
    image = scene(domain=domain)
    results = [distort(image, name, strength=0.6, domain=domain, seed=k) for k in (1, 1, 2, 3, 4)]
    assert torch.equal(results[0], results[1])
    info = distortion_info(name)
    drawn = [p for p in info.parameters if domain == "hdr" or p.name not in info.hdr_only]
    differs = any(not torch.equal(results[0], other) for other in results[2:])
    assert differs == (info.random or bool(drawn))


@each
def test_a_record_says_everything_that_was_used(name: str, domain: PixelDomain) -> None:
    image = scene(domain=domain)
    plain = create_distortion(name)
    record = json.loads(json.dumps(plain.record(0.6, domain=domain, seed=9)))
    assert record["amount"] == plain.amount(0.6, domain=domain, seed=9)
    assert record["amount"]
    again = create_distortion(record["distortion"], **record["settings"])
    first = plain(image, strength=0.6, domain=domain, seed=9)
    second = again(image, strength=record["strength"], domain=record["domain"], seed=record["seed"])
    assert torch.equal(first, second)


@each
def test_precision_follows_the_input(name: str, domain: PixelDomain) -> None:
    image = scene(domain=domain)
    single = distort(image, name, strength=0.5, domain=domain, seed=2)
    double = distort(image.double(), name, strength=0.5, domain=domain, seed=2)
    half = distort(image.bfloat16(), name, strength=0.5, domain=domain, seed=2)
    assert single.dtype == half.dtype == torch.float32
    assert double.dtype == torch.float64
    # Rounding (of codes, of counts) may fall the other way for single pixels.
    scale = image.mean()
    assert float((single - double).abs().median()) < 1e-4 * float(scale)
    assert psnr(single.double(), double, domain) > 55


@each
def test_the_smallest_picture_works(name: str, domain: PixelDomain) -> None:
    image = flat(0.5 if domain == "sdr" else 50.0, 1, 1)
    for seed in range(4):
        out = distort(image, name, strength=1.0, domain=domain, seed=seed)
        assert out.shape == image.shape
        assert bool(torch.isfinite(out).all())


@each
def test_black_and_white_pictures_stay_finite(name: str, domain: PixelDomain) -> None:
    for value in (0.0, 10_000.0 if domain == "hdr" else 1.0):
        out = distort(flat(value, 24, 40), name, strength=0.8, domain=domain, seed=1)
        assert bool(torch.isfinite(out).all())


@pytest.mark.parametrize("name", NAMES)
def test_enormous_light_stays_finite(name: str) -> None:
    image = scene() * 1e34
    for seed in range(2):
        out = distort(image, name, strength=1.0, domain="hdr", seed=seed)
        assert bool(torch.isfinite(out).all())


@each
def test_one_channel(name: str, domain: PixelDomain) -> None:
    image = scene(channels=1, domain=domain)
    if distortion_info(name).color:
        with pytest.raises(ShapeError, match="three channels"):
            distort(image, name, strength=0.5, domain=domain)
        return
    out = distort(image[0, 0], name, strength=0.5, domain=domain, seed=1)
    assert out.shape == image.shape
    assert torch.equal(out, distort(image, name, strength=0.5, domain=domain, seed=1))


@each
def test_drawn_settings_lie_in_their_range(name: str, domain: PixelDomain) -> None:
    distortion = create_distortion(name)
    parameters = {p.name: p for p in distortion.info.parameters}
    for seed in range(40):
        for key, value in distortion.drawn(seed, domain=domain).items():
            parameter = parameters[key]
            assert parameter.check(value) == value
            if parameter.search_range is not None:
                low, high = parameter.search_range
                assert low <= value <= high or (key == "resampling_share" and value == 0)


@pytest.mark.parametrize("name", [n for n in NAMES if distortion_info(n).parameters])
def test_a_given_setting_leaves_the_other_draws_alone(name: str) -> None:
    free = create_distortion(name).drawn(11)
    key, value = next(iter(create_distortion(name).drawn(12).items()))
    fixed = create_distortion(name, **{key: value}).drawn(11)
    assert fixed == {**free, key: value}


@pytest.mark.parametrize("domain", get_args(PixelDomain))
def test_bad_pixels_are_refused(domain: PixelDomain) -> None:
    blur = create_distortion("gaussian_blur")
    image = scene(domain=domain)
    for value in (float("nan"), float("inf")):
        broken = image.clone()
        broken[0, 0, 0, 0] = value
        with pytest.raises(PixelValueError, match="repair it first"):
            blur(broken, strength=0.5, domain=domain)
    broken = image.clone()
    broken[0, 0, 0, 0] = -1.0
    error = PixelValueError if domain == "hdr" else DomainError
    with pytest.raises(error):
        blur(broken, strength=0.5, domain=domain)


def test_other_bad_calls_say_what_to_do() -> None:
    blur = create_distortion("gaussian_blur")
    image = torch.cat((scene(), scene()))

    def call(picture: Tensor = image, **given: Any) -> Tensor:
        return blur(picture, **{"strength": 0.5, "domain": "hdr", **given})

    with pytest.raises(DomainError, match="Divide 8-bit values by 255"):
        call(domain="sdr")
    with pytest.raises(DomainError, match="hdr, sdr"):
        call(domain="raw")
    for strength in (-0.01, 1.01, float("nan"), True, "much", torch.tensor([0.5, 2.0])):
        with pytest.raises((OptionError, ShapeError)):
            call(strength=strength)
    with pytest.raises(ShapeError, match="3 strengths for 2 images"):
        call(strength=[0.1, 0.2, 0.3])
    with pytest.raises(ShapeError, match="1 seeds for 2 images"):
        call(seed=[1])
    for seed in (1.5, "x", [1, 2.5]):
        with pytest.raises(OptionError, match="whole number"):
            call(seed=seed)
    with pytest.raises(ShapeError, match="floats"):
        call(torch.zeros(1, 3, 8, 8, dtype=torch.uint8))
    with pytest.raises(ShapeError):
        call(torch.zeros(1, 2, 8, 8))
    with pytest.raises(UnknownNameError, match="did you mean gaussian_blur"):
        create_distortion("gausian_blur")
    with pytest.raises(OptionError, match="no parameter sigma"):
        create_distortion("gaussian_blur", sigma=3)
    with pytest.raises(OptionError, match="not a tensor"):
        create_distortion("motion_blur", angle=torch.tensor(3.0))  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="between 0 and 180"):
        create_distortion("motion_blur", angle=400)
    with pytest.raises(OptionError, match="HDR pictures"):
        distort(scene(domain="sdr"), "quantisation", strength=0.5, domain="sdr", code="pq")


def test_codes_beyond_the_range_by_rounding_are_clipped() -> None:
    image = scene(domain="sdr")
    image[..., 0, 0] = 1 + 5e-4
    out = distort(image, "gaussian_blur", strength=0.0, domain="sdr")
    assert float(out.max()) == 1.0


def test_strengths_as_list_tensor_and_number_agree() -> None:
    blur, image = create_distortion("gaussian_blur"), torch.cat((scene(), scene()))
    one = blur(image, strength=0.5, domain="hdr")
    same: tuple[Any, ...] = (
        [0.5, 0.5],
        np.float32(0.5),
        np.array([0.5, 0.5]),
        torch.tensor(0.5),
        torch.tensor([0.5, 0.5]),
    )
    for strength in same:
        assert torch.equal(blur(image, strength=strength, domain="hdr"), one)


def test_numpy_seeds_are_recorded_as_plain_numbers() -> None:
    record = create_distortion("gaussian_noise").record(0.5, domain="sdr", seed=np.int64(3))  # type: ignore[arg-type]
    assert json.dumps(record["seed"]) == "3"


def test_the_input_is_left_as_it_was() -> None:
    image = scene()
    before = image.clone()
    for name in NAMES:
        distort(image, name, strength=1.0, domain="hdr", seed=1)
    assert torch.equal(image, before)


def test_a_chain_is_its_steps() -> None:
    blur, noise = create_distortion("gaussian_blur"), create_distortion("gaussian_noise")
    chain: Distortion = compose([blur, noise], shares=[1.0, 0.5])
    image = scene()
    out = chain(image, strength=0.8, domain="hdr", seed=5)
    record = json.loads(json.dumps(chain.record(0.8, domain="hdr", seed=5)))
    expected = image
    for step in record["settings"]["steps"]:
        own = create_distortion(step["distortion"], **step["settings"])
        expected = own(expected, strength=0.8 * step["share"], domain="hdr", seed=step["seed"])
    assert torch.equal(out, expected)
    assert record["amount"] == {
        "0.gaussian_blur.sigma": blur.amount(0.8)["sigma"],
        "1.gaussian_noise.sigma": noise.amount(0.4)["sigma"],
    }
    assert torch.equal(chain(image, strength=0.0, domain="hdr"), image)


def test_equal_steps_of_a_chain_draw_different_noise() -> None:
    noise = create_distortion("gaussian_noise")
    twice = compose([noise, noise])(flat(0.5), strength=0.3, domain="sdr", seed=1)
    sigma = noise.amount(0.3, domain="sdr")["sigma"]
    assert float(twice.std()) == pytest.approx(sigma * 2**0.5, rel=0.03)


def test_bad_chains_are_refused() -> None:
    blur = create_distortion("gaussian_blur")
    with pytest.raises(OptionError, match="at least one step"):
        compose([])
    with pytest.raises(OptionError, match="1 steps with 2 shares"):
        compose([blur], shares=[1.0, 1.0])
    with pytest.raises(OptionError, match="0, 1"):
        compose([blur], shares=[1.5])
    chain = compose([create_distortion("quantisation", code="pq")])
    with pytest.raises(OptionError, match="HDR pictures"):
        chain(scene(domain="sdr"), strength=0.5, domain="sdr")
