"""Poisson counts from normal deviates, one deviate per count."""

from __future__ import annotations

import torch
from torch import Tensor

_EXACT_BELOW = 8.0
_PIECE = 1 << 15  # counts worked on at a time: the forty passes over them stay in the cache
_MOST = 40  # a count above 40 has a probability below 1e-15 at a mean of 8


def poisson_counts(mean: Tensor, deviates: Tensor) -> Tensor:
    """Return Poisson counts of the given means by inversion.

    Each count is the quantile of its own deviate, so that a mean which differs in the last bit
    moves that one count and not, as rejection sampling does, all counts drawn after it.

    Parameters
    ----------
    mean
        Expected counts, not negative, any shape.
    deviates
        Standard normal, the same shape.

    Returns
    -------
    Tensor
        Whole numbers in the dtype of ``mean``. Below a mean of 8 exact; above, the Cornish-Fisher
        expansion, whose quantiles are off by less than one count.

    References
    ----------
    R. A. Fisher and E. A. Cornish, "The percentile points of distributions having known
    cumulants", Technometrics 2(2), 1960.
    """
    root = mean.clamp(min=_EXACT_BELOW).sqrt()
    counts = mean + root * deviates + (deviates**2 - 1) / 6 + (deviates - deviates**3) / (72 * root)
    counts = counts.round().clamp(min=0.0)
    small = mean < _EXACT_BELOW
    if bool(small.any()):
        few, own = mean[small], deviates[small]
        count = -(-few.numel() // _PIECE)
        pieces = zip(few.chunk(count), own.chunk(count), strict=True)
        counts[small] = torch.cat([_inverted(*piece) for piece in pieces])
    return counts


def _inverted(mean: Tensor, deviates: Tensor) -> Tensor:
    chance = torch.special.ndtr(deviates)
    term = torch.exp(-mean)
    total, counts = term.clone(), torch.zeros_like(mean)
    for count in range(1, _MOST):
        above = chance > total
        if not bool(above.any()):
            break
        counts += above
        term *= mean / count
        total += term
    return counts
