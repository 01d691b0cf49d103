"""Photographs with the opinions that people gave of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import OptionError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Opinions:
    """Photographs with mean and spread of the opinions on them, from 1 to 10.

    Parameters
    ----------
    name
        Of the set.
    paths
        Of the photographs.
    mean, spread
        ``(N,)``: mean opinion, and standard deviation of single opinions.
    split
        ``(N,)`` of :data:`SPLITS`.
    group
        ``(N,)``: photographs that show the same share a group.
    terms
        What the set may be used for, as its authors say.
    measured
        Whether the spread was published, and not assumed (:func:`assumed_spread`).
    distribution
        ``(N, 10)``: what part of the people gave each score, where that was published.

    Raises
    ------
    OptionError
        If there are no photographs, what is said of them is of another number, or numbers are out
        of range.
    """

    name: str
    paths: tuple[Path, ...]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    split: NDArray[np.str_]
    group: NDArray[np.str_]
    terms: str
    measured: bool = False
    distribution: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if not self.paths:
            raise OptionError(f"{self.name} holds no photographs")
        said = (self.mean, self.spread, self.split, self.group)
        if any(one.shape != (len(self.paths),) for one in said):
            raise OptionError(f"{self.name}: one mean, spread, split and group for each photograph")
        if not (
            np.all((self.mean >= 1) & (self.mean <= 10))
            and np.all((self.spread > 0) & np.isfinite(self.spread))
        ):
            raise OptionError(f"{self.name}: mean opinions lie in [1, 10], spreads above 0")
        parts = self.distribution
        if parts is not None and not (
            parts.shape == (len(self.paths), 10)
            and np.all(parts >= 0)
            and np.allclose(parts.sum(axis=1), 1)
        ):
            raise OptionError(f"{self.name}: distributions have ten parts that add up to one")

    def __len__(self) -> int:
        return len(self.paths)

    def select(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Opinions:
        """Return some of the photographs, by a mask or by places."""
        places = np.flatnonzero(which) if which.dtype == bool else which
        return replace(
            self,
            paths=tuple(self.paths[i] for i in places),
            mean=self.mean[places],
            spread=self.spread[places],
            split=self.split[places],
            group=self.group[places],
            distribution=None if self.distribution is None else self.distribution[places],
        )

    def of(self, split: str) -> Opinions:
        """Return the photographs of a split."""
        return self.select(self.split == split)


def assumed_spread(mean: NDArray[np.float64], a: float = 0.1) -> NDArray[np.float64]:
    """Return the spread of opinions that a mean in [1, 10] goes with, where none is published.

    σ² = a·(x − 1)·(10 − x): people agree at the ends of the scale, and there is room in the middle.
    With a = 0.1, σ is 1.4 at 5.5, as in sets of photographs that publish it.

    References
    ----------
    T. Hoßfeld, R. Schatz, S. Egger, "SOS: the MOS is not enough!", QoMEX 2011.
    """
    return np.sqrt(np.maximum(a * (mean - 1) * (10 - mean), 0.15))
