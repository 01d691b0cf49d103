"""How well predictions of a set agree with its labels: all statistics with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from datasets.statistics.bootstrap import Interval, SceneBootstrap
from datasets.statistics.logistic import fitted_plcc
from datasets.statistics.weighted import Numbers, Statistic, krocc, mean_absolute_error, plcc, srocc
from hdrmetrics.errors import OptionError
from trainers.feeding.labels import Labels
from trainers.judging.predictions import PREFIX

ALL = "all"
"""Stands for all distortions together."""

STATISTICS = ("plcc", "plcc_fitted", "srocc", "krocc", "mae_target", "mae_quality")
"""``plcc``: with the target, nothing fitted; ``plcc_fitted``: after a monotone logistic curve;
``mae_quality``: on the teacher's own scale, through the inverse of the label's transform."""

OF_DISTORTION = ("plcc", "srocc", "mae_target")
"""Those that are given for each distortion: a curve through a few hundred items says little."""

_FEWEST = 10  # items of a distortion, for a correlation


@dataclass(frozen=True, slots=True)
class Agreement:
    """One statistic of one predictor (or of the difference of two) on one set.

    Parameters
    ----------
    dataset, predictor, distortion
        Where; the distortion may be :data:`ALL`.
    statistic
        Of :data:`STATISTICS`.
    interval
        Value with its 95 % interval over groups of scenes.
    items, groups
        How many there are.
    against
        The other predictor, where it is a difference (this one minus the other).
    """

    dataset: str
    predictor: str
    distortion: str
    statistic: str
    interval: Interval
    items: int
    groups: int
    against: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, ``None`` for what is not defined."""

        def number(value: float) -> float | None:
            return round(value, 6) if np.isfinite(value) else None

        return {
            "set": self.dataset,
            "predictor": self.predictor,
            "against": self.against,
            "distortion": self.distortion,
            "statistic": self.statistic,
            "value": number(self.interval.value),
            "low": number(self.interval.low),
            "high": number(self.interval.high),
            "items": self.items,
            "groups": self.groups,
        }


class Judge:
    """Statistics of predictors on the items of one set; all see the same resamples.

    Parameters
    ----------
    labels
        With a column of predictions for each name.
    predictors
        Their names; differences are those of the first from each other one.
    resamples
        Of the bootstrap.
    seed
        Of its draws.

    Raises
    ------
    OptionError
        If there are no items.
    """

    def __init__(
        self, labels: Labels, predictors: Sequence[str], *, resamples: int, seed: int = 0
    ) -> None:
        if not len(labels):
            raise OptionError(f"{labels.name}: there are no items to judge predictors on")
        self.labels, self.predictors = labels, list(predictors)
        self.resamples, self.seed = resamples, seed

    def all_of(self) -> list[Agreement]:
        """Return everything: each predictor and each difference, overall and by distortion."""
        found = self._of(ALL, self.labels, STATISTICS)
        for kind in np.unique(self.labels["distortion"]):
            part = self.labels.select(self.labels["distortion"] == kind)
            if len(part) >= _FEWEST:
                found += self._of(str(kind), part, OF_DISTORTION)
        return found

    def _of(self, distortion: str, labels: Labels, statistics: Sequence[str]) -> list[Agreement]:
        bootstrap = SceneBootstrap(labels["group"], resamples=self.resamples, seed=self.seed)
        found: list[Agreement] = []
        for statistic in statistics:
            values = []
            for predictor in self.predictors:
                of = _statistic(statistic, labels, predictor, bootstrap)
                values.append((predictor, *bootstrap.values(of)))
            first, whole, drawn = values[0]
            rows = [(name, "", value, own) for name, value, own in values]
            rows += [(first, name, whole - value, drawn - own) for name, value, own in values[1:]]
            found += [
                Agreement(
                    labels.name, name, distortion, statistic, bootstrap.percentiles(value, own),
                    len(labels), bootstrap.count, against,
                )
                for name, against, value, own in rows
            ]  # fmt: skip
        return found


def quality_of(prediction: Numbers, labels: Labels) -> Numbers:
    """Return predicted targets on the teacher's scale.

    Near 0 and 1 the scale has no end, so predictions are kept within the targets that occur among
    these labels: tables do not say how far the teacher's scale is used. What a predictor says
    beyond the best or the worst of the items it is judged on counts as that item's quality: an
    error after that is at most the one before. (Users' scores are kept in the range of the training
    labels, which a card has and a table has not.)
    """
    target = labels["target"].astype(np.float64)
    return labels.transform.inverse(np.clip(prediction, target.min(), target.max()))


def _statistic(name: str, labels: Labels, predictor: str, bootstrap: SceneBootstrap) -> Statistic:
    predicted = labels[PREFIX + predictor].astype(np.float64)
    target = labels["target"].astype(np.float64)
    if name == "krocc":
        return krocc(predicted, target, bootstrap.clusters)
    if name == "mae_quality":
        quality = labels["quality"].astype(np.float64)
        return mean_absolute_error(quality_of(predicted, labels), quality)
    return _PLAIN[name](predicted, target)


_PLAIN: dict[str, Callable[[Numbers, Numbers], Statistic]] = {
    "plcc": plcc, "plcc_fitted": fitted_plcc, "srocc": srocc, "mae_target": mean_absolute_error,
}  # fmt: skip
