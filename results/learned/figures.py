"""Figures of agreement between predictions and labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from results.learned.data import Comparison
from results.learned.tables import SHOWN, TARGETS, overall
from trainers.feeding.labels import Labels
from trainers.judging.agreement import ALL, Agreement
from trainers.judging.predictions import PREFIX

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Of Okabe and Ito: told apart with any colour vision."""

MARKERS = "osD^vPX"
_FEWEST = 10  # items of a cell of the heat-strip, below which a mean says nothing
_BINS = 10


def save(figure: Figure, path: Path) -> None:
    """Write a figure, and let go of it."""
    figure.savefig(path, dpi=100)
    plt.close(figure)


def scatter(one: Comparison, results: Sequence[Agreement], path: Path) -> None:
    """Draw predicted targets against labels, for each set and predictor."""
    sets = one.sets
    columns = max(sum(name in by_set for by_set in one.predictors.values()) for name in sets)
    figure, axes = plt.subplots(
        len(sets), columns, figsize=(0.8 + 2.25 * columns, 0.4 + 2.45 * len(sets)),
        squeeze=False, layout="constrained",
    )  # fmt: skip
    found = overall(results)
    for row, name in zip(axes, sets, strict=True):
        for axis in row:
            axis.set_visible(False)
        shown = [key for key, by_set in one.predictors.items() if name in by_set]
        for axis, predictor in zip(row, shown, strict=False):
            axis.set_visible(True)
            labels = one.predictors[predictor][name].split("test")
            axis.hexbin(
                labels["target"], labels[PREFIX + predictor], gridsize=32, extent=(0, 1, 0, 1),
                bins="log", mincnt=1, cmap="viridis", linewidths=0.1,
            )  # fmt: skip
            axis.plot([0, 1], [0, 1], color="black", lw=0.8, ls="--")
            axis.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
            axis.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
            axis.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
            own = found[name, predictor]
            agreed = ", ".join(f"{SHOWN[s]} {own[s].value:.3f}" for s in ("srocc", "plcc"))
            axis.set_title(f"{predictor}\n{agreed}", fontsize=9)
        row[0].set_ylabel(f"{name}\npredicted", fontsize=10)
    figure.supxlabel("label (1 is best)", fontsize=10)
    save(figure, path)


def by_distortion(
    kind: str, name: str, results: Sequence[Agreement], predictors: Sequence[str], path: Path
) -> None:
    """Draw SROCC and MAE inside each distortion of a set, the first predictor's order."""
    own = [r for r in results if r.dataset == name and not r.against and r.distortion != ALL]
    known = {(r.predictor, r.distortion, r.statistic): r for r in own}
    first = predictors[0]
    kinds = [r.distortion for r in own if r.predictor == first and r.statistic == "srocc"]
    # What has no correlation at all stands at the end.
    kinds.sort(key=lambda k: np.nan_to_num(known[first, k, "srocc"].interval.value, nan=-2))
    figure, axes = plt.subplots(
        1, 2, figsize=(10, 1.3 + 0.27 * len(kinds)), sharey=True, layout="constrained"
    )
    places = np.arange(len(kinds))
    for axis, statistic in zip(axes, ("srocc", "mae_target"), strict=True):
        for i, predictor in reversed(list(enumerate(predictors))):
            intervals = [known[predictor, k, statistic].interval for k in kinds]
            value, low, high = np.array(intervals, dtype=np.float64).T
            style = {"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)]}
            if i == 0:
                axis.errorbar(
                    value, places, xerr=np.maximum([value - low, high - value], 0), ls="", ms=5,
                    capsize=2, lw=1.2, label=predictor, zorder=3, **style,
                )  # fmt: skip
            else:
                axis.plot(value, places, ls="", ms=4, alpha=0.7, label=predictor, **style)
        whole = [r for r in results if (r.dataset, r.predictor, r.distortion) == (name, first, ALL)]
        value = next(r.interval.value for r in whole if r.statistic == statistic and not r.against)
        axis.axvline(value, color=COLORS[0], lw=0.8, ls=":", label=f"{first}, whole set")
        axis.set_xlabel(f"{SHOWN[statistic]} inside the distortion")
        axis.grid(alpha=0.3)
    axes[0].set_xlim(right=1.01)
    axes[1].set_xlim(left=0)
    target = TARGETS[kind].get(name, {}).get("srocc")
    if target:
        axes[0].axvline(target, color="black", lw=0.8, ls="--", label="target, whole set")
    axes[0].set_yticks(places, [f"{k} ({known[first, k, 'srocc'].items})" for k in kinds])
    axes[0].set_ylim(-0.7, len(kinds) - 0.3)
    handles, names = (part[::-1] for part in axes[0].get_legend_handles_labels())
    figure.legend(handles, names, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    save(figure, path)


def bias(one: Comparison, path: Path) -> None:
    """Draw the mean error of our predictors by distortion and label."""
    # Sets of about as many distortions side by side.
    sets = sorted(one.sets, key=lambda name: np.unique(_test(one, name)["distortion"]).size)
    sizes = [np.unique(_test(one, name)["distortion"]).size for name in sets]
    columns = 2 if len(sets) > 1 else 1
    rows = [range(i, min(i + columns, len(sets))) for i in range(0, len(sets), columns)]
    heights = [max(sizes[i] for i in row) + 4 for row in rows]
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(5.4 * columns, 0.24 * sum(heights) + 0.4), squeeze=False,
        height_ratios=heights, layout="constrained",
    )  # fmt: skip
    shown = None
    for place, axis in enumerate(axes.flat):
        if place >= len(sets):
            axis.set_visible(False)
            continue
        shown = _strip(axis, _test(one, sets[place]), one.first(sets[place]), sets[place])
    assert shown is not None
    figure.colorbar(
        shown, ax=axes, shrink=0.6, label="predicted minus label", extend="both", aspect=30
    )
    save(figure, path)


def _test(one: Comparison, name: str) -> Labels:
    return one.predictors[one.first(name)][name].split("test")


def _strip(axis: Axes, labels: Labels, predictor: str, name: str) -> matplotlib.image.AxesImage:
    error = labels[PREFIX + predictor].astype(np.float64) - labels["target"]
    bins = np.clip((labels["target"] * _BINS).astype(int), 0, _BINS - 1)
    kinds = np.unique(labels["distortion"])
    own = {str(k): labels["distortion"] == k for k in kinds}
    order = sorted(own, key=lambda k: float(error[own[k]].mean()))
    columns = [*range(_BINS), None]  # the last one: all labels

    def mean(of: NDArray[np.bool_]) -> float:
        return float(error[of].mean()) if of.sum() >= _FEWEST else np.nan

    grid = np.array(
        [[mean(own[k] if c is None else own[k] & (bins == c)) for c in columns] for k in order]
    )
    shown = axis.imshow(grid, cmap="RdBu_r", vmin=-0.3, vmax=0.3, aspect="auto", origin="lower")
    for y, line in enumerate(grid):
        for x, value in enumerate(line):
            if np.isfinite(value):
                axis.text(
                    x, y, f"{value:+.2f}".replace("0.", "."), ha="center", va="center",
                    fontsize=6.5, color="white" if abs(value) > 0.2 else "black",
                )  # fmt: skip
    axis.axvline(_BINS - 0.5, color="black", lw=1)
    axis.set_yticks(range(len(order)), order, fontsize=8)
    edges = [f"{i / _BINS:g}" for i in range(_BINS)]
    axis.set_xticks(
        [*np.arange(_BINS) - 0.5, _BINS - 0.5, _BINS], [*edges, "1", "\nall"], fontsize=8
    )
    axis.set_facecolor("0.92")
    axis.set_xlabel("label", fontsize=9)
    axis.set_title(f"{name}: {predictor}", fontsize=10)
    return shown
