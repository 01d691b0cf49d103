"""Weights files of opinions: what is written is read, and what is damaged is refused."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hdrmetrics.errors import OptionError, WeightsError
from hdrmetrics.learned.liked.card import OpinionCard, OpinionInterval, View
from hdrmetrics.learned.liked.weights import load_opinions, read_opinion_card, save_opinions
from hdrmetrics.learned.spread import HINTS, Spread
from tests.learned.liked import small


def widths() -> Spread:
    return Spread(
        ("score", "flat"), (0.5, 0.1), (0.2, 0.3), (-2.0, 0.1, 0.2), (-2.0, 0.0, 0.1), 1.2
    )


def test_a_card_comes_back_as_it_went(tmp_path: Path) -> None:
    full = small.card(
        interval=OpinionInterval(0.9, 100, widths()),
        results={"test": {"srocc": [0.9, 0.8, 0.95]}},
        failures=("at night",),
        licences={"opinions": "for research"},
        training={"steps": 3},
        seed=7,
    )
    written = save_opinions(tmp_path / "a.safetensors", small.network(), full)
    assert read_opinion_card(tmp_path / "a.json") == written
    assert replace(written, sha256="") == full
    network, card = load_opinions(tmp_path / "a.safetensors")
    assert card == written
    assert not network.training
    assert len(HINTS) == np.shape(small.metric().hints(small.pictures(1))[1])[1]


@pytest.mark.parametrize("cut", [0, 7, 40, 3000, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, cut: int) -> None:
    path = small.saved(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(WeightsError, match="small"):
        load_opinions(path)


def test_a_list_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = small.saved(tmp_path)
    content = path.read_bytes()
    path.write_bytes(struct.pack("<Q", 1 << 60) + content[8:])
    with pytest.raises(WeightsError, match="truncated"):
        load_opinions(path)


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    path = small.saved(tmp_path)
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(WeightsError, match="SHA-256"):
        load_opinions(path)


@pytest.mark.parametrize(
    "change",
    [
        {"hidden": 10**9}, {"hidden": -1}, {"backbone": "resnet"}, {"views": []}, {"format": 99},
        {"kind": "other"}, {"views": [{"side": 10**9, "weight": 1.0}]}, {"seed": "x"},
        {"interval": {"coverage": 2}}, {"surprise": 1}, {"backbone": 3},
    ],
)  # fmt: skip
def test_a_card_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = small.saved(tmp_path)
    beside = path.with_suffix(".json")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | change))
    with pytest.raises(WeightsError, match="small"):
        load_opinions(path)


def test_a_missing_card_is_said(tmp_path: Path) -> None:
    path = small.saved(tmp_path)
    path.with_suffix(".json").unlink()
    with pytest.raises(WeightsError, match=r"small\.json"):
        load_opinions(path)


def test_weights_that_are_no_numbers_are_not_written(tmp_path: Path) -> None:
    network = small.network()
    with torch.no_grad():
        network.scores.bias[0] = torch.nan
    with pytest.raises(OptionError, match="NaN"):
        save_opinions(tmp_path / "a.safetensors", network, small.card())
    with pytest.raises(OptionError, match="not of this network"):
        save_opinions(tmp_path / "a.safetensors", small.network(), small.card(hidden=9))
    with pytest.raises(OptionError, match="ends in"):
        save_opinions(tmp_path / "a.bin", small.network(), small.card())


def test_views_come_in_order() -> None:
    with pytest.raises(OptionError, match="largest first"):
        OpinionCard("efficientnet-lite0", 8, (View(96, 1.0), View(128, 1.0)))
