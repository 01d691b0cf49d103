"""Distortions of tone, colour and geometry against closed forms."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort import Degradation, create_distortion, distort
from hdrmetrics.errors import DomainError, ShapeError
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode
from tests.distort.pictures import flat, scene


@pytest.mark.parametrize(("direction", "sign"), [("over", 1), ("under", -1)])
@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
def test_exposure_is_an_exact_number_of_stops(direction: str, sign: int, strength: float) -> None:
    exposure = create_distortion("exposure_change", direction=direction)
    stops = exposure.amount(strength)["stops"]
    assert math.copysign(1, stops) == sign
    image = scene().double()
    assert torch.allclose(exposure(image, strength=strength, domain="hdr"), image * 2**stops)
    codes = scene(domain="sdr").double()
    stops = exposure.amount(strength, domain="sdr")["stops"]
    expected = srgb_encode(srgb_decode(codes) * 2**stops)
    assert torch.allclose(exposure(codes, strength=strength, domain="sdr"), expected)


@pytest.mark.parametrize("direction", ["more", "less"])
def test_contrast_scales_the_deviation_of_log_luminance(direction: str) -> None:
    contrast = create_distortion("contrast_change", direction=direction)
    gain = contrast.amount(0.7)["gain"]
    assert (gain > 1) == (direction == "more")
    image = scene().double()
    out = contrast(image, strength=0.7, domain="hdr")
    before, after = luminance(image).log(), luminance(out).log()
    assert float(after.mean()) == pytest.approx(float(before.mean()))
    assert float(after.std()) == pytest.approx(gain * float(before.std()))
    assert torch.allclose(out / luminance(out), image / luminance(image))


@pytest.mark.parametrize("direction", ["more", "less"])
def test_contrast_scales_the_deviation_of_codes(direction: str) -> None:
    contrast = create_distortion("contrast_change", direction=direction)
    gain = contrast.amount(0.3, domain="sdr")["gain"]
    image = 0.4 + 0.2 * scene(domain="sdr").double()
    out = contrast(image, strength=0.3, domain="sdr")
    assert float(out.mean()) == pytest.approx(float(image.mean()))
    assert float(out.std()) == pytest.approx(gain * float(image.std()))


@pytest.mark.parametrize("domain", ["hdr", "sdr"])
@pytest.mark.parametrize("strength", [0.4, 0.7, 1.0])
def test_clipping_cuts_its_fraction_at_one_level(domain: PixelDomain, strength: float) -> None:
    image = scene(domain=domain)
    clip = create_distortion("saturation_clipping")
    fraction = clip.amount(strength, domain=domain)["fraction"]
    out = clip(image, strength=strength, domain=domain)
    level = float(out.max())
    brightest = image.amax(dim=1)
    counted = brightest[brightest < brightest.max()]
    reached = (counted >= level).double().mean()
    assert float(reached) == pytest.approx(fraction, abs=2 / counted.numel())
    assert torch.equal(out, image.clamp(max=level))
    assert level in brightest


def test_clipping_goes_below_what_is_clipped_already() -> None:
    image = scene(domain="sdr")
    image[..., :60, :] = 1.0
    out = distort(image, "saturation_clipping", strength=0.3, domain="sdr")
    assert float(out.max()) < 1.0


@pytest.mark.parametrize("hue", [0.0, 75.0, 120.0, 240.0])
def test_a_cast_is_three_gains_that_keep_the_luminance_of_grey(hue: float) -> None:
    cast = create_distortion("colour_cast", hue=hue)
    amount = cast.amount(0.8)
    gains = [amount[name] for name in ("red", "green", "blue")]
    image = scene().double()
    out = cast(image, strength=0.8, domain="hdr")
    assert torch.allclose(out, image * torch.tensor(gains, dtype=torch.float64).view(1, 3, 1, 1))
    grey = cast(flat(100.0).double(), strength=0.8, domain="hdr")
    assert torch.allclose(luminance(grey), torch.full_like(grey[:, :1], 100.0))
    logs = torch.log2(torch.tensor(gains, dtype=torch.float64))
    logs -= logs.mean()
    assert float(logs.norm()) == pytest.approx(amount["stops"] * math.sqrt(1.5))
    if hue % 120 == 0:
        assert int(logs.argmax()) == round(hue / 120)
        assert float(logs.max()) == pytest.approx(amount["stops"])


@pytest.mark.parametrize("domain", ["hdr", "sdr"])
@pytest.mark.parametrize("change", ["turn", "turn-back", "fade", "saturate"])
def test_colour_shifts_keep_luminance_and_grey(domain: PixelDomain, change: str) -> None:
    shift = create_distortion("colour_shift", change=change)
    image = scene(domain=domain).double()
    out = shift(image, strength=0.9, domain=domain)
    light, before = (srgb_decode(out), srgb_decode(image)) if domain == "sdr" else (out, image)
    assert torch.allclose(luminance(light), luminance(before), rtol=1e-6, atol=1e-9)
    assert float((out - image).abs().max()) > 0.01 * float(image.max())
    value = 0.3 if domain == "sdr" else 70.0
    grey = flat(value).double()
    assert torch.allclose(shift(grey, strength=0.9, domain=domain), grey, atol=1e-9 + 1e-6 * value)


def test_turning_there_and_back_again() -> None:
    image = 100 + 4 * torch.rand(1, 3, 16, 16, generator=torch.manual_seed(1), dtype=torch.float64)
    there = create_distortion("colour_shift", change="turn")
    back = create_distortion("colour_shift", change="turn-back")
    assert there.amount(0.7)["degrees"] == -back.amount(0.7)["degrees"]
    turned = there(image, strength=0.7, domain="hdr")
    assert float((turned - image).abs().max()) > 1
    assert torch.allclose(back(turned, strength=0.7, domain="hdr"), image)


def test_turned_chroma_keeps_its_length_and_turns_by_the_angle() -> None:
    image = 100 + 4 * torch.rand(1, 3, 16, 16, generator=torch.manual_seed(1), dtype=torch.float64)
    turn = create_distortion("colour_shift", change="turn")
    degrees = turn.amount(0.6)["degrees"]
    # Among the colours of equal luminance: differences within that plane.
    image = image - luminance(image) + 100
    before = image - luminance(image)
    out = turn(image, strength=0.6, domain="hdr")
    weights = torch.tensor((0.212656, 0.715158, 0.072186), dtype=torch.float64)
    axis = (weights / weights.norm()).view(1, 3, 1, 1)
    after = out - luminance(out)
    # The part of the rotated difference along the axis is zero: grey is not on the axis.
    assert float((after * axis).sum(dim=1).abs().max()) < 1e-9
    assert torch.allclose(after.norm(dim=1), before.norm(dim=1))
    cosine = (after * before).sum(dim=1) / before.norm(dim=1) ** 2
    assert torch.allclose(cosine, torch.full_like(cosine, math.cos(math.radians(degrees))))


def test_fading_goes_by_its_factor_and_never_out_of_gamut() -> None:
    image = scene().double()
    fade = create_distortion("colour_shift", change="fade")
    factor = fade.amount(0.5)["saturation"]
    out = fade(image, strength=0.5, domain="hdr")
    assert torch.allclose(out - luminance(out), factor * (image - luminance(image)))
    strong = torch.tensor([500.0, 1.0, 0.0], dtype=torch.float64).view(1, 3, 1, 1)
    shift = create_distortion("colour_shift", change="saturate")
    assert torch.allclose(shift(strong, strength=1.0, domain="hdr"), strong)


def displaced(image: Tensor, **settings: Any) -> tuple[int, int]:
    """Return where the cross-correlation of the ghost with the picture peaks, (x, y)."""
    ghosting = create_distortion("ghosting", coverage=1.0, opacity=0.5, **settings)
    out = ghosting(image, strength=0.9, domain="hdr")
    ghost = (out - 0.5 * image)[0, 0]
    plane = image[0, 0]
    window = torch.hann_window(plane.shape[0], dtype=torch.float64)[:, None]
    window = window * torch.hann_window(plane.shape[1], dtype=torch.float64)
    a, b = (torch.fft.fft2((p - p.mean()) * window) for p in (ghost, plane))
    cross = torch.fft.ifft2(a * b.conj()).real
    place = int(cross.argmax())
    y, x = divmod(place, plane.shape[1])
    wrap = [v - n if v > n // 2 else v for v, n in ((x, plane.shape[1]), (y, plane.shape[0]))]
    return wrap[0], wrap[1]


@pytest.mark.parametrize("angle", [0.0, 90.0, 210.0])
def test_a_ghost_lies_where_it_was_moved_to(angle: float) -> None:
    random = torch.Generator().manual_seed(4)
    image = 10 + 100 * torch.rand(1, 1, 128, 160, generator=random, dtype=torch.float64)
    distance = create_distortion("ghosting").amount(0.9)["displacement"]
    assert distance > 3
    x, y = displaced(image, angle=angle, spin=0.0)
    assert x == pytest.approx(distance * math.cos(math.radians(angle)), abs=0.75)
    assert y == pytest.approx(-distance * math.sin(math.radians(angle)), abs=0.75)


def test_a_ghost_is_turned_about_the_centre() -> None:
    image = torch.zeros(1, 1, 101, 201, dtype=torch.float64)
    image[..., 50, 20] = 1000.0
    ghosting = create_distortion("ghosting", coverage=1.0, opacity=1.0, angle=0.0, spin=0.5)
    amount = ghosting.amount(1.0)
    assert amount["rotation"] == pytest.approx(0.5 * amount["displacement"])
    out = ghosting(image, strength=1.0, domain="hdr")[0, 0]
    y, x = torch.meshgrid(torch.arange(101.0), torch.arange(201.0), indexing="ij")
    found = float((out * x).sum() / out.sum()), float((out * y).sum() / out.sum())
    # 80 px to the left of the centre, turned counter-clockwise, then moved to the right.
    turn = math.radians(amount["rotation"])
    assert found[0] == pytest.approx(100 - 80 * math.cos(turn) + amount["displacement"], abs=0.15)
    assert found[1] == pytest.approx(50 + 80 * math.sin(turn), abs=0.15)


@pytest.mark.parametrize("side", ["highlights", "shadows"])
def test_ghosts_keep_to_their_part_of_the_range(side: str) -> None:
    image = scene(96, 128)
    out = distort(image, "ghosting", strength=1.0, domain="hdr", seed=1, side=side, coverage=0.4)
    changed = ((out - image).abs() > 1e-3 * image).any(dim=1)[0]
    light = luminance(image)[0, 0]
    order = light.flatten().sort().values
    split = float(order[round((0.6 if side == "highlights" else 0.4) * order.numel())])
    far = light < split / 2 if side == "highlights" else light > split * 2
    assert bool(far.any())
    assert not bool((changed & far).any())
    assert float(changed.double().mean()) > 0.15


def test_no_coverage_is_no_ghost() -> None:
    image = scene()
    assert torch.equal(distort(image, "ghosting", strength=1.0, domain="hdr", coverage=0), image)


def test_a_degradation_is_blur_then_resampling_then_noise_then_compression() -> None:
    image = scene()
    shares = {"blur_share": 1.0, "resampling_share": 0.8, "noise_share": 0.6}
    seen: list[Tensor] = []

    def compress(batch: Tensor) -> Tensor:
        seen.append(batch)
        return batch * 0.5

    degrade = Degradation(compress=compress, blur="defocus_blur", noise="gaussian_noise", **shares)
    out = degrade(image, strength=0.5, domain="hdr", seed=6)
    record = degrade.record(0.5, domain="hdr", seed=6)
    assert record["amount"]["blur"] == 0.5
    assert record["amount"]["noise"] == pytest.approx(0.3)
    expected = image
    for step in record["steps"]:
        expected = distort(
            expected, step["distortion"], strength=0.5 * step["share"], domain="hdr",
            seed=step["seed"], **step["settings"],
        )  # fmt: skip
    assert [s["distortion"] for s in record["steps"]] == [
        "defocus_blur", "resampling", "gaussian_noise",
    ]  # fmt: skip
    assert torch.equal(seen[0], expected)
    assert torch.equal(out, expected * 0.5)


def test_what_compress_returns_is_checked() -> None:
    image = scene(domain="sdr")
    with pytest.raises(ShapeError, match="compress returned"):
        Degradation(compress=lambda x: x[..., 1:])(image, strength=0.5, domain="sdr")
    with pytest.raises(DomainError):
        Degradation(compress=lambda x: x * 255)(image, strength=0.5, domain="sdr")
    compressed = Degradation(compress=lambda x: x.double() * 0.5)
    out = compressed(image, strength=0.0, domain="sdr")
    assert out.dtype == torch.float32
    assert torch.equal(out, image * 0.5)
