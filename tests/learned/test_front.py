"""The front end against closed forms, and its two domains on one scale."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.learned import front as module
from hdrmetrics.learned.architecture import SMALL_NOR, Front, HighPass
from hdrmetrics.learned.front import bent_difference, front_channels, kinds
from hdrmetrics.photometry.transfer import srgb_decode
from tests.learned.small import COLOR_FRONT

FRONT = SMALL_NOR.front


def test_codes_of_grey() -> None:
    light = torch.tensor([0.0, 1.0, 100.0, 1e4]).view(4, 1, 1, 1).expand(4, 3, 8, 8)
    code = front_channels(light, FRONT, "light")
    assert code.shape == (4, 3, 4, 4)
    # PU21 with glare: 256.4 at 100 cd/m², 595.4 at 10 000 (their authors' table).
    assert code[:, 0, 0, 0].tolist() == pytest.approx([0, 0.1427, 1.0015, 2.3257], abs=2e-3)
    assert float(code[:, 1:].abs().max()) < 1e-4, "a high-pass of nothing is nothing"
    logs = front_channels(light, Front("log10"), "light")
    assert logs[:, 0, 0, 0].tolist() == pytest.approx([0, math.log10(2), 2.00432, 4.00004])
    codes = torch.full((1, 3, 8, 8), 0.4)
    assert front_channels(codes, FRONT, "code")[0, 0, 0, 0] == pytest.approx(0.4)
    assert bool((front_channels(-light, FRONT, "light")[:, 0] == 0).all())


def test_luma_weighs_the_channels() -> None:
    picture = torch.zeros(1, 3, 5, 5)
    for index, weight in enumerate((0.212656, 0.715158, 0.072186)):
        one = picture.clone()
        one[:, index] = 0.5
        assert float(front_channels(one, FRONT, "code")[0, 0]) == pytest.approx(0.5 * weight)


def test_light_and_codes_are_on_one_scale(photos: dict[str, Tensor]) -> None:
    # The same picture as codes, and as the light of a 100 cd/m² display. PU21 lifts the darks, so
    # the two agree roughly: in black, in white and in the amount of detail.
    codes = photos["astronaut"][..., :256, :256].float()
    light = 100.0 * srgb_decode(codes)
    a, b = (front_channels(x, FRONT, k) for x, k in ((codes, "code"), (light, "light")))
    assert float((a[:, 0] - b[:, 0]).abs().mean()) < 0.15
    assert float((a[:, 0] - b[:, 0]).abs().max()) < 0.25
    for channel in range(3):
        assert 0.6 < float(a[:, channel].std() / b[:, channel].std()) < 1.6


@pytest.mark.parametrize("omega", [0.3, 1.0, 2.5, math.pi])
@pytest.mark.parametrize("item", FRONT.high_pass)
def test_high_pass_of_a_wave(item: HighPass, omega: float) -> None:
    # A binomial blur of order n multiplies cos(ωx) by cos(ω/2)ⁿ.
    wave = 0.5 + 0.001 * torch.cos(omega * torch.arange(40, dtype=torch.float64))
    picture = wave.expand(1, 1, 9, 40)
    got = front_channels(picture, Front("pu21", (item,)), "code")[0, 1]
    response = math.cos(omega / 2) ** item.inner - math.cos(omega / 2) ** item.outer
    margin = item.outer // 2
    linear = item.gain * response * (wave - 0.5)[margin:-margin]
    expected = linear / (1 + linear.abs() / item.limit)
    torch.testing.assert_close(got, expected.expand_as(got), rtol=1e-9, atol=1e-12)


def test_high_pass_is_bounded() -> None:
    picture = torch.zeros(1, 1, 9, 9)
    picture[..., 4, 4] = 1e4
    found = front_channels(picture, FRONT, "light")
    assert float(found[:, 1:].abs().max()) < 4.0


def test_chroma() -> None:
    front = COLOR_FRONT
    grey = front_channels(torch.full((1, 3, 6, 6), 7.0), front, "light")
    assert float(grey[:, 3:].abs().max()) < 1e-6
    single = front_channels(torch.full((1, 1, 6, 6), 7.0), front, "light")
    torch.testing.assert_close(single, grey)
    picture = torch.full((1, 3, 6, 6), 7.0)
    picture[:, 0] = 30.0
    red, blue = front_channels(picture, front, "light")[0, 3:, 0, 0].tolist()
    luminance = 7.0 + 23.0 * 0.212656
    assert red == pytest.approx((30 - luminance) / (30 + luminance + 0.05), rel=1e-5)
    assert blue == pytest.approx((7 - luminance) / (7 + luminance + 0.05), rel=1e-5)


def test_strips_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = torch.rand(2, 3, 150, 60, generator=torch.Generator().manual_seed(1)) * 500
    front = COLOR_FRONT
    whole = front_channels(picture, front, "light")
    monkeypatch.setattr(module, "_STRIP", 60 * 16)
    torch.testing.assert_close(front_channels(picture, front, "light"), whole)


def test_gradients() -> None:
    picture = (0.05 + torch.rand(1, 3, 7, 7, dtype=torch.float64)).requires_grad_()
    front = COLOR_FRONT
    assert torch.autograd.gradcheck(lambda x: front_channels(x * 90, front, "light"), picture)
    assert torch.autograd.gradcheck(lambda x: front_channels(x, front, "code"), picture)


def test_bent_difference_of_channels() -> None:
    a = torch.tensor([0.5, 16.0, 48.0]).view(1, 3, 1, 1)
    one_hundredth = torch.tensor([0.01, 0.16, 0.48]).view(1, 3, 1, 1)
    found = bent_difference(a + one_hundredth, a, FRONT).flatten()
    torch.testing.assert_close(found, torch.full((3,), math.log(11.0) / 3), rtol=1e-4, atol=0)
    back = bent_difference(a, a + one_hundredth, FRONT).flatten()
    torch.testing.assert_close(back, -found, rtol=1e-4, atol=0)
    assert not bool(bent_difference(a, a, FRONT).any())


def test_domains() -> None:
    assert kinds("hdr") == ("light", "light")
    assert kinds("sdr") == ("code", "code")
    assert kinds("tonemapped") == ("code", "light")
    with pytest.raises(OptionError, match="hdr, sdr, tonemapped"):
        kinds("film")  # type: ignore[arg-type]


def test_margin_is_that_of_the_widest_filter() -> None:
    assert Front("pu21").margin == 0
    assert FRONT.margin == 2
    assert replace(FRONT, high_pass=(HighPass(0, 8, 1.0, 1.0),)).margin == 4
