"""Many values in a few numbers: means that say what they cover, and differences of methods."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from hdrmetrics.jobs.batch import Row
    from hdrmetrics.metric import MetricInfo

RESAMPLES, SEED = 10_000, 0
"""Of the intervals of :func:`paired_difference`."""

LEVEL = 0.95
"""Share of the resamples inside an interval."""

_BLOCK = 1_000_000  # numbers drawn at a time


@dataclass(frozen=True, slots=True)
class Summary:
    """The values of a metric over a set of pictures.

    Parameters
    ----------
    of
        Pictures in the set.
    n
        Those with a finite value: what ``mean`` is the mean of.
    mean
        ``None`` where ``n`` is 0.
    worst
        Of all values but those that are not a number; ``None`` where there is none.
    infinite
        Pictures with an infinite value: identical to their reference, for PSNR.
    not_numbers
        Pictures whose value is not a number.
    failed
        Pictures without a value.
    """

    of: int
    n: int
    mean: float | None
    worst: float | None
    infinite: int
    not_numbers: int
    failed: int

    @property
    def covers_all(self) -> bool:
        """Whether every picture is in the mean."""
        return self.n == self.of

    @property
    def apart(self) -> str:
        """What is not in the mean, in words; empty when everything is."""
        parts = [
            f"{count} {what}"
            for count, what in (
                (self.infinite, "infinite"),
                (self.not_numbers, "not a number"),
                (self.failed, "failed"),
            )
            if count
        ]
        return ", ".join(parts)


def summarise(values: Iterable[float | None], *, higher_is_better: bool) -> Summary:
    """Return what there is to say about the values of a metric.

    Parameters
    ----------
    values
        One for each picture; ``None`` where there is none.
    higher_is_better
        Direction of the metric's scale.

    Examples
    --------
    >>> found = summarise([38.0, 40.0, math.inf, None], higher_is_better=True)
    >>> found.mean, found.n, found.of, found.apart
    (39.0, 2, 4, '1 infinite, 1 failed')
    """
    given = list(values)
    there = [value for value in given if value is not None]
    numbers = [value for value in there if not math.isnan(value)]
    finite = [value for value in numbers if math.isfinite(value)]
    return Summary(
        of=len(given),
        n=len(finite),
        mean=math.fsum(finite) / len(finite) if finite else None,
        worst=(min if higher_is_better else max)(numbers, default=None),
        infinite=len(numbers) - len(finite),
        not_numbers=len(there) - len(numbers),
        failed=len(given) - len(there),
    )


def summary_of(rows: Iterable[Row], info: MetricInfo) -> Summary:
    """Return what there is to say about the values that rows have of a metric."""
    return summarise(
        (row.scores[info.name].value if info.name in row.scores else None for row in rows),
        higher_is_better=info.higher_is_better,
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """How much larger a metric is for one method than for another, over the same pictures.

    Parameters
    ----------
    n
        Pictures for which both have a finite value.
    of
        Pictures that either has.
    mean
        Of the differences; ``None`` where ``n`` is 0.
    low, high
        Ends of the 95 % interval of the mean; ``None`` for fewer than two pictures.
    """

    n: int
    of: int
    mean: float | None
    low: float | None
    high: float | None


def paired_difference(
    first: Mapping[str, float],
    second: Mapping[str, float],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Difference:
    """Return the mean of ``first`` minus ``second`` over the pictures they share.

    Parameters
    ----------
    first, second
        Values by picture. Those that are not finite are left out.
    resamples
        How often pictures are drawn with replacement for the interval, both methods' values
        together (percentile bootstrap).
    seed
        Of the draws: the same values give the same interval.

    Raises
    ------
    OptionError
        If ``resamples`` is not positive.

    References
    ----------
    B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, 13.3.

    Examples
    --------
    >>> paired_difference({"a": 31.0, "b": 42.0}, {"a": 30.0, "b": 41.0}).low
    1.0
    """
    if resamples < 1:
        raise OptionError(f"the number of resamples is at least 1, not {resamples}")
    # Sorted, so that the order of the pictures does not change the draws.
    shared = sorted(
        name
        for name in first.keys() & second.keys()
        if math.isfinite(first[name]) and math.isfinite(second[name])
    )
    total = len(first.keys() | second.keys())
    found = np.array([first[name] - second[name] for name in shared], dtype=np.float64)
    if not shared:
        return Difference(0, total, None, None, None)
    mean = math.fsum(found) / len(found)
    if len(shared) < 2:
        return Difference(1, total, mean, None, None)
    rng = np.random.default_rng(seed)
    means = np.empty(resamples)
    step = max(1, _BLOCK // len(found))
    for start in range(0, resamples, step):
        size = (min(step, resamples - start), len(found))
        means[start : start + step] = found[rng.integers(len(found), size=size)].mean(axis=1)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(means, (tail, 1 - tail))
    return Difference(len(found), total, mean, float(low), float(high))
