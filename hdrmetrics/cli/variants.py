"""What operators are to be run with which settings: ``--operator`` and ``--set`` multiplied out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hdrmetrics.catalogue.parameters import Parameter, parse_values
from hdrmetrics.errors import OptionError

ALL = "all"
_MOST = 256
"""Pictures made of one: a sweep of more is a slip of the keyboard, or a job for an optimiser."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One operator with one value of each setting.

    Parameters
    ----------
    operator
        Its name.
    settings
        Those that were typed; the rest has its default.
    swept
        Names of those that were typed with several values.
    """

    operator: str
    settings: Mapping[str, Any]
    swept: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The operator, and the settings that differ between its pictures, for a file's name."""
        parts = [f"{name}={setting_text(self.settings[name])}" for name in self.swept]
        return ".".join([self.operator, *parts])

    @property
    def typed(self) -> str:
        """The settings that were typed, for a table."""
        return " ".join(f"{name}={setting_text(value)}" for name, value in self.settings.items())


def setting_text(value: Any) -> str:
    """Return a value as short as it can be without becoming another one."""
    if not isinstance(value, float):
        return str(value)
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def chosen_operators(given: Sequence[str], default: str, known: Sequence[str]) -> list[str]:
    """Return the names of ``--operator``, each once; several may stand in one, with commas."""
    names = [name.strip() for text in given for name in text.split(",")]
    names = [name for name in names if name] or [default]
    return list(known) if ALL in names else list(dict.fromkeys(names))


def make_variants(
    operators: Mapping[str, Sequence[Parameter]], texts: Sequence[str]
) -> tuple[list[Variant], list[str]]:
    """Return every combination of the operators and the values typed for their settings.

    Parameters
    ----------
    operators
        The parameters of each operator by its name.
    texts
        ``KEY=VALUE`` or ``KEY=VALUE,VALUE,...``, for every operator that has the key; or
        ``OPERATOR.KEY=...`` for one, which then counts there.

    Returns
    -------
    tuple
        The variants, operator by operator, the last key running fastest; and what has to be said
        about keys that only some of the operators have.

    Raises
    ------
    OptionError
        If a text has another form, no operator has the key, a value cannot be, a key is there
        twice, or too many pictures would be made.
    """
    general: dict[str, str] = {}
    special: dict[str, dict[str, str]] = {name: {} for name in operators}
    for text in texts:
        owner, key, values = _split(text, operators)
        place = general if owner is None else special[owner]
        if key in place:
            raise OptionError(
                f"{key} is set twice; {key}={place[key]},{values} makes a picture of each value"
            )
        place[key] = values
    _check_known(general, operators)
    variants: list[Variant] = []
    for name, parameters in operators.items():
        mine = {parameter.name for parameter in parameters}
        alone = len(operators) == 1
        wanted = {key: values for key, values in general.items() if alone or key in mine}
        variants += _combinations(name, parameters, wanted | special[name], alone=alone)
    if len(variants) > _MOST:
        raise OptionError(
            f"these operators and values make {len(variants)} pictures of each file; at most "
            f"{_MOST} are made: give fewer values"
        )
    return variants, _notes(general, special, operators)


def _split(text: str, operators: Mapping[str, Any]) -> tuple[str | None, str, str]:
    left, equals, values = (part.strip() for part in text.partition("="))
    if not (equals and left and values):
        raise OptionError(f"a parameter is KEY=VALUE, not {text!r}")
    owner, dot, key = left.rpartition(".")
    if not dot:
        return None, left.replace("-", "_"), values
    if owner not in operators:
        raise OptionError(f"{text!r} is for {owner}, but chosen are {', '.join(operators)}")
    return owner, key.replace("-", "_"), values


def _check_known(general: Iterable[str], operators: Mapping[str, Sequence[Parameter]]) -> None:
    """Refuse a key that none of several operators has; a single one says itself what it has."""
    known = {parameter.name for parameters in operators.values() for parameter in parameters}
    for key in general:
        if key not in known and len(operators) > 1:
            raise OptionError(f"none of {', '.join(operators)} has a parameter {key}: see --list")


def _combinations(
    name: str, parameters: Sequence[Parameter], wanted: Mapping[str, str], *, alone: bool
) -> list[Variant]:
    choices: dict[str, list[Any]] = {}
    for key, values in wanted.items():
        found = []
        for value in values.split(","):
            if not value.strip():
                raise OptionError(f"{key}={values} has a comma too many")
            try:
                found.append(parse_values(name, parameters, [f"{key}={value}"])[key])
            except OptionError as error:
                if alone or str(error).startswith(name):
                    raise
                raise OptionError(f"{name}: {error} (for one operator: {name}.{key}=…)") from None
        choices[key] = list(dict.fromkeys(found))
    count = math.prod(len(values) for values in choices.values())
    if count > _MOST:
        raise OptionError(
            f"these values make {count} pictures of each file by {name}; at most {_MOST} are made: "
            "give fewer values"
        )
    swept = tuple(key for key, values in choices.items() if len(values) > 1)
    return [
        Variant(name, dict(zip(choices, values, strict=True)), swept)
        for values in itertools.product(*choices.values())
    ]


def _notes(
    general: Mapping[str, str],
    special: Mapping[str, Mapping[str, str]],
    operators: Mapping[str, Sequence[Parameter]],
) -> list[str]:
    notes = []
    for key, values in general.items():
        lacking = [
            name for name, parameters in operators.items()
            if key not in {parameter.name for parameter in parameters}
        ]  # fmt: skip
        if lacking:
            notes.append(f"{key}={values} does not concern {', '.join(lacking)}: no such parameter")
    return notes
