"""Steps from a reference frame to a test frame."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from datasets.item import Step
from datasets.steps import State, matching_factor, run_steps
from hdrmetrics.codecs import create_codec
from hdrmetrics.distort import distort
from hdrmetrics.errors import DomainError, HdrMetricsError, OptionError, PixelValueError
from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap import tonemap


def light(seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 3, 48, 64, generator=generator).pow(3) * 2000 + 0.5


def hdr() -> State:
    return State(light(), "hdr", light(), 2000.0)


def sdr() -> State:
    codes = torch.floor(light() / 2000.5 * 255 + 0.5) / 255
    return State(codes, "sdr", codes, 0.0)


def test_each_kind_is_what_the_package_does() -> None:
    blurred = run_steps(hdr(), (Step("distort", "gaussian_blur", strength=0.5, seed=3),))
    expected = distort(light(), "gaussian_blur", strength=0.5, domain="hdr", seed=3)
    assert torch.equal(blurred.pixels, expected.clamp(0, 10_000))
    mapped = run_steps(hdr(), (Step("tonemap", "drago03", {"bias": 0.8}),))
    assert mapped.domain == "sdr"
    assert torch.equal(mapped.pixels, tonemap(light(), "drago03", bias=0.8))
    coded = run_steps(sdr(), (Step("codec", "jpeg", {"quality": 30}),))
    direct = create_codec("jpeg", quality=30)(sdr().pixels)
    assert torch.equal(coded.pixels, direct.image)
    assert coded.bits_per_pixel == direct.bits_per_pixel
    assert coded.codec_seconds > 0


def test_light_is_kept_below_the_limit() -> None:
    state = State(light() * 10, "hdr", light(), 2000.0)
    brighter = run_steps(
        state, (Step("distort", "exposure_change", {"direction": "over"}, strength=1.0, seed=1),)
    )
    assert float(brighter.pixels.max()) == 10_000.0


def test_rounding() -> None:
    state = State(torch.linspace(0, 1, 3 * 64).reshape(1, 3, 8, 8), "sdr", light(), 0.0)
    for bits in (1, 4, 8):
        levels = run_steps(state, (Step("round", settings={"bits": bits}),)).pixels * (2**bits - 1)
        assert torch.allclose(levels, levels.round(), atol=1e-5)
        assert (
            float((levels / (2**bits - 1) - state.pixels).abs().max()) <= 0.5 / (2**bits - 1) + 1e-6
        )


def test_a_photograph_is_expanded_and_brought_to_scale() -> None:
    chain = (
        Step("capture", settings={"stops": 0.0, "response": "srgb", "bits": 8}),
        Step("expand", "akyuz07", {"peak": 50.0}),
        Step("match_scale"),
    )
    state = run_steps(hdr(), chain)
    assert state.domain == "hdr"
    assert matching_factor(state.pixels, light()) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("factor", [0.01, 1.0, 37.5])
def test_the_matching_factor_undoes_a_scale(factor: float) -> None:
    assert matching_factor(light() * factor, light()) == pytest.approx(1 / factor, rel=1e-6)


def test_the_matching_factor_looks_at_the_middle() -> None:
    # A few burnt pixels and a few black ones of the test change nothing.
    reference, test = light(), light() * 2
    order = luminance(reference).flatten().argsort()
    spoilt = test.reshape(1, 3, -1).clone()
    spoilt[..., order[-20:]] = 1e6
    spoilt[..., order[:20]] = 0.0
    assert matching_factor(spoilt.reshape_as(test), reference) == pytest.approx(0.5, rel=1e-6)
    with pytest.raises(PixelValueError, match="no lit pixel"):
        matching_factor(torch.zeros_like(reference), reference)


def test_noise_of_the_camera_follows_the_seed() -> None:
    def shot(seed: int) -> Tensor:
        step = Step("capture", settings={"noise": 0.05, "bits": 8}, seed=seed)
        return run_steps(hdr(), (step,)).pixels

    assert torch.equal(shot(1), shot(1))
    assert not torch.equal(shot(1), shot(2))


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (sdr(), Step("tonemap", "drago03")),
        (sdr(), Step("capture")),
        (hdr(), Step("expand", "landis02")),
        (hdr(), Step("round")),
        (sdr(), Step("match_scale")),
        (sdr(), Step("codec", "jpegxt-c")),
        (hdr(), Step("codec", "jpeg")),
    ],
)
def test_a_step_takes_its_domain(state: State, step: Step) -> None:
    with pytest.raises(DomainError, match=f"step {step.kind}"):
        run_steps(state, (step,))


def test_unknown_steps_and_names() -> None:
    with pytest.raises(OptionError, match="unknown kind of step 'polish'"):
        run_steps(hdr(), (Step("polish"),))
    with pytest.raises(HdrMetricsError, match="drago04"):
        run_steps(hdr(), (Step("tonemap", "drago04"),))
    assert math.isnan(hdr().bits_per_pixel)
