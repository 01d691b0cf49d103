"""The settings of named things described as data: calls, shell, documents and optimisers agree."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hdrmetrics.errors import OptionError

Kind = Literal["real", "integer", "choice", "flag", "numbers", "any"]

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_ANNOTATIONS = {
    "real": float, "integer": int, "choice": str, "flag": bool, "numbers": tuple[int, ...],
    "any": Any,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """One setting of an operator, a metric or a codec.

    Parameters
    ----------
    name
        As in the call.
    default
        A number inside ``bounds``, one of ``choices``, or ``None`` where the value is derived.
    bounds
        Smallest and largest value, both allowed, of each of several numbers; ``None`` for a choice
        or a flag.
    unit
        ``"cd/m²"``, ``"px"``, ``""`` for plain numbers.
    meaning
        One line: what it does.
    kind
        ``real``: an optimiser may move it; ``integer``; ``choice``: one of ``choices``; ``flag``:
        true or false; ``numbers``: two whole numbers; ``any``: what its owner makes of it.
    choices
        Of kind ``choice``.
    search
        The range worth searching, inside ``bounds``; ``bounds`` where it is ``None``.
    automatic
        In words, how the value is derived where ``default`` is ``None``.

    Raises
    ------
    OptionError
        If the description contradicts itself.
    """

    name: str
    default: float | int | str | None
    bounds: tuple[float, float] | None
    unit: str
    meaning: str
    kind: Kind = "real"
    choices: tuple[str, ...] = ()
    search: tuple[float, float] | None = None
    automatic: str = ""

    def __post_init__(self) -> None:
        numeric = self.kind in ("real", "integer", "numbers")
        if (self.kind == "choice") != bool(self.choices) or numeric != bool(self.bounds):
            raise OptionError(f"{self.name}: a choice has choices, a number has bounds")
        if self.bounds is not None and not self.bounds[0] < self.bounds[1]:
            raise OptionError(f"{self.name}: the lower bound lies below the upper one")
        if self.search is not None and (
            self.bounds is None
            or not self.bounds[0] <= self.search[0] < self.search[1] <= self.bounds[1]
        ):
            raise OptionError(f"{self.name}: the search range lies inside the bounds")
        if self.default is not None:
            self.check(self.default)

    @property
    def search_range(self) -> tuple[float, float] | None:
        """What an optimiser should try: ``search``, or else the bounds; ``None`` for a choice."""
        return self.search or self.bounds

    @property
    def allowed(self) -> str:
        """What it may be, for people: ``"0.01 … 1 cd/m²"``, or the choices."""
        if self.kind in ("flag", "any"):
            return "true or false" if self.kind == "flag" else "a value"
        if self.bounds is None:
            return " or ".join(self.choices)
        low, high = self.bounds
        kinds = {"integer": "whole number, ", "numbers": "two whole numbers with a comma, "}
        unit = f" {self.unit}" if self.unit else ""
        return f"{kinds.get(self.kind, '')}{low:g} … {high:g}{unit}"

    @property
    def annotation(self) -> Any:
        """The type of its values, for a signature."""
        own: Any = _ANNOTATIONS[self.kind]
        return own if self.default is not None or self.kind == "any" else own | None

    def read(self, text: str) -> Any:
        """Return the value that a text stands for, checked; ``none`` where the default is none.

        Raises
        ------
        OptionError
            If it is no value of this parameter.
        """
        low = text.lower()
        if self.default is None and low == "none":
            return None
        value: Any = text
        if self.kind == "any":
            return text if isinstance(self.default, str) else _literal(text)
        if self.kind == "flag" and low in _TRUE + _FALSE:
            value = low in _TRUE
        elif self.kind in ("real", "integer"):
            try:
                value = float(text)
            except ValueError:
                raise OptionError(f"{self.name} is a number, not {text!r}") from None
        elif self.kind == "numbers":
            with contextlib.suppress(ValueError):  # refused below
                value = tuple(float(part) for part in text.split(","))
        return self.check(value)

    def check(self, value: Any) -> Any:
        """Return a value that the parameter may take, or raise what is wrong with it.

        Parameters
        ----------
        value
            A number, a text for a choice, or (kind ``real``) a floating-point tensor, which keeps
            its gradient. One that requires a gradient may lie out of range, where an optimiser's
            step can leave it: see :meth:`held`.

        Raises
        ------
        OptionError
            For a value of another type, out of range or not finite.
        """
        if self.kind == "any":
            return value
        if hasattr(value, "item") and not hasattr(value, "detach"):  # a number of NumPy
            value = value.item() if getattr(value, "ndim", 0) == 0 else value
        if self.kind == "choice":
            if value not in self.choices:
                raise OptionError(f"{self.name} is one of {', '.join(self.choices)}; not {value!r}")
            return value
        if self.kind == "flag":
            if not isinstance(value, (bool, int)) or value not in (0, 1):
                raise OptionError(f"{self.name} is true or false, not {value!r}")
            return bool(value)
        if self.kind == "numbers":
            return self._check_numbers(value)
        if hasattr(value, "detach"):
            return self._check_tensor(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise OptionError(f"{self.name} is a number, not {type(value).__name__} {value!r}")
        self._check_range(float(value), float(value))
        if self.kind == "integer" and value != int(value):
            raise OptionError(f"{self.name} is a whole number, not {value!r}")
        return int(value) if self.kind == "integer" else float(value)

    def _check_numbers(self, value: Any) -> tuple[int, int]:
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise OptionError(f"{self.name} is {self.allowed}, not {value!r}")
        whole = Parameter(self.name, None, self.bounds, self.unit, self.meaning, "integer")
        first, last = (int(whole.check(one)) for one in value)
        return first, last

    def _check_tensor(self, value: Any) -> Any:
        if self.kind != "real" or not value.is_floating_point() or value.numel() == 0:
            raise OptionError(f"{self.name} takes no tensor of {value.dtype} as its value")
        from hdrmetrics.numerics.recording import has_gradient, visible

        plain = visible(value)
        if plain is not None:
            least, most = float(plain.min()), float(plain.max())
            if not has_gradient(value):
                self._check_range(least, most)
            elif not (math.isfinite(least) and math.isfinite(most)):
                raise OptionError(f"{self.name} became {least:g}: the optimisation has diverged")
        return value

    def held(self, value: Any) -> Any:
        """Return a checked value to compute with, whatever has happened to it since.

        A tensor that requires a gradient counts as the bound it has passed; its gradient is zero
        where it points further out, so that a descent comes back and never has to stop.

        Raises
        ------
        OptionError
            For another tensor that is out of range by now, or values that are not finite.
        """
        if not hasattr(value, "detach"):
            return value
        from hdrmetrics.numerics.holding import hold
        from hdrmetrics.numerics.recording import has_gradient, is_tracing

        assert self.bounds is not None
        checked = self.check(value)
        return hold(checked, *self.bounds) if is_tracing() or has_gradient(value) else checked

    def _check_range(self, least: float, most: float) -> None:
        assert self.bounds is not None
        low, high = self.bounds
        if not (math.isfinite(least) and math.isfinite(most) and low <= least and most <= high):
            shown = f"{least:g}" if least == most else f"{least:g} to {most:g}"
            unit = f" {self.unit}" if self.unit else ""
            raise OptionError(f"{self.name} lies between {low:g} and {high:g}{unit}, not {shown}")

    def to_dict(self) -> dict[str, Any]:
        """Return the description as JSON-ready values."""
        return {
            "name": self.name,
            "default": self.default,
            "bounds": None if self.bounds is None else list(self.bounds),
            "unit": self.unit,
            "meaning": self.meaning,
            "kind": self.kind,
            "choices": list(self.choices),
            "automatic": self.automatic,
        }


def resolve(
    owner: str, parameters: Iterable[Parameter], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all parameters of an operator by name: the checked values, defaults for the rest.

    Parameters
    ----------
    owner
        Name of the operator, for messages.
    parameters
        Its descriptions.
    values
        What the caller chose; ``None`` takes the default.

    Raises
    ------
    OptionError
        If a name is unknown, or a value cannot be.
    """
    known = {parameter.name: parameter for parameter in parameters}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise OptionError(
            f"{owner} has no parameter {', '.join(unknown)}; it has {', '.join(known) or 'none'}"
        )
    resolved: dict[str, Any] = {}
    for name, parameter in known.items():
        given = values.get(name)
        chosen = parameter.default if given is None else given
        resolved[name] = None if chosen is None else parameter.check(chosen)
    return resolved


def known_parameter(owner: str, parameters: Iterable[Parameter], name: str) -> Parameter:
    """Return the parameter that is typed as ``name``, with ``-`` or ``_`` between words.

    Raises
    ------
    OptionError
        If ``owner`` has none of that name; the message lists those it has.
    """
    known = {parameter.name: parameter for parameter in parameters}
    plain = name.replace("-", "_")
    if plain not in known:
        raise OptionError(f"{owner} has no parameter {plain}; it has {', '.join(known) or 'none'}")
    return known[plain]


def parse_values(
    owner: str, parameters: Iterable[Parameter], texts: Iterable[str]
) -> dict[str, Any]:
    """Return the values typed as ``KEY=VALUE`` by name, checked.

    Parameters
    ----------
    owner
        Name of what has the parameters, for messages.
    parameters
        Its descriptions; they tell how to read a value.
    texts
        As typed.

    Raises
    ------
    OptionError
        If a text has another form, names no parameter, or its value cannot be.
    """
    known, values = tuple(parameters), {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (equals and name and value):
            raise OptionError(f"a parameter is KEY=VALUE, not {text!r}")
        parameter = known_parameter(owner, known, name)
        values[parameter.name] = parameter.read(value)
    return values


def _literal(text: str) -> Any:
    """Return a number, a flag or the text, as it is written."""
    low = text.lower()
    if low in ("none", "true", "false"):
        return {"none": None, "true": True, "false": False}[low]
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text
