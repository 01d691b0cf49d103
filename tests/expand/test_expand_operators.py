"""What every inverse operator keeps to, and what it refuses."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch

from hdrmetrics.errors import (
    DomainError,
    HdrMetricsWarning,
    OptionError,
    PixelValueError,
    ShapeError,
    UnknownNameError,
)
from hdrmetrics.expand import COMMON, expand, get_expansion, list_expansions
from hdrmetrics.expand.bilateral import bilateral_filter
from hdrmetrics.expand.masia09 import image_key

# Small pictures made for a purpose have keys that masia09 warns of.
pytestmark = pytest.mark.filterwarnings("ignore::hdrmetrics.errors.HdrMetricsWarning")

NAMES = [info.name for info in list_expansions()]
MONOTONE = [info.name for info in list_expansions() if info.monotone]
DIFFERENTIABLE = [info.name for info in list_expansions() if info.differentiable]


@pytest.fixture(scope="module")
def picture(photos: dict[str, torch.Tensor]) -> torch.Tensor:
    return (photos["coffee"][..., 20:84, 30:110] * 1.7).clamp(0, 1)


def test_there_are_at_least_seven_and_each_is_described() -> None:
    assert len(NAMES) == len(set(NAMES)) >= 7
    for info in list_expansions():
        assert info.citation
        assert info.title
        assert all(p.meaning for p in (*COMMON, *info.parameters))
        assert {p.name for p in COMMON}.isdisjoint(p.name for p in info.parameters)


@pytest.mark.parametrize("name", NAMES)
def test_odd_pictures_stay_finite_and_not_negative(name: str) -> None:
    pictures = {
        "black": torch.zeros(1, 3, 9, 11),
        "white": torch.ones(1, 3, 9, 11),
        "grey": torch.full((1, 3, 9, 11), 0.3),
        "pure blue": torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1).expand(1, 3, 9, 11),
        "one pixel": torch.full((1, 1, 1, 1), 0.7),
        "single light": torch.zeros(1, 3, 9, 11).index_fill(3, torch.tensor([4]), 1.0),
        "tiny": torch.full((1, 3, 9, 11), 1e-6),
    }
    for kind, codes in pictures.items():
        light = expand(codes, name)
        assert light.shape == codes.shape
        assert torch.isfinite(light).all(), kind
        assert (light >= 0).all(), kind
        assert (light[codes.expand_as(light) == 0] == 0).all(), kind


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_its_pictures(name: str, picture: torch.Tensor) -> None:
    other = picture.flip(-1) * 0.8
    both = expand(torch.cat([picture, other]), name, peak=torch.tensor([500.0, 2000.0]))
    torch.testing.assert_close(both[:1], expand(picture, name, peak=500.0))
    torch.testing.assert_close(both[1:], expand(other, name, peak=2000.0))


@pytest.mark.parametrize("name", NAMES)
def test_grey_as_one_channel_or_three(name: str, picture: torch.Tensor) -> None:
    grey = picture[:, 1:2]
    one, three = expand(grey, name), expand(grey.expand(-1, 3, -1, -1), name)
    # The three luminance weights add up to 1 within rounding, which thresholds at white feel.
    torch.testing.assert_close(one.expand_as(three), three, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(expand(grey[0, 0], name), one)
    torch.testing.assert_close(expand(grey[0].half(), name), expand(grey.half().float(), name))


@pytest.mark.parametrize("name", NAMES)
def test_white_comes_near_the_peak(name: str, picture: torch.Tensor) -> None:
    codes = picture.clone()
    codes[..., 20:50, 20:60] = 1.0
    for peak in (400.0, 4000.0):
        white = expand(codes, name, peak=peak)[0, :, 35, 40]
        # Only huophys13 exceeds it, by 2^(1/n) at most.
        assert (white >= 0.95 * peak).all()
        assert (white <= 2.25 * peak).all()
        assert name == "huophys13" or (white <= 1.0001 * peak).all()


@pytest.mark.parametrize("name", MONOTONE)
def test_monotone_operators_keep_the_order_of_greys(name: str) -> None:
    ramp = torch.linspace(0, 1, 4096, dtype=torch.float64).view(1, 1, 64, 64)
    light = expand(ramp, name).flatten()
    assert (light[1:] >= light[:-1]).all()
    assert light[-1] > light[2000] > light[100]


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_in_picture_and_settings(name: str) -> None:
    generator = torch.Generator().manual_seed(3)
    codes = 0.3 + 0.65 * torch.rand(2, 3, 4, 5, generator=generator, dtype=torch.float64)
    info = get_expansion(name).info
    settings: dict[str, torch.Tensor] = {
        p.name: torch.tensor(float(p.default), dtype=torch.float64, requires_grad=True)
        for p in (*COMMON, *info.parameters)
        if p.kind == "real" and isinstance(p.default, float)
    }
    if name == "masia09":  # unused settings have no gradient to check
        for unused in ("spatial", "tonal", "least"):
            settings.pop(unused)
    keys = list(settings)

    def job(image: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
        return expand(image, name, **dict(zip(keys, values, strict=True))) / 1000  # type: ignore[arg-type]

    assert torch.autograd.gradcheck(job, (codes.requires_grad_(), *settings.values()), atol=1e-6)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_stay_finite_at_black_and_white(name: str) -> None:
    codes = torch.tensor([0.0, 0.0, 0.2, 1.0, 1.0, 0.6], dtype=torch.float64).view(1, 1, 2, 3)
    codes.requires_grad_()
    expand(codes, name).sum().backward()
    assert codes.grad is not None
    assert torch.isfinite(codes.grad).all()


def test_transfer_is_the_callers(picture: torch.Tensor) -> None:
    from hdrmetrics.photometry.transfer import srgb_decode

    light = srgb_decode(picture)
    by_name = expand(picture, "akyuz07", transfer="srgb")
    torch.testing.assert_close(by_name, expand(light, "akyuz07", transfer="linear"))
    assert not torch.allclose(by_name, expand(picture, "akyuz07"))
    torch.testing.assert_close(
        expand(picture, "akyuz07", gamma=2.4), expand(picture**2.4, "akyuz07", transfer="linear")
    )


def test_landis_leaves_the_rest_at_its_white(picture: torch.Tensor) -> None:
    light = expand(picture * 0.7, "landis02", white=120.0)  # 0.7^2.2 lies below the threshold
    torch.testing.assert_close(light, 120 * (picture * 0.7) ** 2.2)


def test_landis_reaches_the_peak_at_its_brightest(picture: torch.Tensor) -> None:
    from hdrmetrics.photometry.color import luminance

    brightest = float(luminance(picture**2.2).max())
    found = luminance(expand(picture, "landis02", peak=700.0)).max()
    assert float(found) == pytest.approx(700 * brightest)


def test_akyuz_spans_black_to_peak(picture: torch.Tensor) -> None:
    from hdrmetrics.photometry.color import luminance

    light = luminance(expand(picture, "akyuz07", peak=700.0))
    assert float(light.max()) == pytest.approx(700)
    assert float(light.min()) == pytest.approx(0, abs=1e-9)


def test_kovaleski_boosts_clipped_areas_four_times() -> None:
    codes = torch.full((1, 1, 40, 40), 0.95, dtype=torch.float64)
    codes[..., 10:30, 10:30] = 1.0
    light = expand(codes, "kovaleski-oliveira14", peak=1000.0, black=0.0, tonal=0.2)
    inside, outside = float(light[..., 20, 20]), float(light[..., 2, 2])
    unboosted = expand(codes, "kovaleski-oliveira14", peak=1000.0, black=0.0, boost=1.0)
    torch.testing.assert_close(unboosted, 1000 * codes**2.2)
    assert 223 < outside < inside <= 1000
    wide = expand(codes, "kovaleski-oliveira14", peak=1000.0, black=0.0, tonal=0.02)
    assert float(wide[..., 20, 20]) == pytest.approx(1000)
    assert float(wide[..., 2, 2]) == pytest.approx(250 * 0.95**2.2)


def test_huo_dodging_puts_its_brightest_pixel_at_the_peak(picture: torch.Tensor) -> None:
    from hdrmetrics.photometry.color import luminance

    paper = expand(picture, "huo14", unit="paper")
    scaled = expand(picture, "huo14", peak=640.0)
    assert float(luminance(scaled).max()) == pytest.approx(640)
    torch.testing.assert_close(scaled / scaled.max(), paper / paper.max())


def test_masia_warns_where_its_regression_fails() -> None:
    dark = torch.full((1, 1, 20, 20), 0.1)
    dark[..., 0, :] = 1.0
    with pytest.warns(HdrMetricsWarning, match="least"):
        expand(dark, "masia09")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expand(dark, "masia09", exponent=1.5)


def test_key_is_the_place_of_the_log_mean() -> None:
    two = torch.full((1, 1, 20, 20), 0.01, dtype=torch.float64)
    two[..., 5:, :] = 1.0  # three quarters at the top of the logarithmic range
    even = torch.logspace(-3, 0, 400, dtype=torch.float64).view(1, 1, 20, 20)
    keys = image_key(torch.cat([two, even])).flatten()
    torch.testing.assert_close(keys, torch.tensor([0.75, 0.5]).double(), atol=3e-3, rtol=0)
    torch.testing.assert_close(image_key(two * 7), image_key(two), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        (torch.full((1, 3, 4, 4), 200.0), DomainError),
        (torch.full((1, 3, 4, 4), -0.2), DomainError),
        (torch.full((1, 3, 4, 4), float("nan")), PixelValueError),
        (torch.full((1, 3, 4, 4), float("inf")), PixelValueError),
        (torch.zeros(1, 2, 4, 4), ShapeError),
        (torch.zeros(1, 3, 0, 4), ShapeError),
        (torch.zeros(1, 3, 4, 4, dtype=torch.uint8), ShapeError),
    ],
)
def test_bad_pictures(codes: torch.Tensor, error: type[Exception]) -> None:
    for name in NAMES:
        with pytest.raises(error):
            expand(codes, name)


def test_codes_a_little_beyond_white_are_clamped() -> None:
    codes = torch.tensor([[-5e-4, 0.5], [1.0, 1.0005]])
    torch.testing.assert_close(expand(codes, "akyuz07"), expand(codes.clamp(0, 1), "akyuz07"))


@pytest.mark.parametrize(
    "settings",
    [
        {"peak": 0.0},
        {"peak": float("nan")},
        {"peak": "bright"},
        {"peak": True},
        {"transfer": "pq"},
        {"gamma": 0.5},
        {"exponent": 0.0},
        {"unknown": 1.0},
        {"exponent": torch.tensor([1, 2])},
    ],
)
def test_bad_settings(settings: dict[str, Any], picture: torch.Tensor) -> None:
    with pytest.raises(OptionError):
        expand(picture, "akyuz07", **settings)


def test_settings_per_image_fit_the_batch(picture: torch.Tensor) -> None:
    with pytest.raises(ShapeError):
        expand(picture, "akyuz07", peak=torch.tensor([100.0, 200.0, 300.0]))
    with pytest.raises(OptionError, match="whole batch"):
        expand(torch.cat([picture, picture]), "huo14", tonal=torch.tensor([0.1, 0.2]))


def test_unknown_operators_get_a_hint(picture: torch.Tensor) -> None:
    with pytest.raises(UnknownNameError, match="landis02"):
        expand(picture, "landis")
    with pytest.raises(UnknownNameError, match="akyuz07"):
        expand(picture, "zzz")


def test_bilateral_filter_refuses_nonsense() -> None:
    plane = torch.rand(1, 1, 5, 5)
    for spatial, tonal in ((0.0, 0.1), (1.0, -1.0), (float("inf"), 0.1)):
        with pytest.raises(OptionError):
            bilateral_filter(plane, spatial, tonal)
    with pytest.raises(ShapeError):
        bilateral_filter(plane, 2.0, 0.1, guide=plane[..., :4])
    with pytest.raises(ShapeError):
        bilateral_filter(torch.rand(1, 3, 5, 5), 2.0, 0.1)


def test_bilateral_filter_keeps_edges_and_flattens_noise() -> None:
    generator = torch.Generator().manual_seed(5)
    step = torch.zeros(1, 1, 40, 40, dtype=torch.float64)
    step[..., 20:] = 0.8
    noisy = step + 0.1 + 0.02 * torch.randn(step.shape, generator=generator, dtype=torch.float64)
    smooth = bilateral_filter(noisy, 6.0, 0.2)
    assert float((smooth - step - 0.1).abs().max()) < 0.02
    assert float((smooth - step - 0.1).std()) < 0.4 * 0.02


def test_settings_that_stepped_out_of_bounds_count_as_the_bound() -> None:
    codes = torch.rand(1, 3, 12, 10, generator=torch.Generator().manual_seed(2)).double()
    for name in ("landis02", "akyuz07", "huophys13"):
        for setting, outside, bound in (
            ("gamma", 0.2, 1.0),
            ("gamma", 5.0, 4.0),
            ("peak", -3, 1.0),
        ):
            leaf = torch.tensor(float(outside), dtype=torch.float64, requires_grad=True)
            light = expand(codes, name, **{setting: leaf})
            torch.testing.assert_close(light, expand(codes, name, **{setting: bound}))
            (gradient,) = torch.autograd.grad(light.sum(), leaf)
            assert torch.isfinite(gradient)
            with pytest.raises(OptionError, match="between"):
                expand(codes, name, **{setting: float(outside)})
