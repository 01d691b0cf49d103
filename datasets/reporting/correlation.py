"""How a distortion's strength and the target rise together, over all items and inside crops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.statistics.bootstrap import Interval, SceneBootstrap
from datasets.statistics.weighted import Numbers, srocc, weighted_mean
from hdrmetrics.errors import ShapeError


class RankStudy:
    """Spearman's correlation of two quantities, with intervals from drawing whole scenes again.

    Parameters
    ----------
    x, y
        ``(n,)``, finite.
    clusters
        ``(n,)`` whole numbers: items that are drawn together, those of a scene.
    groups
        ``(n,)`` whole numbers: items that are compared among themselves, those of a crop; a group
        belongs to one cluster.

    Raises
    ------
    ShapeError
        If the lengths differ.

    References
    ----------
    C. Spearman, Am. J. Psychology 15(1), 1904.
    """

    def __init__(
        self, x: Numbers, y: Numbers, *, clusters: NDArray[np.int64], groups: NDArray[np.int64]
    ) -> None:
        if not (x.ndim == 1 and x.shape == y.shape == clusters.shape == groups.shape):
            raise ShapeError(
                "values, clusters and groups are one per item, not "
                f"{x.shape}, {y.shape}, {clusters.shape}, {groups.shape}"
            )
        self.x, self.y, self.clusters = x, y, clusters
        self._values, self._first = _group_correlations(x, y, groups)

    @property
    def usable_groups(self) -> int:
        """How many groups have a correlation: two items or more that differ in both values.

        A group of one strength says nothing; one of equal labels (all at the floor) neither.
        """
        return len(self._values)

    def pooled(self, rng: np.random.Generator, resamples: int) -> Interval:
        """Return the correlation over all items."""
        if not self.x.size:
            return Interval(np.nan, np.nan, np.nan)
        bootstrap = SceneBootstrap(self.clusters, resamples=resamples, seed=rng)
        return bootstrap.interval(srocc(self.x, self.y))

    def within(self, rng: np.random.Generator, resamples: int) -> Interval:
        """Return the mean over groups of the correlation inside each."""
        if not self.usable_groups:
            return Interval(np.nan, np.nan, np.nan)

        # One item of each group stands for it.
        inside = weighted_mean(self._values)
        bootstrap = SceneBootstrap(self.clusters, resamples=resamples, seed=rng)
        return bootstrap.interval(lambda counts: inside(counts[:, self._first]))


def _group_correlations(
    x: Numbers, y: Numbers, groups: NDArray[np.int64]
) -> tuple[Numbers, NDArray[np.int64]]:
    """Return the correlation inside each group that has one, and the place of an item of each."""
    import pandas as pd

    first, number = np.unique(groups, return_index=True, return_inverse=True)[1:]
    ranks = pd.DataFrame({"x": x, "y": y}).groupby(number).rank()
    # Mid-ranks of a group of n have the mean (n + 1) / 2, ties or not.
    middle = (np.bincount(number)[number] + 1) / 2
    a, b = (ranks[name].to_numpy(np.float64) - middle for name in ("x", "y"))
    products = [np.bincount(number, weights=p) for p in (a * b, a * a, b * b)]
    spread = products[1] * products[2]
    usable = spread > 0
    return products[0][usable] / np.sqrt(spread[usable]), first[usable]
