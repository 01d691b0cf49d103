"""What a run ends with: how its network agrees with people, weights, and their card."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.rows import write_rows
from datasets.statistics.bootstrap import SceneBootstrap
from datasets.statistics.weighted import (
    Statistic,
    krocc,
    mean_absolute_error,
    plcc,
    srocc,
)
from hdrmetrics.errors import OptionError
from hdrmetrics.learned.liked.card import OpinionCard, OpinionInterval, View
from hdrmetrics.learned.liked.network import OpinionNetwork
from hdrmetrics.learned.liked.nima import Nima
from hdrmetrics.learned.liked.weights import save_opinions
from trainers.doubting.spreads import Shape, fit_spread
from trainers.opinions.doubts import learn_doubts
from trainers.opinions.opinions import Opinions
from trainers.opinions.recipe import Recipe
from trainers.opinions.start import LICENCES
from trainers.opinions.whole import whole_pictures

WEIGHTS, PREDICTIONS = "weights.safetensors", "predictions.csv"
_COVERAGE, _RESAMPLES, _WIDTH = 0.9, 1000, 9.0

# Of those tried by cross-validation on the photographs held out, those of the best interval score.
_HINTS = ("score", "log score", "log rest", "bend", "log doubt")
_SHAPE = Shape(quantile=0.9, ridge=1e-3)


@dataclass(frozen=True)
class Predicted:
    """What a metric says of photographs.

    Parameters
    ----------
    opinions
        Of people.
    score
        ``(N,)``, from 1 to 10.
    hints
        ``(N, F)``, of how far off it may be.
    """

    opinions: Opinions
    score: NDArray[np.float64]
    hints: NDArray[np.float64]


def predicted(metric: Nima, opinions: Opinions, *, quiet: bool = False) -> Predicted:
    """Return what a metric says of whole photographs, as users feed them."""
    scores, found = [], []
    with torch.no_grad():
        for picture in whole_pictures(opinions, "predicting", quiet=quiet):
            score, hint = metric.hints(picture)
            scores.append(score)
            found.append(hint)
    return Predicted(opinions, 1 + _WIDTH * np.concatenate(scores), np.concatenate(found))


def check_splits(opinions: Opinions) -> None:
    """Refuse, before anything is learnt, photographs that a run could not end with.

    Raises
    ------
    OptionError
        If none are held out for the test, or so few for the validation that no interval can hold
        nine in ten.
    """
    if not np.any(opinions.split == "test"):
        raise OptionError(
            f"{opinions.name} has no photographs for the test: put some in that split"
        )
    held = len(np.unique(opinions.group[opinions.split == "validation"]))
    least = math.ceil(_COVERAGE / (1 - _COVERAGE) - 1e-9)
    if held < least:
        raise OptionError(
            f"{opinions.name} has {held} photographs for the validation, those that show the same "
            f"counted once: an interval needs {least} at least"
        )


def fitted_interval(held: Predicted) -> OpinionInterval:
    """Return an interval that holds the mean opinion of nine in ten photographs.

    Groups of photographs that show the same count as one.
    """
    score, truth = ((x - 1) / _WIDTH for x in (held.score, held.opinions.mean))
    group = held.opinions.group
    widths = fit_spread(
        held.hints, score, truth, group, coverage=_COVERAGE, names=_HINTS, shape=_SHAPE
    )
    return OpinionInterval(_COVERAGE, len(held.opinions), widths)


def results_of(found: Predicted, interval: OpinionInterval | None, seed: int = 0) -> dict[str, Any]:
    """Return agreement with people, each with its 95 % interval over photographs.

    Photographs that show the same are drawn together.
    """
    groups = found.opinions.group
    bootstrap = SceneBootstrap(groups, resamples=_RESAMPLES, seed=seed)
    _, numbers = np.unique(groups, return_inverse=True)
    x, y = found.score, found.opinions.mean
    measures: Mapping[str, Statistic] = {
        "plcc": plcc(x, y),
        "srocc": srocc(x, y),
        "krocc": krocc(x, y, numbers.astype(np.int64)),
        "mae": mean_absolute_error(x, y),
    }
    said: dict[str, Any] = {"photographs": len(x), "groups": len(np.unique(groups))}
    for name, statistic in measures.items():
        one = bootstrap.interval(statistic)
        said[name] = [round(float(v), 4) for v in (one.value, one.low, one.high)]
    if interval is not None:
        low, high = ends(found, interval)
        said["covered"] = round(float(np.mean((low <= y) & (y <= high))), 4)
        said["mean_width"] = round(float(np.mean(high - low)), 3)
    return said


def ends(
    found: Predicted, interval: OpinionInterval
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where intervals end, ``(N,)`` each."""
    below, above = interval.widths.half_widths(found.hints)
    low = np.maximum(found.score - _WIDTH * below, 1.0)
    return low, np.minimum(found.score + _WIDTH * above, 10.0)


def write_results(
    network: OpinionNetwork,
    opinions: Opinions,
    recipe: Recipe,
    out: Path,
    seed: int,
    training: Mapping[str, Any],
    *,
    quiet: bool = False,
) -> Path:
    """Write predictions, weights and their card into the folder of a run; returns their path."""
    views = tuple(View(int(side), float(weight)) for side, weight in recipe.views)
    card = OpinionCard(
        backbone=network.backbone,
        hidden=network.hidden.out_features,
        views=views,
        opinions={
            "name": opinions.name,
            "terms": opinions.terms,
            "scale": [1, 10],
            "spread": "published" if opinions.measured else "assumed: σ² = 0.1·(x − 1)·(10 − x)",
            "photographs": {
                str(split): int(count)
                for split, count in zip(*np.unique(opinions.split, return_counts=True), strict=True)
            },
        },
        licences={
            "opinions": opinions.terms,
            "start": LICENCES.get(recipe.backbone, "as its publisher says")
            if recipe.start != "random"
            else "none: it began with random weights",
        },
        training=dict(training),
        seed=seed,
        recipe_sha256=recipe.digest,
    )
    metric = Nima(network, card)
    count = learn_doubts(metric, opinions.of("train"), seed, quiet=quiet)
    card = replace(card, training={**card.training, "doubts": count})
    held = predicted(metric, opinions.of("validation"), quiet=quiet)
    tested = predicted(metric, opinions.of("test"), quiet=quiet)
    interval = fitted_interval(held)
    card = replace(
        card,
        interval=interval,
        results={
            "validation": results_of(held, None),
            "test": results_of(tested, interval),
        },
    )
    _write_predictions(out / PREDICTIONS, (held, tested), interval)
    path = out / WEIGHTS
    save_opinions(path, network, card)
    return path


def _write_predictions(path: Path, found: tuple[Predicted, ...], interval: OpinionInterval) -> None:
    rows = []
    for one in found:
        low, high = ends(one, interval)
        for index, place in enumerate(one.opinions.paths):
            rows.append(
                {
                    "photograph": place.name,
                    "split": str(one.opinions.split[index]),
                    "group": str(one.opinions.group[index]),
                    "opinion": f"{one.opinions.mean[index]:.4f}",
                    "score": f"{one.score[index]:.4f}",
                    "low": f"{low[index]:.4f}",
                    "high": f"{high[index]:.4f}",
                }
            )
    write_rows(path, list(rows[0]), rows)
