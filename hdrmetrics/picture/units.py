"""What a caller says about light: factors for both pictures or for one, and the display."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, Literal

from hdrmetrics.errors import OptionError
from hdrmetrics.photometry.display import Display

Role = Literal["test", "reference"]
_MEANING = "gives linear images without a unit their light"
ROLES: tuple[Role, ...] = ("test", "reference")


@dataclass(frozen=True)
class Given:
    """One statement of the caller: ``scale`` or ``peak``, its value, the option's full name."""

    kind: Literal["peak", "scale"]
    value: float
    option: str


@dataclass(frozen=True)
class Units:
    """How the caller says pixels relate to light; all optional.

    ``peak`` and ``scale`` are exclusive, and so are those of both pictures and of one.

    Parameters
    ----------
    peak
        cd/m² of the reference's brightest luminance; of the test's, where only the test is
        without a unit.
    scale
        cd/m² of a pixel value of 1.
    display
        Name, file or model of the display: decodes display-encoded images; for linear ones it
        clips light to what the screen shows and adds the room's reflections.
    test_peak, test_scale, reference_peak, reference_scale
        The same for one picture: its own brightest luminance, its own pixel value of 1.
    lenient
        Whether a factor that concerns no picture is a warning, not an error: in a job on many
        files or metrics it may concern the others.

    Raises
    ------
    OptionError
        If two of them exclude each other, or a value is not a positive number.
    """

    peak: float | None = None
    scale: float | None = None
    display: str | Path | Display | None = None
    test_peak: float | None = None
    test_scale: float | None = None
    reference_peak: float | None = None
    reference_scale: float | None = None
    lenient: bool = False

    def __post_init__(self) -> None:
        common, sides = self.common, [self._given(f"{role}_") for role in ROLES]
        own = next((side for side in sides if side is not None), None)
        if common is not None and own is not None:
            raise OptionError(
                f"give {common.kind} for both pictures or {own.option} for one, not both"
            )

    @property
    def common(self) -> Given | None:
        """What is said of both pictures."""
        return self._given("")

    def own(self, role: Role) -> Given | None:
        """Return what is said of one picture alone."""
        return self._given(f"{role}_")

    @property
    def first(self) -> Given | None:
        """Some factor, if any is given."""
        return self.common or self.own("test") or self.own("reference")

    def refuse(self, given: Given, why: str, warnings: list[str]) -> None:
        """Say that a factor concerns no picture: raise, or warn where the caller is lenient."""
        named = f"{given.option}= (--{given.option.replace('_', '-')})"
        if not self.lenient:
            raise OptionError(f"{named} {_MEANING}, but {why}: leave it out")
        warnings.append(f"{named} was not applied: {why}")

    def _given(self, prefix: str) -> Given | None:
        peak, scale = getattr(self, f"{prefix}peak"), getattr(self, f"{prefix}scale")
        if peak is not None and scale is not None:
            raise OptionError(f"give {prefix}peak or {prefix}scale, not both")
        if peak is not None:
            return Given("peak", positive(f"{prefix}peak", peak), f"{prefix}peak")
        if scale is not None:
            return Given("scale", positive(f"{prefix}scale", scale), f"{prefix}scale")
        return None


def positive(name: str, value: Any) -> float:
    """Return a number of cd/m², or raise :class:`OptionError` unless it is positive and finite."""
    number = not isinstance(value, bool) and isinstance(value, Real)
    if not (number and math.isfinite(value) and value > 0):
        raise OptionError(f"{name} is a positive number of cd/m², not {value!r}")
    return float(value)
