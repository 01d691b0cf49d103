"""How a search went, as a picture: what it tried, and how the loss fell."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hdrmetrics.errors import MissingPackageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hdrmetrics.optimize.trace import Trial

_LOCK = threading.Lock()
"""Matplotlib's fonts are not for several threads at once."""

_INK, _QUIET = "#1c2430", "#8a95a3"
_COLOURS = {"start": "#b3541e", "scan": "#8a95a3", "gradient": "#2f6fb5", "evolution": "#2f6fb5",
            "check": "#7a4fb5"}  # fmt: skip
_LABELS = {"start": "default", "scan": "spread out", "gradient": "by gradient",
           "evolution": "by evolution", "check": "tried larger"}  # fmt: skip


def trace_figure(trials: Sequence[Trial], strip: Sequence[tuple[str, NDArray[np.uint8]]]) -> bytes:
    """Return a JPEG file: a strip of pictures above the losses of all that was tried.

    Parameters
    ----------
    trials
        Of the search.
    strip
        Titles and pictures ``(H, W, 3)``.

    Raises
    ------
    MissingPackageError
        If Matplotlib is not installed.
    """
    plots = _plots()
    with _LOCK:
        return _drawn(plots, trials, strip)


def _drawn(
    plots: Any, trials: Sequence[Trial], strip: Sequence[tuple[str, NDArray[np.uint8]]]
) -> bytes:
    sides = sorted({trial.side for trial in trials})
    count = max(1, len(strip))
    figure = plots(figsize=(8.6, 4.6), dpi=110, facecolor="white", layout="constrained")
    grid = figure.add_gridspec(2, 1, height_ratios=[1.0, 1.35])
    pictures = grid[0].subgridspec(1, count, wspace=0.02)
    for index, (title, pixels) in enumerate(strip):
        axes = figure.add_subplot(pictures[index])
        axes.imshow(pixels)
        axes.set_title(title, fontsize=8, color=_INK)
        axes.axis("off")
    axes = figure.add_subplot(grid[1])
    _losses(axes, trials, sides)
    file = io.BytesIO()
    figure.savefig(file, format="jpeg", pil_kwargs={"quality": 88})
    return file.getvalue()


def _losses(axes: Any, trials: Sequence[Trial], sides: Sequence[int]) -> None:
    known = [trial for trial in trials if math.isfinite(trial.loss)]
    for step, label in _LABELS.items():
        some = [trial for trial in known if trial.step == step]
        if some:
            axes.scatter(
                [t.number for t in some], [t.loss for t in some], s=16, color=_COLOURS[step],
                label=label, zorder=3,
            )  # fmt: skip
    for side in sides:
        some = [trial for trial in known if trial.side == side]
        least, line = math.inf, []
        for trial in some:
            least = min(least, trial.loss)
            line.append(least)
        axes.step([t.number for t in some], line, where="post", color=_INK, linewidth=1.2, zorder=2)
        if some:
            # Losses of different sizes do not compare: each has a line, and a part, of its own.
            axes.annotate(
                f"{side} px", (some[0].number, 1.0), xycoords=("data", "axes fraction"),
                xytext=(3, -3), textcoords="offset points", va="top", fontsize=8, color=_QUIET,
            )  # fmt: skip
            axes.axvline(some[0].number - 0.5, color=_QUIET, linewidth=0.6, zorder=1)
    if known and min(trial.loss for trial in known) > 0:
        axes.set_yscale("log")
        for axis in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            axis("{x:.3g}")
    axes.set_xlabel("pictures tried", fontsize=8, color=_INK)
    axes.set_ylabel("loss", fontsize=8, color=_INK)
    axes.tick_params(labelsize=8, colors=_INK)
    for name in ("top", "right"):
        axes.spines[name].set_visible(False)
    axes.legend(fontsize=8, frameon=False, ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.18))


def check_plots() -> None:
    """Raise :class:`MissingPackageError` now where :func:`trace_figure` would, after hours."""
    _plots()


def _plots() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError(
            "plots of a page need Matplotlib: pip install 'hdrmetrics[report]'"
        ) from error
    return Figure
