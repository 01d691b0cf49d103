"""What a score is worth: agreement with true gains, with intervals over photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.statistics.weighted import once, srocc
from hdrmetrics.learned.improvable.card import GainCard
from trainers.improving.features import Gains
from trainers.improving.fit import average_precision, kept_gain, recall_at
from trainers.improving.recipe import GainRecipe

Values = NDArray[np.float64]
THIRD = 1 / 3
PARTS = (0.1, 0.2, THIRD, 0.5, 0.7, 1.0)
"""Of the photographs that are enhanced."""

_RESAMPLES, _PRECISION = 1000, 0.5


@dataclass(frozen=True)
class Test:
    """Test pairs with their labels and all scores.

    Parameters
    ----------
    gains
        Of the test split.
    labels
        2, 1, 0 or −1.
    scores
        By name, higher for what is said to gain more.
    """

    gains: Gains
    labels: NDArray[np.int64]
    scores: dict[str, Values]


def judged(test: Test, name: str) -> dict[str, list[float]]:
    """Return what a score is worth, with 95 % intervals over photographs."""
    score, gain = test.scores[name], test.gains.gain
    positive, harmed = test.labels >= 1, test.labels == -1
    measures: dict[str, Callable[[NDArray[np.int64]], float]] = {
        "srocc": lambda i: once(srocc(score[i], gain[i]), len(i)),
        "auc_pr": lambda i: average_precision(score[i], positive[i]),
        "harmed": lambda i: recall_at(-score[i], harmed[i], _PRECISION),
        "kept": lambda i: kept_gain(score[i], gain[i], THIRD),
    }
    return {key: interval(test, value) for key, value in measures.items()}


def interval(test: Test, measure: Callable[[NDArray[np.int64]], float]) -> list[float]:
    """Return a measure of all pairs with its interval from drawing photographs again."""
    whole = np.arange(len(test.gains))
    drawn = [measure(i) for i in resamples(test)]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return [round(float(v), 4) for v in (measure(whole), low, high)]


def resamples(test: Test) -> list[NDArray[np.int64]]:
    """Return the places of pairs in each resample; all measures see the same."""
    _, number = np.unique(test.gains.photograph, return_inverse=True)
    places = [np.flatnonzero(number == k) for k in range(number.max() + 1)]
    rng = np.random.default_rng(0)
    return [
        np.concatenate([places[k] for k in rng.integers(len(places), size=len(places))])
        for _ in range(_RESAMPLES)
    ]


def differences(test: Test) -> dict[str, list[float]]:
    """Return by how much the AUC-PR of the tuned layer is above others, paired."""
    first = next(iter(test.scores.values()))
    positive = test.labels >= 1

    def above(other: Values) -> Callable[[NDArray[np.int64]], float]:
        return lambda i: (
            average_precision(first[i], positive[i]) - average_precision(other[i], positive[i])
        )

    return {name: interval(test, above(values)) for name, values in list(test.scores.items())[1:]}


def curve(score: Values, gain: Values) -> list[float]:
    """Return what part of the total gain is kept, by the part that is enhanced."""
    return [round(kept_gain(score, gain, part), 4) for part in PARTS]


def recipe_told(card: GainCard) -> GainRecipe:
    """Return the recipe that a card tells."""
    told = card.training["recipe"]
    own: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
    return GainRecipe(**own)
