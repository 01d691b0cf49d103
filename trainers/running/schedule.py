"""The learning rate of each step: a linear rise, then half a cosine."""

from __future__ import annotations

import math

from hdrmetrics.errors import OptionError


def learning_rate(
    step: int, steps: int, *, peak: float, warm_up: float = 0.03, final: float = 0.01
) -> float:
    """Return the learning rate of a step.

    Parameters
    ----------
    step
        From 0.
    steps
        Of the whole run.
    peak
        The largest rate, reached at the end of the rise.
    warm_up
        Part of the steps that rise linearly.
    final
        Where the cosine ends, as a part of the peak.

    Raises
    ------
    OptionError
        If the step lies outside the run.

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: Stochastic gradient descent with warm restarts", ICLR 2017.
    """
    if not 0 <= step < steps:
        raise OptionError(f"step {step} lies outside a run of {steps} steps")
    rise = round(warm_up * steps)
    if step < rise:
        return peak * (step + 1) / (rise + 1)
    turned = (step - rise) / max(1, steps - 1 - rise)
    return peak * (final + (1 - final) * (1 + math.cos(math.pi * turned)) / 2)
