"""The strength scales as HDR-VDP-2 sees them, on a photograph."""

from __future__ import annotations

import functools
import itertools

import pytest
import torch
from torch import Tensor

from hdrmetrics import read_image, sample_images
from hdrmetrics.distort import create_distortion, distort, list_distortions
from hdrmetrics.metric import PreparedMetric
from hdrmetrics.metrics.hdrvdp2 import HDRVDP2

NAMES = [info.name for info in list_distortions("hdr")]


@functools.cache
def photograph() -> tuple[Tensor, HDRVDP2, PreparedMetric]:
    light = read_image(sample_images()["courtyard"]).tensor().clamp(min=0.0)
    light = (light * (200 / light.mean()))[..., 100:228, 100:228].clamp(max=10_000.0).contiguous()
    metric = HDRVDP2(ppd=30)
    return light, metric, metric.prepare(light)


@pytest.mark.parametrize("name", NAMES)
def test_visibility_rises_with_strength(name: str) -> None:
    image, metric, prepared = photograph()
    values = []
    for strength in (0.1, 0.4, 0.7, 1.0):
        tests = torch.cat(
            [distort(image, name, strength=strength, domain="hdr", seed=k) for k in (1, 2)]
        )
        each = [metric.q(one[None].clamp(max=10_000.0), prepared) for one in tests]
        values.append(float(torch.stack(each).mean()))
    assert values == sorted(values), values
    assert values[-1] - values[0] > 0.5
    steps = [b - a for a, b in itertools.pairwise(values)]
    # Even on a single photograph no third of the scale holds nearly all of the way.
    assert max(steps) < 0.9 * sum(steps)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("domain", ["hdr", "sdr"])
def test_amounts_move_in_one_direction(name: str, domain: str) -> None:
    distortion = create_distortion(name)
    for seed in range(8):
        amounts = [
            distortion.amount(k / 10, domain=domain, seed=seed)  # type: ignore[arg-type]
            for k in range(1, 11)
        ]
        # The middle gain of a cast turns: all three are scaled to the luminance of grey.
        for key in amounts[0].keys() - {"red", "green", "blue"}:
            series = [amount[key] for amount in amounts]
            assert series in (sorted(series), sorted(series, reverse=True)), key
