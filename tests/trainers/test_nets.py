"""The papers' networks: their codes, their stages, and that they are known by name."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from hdrmetrics.learned.fronts import front_of
from hdrmetrics.learned.network import build_network
from tests.learned.small import alive
from trainers.nets import PAPER_DIQM, PAPER_NOR


def test_codes_of_light_are_logarithms_and_display_codes_stay() -> None:
    light = torch.tensor([-5.0, 0.0, 1.0, 100.0, 1e4]).view(5, 1, 1, 1).expand(5, 3, 2, 2)
    front = front_of("log-pixels")
    logs = front.see(light, None, "hdr")[:, 0, 0, 0].tolist()
    assert logs == pytest.approx([0, 0, math.log10(2), 2.00432, 4.00004], abs=1e-5)
    codes = torch.full((1, 3, 2, 2), 0.4)
    assert front.see(codes, None, "sdr").flatten().tolist() == pytest.approx([0.4] * 4)
    both = front_of("compared-log-pixels").see(codes, light[3:4], "tonemapped")
    assert both[0, :, 0, 0].tolist() == pytest.approx([0.4, 2.00432], abs=1e-5)


def test_a_stage_sees_zeros_beyond_the_border_and_halves() -> None:
    stage = alive(build_network(PAPER_NOR, seed=1)).stages[0].double()
    x = torch.randn(1, 1, 6, 8, generator=torch.Generator().manual_seed(0)).double()
    y = torch.relu(stage.first(F.pad(x, (1, 1, 1, 1)))[..., 1:-1, 1:-1])
    y = torch.relu(y + stage.alpha[0] * stage.blocks[0](y))
    torch.testing.assert_close(stage(x), F.max_pool2d(y, 2))


def test_only_the_last_level_is_pooled_by_its_mean() -> None:
    network = build_network(PAPER_DIQM)
    pair = torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 96)
    (maps,) = network.features(*pair, domain="sdr")
    assert maps.shape == (1, 512, 2, 3)
    torch.testing.assert_close(network.pool((maps,)), maps.mean(dim=(-2, -1)))
