"""Settings of a step as a recipe gives them: fixed, drawn, or tied to the strength."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hdrmetrics.errors import OptionError

Plain = float | int | str | bool
Spacing = Literal["linear", "log"]


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same value."""

    value: Plain

    def resolve(self, strength: float, rng: np.random.Generator) -> Plain:
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Tied:
    """Moves with the strength from the mildest value to the worst one."""

    mildest: float
    worst: float
    spacing: Spacing
    whole: bool

    def resolve(self, strength: float, rng: np.random.Generator) -> Plain:
        """Return the value at this strength, in [0, 1]."""
        return _between(self.mildest, self.worst, self.spacing, self.whole, strength)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Drawn evenly (on the given spacing) between two values."""

    low: float
    high: float
    spacing: Spacing
    whole: bool

    def resolve(self, strength: float, rng: np.random.Generator) -> Plain:
        """Return a value drawn from the generator."""
        return _between(self.low, self.high, self.spacing, self.whole, float(rng.random()))


@dataclass(frozen=True, slots=True)
class Chosen:
    """One of a list, each as likely."""

    values: tuple[Plain, ...]

    def resolve(self, strength: float, rng: np.random.Generator) -> Plain:
        """Return a value drawn from the generator."""
        return self.values[int(rng.integers(len(self.values)))]


Setting = Fixed | Tied | Drawn | Chosen


def parse_setting(where: str, given: Any) -> Setting:
    """Return a setting as it stands in a recipe.

    Parameters
    ----------
    where
        For messages: the operation, step and name of the setting.
    given
        A plain value; ``{from, to}``: from the mildest value to the worst with the strength;
        ``{between = [low, high]}``: drawn; ``{among = [...]}``: one of these. The first two take
        ``spacing = "log"``. If both ends are whole numbers (in TOML: without a point), so is the
        value.

    Raises
    ------
    OptionError
        For any other form.
    """
    if isinstance(given, (str, bool, int, float)):
        return Fixed(given)
    if not isinstance(given, dict):
        raise OptionError(f"{where}: a setting is a value or a table, not {given!r}")
    keys = set(given)
    spacing = given.get("spacing", "linear")
    if spacing not in ("linear", "log"):
        raise OptionError(f'{where}: spacing is "linear" or "log", not {spacing!r}')
    if keys - {"spacing"} == {"from", "to"}:
        low, high, whole = _ends(where, given["from"], given["to"], spacing)
        return Tied(low, high, spacing, whole)
    if keys - {"spacing"} == {"between"}:
        ends = given["between"]
        if not (isinstance(ends, list) and len(ends) == 2):
            raise OptionError(f"{where}: between takes [low, high], not {ends!r}")
        low, high, whole = _ends(where, ends[0], ends[1], spacing)
        return Drawn(low, high, spacing, whole)
    if keys == {"among"}:
        values = given["among"]
        plain = isinstance(values, list) and all(
            isinstance(v, (str, bool, int, float)) for v in values
        )
        if not plain or not values:
            raise OptionError(f"{where}: among takes a list of values, not {values!r}")
        return Chosen(tuple(values))
    raise OptionError(
        f"{where}: a setting is a value, {{from, to}}, {{between}} or {{among}}; "
        f"not a table of {', '.join(sorted(keys)) or 'nothing'}"
    )


def _ends(where: str, low: Any, high: Any, spacing: str) -> tuple[float, float, bool]:
    for value in (low, high):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise OptionError(f"{where}: a range goes between numbers, not {value!r}")
        if not math.isfinite(value) or (spacing == "log" and value <= 0):
            raise OptionError(f"{where}: a range of spacing {spacing} cannot end at {value!r}")
    return float(low), float(high), isinstance(low, int) and isinstance(high, int)


def _between(low: float, high: float, spacing: Spacing, whole: bool, part: float) -> float | int:
    if spacing == "log":
        value = math.exp(math.log(low) + part * (math.log(high) - math.log(low)))
    else:
        value = low + part * (high - low)
    # Six digits: a table of settings stays short, and nobody sees the seventh.
    return round(value) if whole else float(f"{value:.6g}")
