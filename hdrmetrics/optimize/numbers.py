"""What counts as a number among the settings of a search."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any


def is_finite(value: Any) -> bool:
    """Return whether a value is a number, of Python or NumPy, and neither NaN nor infinite.

    Examples
    --------
    >>> is_finite(0.5), is_finite(float("nan")), is_finite("0.5"), is_finite(True)
    (True, False, False, False)
    """
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def is_whole(value: Any, least: int) -> bool:
    """Return whether a value is a whole number of at least ``least``.

    Examples
    --------
    >>> is_whole(4, 4), is_whole(3, 4), is_whole(4.0, 4)
    (True, False, False)
    """
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
