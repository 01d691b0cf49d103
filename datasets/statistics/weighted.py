"""Agreement of predictions with labels, where every item counts a given number of times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ShapeError

Numbers = NDArray[np.float64]
Statistic = Callable[[Numbers], Numbers]
"""From how often every item counts, ``(B, n)``, to one value per row, ``(B,)``."""

_CELLS = 1 << 20  # numbers of a matrix at a time
_FLAT = 1e-12  # of the variance: what rounding leaves of no spread


def check_pair(x: Numbers, y: Numbers) -> None:
    """Raise if two quantities are not one number each per item.

    Raises
    ------
    ShapeError
        If the shapes differ, or numbers are not finite.
    """
    if x.ndim != 1 or x.shape != y.shape:
        raise ShapeError(f"values come one per item, not {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ShapeError("values to be compared are finite; NaN or infinity found")


def plcc(x: Numbers, y: Numbers) -> Statistic:
    """Return Pearson's linear correlation as a function of the items' counts.

    Parameters
    ----------
    x, y
        ``(n,)``, finite.

    Returns
    -------
    callable
        ``(B, n)`` counts to ``(B,)`` in [−1, 1]; NaN where a side has no spread.

    Raises
    ------
    ShapeError
        See :func:`check_pair`.
    """
    check_pair(x, y)
    # Centred before the sums of products, which otherwise lose digits.
    a, b = (v - v.mean() if v.size else v for v in (x, y))
    columns = np.stack([a, b, a * a, b * b, a * b], axis=1)

    def of(counts: Numbers) -> Numbers:
        total = counts.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            ea, eb, eaa, ebb, eab = (counts @ columns / total[:, None]).T
            va, vb = eaa - ea * ea, ebb - eb * eb
            found: Numbers = (eab - ea * eb) / np.sqrt(va * vb)
        flat = (va <= _FLAT * (a * a).max(initial=0)) | (vb <= _FLAT * (b * b).max(initial=0))
        return np.where(flat, np.nan, found.clip(-1, 1))

    return of


def srocc(x: Numbers, y: Numbers) -> Statistic:
    """Return Spearman's rank correlation as a function of the items' counts; ties by mid-rank.

    Parameters and errors as for :func:`plcc`.
    """
    check_pair(x, y)
    order_x, order_y = _Order(x), _Order(y)

    def some(counts: Numbers) -> Numbers:
        total = counts.sum(axis=1, keepdims=True)
        a, b = order_x.ranks(counts), order_y.ranks(counts)
        with np.errstate(invalid="ignore", divide="ignore"):
            a = a - (counts * a).sum(axis=1, keepdims=True) / total
            b = b - (counts * b).sum(axis=1, keepdims=True) / total
            va, vb = (counts * a * a).sum(axis=1), (counts * b * b).sum(axis=1)
            found: Numbers = (counts * a * b).sum(axis=1) / np.sqrt(va * vb)
        flat = np.minimum(va, vb) <= _FLAT * total[:, 0] ** 3
        return np.where(flat, np.nan, found.clip(-1, 1))

    def of(counts: Numbers) -> Numbers:
        return _in_parts(some, counts, x.size)

    return of


class _Order:
    """Values in order, so that ranks of repeated items are sums of counts."""

    def __init__(self, values: Numbers) -> None:
        _, self.tie = np.unique(values, return_inverse=True)
        self.order = np.argsort(self.tie, kind="stable")
        self.starts = np.flatnonzero(np.diff(self.tie[self.order], prepend=-1))

    def ranks(self, counts: Numbers) -> Numbers:
        if not self.starts.size:
            return counts
        ties = np.add.reduceat(counts[:, self.order], self.starts, axis=1)
        ranks: Numbers = (np.cumsum(ties, axis=1) - ties / 2)[:, self.tie]
        return ranks


def krocc(x: Numbers, y: Numbers, clusters: NDArray[np.int64]) -> Statistic:
    """Return Kendall's τ-b as a function of the items' counts.

    All pairs are looked at once and summed by pairs of clusters, after which a resample costs the
    square of the number of *clusters*, not of items.

    Parameters
    ----------
    x, y
        ``(n,)``, finite.
    clusters
        ``(n,)`` whole numbers; items of one cluster always count equally often.

    Returns
    -------
    callable
        As of :func:`plcc`.

    Raises
    ------
    ShapeError
        See :func:`check_pair`.

    References
    ----------
    M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33(3), 1945.
    """
    check_pair(x, y)
    order = np.argsort(clusters, kind="stable")
    a, b = x[order], y[order]
    starts = np.flatnonzero(np.diff(clusters[order], prepend=clusters[order[:1]] - 1))
    first = order[starts]  # one item of each cluster stands for its count
    sums = np.zeros((3, starts.size, starts.size))
    step = max(1, _CELLS // max(1, x.size))
    for at in range(0, x.size, step):
        part = slice(at, at + step)
        sx = np.sign(a[part, None] - a[None]).astype(np.float32)
        sy = np.sign(b[part, None] - b[None]).astype(np.float32)
        owner = np.searchsorted(starts, np.arange(at, min(at + step, x.size)), side="right") - 1
        for i, signs in enumerate((sx * sy, sx * sx, sy * sy)):
            by_column = np.add.reduceat(signs, starts, axis=1, dtype=np.float64)
            np.add.at(sums[i], owner, by_column)

    def of(counts: Numbers) -> Numbers:
        k = counts[:, first]
        agree, apart_x, apart_y = (((k @ one) * k).sum(axis=1) for one in sums)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(agree / np.sqrt(apart_x * apart_y))

    return of


def mean_absolute_error(x: Numbers, y: Numbers) -> Statistic:
    """Return the mean of |x − y| as a function of the items' counts.

    Parameters and errors as for :func:`plcc`.
    """
    check_pair(x, y)
    return weighted_mean(np.abs(x - y))


def weighted_mean(x: Numbers) -> Statistic:
    """Return the mean of ``(n,)`` values as a function of the items' counts."""

    def of(counts: Numbers) -> Numbers:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(counts @ x / counts.sum(axis=1))

    return of


def once(statistic: Statistic, count: int) -> float:
    """Return a statistic of all items, each counted once."""
    return float(statistic(np.ones((1, count)))[0])


def _in_parts(statistic: Statistic, counts: Numbers, items: int) -> Numbers:
    step = max(1, _CELLS // max(1, items))
    parts = [statistic(counts[at : at + step]) for at in range(0, len(counts), step)]
    return np.concatenate(parts) if parts else np.empty(0)
