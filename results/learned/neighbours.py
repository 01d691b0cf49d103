"""What labels of pictures that look alike differ by, from nearest neighbours."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datasets.statistics.bootstrap import Interval, SceneBootstrap
from datasets.statistics.weighted import Numbers, weighted_mean
from hdrmetrics.errors import OptionError

NEIGHBOURS = 10
_COMPONENTS = 24  # of the statistics: beyond, distances become alike
_PIECE = 1024
_LEAST = 1e-12


class Noise(NamedTuple):
    """Variance of labels that pictures do not tell, as two estimates.

    Parameters
    ----------
    label
        Variance of the labels themselves.
    nearest
        Half the mean squared difference of labels of nearest neighbours.
    extrapolated
        The same, carried on to neighbours at no distance at all.
    """

    label: float
    nearest: Interval
    extrapolated: Interval

    def highest_plcc(self, noise: Interval) -> Interval:
        """Return the correlation that the expected label would have, given one estimate."""
        # The more noise, the less correlation: the ends change places.
        value, high, low = (
            float(np.sqrt(np.clip(1 - part / self.label, 0, 1))) if np.isfinite(part) else np.nan
            for part in noise
        )
        return Interval(value, low, high)


def principal(statistics: NDArray[np.float32], components: int = _COMPONENTS) -> Numbers:
    """Return statistics ``(n, F)`` at unit spread, in their strongest directions ``(n, k)``."""
    x = statistics.astype(np.float64)
    spread = x.std(axis=0)
    x = (x - x.mean(axis=0))[:, spread > _LEAST] / spread[spread > _LEAST]
    _, vectors = np.linalg.eigh(x.T @ x)
    found: Numbers = x @ vectors[:, ::-1][:, :components]
    return found


def nearest(
    places: Numbers, groups: NDArray[np.generic], count: int = NEIGHBOURS
) -> tuple[Numbers, NDArray[np.int64]]:
    """Return squared distances and indices ``(n, count)`` of neighbours of *other* groups.

    Raises
    ------
    OptionError
        If some item has fewer items in other groups.
    """
    code = np.unique(groups, return_inverse=True)[1]
    if len(code) - np.bincount(code).max() < count:
        raise OptionError(f"{count} neighbours need more items of other groups of scenes")
    squares = (places**2).sum(axis=1)
    distances, indices = [], []
    for at in range(0, len(places), _PIECE):
        own = slice(at, at + _PIECE)
        apart = squares[own, None] + squares - 2 * places[own] @ places.T
        apart[code[own, None] == code] = np.inf
        found = np.argpartition(apart, count - 1, axis=1)[:, :count]
        values = np.take_along_axis(apart, found, axis=1)
        order = np.argsort(values, axis=1)
        distances.append(np.take_along_axis(values, order, axis=1).clip(min=0))
        indices.append(np.take_along_axis(found, order, axis=1))
    return np.concatenate(distances), np.concatenate(indices)


def label_noise(
    places: Numbers,
    target: Numbers,
    groups: NDArray[np.generic],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Noise:
    """Return how much of the labels' variance pictures at one place do not share.

    With y = f(x) + r, half the mean squared difference of the labels of p-th neighbours is the
    variance of r plus what f changes over their distance; a line through the first ten against
    the mean squared distance, carried on to 0, leaves the variance of r.

    Parameters
    ----------
    places
        ``(n, k)``, where neighbours are looked for.
    target
        Labels, ``(n,)``.
    groups
        Of scenes, ``(n,)``: no neighbours of each other; the intervals draw them again.
    resamples, seed
        Of the bootstrap.

    References
    ----------
    A. Stefánsson, N. Končar, A. J. Jones, "A note on the Gamma test", Neural Computing &
    Applications 5, 1997.
    """
    distances, indices = nearest(places, groups)
    halves = 0.5 * (target[:, None] - target[indices]) ** 2
    bootstrap = SceneBootstrap(groups, resamples=resamples, seed=seed)

    def carried_on(counts: Numbers) -> Numbers:
        total = counts.sum(axis=1, keepdims=True)
        x, y = counts @ distances / total, counts @ halves / total
        x0, y0 = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
        spread = ((x - x0) ** 2).sum(axis=1).clip(min=_LEAST)
        slope = ((x - x0) * (y - y0)).sum(axis=1) / spread
        found: Numbers = (y0[:, 0] - slope * x0[:, 0]).clip(min=0)
        return found

    return Noise(
        float(target.var()),
        bootstrap.interval(weighted_mean(halves[:, 0])),
        bootstrap.interval(carried_on),
    )
