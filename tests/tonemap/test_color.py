"""The colour treatments: what each promises about luminance, hue and saturation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdrmetrics.photometry.color import luminance
from hdrmetrics.tonemap import create_operator
from hdrmetrics.tonemap.color import mantiuk2009, pouli2013, schlick
from hdrmetrics.tonemap.ipt import ipt_from_rgb, rgb_from_ipt


def one(value: float) -> torch.Tensor:
    return torch.full((1, 1, 1, 1), value, dtype=torch.float64)


def test_plain_scaling_keeps_ratios_and_reaches_the_luminance(scene: torch.Tensor) -> None:
    out = create_operator("drago03")(scene)
    torch.testing.assert_close(out / out[:, :1], scene / scene[:, :1])
    grey = create_operator("drago03")(luminance(scene))
    torch.testing.assert_close(luminance(out), grey)


def test_schlick_of_one_is_plain_scaling_and_of_zero_is_grey(scene: torch.Tensor) -> None:
    plain = create_operator("drago03")(scene)
    torch.testing.assert_close(create_operator("drago03", color="schlick")(scene), plain)
    grey = create_operator("drago03", color="schlick", saturation=0.0)(scene)
    mapped = create_operator("drago03")(luminance(scene))
    torch.testing.assert_close(grey, mapped.expand_as(grey))
    half = create_operator("drago03", color="schlick", saturation=0.5)(scene)
    torch.testing.assert_close(half, (scene / luminance(scene)).sqrt() * mapped)


def test_per_channel_is_the_curve_on_each_channel(scene: torch.Tensor) -> None:
    out = create_operator("schlick94", color="per-channel")(scene)
    peak = luminance(scene).max()
    torch.testing.assert_close(out, 200 * scene / (199 * scene + peak))


def test_mantiuk_keeps_luminance_exactly(scene: torch.Tensor) -> None:
    for name in ("drago03", "durand02", "pattanaik00"):
        out = create_operator(name, color="mantiuk2009")(scene)
        wanted = create_operator(name)(scene)
        torch.testing.assert_close(luminance(out), luminance(wanted), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("contrast", [0.3, 0.7, 1.0])
def test_mantiuk_s_strength_follows_the_slope(contrast: float, scene: torch.Tensor) -> None:
    """For L_d = L^c the contrast factor is c, and the published fit gives the saturation."""
    light = luminance(scene) + 1.0  # well above the offset of the logarithm
    out = mantiuk2009(scene + 1.0, light, light**contrast)
    fit = contrast**0.8552
    strength = (1 + 2.3892) * fit / (1 + 2.3892 * fit)
    ratio = (scene + 1.0) / light
    expected = ((ratio - 1) * strength + 1) * light**contrast
    torch.testing.assert_close(out, expected, rtol=1e-5, atol=1e-6)


def test_pouli_keeps_hue_and_follows_saturation(scene: torch.Tensor) -> None:
    """Where nothing is clamped: the HDR picture's hue, and its saturation times √(C² + I²)."""
    muted = scene.mean(dim=1, keepdim=True) * 0.8 + 0.2 * scene
    light = luminance(muted)
    out = pouli2013(muted, light, light**0.5)
    toned = muted * light**-0.5
    kept = (out > 1e-3 * toned.max()).all(dim=1)[0]
    assert float(kept.double().mean()) > 0.5
    before = ipt_from_rgb(muted / muted.max())[0][:, kept]
    scaled = ipt_from_rgb(toned / toned.max())[0][:, kept]
    after = ipt_from_rgb(out / toned.max())[0][:, kept]
    hues = [torch.atan2(p[2], p[1]) for p in (before, after)]
    assert float(torch.cos(hues[0] - hues[1]).min()) > 1 - 1e-6
    torch.testing.assert_close(after[0], scaled[0], rtol=1e-9, atol=1e-12)
    follows = torch.hypot(scaled[1], scaled[2]) * before[0] / scaled[0]
    chroma = torch.hypot(before[1], before[2])
    wanted = chroma / torch.hypot(chroma, before[0]) * torch.hypot(follows, scaled[0])
    torch.testing.assert_close(torch.hypot(after[1], after[2]), wanted, rtol=1e-3, atol=1e-6)


def test_greys_stay_grey_and_black_stays_black() -> None:
    light = torch.tensor([0.0, 0.1, 1.0, 50.0], dtype=torch.float64).view(1, 1, 1, 4)
    grey, mapped = light.expand(1, 3, 1, 4), light**0.5
    # The luminance weights sum to 1 and grey is D65: what is left is their rounding.
    for out in (
        schlick(grey, light, mapped, one(0.7)),
        mantiuk2009(grey, light, mapped),
        pouli2013(grey, light, mapped),
    ):
        assert float((out - out.mean(dim=1, keepdim=True)).abs().max()) < 5e-3 * 7
        assert out[..., 0].tolist() == [[[0.0], [0.0], [0.0]]]


def test_ipt_inverts_and_agrees_with_the_published_example(scene: torch.Tensor) -> None:
    colours = scene / scene.max()
    torch.testing.assert_close(rgb_from_ipt(ipt_from_rgb(colours)), colours, rtol=1e-7, atol=1e-12)
    white = ipt_from_rgb(torch.ones(1, 3, 1, 1, dtype=torch.float64)).flatten().numpy()
    np.testing.assert_allclose(white, [1.0, 0.0, 0.0], atol=5e-3)


@pytest.mark.parametrize("color", ["schlick", "mantiuk2009", "pouli2013", "per-channel"])
def test_gradients(color: str, scene: torch.Tensor) -> None:
    picture = scene[..., :3, :4].contiguous().requires_grad_()
    operator = create_operator("drago03", color=color)  # type: ignore[arg-type]
    assert torch.autograd.gradcheck(operator, (picture,), eps=1e-7, atol=1e-4, rtol=1e-3)


def test_treatments_of_an_operator_with_its_own_colour(scene: torch.Tensor) -> None:
    """The operator then gives the luminance, the treatment the colour."""
    own = luminance(create_operator("pattanaik00")(scene))
    again = create_operator("pattanaik00", color="schlick")(scene)
    torch.testing.assert_close(luminance(again), own)
    torch.testing.assert_close(again / again[:, :1], scene / scene[:, :1])
