"""The guard of learned scores: what is odd about a picture, and what to do about it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from hdrmetrics.errors import OptionError
from hdrmetrics.learned.checks import check_number
from hdrmetrics.learned.fronts.pixels import Kind
from hdrmetrics.learned.traits import NAMES, Traits

FILE = Path(__file__).parent.parent / "data" / "guards.json"
"""Of the package: by what pixels are, the guard of pictures of that kind."""

Suspicion = Literal["codes", "linear", "pq", "drawn"]
"""What a picture may be instead: display codes taken for light; light, or codes of PQ, taken for
display codes; a drawing."""

_LONGEST, _LARGEST = 64, 1e6
_ON_GRID = 0.9  # of the values: what was stored as whole numbers is codes
_CODES = 1.05
_OF_CODES = ("linear", "pq")


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether a picture is of another kind than it is said to be: where a weighted sum is positive.

    Parameters
    ----------
    weights
        Of :func:`measures`, by name.
    bias
        Added to the sum: at 0 one in some fifty real pictures is suspected.

    Raises
    ------
    OptionError
        For numbers that are none, or names that are not known.
    """

    weights: Mapping[str, float]
    bias: float

    def __post_init__(self) -> None:
        unknown = sorted(set(self.weights) - set(MEASURES))
        if unknown or len(self.weights) > _LONGEST:
            raise OptionError(f"no picture is measured by {', '.join(map(str, unknown))[:80]}")
        for number in (*self.weights.values(), self.bias):
            check_number(number, "each weight of a guard", -_LARGEST, _LARGEST)

    def evidence(self, traits: Traits) -> float:
        """Return the weighted sum: positive where a picture is suspected."""
        found = measures(traits)
        return self.bias + sum(weight * found[name] for name, weight in self.weights.items())


@dataclass(frozen=True, slots=True)
class Guard:
    """What pictures of one kind of pixels learned scores are for.

    Parameters
    ----------
    dimmest, brightest
        Of the 99.9th percentile of luminance, cd/m²; only light has them.
    empty
        Part of the cells without structure beyond which nothing is left to judge.
    rules
        By suspicion.

    Raises
    ------
    OptionError
        For numbers or suspicions that cannot be.
    """

    dimmest: float
    brightest: float
    empty: float
    rules: Mapping[str, Rule]

    def __post_init__(self) -> None:
        for name in ("dimmest", "brightest", "empty"):
            check_number(getattr(self, name), f"{name} of a guard", -_LARGEST, _LARGEST)
        if not (0 <= self.dimmest < self.brightest and 0 < self.empty <= 1):
            raise OptionError("a guard's light and empty part lie in order, above 0")
        unknown = sorted(set(self.rules) - set(get_args(Suspicion)))
        if unknown:
            raise OptionError(f"a guard suspects no {', '.join(map(str, unknown))[:80]}")

    def doubts(self, traits: Traits, kind: Kind, *, rendered: bool = False) -> tuple[str, ...]:
        """Return what is odd about a picture, in a sentence; nothing where nothing is.

        The first of these that holds is said: its light is on another scale, it is next to empty,
        its codes are the light of an 8-bit picture, it is of another kind.

        Parameters
        ----------
        traits
            Of the picture.
        kind
            What its pixels are.
        rendered
            Whether it was tone-mapped: its codes may then be spread in any way.
        """
        if kind == "light" and (found := self._scale(traits)):
            return (found,)
        if traits["flat"] > self.empty:
            return (_EMPTY.format(traits["flat"]),)
        if traits["decoded"] > _ON_GRID >= traits["grid"] and not rendered:
            return (_DECODED,)
        for name, rule in self.rules.items():
            if rendered and name in _OF_CODES:
                continue
            if name == "linear" and traits["grid"] > _ON_GRID:
                continue
            if rule.evidence(traits) > 0:
                return (_SENTENCES[name](traits),)
        return ()

    def _scale(self, traits: Traits) -> str | None:
        peak = traits.peak
        text = f"the brightest light is {_number(peak)} cd/m²"
        if peak <= _CODES:
            return (
                f"{text}: are these display codes? Then give as_image(array, "
                'domain="sdr"), or the encoded file; if they are light without a unit, give peak= '
                "or scale= (--peak, --scale)"
            )
        if traits["grid"] > _ON_GRID:
            return (
                f"its light has no more than 256 evenly spaced levels, the brightest "
                f"{_number(peak)} cd/m²: are these codes of 8 bits? Then give them as whole "
                "numbers (uint8), or the encoded file"
            )
        if peak < self.dimmest:
            return (
                f"{text}, and {_number(self.dimmest)} at least where it was trained: is the scale "
                "right? Give the cd/m² that were meant by peak= or scale= (--peak, --scale)"
            )
        if peak > self.brightest:
            return (
                f"{text}, and {_number(self.brightest)} at most where it was trained: is the "
                "scale right? Give the cd/m² that were meant by peak= or scale= (--peak, --scale)"
            )
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "dimmest": self.dimmest,
            "brightest": self.brightest,
            "empty": self.empty,
            "rules": {
                name: {"weights": dict(rule.weights), "bias": rule.bias}
                for name, rule in self.rules.items()
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Guard:
        """Return the guard that :meth:`to_dict` wrote.

        Raises
        ------
        OptionError
            If entries are missing or cannot be.
        """
        try:
            rules = {
                str(name): Rule(dict(rule["weights"]), rule["bias"])
                for name, rule in data["rules"].items()
            }
            return cls(data["dimmest"], data["brightest"], data["empty"], rules)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, OptionError):
                raise
            raise OptionError(f"not the description of a guard: {error!r}") from None


@cache
def guard_of(kind: Kind) -> Guard:
    """Return the package's guard of pictures of a kind of pixels."""
    return Guard.from_dict(json.loads(FILE.read_text(encoding="utf-8"))[kind])


def measures(traits: Traits) -> dict[str, float]:
    """Return what rules are made of: traits, small parts as logarithms, and what follows of them.

    All are finite, and of about unit scale.
    """
    found = {name: traits[name] for name in NAMES}
    for name in ("equal", "steps", "dark", "full", "flat"):
        found[f"log {name}"] = math.log(found[name] + 1e-3) / 3
    found["tilt"] = max(-3.0, min(found["tilt"], 3.0))
    top = max(found["peak"], 1e-3)
    for name in ("least", "low", "middle", "high"):
        found[f"{name} of peak"] = found[name] / top
    found["middle log"] = math.log(max(found["middle"], 1e-3))
    found["range"] = math.log((found["high"] + 0.01) / (found["low"] + 0.01))
    return found


MEASURES = tuple(measures(Traits((0.0,) * len(NAMES), 0.0)))
"""The names of :func:`measures`."""

_EMPTY = (
    "{:.0%} of the picture holds no structure: there is next to nothing to judge. Do not rely on "
    "this score; score the part that matters, by region= or a mask (--mask)"
)

_DECODED = (
    "its values are those of 8-bit codes whose curve was undone: is this linear light? Then give "
    "it as light, in cd/m², to a score of HDR pictures, or encode it with "
    "hdrmetrics.photometry.transfer.srgb_encode"
)

_SENTENCES: dict[str, Callable[[Traits], str]] = {
    "codes": lambda traits: (
        f"its light is spread as display codes are (half of it above "
        f"{traits['middle'] / max(traits['peak'], 1e-3):.0%} of the brightest, as seen): are these "
        'codes that were scaled as if they were light? Then give as_image(array, domain="sdr"), '
        "or the encoded file"
    ),
    "linear": lambda traits: (
        "its values are spread as light is, most of them near black: is this linear light clipped "
        "to 1? Then give it as light, in cd/m², to a score of HDR pictures, or encode it with "
        "hdrmetrics.photometry.transfer.srgb_encode"
    ),
    "pq": lambda traits: (
        f"its values end at {traits.peak:.2f} and are close together: are these codes of PQ? Then "
        "name a PQ display by display= (--display) with a score of HDR pictures"
    ),
    "drawn": lambda traits: (
        f"it looks drawn, not photographed ({traits['equal']:.0%} of neighbouring pixels are "
        "equal): text and graphics are unlike the pictures it was trained on. Compare it with "
        "its original by a metric that learnt nothing (pu21-ssim, hdrvdp2)"
    ),
}


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
