"""Architectures as data: counts, round trips, and descriptions that cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.architecture import OURS_DIQM, OURS_NOR, Architecture, Stage
from hdrmetrics.learned.network import build_network
from trainers.nets import ARCHITECTURES, PAPER_DIQM, PAPER_NOR

each = pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES.keys())


def _count(architecture: Architecture) -> int:
    return sum(p.numel() for p in build_network(architecture).parameters())


def test_the_papers_network_has_its_number_of_weights() -> None:
    # 3×3 convolutions of 1-32-32, 32-64-64, … 256-512-512, five α, 512-256-1.
    assert _count(PAPER_NOR) == 4_843_238
    assert _count(PAPER_DIQM) == 4_843_238 + 9 * 32
    assert PAPER_NOR.statistics == 512
    maps = build_network(PAPER_NOR).features(torch.rand(1, 3, 256, 256), domain="sdr")
    assert [tuple(each.shape) for each in maps] == [(1, 512, 8, 8)]


def test_networks_of_cells_by_hand() -> None:
    # 59 descriptors and 3 of chroma per picture, 19 of a pair. Of one picture the seams of 16
    # columns and 16 rows are pooled too, of two their visible differences in eight bands.
    for architecture, before, beside in ((OURS_NOR, 62, 32), (OURS_DIQM, 2 * 62 + 19, 8)):
        front = architecture.seen
        assert (front.channels, front.beside) == (before, beside)
        network = build_network(architecture)
        assert network.minimum_length == 48
        statistics = 3 * (before + beside + 3 * 128)
        assert architecture.statistics == statistics
        layers = before * 128 + 4 * 128 * 128
        biases = 5 * 128 + 2  # and the α of two blocks
        head = statistics * 256 + 256
        assert _count(architecture) == layers + biases + 4 * (head + 256 + 1)
        picture = torch.rand(1, 3, 256, 80)
        pair = (picture,) if architecture.inputs == "none" else (picture, picture)
        shapes = [tuple(maps.shape[1:]) for maps in network.features(*pair, domain="sdr")]
        assert shapes == [(before + beside, 14, 3), *[(128, 14, 3)] * 3]


@each
def test_round_trip_through_json(architecture: Architecture) -> None:
    text = json.dumps(architecture.to_dict(), allow_nan=False)
    assert Architecture.from_dict(json.loads(text)) == architecture
    assert architecture.with_heads("a", "b").heads == ("a", "b")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"front": "pixels"}, "a front end is one of cells, compared-cells"),
        ({"front": ["cells"]}, "a front end is one of"),
        ({"stages": ()}, "1 to 8 stages"),
        ({"stages": (Stage(8, 0),) * 9}, "1 to 8 stages"),
        ({"hidden": 0}, "hidden"),
        ({"hidden": True}, "hidden"),
        ({"heads": ()}, "heads"),
        ({"heads": ("a", "a")}, "heads"),
        ({"heads": ("a.b",)}, "heads"),
        ({"name": "../x"}, "small letters"),
    ],
)
def test_what_cannot_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        replace(OURS_NOR, **change)


def test_stages_that_cannot_be() -> None:
    for entries in ((10**9, 0), (8, 99), (8.0, 0), (8, True)):
        with pytest.raises(OptionError, match="of a stage"):
            Stage(*entries)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"front": 3},
        {**OURS_NOR.to_dict(), "extra": 1},
        {**OURS_NOR.to_dict(), "stages": [{"channels": "many", "blocks": 0}]},
        {**OURS_NOR.to_dict(), "stages": [{"channels": 8, "blocks": 0, "kernel": 3}]},
        {**OURS_NOR.to_dict(), "stages": 5},
        {**OURS_NOR.to_dict(), "front": {"light": "pu21"}},
    ],
)
def test_descriptions_that_are_none(data: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Architecture.from_dict(data)
