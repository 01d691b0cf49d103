"""The curve from a strength between 0 and 1 to a physical amount."""

from __future__ import annotations

from dataclasses import dataclass

from hdrmetrics.catalogue.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Scale:
    """Amounts spaced by factors: ``low · (high / low) ** (strength ** bend)``.

    Visibility grows with the logarithm of most amounts, so equal steps of strength are equal
    factors of the amount; ``bend`` corrects what is left of a curve.

    The constants of all distortions come from ``results/distort/measure.py fit``: HDR-VDP-2's Q
    is measured over a grid of amounts on real pictures, and the three numbers are those whose Q
    rises most evenly from barely visible to severe.

    Parameters
    ----------
    low
        Amount that strengths near 0 tend to; not seen.
    high
        Amount at strength 1; may be below ``low``, as for a number of levels.
    bend
        Exponent of the strength; below 1 the amount rises faster at first.
    """

    low: float
    high: float
    bend: float = 1.0

    def __call__(self, strength: float) -> float:
        """Return the amount for a strength in (0, 1]."""
        return float(self.low * (self.high / self.low) ** (strength**self.bend))


def direction(meaning: str, up: str, down: str) -> Parameter:
    """Return the setting of a distortion that goes either way."""
    return Parameter(
        "direction", None, None, "", meaning, kind="choice", choices=(up, down), automatic="either"
    )
