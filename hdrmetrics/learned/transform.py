"""The even scale from 0 to 1 that learners are trained on, from a teacher's quality and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from torch import Tensor

KIND = "sinh-arcsinh logistic"
"""What a transform as data is called."""

NUMBERS = ("location", "scale", "skew", "tail")
"""The names of a transform's numbers."""

END = math.asinh(30.0)
"""Beyond it the target is 0 or 1 to 1e-13, and slopes would overflow."""

_LIGHTEST = math.sqrt(2.0)  # tails lighter than these would give the density a second peak


@dataclass(frozen=True, slots=True)
class Transform:
    """A smooth, strictly monotone, invertible map from a teacher's quality to (0, 1), 1 the best.

    With y = (q − location) / scale, target = 1 / (1 + exp(∓sinh(tail·asinh(y) − skew))): the
    distribution function of a logistic variable under the sinh-arcsinh transformation. Four
    numbers place it, stretch it, lean it to one side and make its tails lighter or heavier.

    Parameters
    ----------
    location, scale
        In the unit of the quality; ``scale`` is positive.
    skew
        Positive where the long tail is that of large values.
    tail
        Positive, up to √2; under 1 where the tails are heavier than a logistic variable's.
    higher_is_better
        Direction of the quality: the target rises with it, or falls.

    Raises
    ------
    OptionError
        If a number is none or not finite, ``scale`` is not positive, or ``tail`` is not in
        (0, √2].

    References
    ----------
    M. C. Jones and A. Pewsey, "Sinh-arcsinh distributions", Biometrika 96(4), 2009.
    """

    location: float
    scale: float
    skew: float
    tail: float
    higher_is_better: bool

    def __post_init__(self) -> None:
        check_numbers(*(getattr(self, name) for name in NUMBERS))
        if not (self.scale > 0 and 0 < self.tail <= _LIGHTEST):
            raise OptionError(
                "a transform's scale is positive and its tail lies in (0, 1.414], "
                f"not {self.scale} and {self.tail}"
            )
        if not isinstance(self.higher_is_better, bool):
            raise OptionError(f"higher_is_better is true or false, not {self.higher_is_better!r}")

    @property
    def sign(self) -> float:
        """1 where the target rises with the quality, −1 where it falls."""
        return 1.0 if self.higher_is_better else -1.0

    def target(self, quality: Tensor) -> Tensor:
        """Return the target in (0, 1) of the teacher's quality."""
        y = (quality - self.location) / self.scale
        bent = (self.tail * y.asinh() - self.skew).clamp(-END, END)
        return (self.sign * bent.sinh()).sigmoid()

    def free_quality(self, raw: Tensor) -> Tensor:
        """Return the teacher's quality of the target's logit, beyond that of the labels too."""
        bent = (self.sign * raw).asinh()
        return self.location + self.scale * ((bent + self.skew) / self.tail).sinh()

    def to_dict(self) -> dict[str, Any]:
        """Return the map as JSON-ready values."""
        numbers = {name: getattr(self, name) for name in NUMBERS}
        return {"kind": KIND, **numbers, "higher_is_better": self.higher_is_better}


def check_numbers(*numbers: Any) -> None:
    """Raise unless all are finite numbers.

    Raises
    ------
    OptionError
        Naming what is none.
    """
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise OptionError(f"a transform's parameters are numbers, not {number!r}")
    if not all(math.isfinite(number) for number in numbers):
        raise OptionError(f"a transform's parameters are finite, not {list(numbers)}")


def entries_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a transform that :meth:`Transform.to_dict` wrote.

    Raises
    ------
    OptionError
        If it is another kind of map, or lacks or has other entries than ours.
    """
    wanted = {*NUMBERS, "higher_is_better"}
    if data.get("kind") != KIND or set(data) != {"kind", *wanted}:
        raise OptionError(
            f"a transform has the kind {KIND!r} and {', '.join(sorted(wanted))}; not {dict(data)}"
        )
    return {name: data[name] for name in wanted}
