"""Figures of a label table: histograms of its labels, and the target against strength."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datasets.labelling.transform import BINS
from datasets.reporting.statistics import LEAST_SHARE
from hdrmetrics.errors import ImageWriteError, OptionError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES = {
    "hdrvdp_q": "HDR-VDP-2 Q (low is good)",
    "hdrvdp_q_mos": "HDR-VDP-2 Q_MOS",
    "tmqi_q": "TMQI Q",
    "tmqi_s": "TMQI structural fidelity S",
    "tmqi_n": "TMQI naturalness N",
    "target": "target",
}
"""Axis titles of the labels that are drawn."""

_INK, _FILL, _FAINT, _STRONG = "#1b2a41", "#5b84b1", "#b8c4d2", "#c8553d"
_COLUMNS = 4
_PANEL = (2.7, 1.9)  # inches
_STEPS = 12  # of strength, each with as many items
_POINTS = 600  # dots per panel; more would make one patch
_FEWEST = 24  # items that make a curve of quantiles
_DPI = 130


def label_figure(frame: pd.DataFrame, *, title: str = "") -> Figure:
    """Return the histograms of a table's target and of the labels it stands for.

    The target's histogram has ten bars, as :func:`datasets.labelling.transform.coverage` counts,
    with lines at an even share and at the least share wanted; the others show why learners are not
    given the labels themselves.

    Parameters
    ----------
    frame
        Of a label table.
    title
        Over the figure.

    Raises
    ------
    OptionError
        If the table has no items or lacks the target.
    """
    _check(frame, "target")
    names = [name for name in TITLES if name in frame.columns and name != "target"]
    figure, panels = _grid(1 + len(names), title, columns=1 + len(names), panel=(3.3, 2.7))
    _draw_target(next(panels), _finite(frame["target"]), annotate=True)
    for name in names:
        axes, values = next(panels), _finite(frame[name])
        axes.hist(values, bins=50, weights=_shares(values), color=_FILL)
        axes.set_xlabel(TITLES[name])
    return figure


def distortion_figure(frame: pd.DataFrame, *, label: str = "target", title: str = "") -> Figure:
    """Return the histogram of a label for each distortion, drawn over that of the whole table.

    Parameters
    ----------
    frame
        Of a label table.
    label
        A column.
    title
        Over the figure.

    Raises
    ------
    OptionError
        If the table has no items or lacks the column.
    """
    _check(frame, label, "distortion")
    whole = _finite(frame[label])
    low, high = (0.0, 1.0) if label == "target" else (float(whole.min()), float(whole.max()))
    edges = np.linspace(low, high if high > low else low + 1, 2 * BINS + 1).tolist()
    kinds = [(str(name), part[label]) for name, part in frame.groupby("distortion")]
    figure, panels = _grid(len(kinds), title, share=True)
    for index, (name, part) in enumerate(kinds):
        axes, values = next(panels), _finite(part)
        axes.hist(whole, bins=edges, weights=_shares(whole), color=_FAINT, label="whole set")
        shares = _shares(values)
        axes.hist(values, edges, weights=shares, histtype="step", color=_INK, label="this kind")
        if index == 0:
            axes.legend(fontsize=7, frameon=False)
        axes.set_xlim(edges[0], edges[-1])
        head, below = f"{name}  ({len(values)})", TITLES.get(label, label)
        _name_axes(axes, index, len(kinds), head, below, "share of items")
    return figure


def strength_figure(frame: pd.DataFrame, *, title: str = "") -> Figure:
    """Return the target against strength for each distortion that has one.

    Dots are items, the line is the median of the items of about equal strength, the band holds
    the middle half of them. Parameters and errors as for :func:`label_figure`; it is an error too
    if no distortion has a strength.
    """
    _check(frame, "target", "distortion", "strength")
    known = frame[frame["strength"].notna() & frame["target"].notna()]
    if known.empty:
        raise OptionError("no distortion of this table has a strength")
    kinds = [(str(name), part) for name, part in known.groupby("distortion")]
    figure, panels = _grid(len(kinds), title, share=True)
    for index, (name, part) in enumerate(kinds):
        axes = next(panels)
        _draw_strength(axes, _finite(part["strength"]), _finite(part["target"]))
        axes.set(xlim=(0, 1), ylim=(0, 1))
        _name_axes(axes, index, len(kinds), f"{name}  ({len(part)})", "strength", "target")
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the suffix says as what (``.png``, ``.svg``, ``.pdf``).

    Raises
    ------
    ImageWriteError
        If the format is not known or the file cannot be written.
    """
    # Neither date nor version, so that the same table gives the same bytes.
    bare: dict[str, dict[str, Any]] = {
        ".png": {"Software": None},
        ".svg": {"Date": None},
        ".pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    }
    try:
        figure.savefig(path, dpi=_DPI, metadata=bare.get(path.suffix.lower(), {}))
    except (OSError, ValueError) as error:
        raise ImageWriteError(f"{path}: cannot be written ({error})") from error


def _draw_target(axes: Axes, values: NDArray[np.float64], *, annotate: bool) -> None:
    axes.hist(
        values, bins=BINS, range=(0, 1), weights=_shares(values), color=_FILL, edgecolor="white"
    )
    for share, style in ((1 / BINS, "--"), (LEAST_SHARE, ":")):
        axes.axhline(share, color=_STRONG, linestyle=style, linewidth=1)
    if annotate:
        axes.text(0.99, LEAST_SHARE, f"{LEAST_SHARE:.0%} ", ha="right", va="bottom", fontsize=8)
    axes.set_xlim(0, 1)
    axes.set_xlabel("target (1 is best)")
    axes.set_ylabel("share of items")


def _draw_strength(axes: Axes, strength: NDArray[np.float64], target: NDArray[np.float64]) -> None:
    order = np.argsort(strength, kind="stable")
    strength, target = strength[order], target[order]
    thin = slice(None, None, math.ceil(len(order) / _POINTS))
    axes.plot(strength[thin], target[thin], ".", color=_FAINT, markersize=2.5, zorder=1)
    if len(order) < _FEWEST:
        return
    parts = np.array_split(np.arange(len(order)), min(_STEPS, len(order) // 8))
    centres = [float(np.median(strength[part])) for part in parts]
    low, middle, high = np.array([np.quantile(target[part], [0.25, 0.5, 0.75]) for part in parts]).T
    axes.fill_between(centres, low, high, color=_FILL, alpha=0.35, linewidth=0, zorder=2)
    axes.plot(centres, middle, color=_INK, linewidth=1.6, zorder=3)


def _grid(
    count: int,
    title: str,
    *,
    columns: int = _COLUMNS,
    panel: tuple[float, float] = _PANEL,
    share: bool = False,
) -> tuple[Figure, Iterator[Axes]]:
    """Return a figure and its panels, row by row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(columns, count)
    rows = math.ceil(count / columns)
    head = 0.4 if title else 0.0
    # A figure of its own, not one of pyplot, which keeps them all and may want a screen.
    figure = Figure(
        figsize=(columns * panel[0] + 0.4, rows * panel[1] + 0.3 + head), layout="constrained"
    )
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=share, sharey=share)
    if title:
        figure.suptitle(title)
    for axes in panels.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    for axes in panels.flat[count:]:
        axes.set_visible(False)
    # A panel above an empty place keeps its numbers.
    if share:
        for axes in list(panels.flat[:count])[-columns:]:
            axes.tick_params(labelbottom=True)
    return figure, iter(panels.flat)


def _name_axes(axes: Axes, index: int, count: int, head: str, x: str, y: str) -> None:
    """Give a panel of a grid its title, and its axes names where they stand at the edge."""
    axes.set_title(head, fontsize=9)
    if index >= count - _COLUMNS:
        axes.set_xlabel(x)
    if index % _COLUMNS == 0:
        axes.set_ylabel(y)


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.full(values.shape, 1 / max(1, values.size))


def _finite(column: pd.Series) -> NDArray[np.float64]:
    values: NDArray[np.float64] = column.to_numpy(dtype=np.float64)
    return values[np.isfinite(values)]


def _check(frame: pd.DataFrame, *columns: str) -> None:
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise OptionError(f"the table lacks the column {', '.join(absent)}")
    if not any(len(_finite(frame[name])) for name in columns if name != "distortion"):
        raise OptionError("the table has no items to draw")
