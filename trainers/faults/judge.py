"""How often faults are named rightly, and how well the probabilities hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.statistics.bootstrap import SceneBootstrap
from datasets.statistics.weighted import Numbers, weighted_mean
from hdrmetrics.learned.faults import FAULTS

SEEN = 80.0
"""Opinion score under which the teacher sees the fault clearly."""

_BINS = 15
_RESAMPLES = 500


def calibration_error(probabilities: Numbers, faults: NDArray[np.int64], weights: Numbers) -> float:
    """Return the expected calibration error of the likeliest fault.

    Parameters
    ----------
    probabilities
        ``(n, D)``.
    faults
        The right ones, ``(n,)``.
    weights
        ``(n,)``.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == faults
    place = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    total = 0.0
    for index in range(_BINS):
        own = weights * (place == index)
        if own.sum() > 0:
            gap = (own * (right - sure)).sum() / own.sum()
            total += abs(float(gap)) * float(own.sum() / weights.sum())
    return total


def judge(
    probabilities: Numbers,
    faults: NDArray[np.int64],
    opinion: Numbers,
    group: NDArray[np.str_],
    distortion: NDArray[np.str_],
) -> dict[str, Any]:
    """Return the test table of named faults, as JSON values.

    Parameters
    ----------
    probabilities
        ``(n, D)``.
    faults, opinion, group, distortion
        ``(n,)`` each: the right fault, the teacher's score, the group of scenes, and what was done.

    Returns
    -------
    dict
        ``top1``: share that is named rightly where the teacher is under 80, with its bootstrap
        interval over groups of scenes; ``top1_even``: the mean over faults; by fault and by
        distortion; ``calibration_error`` over all windows, and with faults weighing alike;
        ``confusion``: rows are the right faults (windows under 80, and untouched ones). ``None``
        stands for what too few scenes leave open.
    """
    top = probabilities.argmax(axis=1)
    right = (top == faults).astype(np.float64)
    none = FAULTS.index("none")
    seen = (opinion < SEEN) & (faults != none)
    table: dict[str, Any] = {"windows": len(faults), "seen": int(seen.sum())}
    if seen.any():
        draws = SceneBootstrap(group[seen], resamples=_RESAMPLES)
        found = draws.interval(weighted_mean(right[seen]))
        table["top1"] = [_rounded(x) for x in found]
    asked = seen | (faults == none)
    by_fault = {
        name: [float(right[asked & (faults == i)].mean()), int((asked & (faults == i)).sum())]
        for i, name in enumerate(FAULTS)
        if (asked & (faults == i)).any()
    }
    table["by_fault"] = {k: [round(v, 4), n] for k, (v, n) in by_fault.items()}
    table["top1_even"] = _rounded(np.mean([v for v, _ in by_fault.values()] or [np.nan]))
    table["by_distortion"] = {
        str(name): [
            round(float(right[seen & (distortion == name)].mean()), 4),
            int((seen & (distortion == name)).sum()),
        ]
        for name in np.unique(distortion[seen])
    }
    counts = np.bincount(faults, minlength=len(FAULTS))
    even = 1.0 / counts[faults]
    table["calibration_error"] = round(
        calibration_error(probabilities, faults, np.ones(len(faults))), 4
    )
    table["calibration_error_even"] = round(calibration_error(probabilities, faults, even), 4)
    confusion = np.zeros((len(FAULTS), len(FAULTS)), dtype=int)
    np.add.at(confusion, (faults[asked], top[asked]), 1)
    table["confusion"] = confusion.tolist()
    return table


def _rounded(value: float | np.floating[Any]) -> float | None:
    """Return a number with four digits; ``None`` where too few scenes give none."""
    return round(float(value), 4) if np.isfinite(value) else None
