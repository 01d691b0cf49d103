"""Pixels as codes and as colour against closed forms, and the two domains on one scale."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.fronts.pixels import code_and_chroma, kinds, picture_code
from hdrmetrics.photometry.transfer import srgb_decode


def test_codes_of_grey() -> None:
    light = torch.tensor([0.0, 1.0, 100.0, 1e4]).view(4, 1, 1, 1).expand(4, 3, 8, 8)
    code = picture_code(light, "light")
    assert code.shape == (4, 1, 8, 8)
    # PU21 with glare: 256.4 at 100 cd/m², 595.4 at 10 000 (their authors' table).
    assert code[:, 0, 0, 0].tolist() == pytest.approx([0, 0.1427, 1.0015, 2.3257], abs=2e-3)
    codes = torch.full((1, 3, 8, 8), 0.4)
    assert picture_code(codes, "code")[0, 0, 0, 0] == pytest.approx(0.4)
    assert not picture_code(-light, "light").any()


def test_luma_weighs_the_channels() -> None:
    picture = torch.zeros(1, 3, 5, 5)
    for index, weight in enumerate((0.212656, 0.715158, 0.072186)):
        one = picture.clone()
        one[:, index] = 0.5
        assert float(picture_code(one, "code")[0, 0, 0, 0]) == pytest.approx(0.5 * weight)


def test_light_and_codes_are_on_one_scale(photos: dict[str, Tensor]) -> None:
    # The same picture as codes, and as the light of a 100 cd/m² display. PU21 lifts the darks, so
    # the two agree roughly: in black and in white.
    codes = photos["astronaut"][..., :256, :256].float()
    light = 100.0 * srgb_decode(codes)
    a, b = picture_code(codes, "code"), picture_code(light, "light")
    assert float((a - b).abs().mean()) < 0.15
    assert float((a - b).abs().max()) < 0.25
    assert 0.6 < float(a.std() / b.std()) < 1.6


def test_chroma() -> None:
    _, grey = code_and_chroma(torch.full((1, 3, 6, 6), 7.0), "light")
    assert float(grey.abs().max()) < 1e-6
    _, single = code_and_chroma(torch.full((1, 1, 6, 6), 7.0), "light")
    torch.testing.assert_close(single, grey)
    picture = torch.full((1, 3, 6, 6), 7.0)
    picture[:, 0] = 30.0
    red, blue = code_and_chroma(picture, "light")[1][0, :, 0, 0].tolist()
    luminance = 7.0 + 23.0 * 0.212656
    assert red == pytest.approx((30 - luminance) / (30 + luminance + 0.05), rel=1e-5)
    assert blue == pytest.approx((7 - luminance) / (7 + luminance + 0.05), rel=1e-5)


def test_gradients() -> None:
    picture = (0.05 + torch.rand(1, 3, 7, 7, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: code_and_chroma(x * 90, "light"), picture)
    assert torch.autograd.gradcheck(lambda x: code_and_chroma(x, "code"), picture)


def test_domains() -> None:
    assert kinds("hdr") == ("light", "light")
    assert kinds("sdr") == ("code", "code")
    assert kinds("tonemapped") == ("code", "light")
    with pytest.raises(OptionError, match="hdr, sdr, tonemapped"):
        kinds("film")  # type: ignore[arg-type]
