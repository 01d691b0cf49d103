"""Intervals from drawing whole scenes again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datasets.statistics.weighted import Numbers, Statistic
from hdrmetrics.errors import OptionError, ShapeError

_LEVELS = (0.025, 0.975)


class Interval(NamedTuple):
    """A value with its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside."""
        return bool(self.low > 0 or self.high < 0)


class SceneBootstrap:
    """Resamples that draw as many clusters as there are, with replacement.

    Every statistic, and every predictor, sees the same resamples, so differences are paired.

    Parameters
    ----------
    clusters
        ``(n,)`` names or numbers: items that are drawn together, those of a group of scenes.
    resamples
        How many; 0 for none.
    seed
        Of the draws, which depend on it and on the number of clusters alone; or what draws.

    Raises
    ------
    OptionError
        For a negative number of resamples.
    ShapeError
        If clusters are not one per item, or there are no items.

    References
    ----------
    A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application", 1997, 3.8.
    """

    def __init__(
        self,
        clusters: NDArray[np.generic],
        *,
        resamples: int,
        seed: int | np.random.Generator = 0,
    ) -> None:
        if resamples < 0:
            raise OptionError(f"the number of resamples is at least 0, not {resamples}")
        if clusters.ndim != 1 or clusters.size == 0:
            raise ShapeError(
                f"clusters are one per item, of one item at least; not {clusters.shape}"
            )
        self.clusters = np.unique(clusters, return_inverse=True)[1].astype(np.int64)
        self.count = int(self.clusters.max()) + 1
        even = np.full(self.count, 1 / self.count)
        rng = np.random.default_rng(seed)
        self._drawn = rng.multinomial(self.count, even, size=resamples).astype(np.float64)

    def values(self, statistic: Statistic) -> tuple[float, Numbers]:
        """Return a statistic of all items, and of each resample ``(B,)``."""
        whole = float(statistic(np.ones((1, self.clusters.size)))[0])
        if not len(self._drawn):
            return whole, np.empty(0)
        return whole, statistic(self._drawn[:, self.clusters])

    def interval(self, statistic: Statistic) -> Interval:
        """Return a statistic with its percentile interval; NaN with one cluster only."""
        return self.percentiles(*self.values(statistic))

    def difference(self, ours: Statistic, theirs: Statistic) -> Interval:
        """Return ours − theirs with its interval, both on the same resamples."""
        a, b = self.values(ours), self.values(theirs)
        return self.percentiles(a[0] - b[0], a[1] - b[1])

    def percentiles(self, value: float, resampled: Numbers) -> Interval:
        """Return the interval of values that :meth:`values` gave, or of differences of such."""
        known = resampled[np.isfinite(resampled)]
        if self.count < 2 or not known.size or np.isnan(value):
            return Interval(value, np.nan, np.nan)
        low, high = np.quantile(known, _LEVELS)
        return Interval(value, float(low), float(high))
