"""Heads that learn a part of their teacher's quality, and heads that learn alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from datasets.labelling.transform import LabelTransform
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.weights import load_weights
from hdrmetrics.metrics.tmqi.quality import NATURALNESS_POWER, quality_of_parts
from trainers.config import parse_config
from trainers.feeding.heads import heads_of, make_heads
from trainers.feeding.labels import Labels, save_labels
from trainers.judging.predictions import read_predictions

from .runs import options_of, run_of
from .small import CONFIG, make_set

TARGETS = '[targets]\nsmall = "tmqi_s"\n'
KEPT = CONFIG.replace("average = 0.9", 'average = 0.0\ntrunk = "kept"').replace(
    "window = 32", 'symmetries = "none"'
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    save_labels(folder / "small.npz", taught_by_tmqi(make_set(folder)))
    return folder


def taught_by_tmqi(labels: Labels) -> Labels:
    """Return the labels as TMQI would give them: noise takes from S, and N is anything."""
    s = 0.98 - 0.5 * labels["strength"].astype(np.float64)
    n = np.random.default_rng(0).uniform(0, 1, len(labels))
    look = torch.from_numpy(n).pow(NATURALNESS_POWER)
    quality = quality_of_parts(torch.from_numpy(s), look).numpy()
    transform = LabelTransform.fit(quality, higher_is_better=True)
    columns = {"tmqi_s": s, "tmqi_n": n, "quality": quality, "target": transform(quality)}
    return replace(
        labels,
        columns={**labels.columns, **{k: v.astype(np.float32) for k, v in columns.items()}},
        metadata={
            **labels.metadata, "target": transform.to_dict(), "target_of": "tmqi_q",
            "higher_is_better": True, "teacher": "tmqi 1", "labels": ["tmqi_s", "tmqi_n"],
        },
    )  # fmt: skip


def test_a_head_of_fidelity_speaks_on_the_scale_of_its_set(data: Path) -> None:
    from trainers.feeding.labels import find_labels

    labels = find_labels(data, "small")
    (head,) = make_heads({"small": ("small",)}, [labels], {"small": "tmqi_s"})
    own = head.target(labels).astype(np.float64)
    fitted = LabelTransform.fit(labels.split("train")["tmqi_s"], higher_is_better=True)
    np.testing.assert_allclose(own, fitted(labels["tmqi_s"]), atol=1e-6)
    # The true fidelity gives the true quality, and back.
    np.testing.assert_allclose(head.to_set(own, labels), labels["target"], atol=1e-5)
    np.testing.assert_allclose(head.from_set(head.to_set(own, labels), labels), own, atol=1e-6)


def test_a_run_learns_fidelity_and_its_card_says_so(data: Path, tmp_path: Path) -> None:
    path = run_of(options_of(data, tmp_path / "run", steps=100), CONFIG + TARGETS)
    _, card = load_weights(path)
    head = card.heads["small"]
    assert head.target.shown == "tmqi-s"
    assert 0.4 < head.target.least < head.target.most < 1
    assert card.ppd is None
    assert [one.column for one in heads_of(card)] == ["tmqi_s"]
    # Predictions are of the set's own target, naturalness included, which no pixel tells here.
    test = read_predictions(tmp_path / "run" / "predictions-small.npz").split("test")
    assert np.corrcoef(test["prediction:small"], test["target"])[0, 1] > 0.9


def test_heads_learn_alone_on_a_kept_trunk(data: Path, tmp_path: Path) -> None:
    first = run_of(options_of(data, tmp_path / "a", steps=5), CONFIG)
    path = run_of(options_of(data, tmp_path / "b", steps=120, start_from=first), KEPT + TARGETS)
    before, after = (load_weights(p)[0].state_dict() for p in (first, path))
    for name, value in before.items():
        assert torch.equal(value, after[name]) == name.startswith("stages.")
    found = read_predictions(tmp_path / "b" / "predictions-small.npz").split("test")
    assert np.corrcoef(found["prediction:small"], found["target"])[0, 1] > 0.8
    with pytest.raises(OptionError, match="give --start-from"):
        run_of(options_of(data, tmp_path / "c"), KEPT)


def test_targets_that_cannot_be(data: Path) -> None:
    from trainers.feeding.labels import find_labels

    labels, wanted = find_labels(data, "small"), {"small": ("small",)}
    with pytest.raises(OptionError, match="names the head tmo; this run trains small"):
        make_heads(wanted, [labels], {"tmo": "tmqi_s"})
    with pytest.raises(OptionError, match="small is tmqi_s, or is left out"):
        make_heads(wanted, [labels], {"small": "extra"})
    columns = {k: v for k, v in labels.columns.items() if k != "tmqi_n"}
    with pytest.raises(OptionError, match="the labels of small have no tmqi_s and tmqi_n"):
        make_heads(wanted, [replace(labels, columns=columns)], {"small": "tmqi_s"})
    with pytest.raises(OptionError, match="small is a column of labels, not 3"):
        parse_config(CONFIG + "[targets]\nsmall = 3\n")
    with pytest.raises(OptionError, match='symmetries = "none" and no window'):
        parse_config(KEPT.replace('symmetries = "none"', "window = 32"))
