"""The curve enhancers: exposures that get better, strength, precision, large pictures, weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.enhance import create_enhancer
from hdrmetrics.enhance.curve import CurveEnhancer
from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.expand import expand
from hdrmetrics.learned.curves.card import CurveCard
from hdrmetrics.learned.curves.net import fresh_net
from hdrmetrics.learned.curves.weights import SHIPPED, load_curves, save_curves
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode
from tests.enhance.pictures import photograph

NAMES = ("curve", "curve-light")
each = pytest.mark.parametrize("name", NAMES)


def exposed(stops: float) -> tuple[Tensor, Tensor]:
    """Return a photograph at a wrong exposure, and as it was."""
    image = photograph(96, 128)
    return srgb_encode((srgb_decode(image) * 2**stops).clamp(0, 1)), image


def _error(a: Tensor, b: Tensor) -> float:
    return float((a - b).square().mean())


@each
@pytest.mark.parametrize("stops", [-3.0, -2.0, 2.0])
def test_bad_exposures_come_nearer_to_the_good_one(name: str, stops: float) -> None:
    before, good = exposed(stops)
    after = create_enhancer(name)(before)
    # What was clipped stays clipped: less can be done about too much light.
    assert _error(after, good) < (0.6 if stops < 0 else 0.9) * _error(before, good)
    brighter = float(after.mean() - before.mean())
    assert brighter * stops < 0


@each
def test_strength_leads_from_the_picture_to_what_the_network_says(name: str) -> None:
    before, _ = exposed(-2.0)
    means = [float(create_enhancer(name, strength=s)(before).mean()) for s in (0.0, 0.4, 0.8, 1.0)]
    assert means == sorted(means)
    assert torch.equal(create_enhancer(name, strength=0.0)(before), before)


@each
def test_order_of_tones_stays_and_sixteen_bits_stay_apart(name: str) -> None:
    ramp = torch.arange(65536, dtype=torch.float64).div(65535).view(1, 1, 256, 256)
    out = create_enhancer(name)(ramp.expand(1, 3, 256, 256))
    assert out.dtype == torch.float64
    near = out[0, :, 128]  # neighbours, whose curves are nearly the same
    assert float(near.diff(dim=-1).min()) > 0


@each
def test_black_and_white_stay(name: str) -> None:
    for value in (0.0, 1.0):
        flat = torch.full((1, 3, 20, 30), value)
        assert torch.equal(create_enhancer(name)(flat), flat)


@each
def test_a_large_picture_gets_the_curves_of_its_copy(name: str) -> None:
    small = exposed(-2.0)[0]
    large = F.interpolate(small, scale_factor=6, mode="nearest")
    enhancer = create_enhancer(name)
    after = F.interpolate(enhancer(large), small.shape[-2:], mode="area")
    torch.testing.assert_close(after, enhancer(small), rtol=0, atol=0.03)


@each
def test_the_shipped_networks(name: str) -> None:
    enhancer = create_enhancer(name)
    assert isinstance(enhancer, CurveEnhancer)
    net, card = load_curves(SHIPPED[enhancer.kind])
    assert enhancer.card == card
    assert SHIPPED[net.kind].stat().st_size < 400_000
    assert card.steps > 0
    assert card.data
    assert all(one["terms"] for one in card.data)
    assert card.results
    assert card.failures


def test_weights_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    save_curves(path, fresh_net("light", 0, 0.0), CurveCard("light", 32))
    image = photograph()
    own = create_enhancer("curve-light", weights=path)
    torch.testing.assert_close(own(image), image, rtol=0, atol=0)
    with pytest.raises(OptionError, match="the other enhancer"):
        create_enhancer("curve", weights=str(path))
    with pytest.raises(WeightsError):
        create_enhancer("curve", weights=tmp_path / "none.safetensors")
    with pytest.raises(OptionError, match="path"):
        create_enhancer("curve", weights=3)


def test_to_hdr_by_curve_then_expand() -> None:
    before, _ = exposed(-2.0)
    light = expand(create_enhancer("curve")(before), "akyuz07", peak=1000.0)
    assert light.shape == before.shape
    assert float(light.max()) > 100
    assert bool(light.isfinite().all())
