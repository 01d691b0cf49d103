"""Tables of agreement, with what this project set itself as target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datasets.statistics.bootstrap import Interval
from hdrmetrics.text.markdown import markdown_table
from results.learned.data import SETS
from trainers.judging.agreement import ALL, Agreement

TARGETS: dict[str, dict[str, dict[str, float]]] = {
    "norvdpnet": {
        "hdr-c": {"srocc": 0.85, "plcc": 0.85},
        "sdr-d": {"srocc": 0.85, "plcc": 0.85},
        "tmo": {"srocc": 0.80},
        "itmo": {"srocc": 0.80},
    },
    "diqm": {name: {"srocc": 0.97} for name in ("hdr-c", "sdr-d", "tmo", "itmo")},
}
"""By kind and set, the least agreement on the test split."""

SHOWN = {"srocc": "SROCC", "plcc": "PLCC", "krocc": "KROCC", "mae_target": "MAE"}


def cell(interval: Interval | Sequence[float], digits: int = 3) -> str:
    """Return a value with its interval."""
    value, low, high = interval
    if not np.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return f"{text} [{low:.{digits}f}, {high:.{digits}f}]" if np.isfinite(low) else text


def verdict(kind: str, name: str, found: dict[str, Interval]) -> str:
    """Return whether the target of a set is met, and by how much it is missed.

    Parameters
    ----------
    kind, name
        Of the predictor and of the set.
    found
        Its agreement by statistic.
    """
    wanted = TARGETS[kind].get(name, {})
    missed = [
        f"{SHOWN[statistic]} by {least - found[statistic].value:.3f}"
        for statistic, least in wanted.items()
        if not found[statistic].value >= least
    ]
    asked = ", ".join(f"{SHOWN[s]} ≥ {least:.2f}" for s, least in wanted.items())
    if not wanted:
        return ""
    if missed:
        return f"**missed** ({asked}): {', '.join(missed)}"
    sure = all(found[s].low >= least for s, least in wanted.items())
    return f"met ({asked})" + ("" if sure else "; interval reaches below")


def overall(results: Sequence[Agreement]) -> dict[tuple[str, str], dict[str, Interval]]:
    """Return the intervals over all distortions, by set and predictor, by statistic."""
    found: dict[tuple[str, str], dict[str, Interval]] = {}
    for one in results:
        if one.distortion == ALL and not one.against:
            own = found.setdefault((one.dataset, one.predictor), {})
            own[one.statistic] = one.interval
    return found


def main_table(kind: str, results: Sequence[Agreement], ours: Sequence[str]) -> str:
    """Return the table of all predictors, set by set, ours judged."""
    found = overall(results)
    rows = []
    for name in [s for s in SETS if any(key[0] == s for key in found)]:
        for (of, predictor), own in found.items():
            if of == name:
                shown = predictor in ours
                rows.append([
                    name,
                    f"**{predictor}**" if shown else predictor,
                    *(cell(own[statistic]) for statistic in SHOWN),
                    verdict(kind, name, own) if shown else "",
                ])  # fmt: skip
    return markdown_table(["set", "predictor", *SHOWN.values(), "target"], rows)


def counts(results: Sequence[Agreement]) -> str:
    """Return how many items and groups of scenes each set is judged on."""
    found = {one.dataset: (one.items, one.groups) for one in results if one.distortion == ALL}
    return "; ".join(
        f"{name} {found[name][0]:,} items of {found[name][1]} groups of scenes"
        for name in SETS
        if name in found
    )
