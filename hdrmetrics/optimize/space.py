"""The settings of an operator as a point in a cube, which a search can move."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter, known_parameter
from hdrmetrics.errors import OptionError
from hdrmetrics.numerics.holding import hold

_DECADES = 30.0
"""A range whose ends differ by more than this factor is searched on a logarithmic scale."""

_ROOM = 64.0
"""How far a search goes from the start on a logarithmic scale: six stops to each side."""

_KINDS = ("real", "integer", "choice", "flag")


@dataclass(frozen=True, slots=True)
class Axis:
    """One setting on [0, 1].

    Parameters
    ----------
    parameter
        Its description.
    low, high
        What 0 and 1 stand for; of a choice or a flag, its first and last index.
    logarithmic
        Whether equal steps are equal factors.
    """

    parameter: Parameter
    low: float
    high: float
    logarithmic: bool

    def place(self, value: Any) -> float:
        """Return where a value lies, held in [0, 1]."""
        if self.parameter.kind == "choice":
            number = float(self.parameter.choices.index(value))
        else:
            number = float(value)
        low, high = self.low, self.high
        if self.logarithmic:
            number, low, high = math.log(max(number, low)), math.log(low), math.log(high)
        return min(max((number - low) / (high - low), 0.0), 1.0)

    def value(self, place: Tensor) -> Any:
        """Return what a place stands for: a tensor, with its gradient, of a real number."""
        if self.parameter.kind == "real":
            # Rounding must not carry the ends of a range over the bounds that may lie there.
            if self.logarithmic:
                found = self.low * torch.exp(place * math.log(self.high / self.low))
            else:
                found = self.low + place * (self.high - self.low)
            return hold(found, self.low, self.high)
        # The ends have as much room as the others: -0.5 to n + 0.5, cut at 0 and n.
        spread = -0.5 + float(place.detach()) * (self.high - self.low + 1.0)
        index = self.low + min(max(math.floor(spread + 0.5), 0), self.high - self.low)
        if self.parameter.kind == "choice":
            return self.parameter.choices[int(index)]
        return bool(index) if self.parameter.kind == "flag" else int(index)


class Space:
    """The settings that a search moves.

    Parameters
    ----------
    parameters
        Of the operator.
    start
        The value of each that may be moved, from which the search begins; what has none (and what
        is neither a number, a choice nor a flag) stays as it is.
    only
        Names of those to move; ``None`` for all that can.
    owner
        What messages call the operator.

    Raises
    ------
    OptionError
        If there is nothing to move, or a name is none of them.

    Examples
    --------
    >>> from hdrmetrics.tonemap import operator_info
    >>> space = Space(operator_info("drago03").parameters, {"bias": 0.85, "peak": 100.0})
    >>> space.names
    ('bias', 'peak')
    >>> {k: round(v, 3) for k, v in space.plain(space.start).items()}
    {'bias': 0.85, 'peak': 100.0}
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        start: Mapping[str, Any],
        only: Iterable[str] | None = None,
        *,
        owner: str = "the operator",
    ) -> None:
        chosen = None
        if only is not None:
            chosen = {known_parameter(owner, parameters, name).name for name in only}
        axes = [
            _axis(one, start[one.name])
            for one in parameters
            if one.kind in _KINDS and one.name in start and (chosen is None or one.name in chosen)
        ]
        if not axes:
            raise OptionError(f"{owner} has no setting that could be optimised")
        self.axes = tuple(axes)
        self.names = tuple(axis.parameter.name for axis in axes)
        places = [axis.place(start[axis.parameter.name]) for axis in axes]
        self.start = torch.tensor(places, dtype=torch.float64)

    @property
    def smooth(self) -> bool:
        """Whether every setting is a real number, so that a gradient can move all."""
        return all(axis.parameter.kind == "real" for axis in self.axes)

    def values(self, point: Tensor) -> dict[str, Any]:
        """Return the settings of a point ``(D,)``, tensors with their gradients where real."""
        held = point.clamp(0.0, 1.0)
        return {name: axis.value(held[i]) for i, (name, axis) in enumerate(self._items())}

    def plain(self, point: Tensor) -> dict[str, Any]:
        """Return the settings of a point as numbers of six digits, which people can type."""
        found = {}
        for name, value in self.values(point.detach()).items():
            if not isinstance(value, Tensor):
                found[name] = value
                continue
            axis = self.axes[self.names.index(name)]
            assert axis.parameter.bounds is not None
            low, high = axis.parameter.bounds
            found[name] = min(max(float(f"{float(value):.6g}"), low), high)
        return found

    def spread(self, count: int, seed: int) -> Tensor:
        """Return points ``(count, D)`` spread evenly over the cube: a scrambled Sobol sequence."""
        draws: Any = torch.quasirandom.SobolEngine(  # type: ignore[no-untyped-call]
            len(self.names), scramble=True, seed=seed
        )
        found: Tensor = draws.draw(count, dtype=torch.float64)
        return found

    def point(self, settings: Mapping[str, Any]) -> Tensor:
        """Return the point ``(D,)`` nearest to some settings; those not given are at the start."""
        place = self.start.clone()
        for i, (name, axis) in enumerate(self._items()):
            if settings.get(name) is not None:
                place[i] = axis.place(settings[name])
        return place

    def _items(self) -> list[tuple[str, Axis]]:
        return list(zip(self.names, self.axes, strict=True))


def _axis(parameter: Parameter, start: Any) -> Axis:
    if parameter.kind == "choice":
        return Axis(parameter, 0.0, len(parameter.choices) - 1.0, False)
    if parameter.kind == "flag":
        return Axis(parameter, 0.0, 1.0, False)
    assert parameter.search_range is not None
    assert parameter.bounds is not None
    low, high = parameter.search_range
    start = float(start)
    low, high = min(low, start), max(high, start)
    wide = low >= 0 and high > _DECADES * low
    if parameter.kind == "real" and wide and start > 0 and (low > 0 or high > _ROOM):
        return Axis(parameter, max(low, start / _ROOM), min(high, start * _ROOM), True)
    return Axis(parameter, low, high, False)
