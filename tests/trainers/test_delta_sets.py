"""From one's own photographs by labels to a tuned layer: each step takes what the last one made."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from datasets.cli import main as datasets
from hdrmetrics.improve.annotation import Annotation
from hdrmetrics.improve.answers import AnswerFile
from hdrmetrics.improve.pairs import find_pairs
from hdrmetrics.learned.improvable.card import GainCard, Output
from hdrmetrics.learned.improvable.metric import load_improvability
from hdrmetrics.learned.improvable.network import GainLayer, statistics_of
from hdrmetrics.learned.improvable.weights import load_gains, save_gains
from hdrmetrics.learned.restoring.weights import load_restoration
from tests.improve.standins import photograph
from trainers.cli import main as trainers


def test_a_set_is_annotated_and_tuned_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(24):
        photograph(tmp_path / "photos" / f"{number:02d}.png", 0.2 + 0.5 * (number % 2), 0.4, 0.4)
    folder = tmp_path / "set"
    command = ["delta", str(tmp_path / "photos"), "--out", str(folder), "--metric", "piqe"]
    assert datasets([*command, "--enhancer", "unsharp_mask"]) == 0
    pairs, problems = find_pairs(folder)
    assert not problems
    work = Annotation(pairs, AnswerFile(folder / "labels.csv"), seed=1)
    while (number := work.state().current) is not None:
        better = 5 if work.side(number) == "right" else 1
        work.answer(number, better if int(work.pairs[number].name) % 2 else 3, seconds=1.0)
    weights, out = start(tmp_path), tmp_path / "tuned.safetensors"
    capsys.readouterr()
    assert trainers(["tune", str(folder), "--weights", str(weights), "--out", str(out)]) == 0
    assert "50% moderate or better" in capsys.readouterr().out
    layer, card = load_gains(out)
    assert card.labels["labels"] == 24
    assert card.labels["after"]["average precision"] == 1.0
    # Of another's gains single degradations, and what was measured before, know nothing.
    assert [one.name for one in card.outputs] == ["all"]
    assert layer.last.out_features == 1
    assert card.enhancer == "unsharp_mask"
    assert not card.results
    assert "(unsharp_mask)" in load_improvability(out).info.title


def test_labels_come_before_tuning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "set").mkdir()
    out = tmp_path / "tuned.safetensors"
    assert trainers(["tune", str(tmp_path / "set"), "--out", str(out)]) == 2
    assert "hdrmetrics annotate" in capsys.readouterr().err


def start(folder: Path) -> Path:
    """Write a layer that knows nothing yet."""
    net, eyes = load_restoration()
    layer = GainLayer(statistics_of(net), 2)
    torch.nn.init.zeros_(layer.last.weight)
    torch.nn.init.zeros_(layer.last.bias)
    outputs, results = (Output("all"), Output("noise")), {"all": {"auc_pr": [0.9, 0.8, 1.0]}}
    card = GainCard(outputs, statistics_of(net), 64, 1, eyes.sha256, "restore 1", results=results)
    path = folder / "start.safetensors"
    save_gains(path, layer, card)
    return path
