"""Opinions of a set's own scale on that from 1 to 10."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import OptionError

Floats = NDArray[np.float64]
Scale = tuple[float, float]
"""The worst opinion of a set and the best: (1, 5), or (100, 0) where less is better."""

_ROUNDED = 0.012  # what two decimals of a mean can change
_FEW = 30  # opinions at least, of which a deviation with n − 1 is larger by their ratio
_RARELY = 0.01


def on_ten(opinions: Floats, scale: Scale, where: str) -> Floats:
    """Return opinions mapped linearly from a scale to [1, 10].

    Parameters
    ----------
    opinions
        ``(N,)`` on the scale.
    scale
        Its worst opinion and its best.
    where
        What the error says of where they stand.

    Raises
    ------
    OptionError
        If an opinion lies outside the scale or is NaN, or the scale has no length.

    Examples
    --------
    >>> on_ten(np.array([0.0, 50.0, 100.0]), (0, 100), "mos.csv")
    array([ 1. ,  5.5, 10. ])
    """
    low, high = sorted(scale)
    _length(scale)
    outside = opinions[~((opinions >= low) & (opinions <= high))]
    if len(outside):
        raise OptionError(
            f"{where}: {len(outside)} opinions lie outside [{low:g}, {high:g}], {outside[0]:g} for "
            "one: name the table whose opinions have that scale, or their own scale"
        )
    # Sums of what was rounded may pass an end by a bit.
    return np.clip(1 + 9 * (opinions - scale[0]) / (scale[1] - scale[0]), 1, 10)


def spread_on_ten(spread: Floats, scale: Scale) -> Floats:
    """Return standard deviations ``(N,)`` of opinions on a scale, of those on [1, 10].

    Raises
    ------
    OptionError
        If the scale has no length.

    Examples
    --------
    >>> spread_on_ten(np.array([1.0]), (1, 5))
    array([2.25])
    """
    return 9 * spread / _length(scale)


def shares(counts: Floats, where: str) -> Floats:
    """Return what part of the people gave each score.

    Parameters
    ----------
    counts
        ``(N, K)``: how many gave each score, or parts of them.
    where
        What the error says of where they stand.

    Raises
    ------
    OptionError
        If a count is negative or NaN, or a photograph has none.

    Examples
    --------
    >>> shares(np.array([[1.0, 3.0]]), "votes.csv")
    array([[0.25, 0.75]])
    """
    total = counts.sum(axis=1)
    if not (np.all(counts >= 0) and np.all((total > 0) & np.isfinite(total))):
        raise OptionError(f"{where}: counts of scores are 0 or more, and some are above 0")
    parts: Floats = counts / total[:, None]
    return parts


def moments(parts: Floats, scores: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation, ``(N,)`` each, of distributions ``(N, K)`` over scores.

    Examples
    --------
    >>> mean, spread = moments(np.array([[0.5, 0.5]]), np.array([1.0, 3.0]))
    >>> float(mean[0]), float(spread[0])
    (2.0, 1.0)
    """
    mean = parts @ scores
    away = scores - mean[:, None]
    return mean, np.sqrt((parts * away**2).sum(axis=1))


def are_deviations(spread: Floats, mean: Floats, scale: Scale) -> bool:
    """Return whether numbers can be standard deviations of opinions in whole numbers.

    Opinions that are whole numbers with a mean between two of them differ: their variance is
    f·(1 − f) at least, f being what the mean has behind the point, and (m − worst)·(best − m) at
    most. So tables tell by themselves whether they hold deviations of single opinions, variances,
    or deviations of means.

    Parameters
    ----------
    spread, mean
        ``(N,)`` on the scale.
    scale
        Its ends are whole numbers.

    Examples
    --------
    >>> are_deviations(np.array([0.5, 0.9]), np.array([4.5, 3.0]), (1, 5))
    True
    >>> are_deviations(np.array([0.1, 0.2]), np.array([4.5, 3.3]), (1, 5))
    False
    """
    part = mean - np.floor(mean)
    least = part * (1 - part) - _ROUNDED
    most = (mean - min(scale)) * (max(scale) - mean) * _FEW / (_FEW - 1) + 4 * _ROUNDED
    strange = (spread**2 < least) | (spread**2 > most)
    return bool(strange.mean() <= _RARELY)


def _length(scale: Scale) -> float:
    length = abs(scale[1] - scale[0])
    if not (np.isfinite(length) and length > 0):
        raise OptionError(f"a scale goes from its worst opinion to its best, not {scale}")
    return float(length)
