"""Architectures as data: counts, costs, round trips, and descriptions that cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.architecture import (
    ARCHITECTURES,
    OURS_DIQM,
    OURS_NOR,
    PAPER_DIQM,
    PAPER_NOR,
    SMALL_NOR,
    Architecture,
    Front,
    HighPass,
    Stage,
)
from hdrmetrics.learned.geometry import (
    cells,
    cost,
    floats_per_pixel,
    input_channels,
    levels,
    minimum_length,
    parameter_count,
    statistic_count,
    total_stride,
)
from hdrmetrics.learned.network import build_network

each = pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES.keys())


def test_the_papers_network_has_its_number_of_weights() -> None:
    # 3×3 convolutions of 1-32-32, 32-64-64, … 256-512-512, five α, 512-256-1.
    assert parameter_count(PAPER_NOR) == 4_843_238
    assert parameter_count(PAPER_DIQM) == 4_843_238 + 9 * 32
    assert [level.channels for level in levels(PAPER_NOR)[1:]] == [32, 64, 128, 256, 512]
    assert cells(PAPER_NOR, 256)[-1] == 8


def test_the_papers_multiply_adds_by_hand() -> None:
    # 256 px: each stage at a quarter of the one before's pixels.
    pixels, total, before = 256 * 256, 0, 1
    for channels in (32, 64, 128, 256, 512):
        total += pixels * 9 * (before * channels + channels * channels)
        pixels, before = pixels // 4, channels
    assert cost(PAPER_NOR, (256, 256)) == total + 512 * 256 + 256


def test_networks_of_descriptors_by_hand() -> None:
    # 59 descriptors and 3 of chroma per picture, 19 of a pair; a cell sees 16 px and 16 around.
    # Of one picture the seams of 16 columns and 16 rows are pooled too, of two pictures their
    # visible differences in eight bands.
    for architecture, before, beside in ((OURS_NOR, 62, 32), (OURS_DIQM, 2 * 62 + 19, 8)):
        assert input_channels(architecture) == before
        assert [(g.channels, g.stride, g.field) for g in levels(architecture)] == [
            (before + beside, 16, 48), (128, 16, 48), (128, 16, 48), (128, 16, 48)
        ]  # fmt: skip
        assert cells(architecture, 256) == (14, 14, 14, 14)
        assert cells(architecture, 64) == (2, 2, 2, 2)
        assert cells(architecture, 47) == (0, 0, 0, 0)
        assert minimum_length(architecture) == 48
        assert total_stride(architecture) == 16
        statistics = 3 * (before + beside + 3 * 128)
        assert statistic_count(architecture) == statistics
        layers = before * 128 + 4 * 128 * 128
        biases = 5 * 128 + 2  # and the α of two blocks
        head = statistics * 256 + 256
        assert parameter_count(architecture) == layers + biases + 4 * (head + 256 + 1)
        assert cost(architecture, (256, 256)) == 14 * 14 * layers + 4 * head
    assert cost(OURS_NOR) < cost(SMALL_NOR) / 10


@each
def test_counts_agree_with_the_network(architecture: Architecture) -> None:
    network = build_network(architecture)
    assert sum(p.numel() for p in network.parameters()) == parameter_count(architecture)
    assert network.minimum_length == minimum_length(architecture) <= 128
    size = (137, 166)
    picture = torch.rand(1, 3, *size)
    pair = (picture,) if architecture.inputs == "none" else (picture, picture)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        features = network.features(*pair, domain="sdr")
        network.head(network.pool(features))
    assert counter.get_total_flops() == 2 * cost(architecture, size)
    counts = [cells(architecture, length) for length in size]
    shapes = [tuple(side[level] for side in counts) for level in architecture.pooled]
    assert [tuple(maps.shape[-2:]) for maps in features] == shapes
    assert floats_per_pixel(architecture) > 1


@each
def test_a_cell_sees_its_field_and_no_more(architecture: Architecture) -> None:
    last = levels(architecture)[-1]
    network = build_network(architecture).double()
    side = minimum_length(architecture)
    if architecture.padding == "zeros":
        side = 5 * last.stride  # the middle cell sees past neither border
    else:
        assert side == last.field
    picture = torch.rand(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    with torch.no_grad():
        for stage in network.stages:
            stage.alpha.fill_(0.5)
    pair = (picture,) if architecture.inputs == "none" else (picture, torch.rand_like(picture))
    maps = network.features(*pair, domain="sdr")[-1]
    maps[..., maps.shape[-2] // 2, maps.shape[-1] // 2].sum().backward()
    assert picture.grad is not None
    rows = picture.grad.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    reach = int(rows[-1] - rows[0]) + 1
    # ReLU and max-pool silence parts of the border of a field.
    assert 0.8 * last.field <= reach <= last.field


def test_ours_does_a_twelfth_of_the_papers_work() -> None:
    assert cost(PAPER_NOR) / cost(SMALL_NOR) > 12


@each
def test_round_trip_through_json(architecture: Architecture) -> None:
    text = json.dumps(architecture.to_dict(), allow_nan=False)
    assert Architecture.from_dict(json.loads(text)) == architecture
    assert architecture.with_heads("a", "b").heads == ("a", "b")


def test_descriptions_from_before_descriptors_and_kernels() -> None:
    old = SMALL_NOR.to_dict()
    del old["front"]["descriptors"]
    for stage in old["stages"]:
        del stage["kernel"]
    assert Architecture.from_dict(old) == SMALL_NOR


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": "two"}, "inputs is one of none, reference"),
        ({"fusion": "concatenated"}, "fused"),
        ({"fusion": "shared"}, "fusion is one of none, concatenated, difference"),
        ({"stages": ()}, "1 to 8 stages"),
        ({"stages": (Stage(8),) * 9}, "1 to 8 stages"),
        ({"stages": (Stage(8, stride=3),)}, "divide a window"),
        ({"stages": (Stage(8, stride=4, max_pool=4),) * 8}, "divide a window"),
        ({"hidden": 0}, "hidden"),
        ({"hidden": True}, "hidden"),
        ({"heads": ()}, "heads"),
        ({"heads": ("a", "a")}, "heads"),
        ({"heads": ("a.b",)}, "heads"),
        ({"pooled": ()}, "pooled"),
        ({"pooled": (1, 0)}, "pooled"),
        ({"pooled": (9,)}, "pooled"),
        ({"pooled": (0.0, 1.0)}, "pooled"),
        ({"pooled": (True,)}, "pooled"),
        ({"pooling": "max"}, "pooling is one of"),
        ({"padding": "mirror"}, "padding is one of"),
        ({"name": "../x"}, "small letters"),
    ],
)
def test_what_cannot_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        replace(SMALL_NOR, **change)


def test_parts_that_cannot_be() -> None:
    for orders in ((2, 2), (1, 2), (0, 40), (-2, 2)):
        with pytest.raises(OptionError, match="orders"):
            HighPass(*orders, 1.0, 1.0)
    for gain in (float("nan"), float("inf"), 10**400):
        with pytest.raises(OptionError, match="gain"):
            HighPass(0, 2, gain, 1.0)
    with pytest.raises(OptionError, match="light is one of"):
        Front("gamma")  # type: ignore[arg-type]
    for entries in ({"channels": 10**9}, {"channels": 8, "blocks": 99}, {"channels": 8.0}):
        with pytest.raises(OptionError, match="of a stage"):
            Stage(**entries)  # type: ignore[arg-type]
    for kernel in (0, 2, 5, -1, True, 1.0, "3", None):
        with pytest.raises(OptionError, match="kernels are 3 or 1"):
            Stage(8, kernel=kernel)  # type: ignore[arg-type]
    for entry in (1, 0.0, "yes", None):
        with pytest.raises(OptionError, match="descriptors is true or false"):
            Front("pu21", descriptors=entry)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="chroma is true or false"):
            Front("pu21", chroma=entry)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no other filters"):
        Front("pu21", SMALL_NOR.front.high_pass, descriptors=True)
    with pytest.raises(OptionError, match="divide a window of 256 px, not 512"):
        replace(OURS_NOR, stages=(Stage(8, stride=2),) * 5)  # cells are 16 px apart
    deep = replace(SMALL_NOR, stages=(Stage(8, blocks=8, stride=2),) * 5)
    with pytest.raises(OptionError, match="leaves no cell"):
        build_network(deep)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"front": 3},
        {**SMALL_NOR.to_dict(), "extra": 1},
        {**SMALL_NOR.to_dict(), "stages": [{"channels": "many"}]},
        {**SMALL_NOR.to_dict(), "stages": 5},
        {**SMALL_NOR.to_dict(), "front": {"light": "pu21", "high_pass": [[1, 2]]}},
        {**SMALL_NOR.to_dict(), "pooled": [[1]]},
        {**SMALL_NOR.to_dict(), "pooled": [0.0, 1.0]},
        {**SMALL_NOR.to_dict(), "pooled": [True]},
        {
            **SMALL_NOR.to_dict(),
            "front": {
                "light": "pu21",
                "high_pass": [{"inner": 0, "outer": 2, "gain": 10**400, "limit": 4.0}],
            },
        },
        {**OURS_NOR.to_dict(), "stages": [{"channels": 8, "kernel": 2}]},
        {**OURS_NOR.to_dict(), "stages": [{"channels": 8, "kernel": [3]}]},
        {**OURS_NOR.to_dict(), "front": {"light": "pu21", "high_pass": [], "descriptors": "no"}},
        {**OURS_NOR.to_dict(), "front": SMALL_NOR.to_dict()["front"] | {"descriptors": True}},
    ],
)
def test_descriptions_that_are_none(data: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Architecture.from_dict(data)
