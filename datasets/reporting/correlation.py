"""Spearman's correlation with intervals from drawing whole scenes again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ShapeError

Numbers = NDArray[np.float64]

_LEVELS = (0.025, 0.975)
_CELLS = 1 << 20  # numbers of a matrix of resamples at a time


class Interval(NamedTuple):
    """A value with the 95 % interval of its bootstrap; NaN where it is not defined."""

    value: float
    low: float
    high: float


class RankStudy:
    """How two quantities rise together, over all items and inside groups of them.

    A resample draws as many clusters as there are, with replacement; an item counts as often as
    its cluster was drawn. Ranks of repeated items follow from sums of these counts over the items
    sorted once, so hundreds of resamples take no sorting.

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
    C. Spearman, Am. J. Psychology 15(1), 1904; A. C. Davison and D. V. Hinkley, "Bootstrap
    Methods and their Application", 1997 (resampling of clusters).
    """

    def __init__(
        self, x: Numbers, y: Numbers, *, clusters: NDArray[np.int64], groups: NDArray[np.int64]
    ) -> None:
        if not (x.ndim == 1 and x.shape == y.shape == clusters.shape == groups.shape):
            raise ShapeError(
                "values, clusters and groups are one per item, not "
                f"{x.shape}, {y.shape}, {clusters.shape}, {groups.shape}"
            )
        self.x, self.y = x, y
        self.clusters = np.unique(clusters, return_inverse=True)[1]
        self.count = int(self.clusters.max(initial=-1)) + 1
        self._x_order, self._y_order = _Order(x), _Order(y)
        self._values, self._owners = _group_correlations(x, y, groups, self.clusters)

    @property
    def usable_groups(self) -> int:
        """How many groups have a correlation: two items or more that differ in both values.

        A group of one strength says nothing; one of equal labels (all at the floor) neither.
        """
        return len(self._values)

    def pooled(self, rng: np.random.Generator, resamples: int) -> Interval:
        """Return the correlation over all items."""
        once = np.ones((1, self.count), dtype=np.float64)
        value = float(self._correlate(once)[0])
        if self.count < 2 or np.isnan(value):
            return Interval(value, np.nan, np.nan)
        drawn = _draw(rng, self.count, resamples)
        return _interval(value, self._correlate(drawn))

    def within(self, rng: np.random.Generator, resamples: int) -> Interval:
        """Return the mean over groups of the correlation inside each."""
        if not self.usable_groups:
            return Interval(np.nan, np.nan, np.nan)
        value = float(self._values.mean())
        if self.count < 2:
            return Interval(value, np.nan, np.nan)
        sums = np.bincount(self._owners, weights=self._values, minlength=self.count)
        sizes = np.bincount(self._owners, minlength=self.count).astype(np.float64)
        drawn = _draw(rng, self.count, resamples)
        with np.errstate(invalid="ignore"):
            means = (drawn @ sums) / (drawn @ sizes)
        return _interval(value, means)

    def _correlate(self, drawn: Numbers) -> Numbers:
        """Return the correlation of each resample, ``(B,)``, from how often clusters are drawn."""
        step = max(1, _CELLS // max(1, self.x.size))
        parts = [
            _weighted_correlation(
                self._x_order, self._y_order, drawn[first : first + step][:, self.clusters]
            )
            for first in range(0, len(drawn), step)
        ]
        return np.concatenate(parts)


class _Order:
    """Values in order, with what their mid-ranks need."""

    def __init__(self, values: Numbers) -> None:
        _, self.tie = np.unique(values, return_inverse=True)
        self.order = np.argsort(self.tie, kind="stable")
        self.starts = np.flatnonzero(np.diff(self.tie[self.order], prepend=-1))

    def ranks(self, weights: Numbers) -> Numbers:
        """Return the mid-rank of every item ``(B, n)`` where it counts ``weights`` times."""
        if not self.starts.size:
            return weights
        ties = np.add.reduceat(weights[:, self.order], self.starts, axis=1)
        ranks: Numbers = (np.cumsum(ties, axis=1) - ties / 2)[:, self.tie]
        return ranks


def _weighted_correlation(x: _Order, y: _Order, weights: Numbers) -> Numbers:
    total = weights.sum(axis=1, keepdims=True)
    a, b = x.ranks(weights), y.ranks(weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        a = a - (weights * a).sum(axis=1, keepdims=True) / total
        b = b - (weights * b).sum(axis=1, keepdims=True) / total
        spread = (weights * a * a).sum(axis=1) * (weights * b * b).sum(axis=1)
        found: Numbers = (weights * a * b).sum(axis=1) / np.sqrt(spread)
    # A side without spread leaves rounding at most.
    flat = spread <= 1e-12 * total[:, 0] ** 6
    return np.where(flat, np.nan, found)


def _group_correlations(
    x: Numbers, y: Numbers, groups: NDArray[np.int64], clusters: NDArray[np.int64]
) -> tuple[Numbers, NDArray[np.int64]]:
    """Return the correlation inside each group that has one, and the cluster of each."""
    if not x.size:
        return np.empty(0), np.empty(0, dtype=np.int64)
    number = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(number).astype(np.float64)
    a, b = _ranks_in_groups(x, number), _ranks_in_groups(y, number)
    # Mid-ranks of a group of n have the mean (n - 1) / 2, ties or not.
    a, b = a - (sizes[number] - 1) / 2, b - (sizes[number] - 1) / 2
    products = [np.bincount(number, weights=p) for p in (a * b, a * a, b * b)]
    spread = products[1] * products[2]
    usable = spread > 0
    owner = np.zeros(sizes.size, dtype=np.int64)
    owner[number] = clusters
    return products[0][usable] / np.sqrt(spread[usable]), owner[usable]


def _ranks_in_groups(values: Numbers, number: NDArray[np.int64]) -> Numbers:
    """Return the mid-rank of each value in its group, from 0."""
    order = np.lexsort((values, number))
    v, g = values[order], number[order]
    fresh = np.ones(len(v), dtype=bool)
    fresh[1:] = (v[1:] != v[:-1]) | (g[1:] != g[:-1])
    starts = np.flatnonzero(fresh)
    lengths = np.diff(starts, append=len(v))
    heads = np.searchsorted(g, g[starts])  # where each tie's group begins
    ranks = np.empty(len(v))
    ranks[order] = np.repeat(starts - heads + (lengths - 1) / 2, lengths)
    return ranks


def _draw(rng: np.random.Generator, count: int, resamples: int) -> Numbers:
    """Return how often each cluster is drawn in each resample, ``(B, count)``."""
    return rng.multinomial(count, np.full(count, 1 / count), size=resamples).astype(np.float64)


def _interval(value: float, resampled: Numbers) -> Interval:
    known = resampled[np.isfinite(resampled)]
    if not known.size:
        return Interval(value, np.nan, np.nan)
    low, high = np.quantile(known, _LEVELS)
    return Interval(value, float(low), float(high))
