"""Columns of metrics, and what a row's scores say in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from hdrmetrics.catalogue.metric_info import MetricInfo
from hdrmetrics.report.page import Cell, Column, Kind, Mark, Scored
from hdrmetrics.result import Score

FAILED = "failed"
"""The mark of a metric that gave no score."""

WARNED = "warning"
"""The mark of a score that came with a warning, such as a doubt."""


def metric_columns(
    infos: Sequence[MetricInfo], rows: Sequence[Mapping[str, Score]]
) -> list[Column]:
    """Return a column for each metric, and one of marks.

    Parameters
    ----------
    infos
        The metrics.
    rows
        The scores of each row by the metric's name: where a scale has no end, a bar begins at zero
        or the lowest of them, and ends at the highest.
    """
    columns = [_metric_column(info, rows) for info in infos]
    return [*columns, Column("marks", "marks", "marks", sortable=False)]


def score_cells(
    scores: Mapping[str, Score], errors: Mapping[str, str], marks: Iterable[Mark] = ()
) -> dict[str, Cell]:
    """Return a row's cells of :func:`metric_columns`.

    Parameters
    ----------
    scores, errors
        By the metric's name, as :class:`~hdrmetrics.jobs.batch.Row` has them.
    marks
        Further ones, which come first.

    Examples
    --------
    >>> score = Score("psnr", 30.0, "dB", (0.0, 100.0), True, warnings=("small",))
    >>> cells = score_cells({"psnr": score}, {})
    >>> cells["psnr"].value, [mark.text for mark in cells["marks"]]
    (30.0, ['psnr: small'])
    """
    cells: dict[str, Cell] = {
        name: Scored(score.value, score.low, score.high) for name, score in scores.items()
    }
    told = [
        Mark(WARNED, text if text.startswith(f"{name}: ") else f"{name}: {text}", "warning")
        for name, score in scores.items()
        for text in score.warnings
    ]
    failed = [Mark(FAILED, "", "bad")] if errors else []
    cells["marks"] = [*failed, *marks, *told] or None
    return cells


def error_notes(errors: Mapping[str, str]) -> list[str]:
    """Return what went wrong with a row, in sentences.

    Examples
    --------
    >>> error_notes({"file": "a.png: no such file", "psnr": "too small"})
    ['a.png: no such file', 'psnr: too small']
    """
    return [text if what == "file" else f"{what}: {text}" for what, text in errors.items()]


def _metric_column(info: MetricInfo, rows: Sequence[Mapping[str, Score]]) -> Column:
    unit = f" [{info.unit}]" if info.unit else ""
    meaning = f"{info.title}; {'higher' if info.higher_is_better else 'lower'} is better"
    low, high = info.range
    if not (math.isfinite(low) and math.isfinite(high)):
        there = [row[info.name] for row in rows if info.name in row]
        ends = [end for one in there for end in (one.value, one.low, one.high)]
        known = [end for end in ends if end is not None and math.isfinite(end)]
        low = low if math.isfinite(low) else min([0.0, *known])
        high = high if math.isfinite(high) else max(known, default=0.0)
    # A bar needs two ends: of one picture on an open scale there is the number alone.
    kind: Kind = "score" if low < high else "number"
    digits = _digits(info)
    return Column(info.name, info.name + unit, kind, meaning, digits=digits, low=low, high=high)


def _digits(info: MetricInfo) -> int:
    """Return how many digits mean something, as :func:`hdrmetrics.text.formatting.format_value`."""
    span = info.range[1] - info.range[0]
    return 4 if span <= 2 else 2
