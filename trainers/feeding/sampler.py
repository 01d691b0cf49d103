"""Which items make which step: an endless shuffled sequence that any position can be read from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.streams import stream
from hdrmetrics.errors import OptionError


class Sampler:
    """An endless sequence of items, shuffled anew in every epoch.

    The item at a position follows from the seed alone, so a resumed run needs no state but its
    step, and several processes take their parts of a joint batch without talking.

    Parameters
    ----------
    weights
        How often each item comes, ``(n,)``, relative to the others. An epoch has n places; an item
        of weight w gets w·n/Σw of them, rounded up or down by chance; with equal weights each
        item comes exactly once.
    seed, name
        Of the draws.

    Raises
    ------
    OptionError
        If there is no item, or weights are not positive and finite.
    """

    def __init__(self, weights: NDArray[np.float64], *, seed: int, name: str) -> None:
        if weights.ndim != 1 or not weights.size:
            raise OptionError(f"no items of {name} to train on")
        if not (np.isfinite(weights).all() and (weights > 0).all()):
            raise OptionError(f"weights of {name} are positive numbers")
        self._shares = np.cumsum(weights / weights.mean())
        self._shares *= weights.size / self._shares[-1]
        self._even = bool((weights == weights[0]).all())
        self.seed, self.name, self.count = seed, name, int(weights.size)
        self._epoch = -1
        self._order = np.empty(0, dtype=np.int64)

    def rows(self, first: int, count: int) -> NDArray[np.int64]:
        """Return the items at ``count`` positions from ``first`` on."""
        places = np.arange(first, first + count)
        epochs = places // self.count
        parts = []
        for epoch in np.unique(epochs):
            order = self._order_of(int(epoch))
            parts.append(order[places[epochs == epoch] % self.count])
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def _order_of(self, epoch: int) -> NDArray[np.int64]:
        if epoch != self._epoch:
            rng = stream(self.seed, "order", self.name, epoch)
            chosen = np.arange(self.count)
            if not self._even:
                ticks = np.arange(self.count) + rng.uniform()
                chosen = np.searchsorted(self._shares, ticks, side="right").clip(0, self.count - 1)
            self._order, self._epoch = rng.permutation(chosen).astype(np.int64), epoch
        return self._order


def balancing_weights(
    distortions: NDArray[np.generic], *, exponent: float, emphasis: dict[str, float]
) -> NDArray[np.float64]:
    """Return weights that even out how often distortions come; their mean is 1.

    Parameters
    ----------
    distortions
        Name of each item's distortion, ``(n,)``.
    exponent
        0 leaves them as frequent as they are, 1 makes them equally frequent.
    emphasis
        Further factors by name, for distortions that are hard to judge.

    Raises
    ------
    OptionError
        If a distortion to be emphasised does not occur.
    """
    names, number, sizes = np.unique(distortions, return_inverse=True, return_counts=True)
    absent = sorted(set(emphasis) - set(names.tolist()))
    if absent:
        raise OptionError(
            f"emphasis on {', '.join(absent)}, which does not occur; there are "
            f"{', '.join(map(str, names))}"
        )
    factors = np.array([emphasis.get(str(name), 1.0) for name in names])
    weights = (factors * sizes.astype(np.float64) ** -exponent)[number]
    return np.asarray(weights / weights.mean())
