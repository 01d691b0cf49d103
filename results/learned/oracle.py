"""A regressor that is told what was done to a picture, and never sees it."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datasets.statistics.weighted import Numbers
from datasets.table import read_table

_ROUNDS = 300
_FOLDS = 5


def told(path: Path) -> pd.DataFrame:
    """Return what a table says was done to each item, a column each, by item.

    Names and other words are categories; what a distortion has no setting for is missing.
    """
    frame = read_table(path).frame
    settings = pd.DataFrame([json.loads(text) for text in frame["parameters"]], index=frame["item"])
    settings.insert(0, "strength", frame["strength"].to_numpy())
    settings.insert(0, "distortion", frame["distortion"].to_numpy())
    for column in settings:
        if not pd.api.types.is_numeric_dtype(settings[column]):
            settings[column] = settings[column].astype("category")
    return settings


def fit_and_predict(
    train: tuple[pd.DataFrame, Numbers],
    validation: tuple[pd.DataFrame, Numbers],
    *wanted: pd.DataFrame,
) -> list[Numbers]:
    """Return predictions of trees fitted to ``train``, as many as suit ``validation`` best."""
    columns = _telling(train[0])
    model = _trees(_ROUNDS, rate=0.06, leaf=30).fit(train[0][columns], train[1])
    staged = model.staged_predict(validation[0][columns])
    best = int(np.argmin([float(((found - validation[1]) ** 2).mean()) for found in staged]))
    return [
        np.clip(next(islice(model.staged_predict(one[columns]), best, None)), 0, 1)
        for one in wanted
    ]


def fit_grouped(
    known: pd.DataFrame, target: Numbers, groups: NDArray[np.generic], wanted: pd.DataFrame
) -> Numbers:
    """Return predictions of trees whose number whole groups of scenes left out have chosen."""
    from sklearn.model_selection import GroupKFold

    columns = _telling(known)
    known, wanted = known[columns], wanted[columns]
    losses = np.zeros(_ROUNDS)
    folds = min(_FOLDS, np.unique(groups).size)
    for inside, outside in GroupKFold(folds).split(known, target, groups):
        model = _trees(_ROUNDS, rate=0.03, leaf=40).fit(known.iloc[inside], target[inside])
        staged = model.staged_predict(known.iloc[outside])
        losses += [float(((found - target[outside]) ** 2).sum()) for found in staged]
    model = _trees(int(np.argmin(losses)) + 1, rate=0.03, leaf=40).fit(known, target)
    found: Numbers = np.clip(model.predict(wanted), 0, 1)
    return found


def _telling(known: pd.DataFrame) -> list[str]:
    """Return the columns that differ among items: the trees take no others."""
    return [str(column) for column in known if known[column].nunique() > 1]


def _trees(rounds: int, *, rate: float, leaf: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        max_iter=rounds, learning_rate=rate, min_samples_leaf=leaf, max_leaf_nodes=31,
        categorical_features="from_dtype", early_stopping=False, random_state=0,
    )  # fmt: skip
