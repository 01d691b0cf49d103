"""How values are written for people: as many digits as mean something."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hdrmetrics.metric import MetricInfo


def format_value(value: float, unit: str, scale: tuple[float, float]) -> str:
    """Return a metric's value without its unit.

    Two decimals for decibels and scales of up to a thousand, four for scales of up to two, four
    digits otherwise.

    Parameters
    ----------
    value
        The value; infinite ones become ``inf`` or ``-inf``.
    unit, scale
        Unit and range as in :class:`hdrmetrics.MetricInfo`.

    Examples
    --------
    >>> format_value(38.2134, "dB", (-math.inf, math.inf)), format_value(0.97, "", (0.0, 1.0))
    ('38.21', '0.9700')
    """
    if not math.isfinite(value):
        return f"{value:g}"
    span = scale[1] - scale[0]
    if unit == "dB":
        return f"{value:.2f}"
    if span <= 2:
        return f"{value:.4f}"
    return f"{value:.2f}" if span <= 1000 else f"{value:.4g}"


def value_text(value: float | None, info: MetricInfo) -> str:
    """Return a value of a metric without its unit, a dash for ``None``."""
    return "–" if value is None else format_value(value, info.unit, info.range)


def signed_text(value: float, info: MetricInfo) -> str:
    """Return a change of a metric with its sign, without one where rounding leaves nothing."""
    text = value_text(abs(value), info)
    if not text.strip("0."):
        return text
    return ("+" if value > 0 else "−") + text


def heading(info: MetricInfo) -> str:
    """Return a column's title: the metric, its unit and its direction."""
    unit = f" [{info.unit}]" if info.unit else ""
    return f"{info.name}{unit} {arrow(info.higher_is_better)}"


def with_unit(text: str, unit: str) -> str:
    """Return a number with its unit, if it has one."""
    return f"{text} {unit}" if unit else text


def arrow(higher_is_better: bool) -> str:
    """Return the direction in which values get better."""
    return "↑" if higher_is_better else "↓"
