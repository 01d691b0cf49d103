"""Distortions of code values against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from hdrmetrics.catalogue.domain import PixelDomain
from hdrmetrics.distort import create_distortion, distort
from hdrmetrics.distort.pixels import Code, code_range, to_code
from hdrmetrics.photometry.transfer import pq_decode, pu21_decode, pu21_encode
from tests.distort.pictures import flat, scene


def ramp(low: float, high: float, length: int = 4096) -> torch.Tensor:
    return torch.linspace(low, high, length, dtype=torch.float64).expand(1, 1, 4, length)


@pytest.mark.parametrize("strength", [0.4, 0.75, 1.0])
@pytest.mark.parametrize("code", ["pu21", "pq", "srgb"])
def test_quantisation_leaves_as_many_codes_as_it_names(code: Code, strength: float) -> None:
    domain: PixelDomain = "sdr" if code == "srgb" else "hdr"
    quantise = create_distortion("quantisation", **({} if code == "srgb" else {"code": code}))
    amount = quantise.amount(strength, domain=domain)
    image = ramp(0.0, code_range(code))
    if code != "srgb":
        image = pu21_decode(image) if code == "pu21" else pq_decode(image)
    out = to_code(quantise(image, strength=strength, domain=domain), code).flatten()
    steps = out[:4096].diff()
    levels = 1 + int((steps > 1e-6).sum())
    # Multiples of the step from 0 up; where the scale's end is not one, it is a level of its own
    # only if the last half step is cut short.
    assert levels in (math.floor(amount["levels"]), math.floor(amount["levels"]) + 1)
    assert 2 ** amount["bits"] == pytest.approx(amount["levels"])
    step = code_range(code) / (amount["levels"] - 1)
    inner = steps[steps > 1e-6][:-1]
    assert torch.allclose(inner, torch.full_like(inner, step), rtol=1e-4)
    assert float((out - to_code(image, code).flatten()).abs().max()) <= step * 0.5 * (1 + 1e-4)


def test_banding_makes_contours_of_a_gradient_and_spares_texture() -> None:
    slope = torch.linspace(100.0, 130.0, 240, dtype=torch.float64).expand(1, 3, 96, 240)
    texture = torch.rand(1, 3, 96, 240, generator=torch.manual_seed(3), dtype=torch.float64)
    codes = torch.cat((slope, 115 + 80 * (texture - 0.5)), dim=-2)
    image = pu21_decode(codes)
    banding = create_distortion("banding", code="pu21", phase=0.3)
    strength = 0.6
    out = pu21_encode(banding(image, strength=strength, domain="hdr", seed=1))
    change = (out - codes).abs()
    step = code_range("pu21") / (banding.amount(strength)["levels"] - 1)
    assert 3 < step < 40
    smooth, rough = change[..., :80, 16:-16], change[..., 112:, 16:-16]
    assert float(rough.max()) < 0.05 * step
    assert float(smooth.max()) == pytest.approx(step / 2, rel=0.1)
    # In the slope, levels lie a step apart, phase · step below the multiples of the step.
    middle = out[0, 0, 40, 16:-16] / step + 0.3
    flatness = (middle - middle.round()).abs()
    assert float(flatness.max()) < 0.02


def test_banding_spares_edges() -> None:
    codes = torch.full((1, 3, 64, 96), 120.0, dtype=torch.float64)
    codes[..., 48:] = 300.0
    image = pu21_decode(codes)
    out = pu21_encode(distort(image, "banding", strength=0.7, domain="hdr", seed=1))
    inside = out[0, 0, 32, 44:52]
    assert float((inside - codes[0, 0, 32, 44:52]).abs().max()) < 0.5


@pytest.mark.parametrize("domain", ["hdr", "sdr"])
@pytest.mark.parametrize(("fx", "fy"), [(16, 0), (0, 20), (12, 12), (-9, 24)])
def test_a_grating_has_its_frequency_orientation_and_amplitude(
    domain: PixelDomain, fx: int, fy: int
) -> None:
    side = 128
    frequency = math.hypot(fx, fy) / side
    orientation = math.degrees(math.atan2(-fy, fx)) % 180
    distortion = create_distortion(
        "grating", frequency=frequency, orientation=orientation, phase=40
    )
    amplitude = distortion.amount(0.4, domain=domain)["amplitude"]
    base = 250.0 if domain == "hdr" else 0.5
    codes = torch.full((1, 3, side, side), base, dtype=torch.float64)
    image = pu21_decode(codes) if domain == "hdr" else codes
    out = distortion(image, strength=0.4, domain=domain)
    wave = ((pu21_encode(out) if domain == "hdr" else out) - base)[0, 1].numpy()
    spectrum = np.abs(np.fft.fft2(wave)) / side**2
    places = {tuple(int(v) for v in place) for place in np.argwhere(spectrum > amplitude * 0.01)}
    assert places == {(fy % side, fx % side), (-fy % side, -fx % side)}
    assert spectrum[fy % side, fx % side] == pytest.approx(amplitude / 2, rel=1e-3)
    assert wave[0, 0] == pytest.approx(amplitude * math.sin(math.radians(40)), rel=1e-3)


@pytest.mark.parametrize("concealment", ["neighbours", "grey", "shifted"])
@pytest.mark.parametrize("domain", ["hdr", "sdr"])
def test_block_loss_loses_its_fraction_in_whole_blocks(
    domain: PixelDomain, concealment: str
) -> None:
    image = scene(96, 128, domain=domain) + (0 if domain == "sdr" else 1)
    loss = create_distortion("block_loss", block=8, concealment=concealment, shift=9, angle=20)
    previous = torch.zeros(12, 16, dtype=torch.bool)
    for strength in (0.3, 0.6, 1.0):
        out = loss(image, strength=strength, domain=domain, seed=4)
        changed = (out != image).any(dim=1)[0]
        blocks = changed.view(12, 8, 16, 8).any(dim=3).any(dim=1)
        fraction = loss.amount(strength, domain=domain)["fraction"]
        expected = max(1, round(fraction * 192))
        # A block that looks like its substitute does not count as changed.
        assert expected - 2 <= int(blocks.sum()) <= expected
        assert bool((blocks | ~previous).all())
        previous = blocks


def test_lost_blocks_show_what_they_should() -> None:
    image = torch.rand(1, 3, 32, 48, generator=torch.manual_seed(1))
    settings = {"block": 16, "shift": 5.0, "angle": 90.0}

    def lost(picture: torch.Tensor, concealment: str) -> tuple[torch.Tensor, torch.Tensor]:
        out = distort(
            picture, "block_loss", strength=1.0, domain="sdr", seed=2,
            concealment=concealment, **settings,
        )  # fmt: skip
        return out, out != picture

    out, mask = lost(image, "grey")
    assert torch.allclose(out[mask], image.mean().expand_as(out[mask]))
    out, mask = lost(image, "shifted")
    rows = (torch.arange(32) - 5).clamp(0, 31)  # the picture 5 px above
    assert torch.equal(out[mask], image[..., rows, :][mask])
    # A plane that is linear along one axis is what interpolation from both sides gives back; the
    # two other sides agree only on the line itself, so test it along a picture one block high.
    slope = torch.linspace(0.1, 0.9, 96).expand(1, 3, 16, 96)
    out, _ = lost(slope, "neighbours")
    assert torch.allclose(out[..., 16:-16], slope[..., 16:-16], atol=1e-5)


def test_a_block_without_surroundings_becomes_its_mean() -> None:
    image = torch.rand(1, 3, 8, 8, generator=torch.manual_seed(1))
    out = distort(
        image, "block_loss", strength=1.0, domain="sdr", block=16, concealment="neighbours"
    )
    assert torch.allclose(out, image.mean().expand_as(out))


@pytest.mark.parametrize("domain", ["hdr", "sdr"])
def test_resampling_keeps_flat_pictures_and_loses_fine_stripes(domain: PixelDomain) -> None:
    value = 80.0 if domain == "hdr" else 0.4
    for down in ("bicubic", "bilinear", "nearest"):
        for up in ("bicubic", "bilinear", "nearest"):
            out = distort(flat(value), "resampling", strength=0.8, domain=domain, down=down, up=up)
            assert torch.allclose(out, flat(value), rtol=1e-4)
    stripes = flat(value)
    stripes[..., ::2] *= 2
    out = distort(stripes, "resampling", strength=0.8, domain=domain, down="bicubic", up="bilinear")
    assert float(out.std()) < 0.1 * float(stripes.std())


def test_resampling_by_nearest_repeats_pixels() -> None:
    image = torch.rand(1, 3, 60, 90, generator=torch.manual_seed(1))
    resample = create_distortion("resampling", down="nearest", up="nearest")
    factor = resample.amount(0.6)["factor"]
    out = resample(image, strength=0.6, domain="sdr")
    changes = int((out[0, 0, 0].diff() != 0).sum()) + 1
    assert changes == round(90 / factor)
    # But for rounding in and out of light, all values are values of the picture.
    values = image.flatten().sort().values
    place = torch.searchsorted(values, out.flatten()).clamp(1, values.numel() - 1)
    nearest = torch.minimum(
        (out.flatten() - values[place]).abs(), (out.flatten() - values[place - 1]).abs()
    )
    assert float(nearest.max()) < 1e-6


def test_down_sampling_averages_light_not_codes() -> None:
    image = flat(0.0, 64, 64)
    image[..., ::2] = 200.0
    out = distort(image, "resampling", strength=0.8, domain="hdr", down="bilinear", up="bilinear")
    assert float(out[..., 16:-16, 16:-16].mean()) == pytest.approx(100.0, rel=0.02)
