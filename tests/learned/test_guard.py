"""What pictures are measured to be, and what is said where they are odd."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.fronts.pixels import Kind
from hdrmetrics.learned.guard import MEASURES, Guard, Rule, guard_of, measures
from hdrmetrics.learned.traits import NAMES, measure
from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import pq_encode, pu21_encode, srgb_decode, srgb_encode
from tests.learned.small import pictures
from trainers.doubting.strange import drawn

KINDS: tuple[Kind, Kind] = ("light", "code")


def codes(seed: int = 0) -> Tensor:
    """Return a picture like a photograph's codes ``(3, 320, 320)``."""
    return srgb_encode((pictures(1, 320, 320, seed=seed)[0] / 200).clamp(0, 1))


def test_percentiles_and_shares_against_numpy() -> None:
    light = pictures(1, 333, 410, seed=3)[0]
    found = measure(light, "light")
    grey = luminance(light[None])[0, 0].numpy()
    for name, share in (("least", 0.1), ("low", 10), ("middle", 50), ("high", 90), ("peak", 99.9)):
        expected = float(pu21_encode(torch.tensor(np.percentile(grey, share)))) / 256
        assert found[name] == pytest.approx(expected, abs=0.02), name
    assert found.peak == pytest.approx(np.percentile(grey, 99.9), rel=0.02)
    code = codes()
    grey = luminance(code[None])[0, 0].numpy()
    seen = measure(code, "code")
    step = np.abs(np.diff(grey[::4], axis=1))
    assert seen["equal"] == pytest.approx((step < 1e-4).mean())
    assert seen["steps"] == pytest.approx((step > 0.25).mean())
    assert seen["dark"] == pytest.approx((grey[::4] < 0.01).mean())
    assert seen["full"] == pytest.approx((code.amax(0).numpy()[::4] >= 0.999).mean(), abs=1e-3)


def test_slopes_and_grain_are_no_structure() -> None:
    ramp = torch.linspace(0, 1, 320).expand(3, 320, 320)
    grain = 0.5 + 2 / 255 * torch.randn(3, 320, 320, generator=torch.Generator().manual_seed(1))
    for empty in (ramp, ramp.transpose(1, 2), grain, torch.full((3, 320, 320), 0.3)):
        assert measure(empty, "code")["flat"] > 0.99
    assert measure(codes(), "code")["flat"] < 0.2
    half = torch.cat([codes(), torch.full((3, 320, 320), 0.3)], dim=2)
    assert measure(half, "code")["flat"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("undone", [srgb_decode, lambda x: x**2.2], ids=["srgb", "2.2"])
def test_the_light_of_a_photograph_is_seen(undone: Callable[[Tensor], Tensor]) -> None:
    code = (codes() * 255).round() / 255
    light = undone(code)
    assert measure(light, "code")["decoded"] > 0.99
    (doubt,) = guard_of("code").doubts(measure(light, "code"), "code")
    assert "linear light" in doubt
    assert "srgb_encode" in doubt
    for plain in (code, codes(), (codes() * 65535).round() / 65535, torch.full_like(code, 0.4)):
        assert measure(plain, "code")["decoded"] < 0.3
        assert not any(
            "linear" in text for text in guard_of("code").doubts(measure(plain, "code"), "code")
        )
    assert guard_of("code").doubts(measure(srgb_encode(light), "code"), "code") == ()


def test_whole_numbers_are_seen() -> None:
    code = codes()
    for most in (255, 1023, 65535):
        assert measure((code * most).round() / most, "code")["grid"] == 1.0
    assert measure(code, "code")["grid"] < 0.2
    bytes_ = (code * 255).round()
    for factor in (1.0, 3.7, 1000 / 255):
        assert measure(bytes_ * factor, "light")["grid"] == 1.0
    light = pictures(1, 320, 320)[0]
    assert measure(light, "light")["grid"] == 0.0
    assert measure(light.half().float(), "light")["grid"] == 0.0


def test_strips_and_sizes_change_little(monkeypatch: pytest.MonkeyPatch) -> None:
    light = pictures(1, 320, 352, seed=2)[0]
    whole = measure(light, "light")
    monkeypatch.setattr("hdrmetrics.learned.traits._STRIP", 16 * 352)
    np.testing.assert_allclose(measure(light, "light").values, whole.values, rtol=1e-5, atol=1e-6)
    again = measure(torch.cat([light, light], dim=2), "light")
    np.testing.assert_allclose(again.values, whole.values, rtol=0.1, atol=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_any_picture_is_measured(kind: Kind) -> None:
    for picture in (
        torch.zeros(3, 64, 64),
        torch.ones(1, 64, 80),
        torch.full((3, 70, 64), -1.0),
        torch.full((3, 64, 64), 1e30),
        torch.eye(64)[None],
        torch.full((3, 64, 64), 1e-40),
    ):
        found = measure(picture, kind)
        assert len(found.values) == len(NAMES)
        assert np.isfinite(found.values).all()
        assert np.isfinite(list(measures(found).values())).all()
        guard_of(kind).doubts(found, kind)


def test_the_guards_of_the_package() -> None:
    light, code = guard_of("light"), guard_of("code")
    assert light.dimmest >= 20
    assert light.brightest <= 50_000
    picture = pictures(1, 320, 320)[0]
    peak = measure(picture, "light").peak

    def of_light(test: Tensor) -> str:
        return " ".join(light.doubts(measure(test, "light"), "light"))

    def of_code(test: Tensor, *, rendered: bool = False) -> str:
        return " ".join(code.doubts(measure(test, "code"), "code", rendered=rendered))

    for wanted in (100.0, 1000.0, 10_000.0):
        assert not of_light(picture * wanted / peak)
    for wanted in (2.0, 19.0, 51_000.0, 1e6):
        assert "is the scale right? Give" in of_light(picture * wanted / peak)
    assert 'as_image(array, domain="sdr")' in of_light(codes())
    assert "codes of 8 bits" in of_light((codes() * 255).round())
    assert not of_code(codes())
    low = pq_encode(picture * 100 / peak)
    assert "codes of PQ" in of_code(low)
    assert not of_code(low, rendered=True), "an operator may do so"
    assert "next to nothing" in of_code(torch.full((3, 128, 128), 0.5))
    for name, picture in drawn(320, 400, np.random.default_rng(1)):
        assert "looks drawn" in of_code(picture), name


def test_rules_are_weighted_sums() -> None:
    traits = measure(codes(), "code")
    rule = Rule({"flat": 2.0, "chroma": -1.0}, 0.25)
    expected = 0.25 + 2.0 * traits["flat"] - traits["chroma"]
    assert rule.evidence(traits) == pytest.approx(expected)
    assert set(NAMES) <= set(MEASURES)


def test_round_trip_and_what_cannot_be() -> None:
    guard = Guard(20.0, 5e4, 0.9, {"drawn": Rule({"flat": 1.0}, -0.5)})
    assert Guard.from_dict(json.loads(json.dumps(guard.to_dict(), allow_nan=False))) == guard
    data = guard.to_dict()
    for change in (
        {"dimmest": 1e5},
        {"dimmest": float("nan")},
        {"brightest": "x"},
        {"empty": 0.0},
        {"empty": True},
        {"rules": 3},
        {"rules": {"cats": {"weights": {}, "bias": 0.0}}},
        {"rules": {"drawn": {"weights": {"cats": 1.0}, "bias": 0.0}}},
        {"rules": {"drawn": {"weights": {"flat": 1e300}, "bias": 0.0}}},
        {"rules": {"drawn": {"weights": 3, "bias": 0.0}}},
        {"rules": {"drawn": {"bias": 0.0}}},
    ):
        with pytest.raises(OptionError):
            Guard.from_dict(data | change)
    with pytest.raises(OptionError):
        Guard.from_dict({})
