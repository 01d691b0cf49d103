"""Methods beside the curve enhancers, and the page about them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from results.curves.methods import METHODS, gamma, gamma_to
from results.curves.page import ablation, gains, table
from results.curves.pictures import STOPS
from results.curves.speed import Small, Three, in_strips


def test_gammas() -> None:
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert float(gamma_to(0.45)(image / 4).mean()) == pytest.approx(0.45, abs=1e-3)
    torch.testing.assert_close(gamma(2.0)(image), image.square())
    assert torch.equal(gamma_to(0.45)(torch.zeros(1, 3, 4, 4)), torch.zeros(1, 3, 4, 4))


def test_an_equalised_ramp_is_a_ramp_and_colours_keep_their_ratios() -> None:
    value = torch.linspace(0.1, 0.3, 64 * 64).view(1, 1, 64, 64)
    image = torch.cat([value, value / 2, value / 4], dim=1)
    found = METHODS["histogram"](image)
    wanted = torch.linspace(0, 1, 64 * 64).view(64, 64)
    torch.testing.assert_close(found[0, 0], wanted, rtol=0, atol=0.02)
    torch.testing.assert_close(found[:, 1], found[:, 0] / 2, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_what_every_method_returns(name: str) -> None:
    image = 0.2 * torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    found = METHODS[name](image)
    assert found.shape == image.shape
    assert 0 <= float(found.min()) <= float(found.max()) <= 1
    assert float(found.mean()) > float(image.mean()), "dark pictures get brighter"


def test_networks_that_are_timed() -> None:
    image = torch.rand(1, 3, 516, 8)
    for net, count in ((Three(), 252), (Small(), 156_268)):
        assert sum(one.numel() for one in net.parameters()) == count
        assert in_strips(net.eval())(image).shape == image.shape


def test_tables_from_what_was_measured() -> None:
    who = ("input", "curve", "curve-light", "run all", "run other")
    keys = ("psnr", "ssim", "pu21-psnr", "nima", "norvdpnet-sdr", "improvability")
    values = {
        name: {key: [[10.0 + place] * len(STOPS)] * 3 for key in keys}
        for place, name in enumerate(who)
    }
    report: dict[str, Any] = {"stops": STOPS, "scenes": ["a", "b", "c"], "values": values}
    assert "**12.00**" in table(report, "psnr", list(who[:3]))
    assert "+1.00 [+1.00, +1.00]" in gains(report, ["input"])
    rows = ablation(report, list(who[3:])).splitlines()
    assert rows[-1].startswith("| other | 14.00 [+1.00, +1.00] |")
