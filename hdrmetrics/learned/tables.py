"""The tables of a card, kept as tensors beside the weights, so that the card itself is short."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from hdrmetrics.errors import OptionError

PREFIX = "card/"
"""Of the tensors' names."""

_TABLE = "table"
_FEWEST = 4  # rows: smaller tables stay in the card
_WITH = ("heads", "faults", "scenes")  # parts of a card that have tables
_LARGEST = 2.0**53  # whole numbers up to it are exact; NaN is none of them
_SCENES = "scenes_by_licence"


class Tables(NamedTuple):
    """Tables by name.

    Parameters
    ----------
    numbers
        Float64 matrices, as tensors of the weights file.
    texts
        A list of the names of their rows, or, by the name of their columns, what these hold: a list
        of texts, or ``None`` for numbers; ``None`` for plain rows. JSON values, as metadata of the
        weights file.
    """

    numbers: Mapping[str, Tensor]
    texts: Mapping[str, Any]


def pack(card: Mapping[str, Any]) -> tuple[dict[str, Any], Tables]:
    """Return a card with the names of its tables in their places, and these.

    A table is a list of rows of numbers, or an object of such, or a list of objects with the same
    entries; texts become numbers of a list of them, ``null`` becomes NaN. The scenes that several
    sets have in common are named once.

    Parameters
    ----------
    card
        JSON values, as of :meth:`hdrmetrics.learned.card.Card.to_dict`.
    """
    numbers: dict[str, Tensor] = {}
    texts: dict[str, Any] = {}

    def keep(name: str, rows: Sequence[Sequence[float | None]], told: Any) -> dict[str, str]:
        values = [[math.nan if x is None else x for x in row] for row in rows]
        numbers[name], texts[name] = torch.tensor(values, dtype=torch.float64), told
        return {_TABLE: name}

    def walk(value: Any, name: str) -> Any:
        if isinstance(value, Mapping):
            if _is_matrix(list(value.values())):
                return keep(name, list(value.values()), list(value))
            return {key: walk(each, f"{name}/{key}") for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            if _is_matrix(value):
                return keep(name, value, None)
            if _are_records(value):
                columns = {key: _texts([one[key] for one in value]) for key in value[0]}
                rows = [[_code(one[key], columns[key]) for key in columns] for one in value]
                return keep(name, rows, columns)
            return [walk(each, f"{name}/{index}") for index, each in enumerate(value)]
        return value

    once = _scenes_once(card)
    packed = {key: walk(once[key], PREFIX + key) for key in _WITH if key in once}
    return once | packed, Tables(numbers, texts)


def unpack(card: Mapping[str, Any], tables: Tables) -> dict[str, Any]:
    """Return the card that :func:`pack` was given.

    Raises
    ------
    OptionError
        If a table does not fit into its place.
    """

    def walk(value: Any) -> Any:
        if _is_place(value):
            told, numbers = tables.texts[value[_TABLE]], tables.numbers[value[_TABLE]].tolist()
            rows = [[None if math.isnan(x) else x for x in row] for row in numbers]
            if not isinstance(told, dict):
                return rows if told is None else dict(zip(told, rows, strict=True))
            return [
                {key: _text(x, told[key]) for key, x in zip(told, row, strict=True)} for row in rows
            ]
        if isinstance(value, dict):
            return {key: walk(each) for key, each in value.items()}
        return [walk(each) for each in value] if isinstance(value, list) else value

    try:
        return _scenes_by_set(walk(card))
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise OptionError(f"a table does not fit into its card: {error!r}") from None


def names(card: Any) -> Iterator[str]:
    """Yield the names of a packed card's tables."""
    if _is_place(card):
        yield str(card[_TABLE])
    elif isinstance(card, (dict, list)):
        for each in card.values() if isinstance(card, dict) else card:
            yield from names(each)


def _scenes_once(card: Mapping[str, Any]) -> dict[str, Any]:
    """Name each scene once, with its licence and the sets it is in: 1 or 0, by their number."""
    data = [dict(one) for one in card.get("data", ())]
    found = [one.pop(_SCENES, {}) for one in data]
    licences = {name: licence for one in found for licence, own in one.items() for name in own}
    members = [{name for own in one.values() for name in own} for one in found]
    scenes = [
        {"scene": name, "licence": licences[name]}
        | {str(index): int(name in own) for index, own in enumerate(members)}
        for name in sorted(licences)
    ]
    return {**card, "data": data} | ({"scenes": scenes} if scenes else {})


def _scenes_by_set(card: dict[str, Any]) -> dict[str, Any]:
    scenes = card.pop("scenes", [])
    for index, one in enumerate(card["data"] if scenes else ()):
        found: dict[str, list[str]] = {}
        for scene in scenes:
            if scene[str(index)]:
                found.setdefault(scene["licence"], []).append(scene["scene"])
        if found:
            one[_SCENES] = found
    return card


def _is_place(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {_TABLE}


def _is_matrix(rows: Sequence[Any]) -> bool:
    return (
        len(rows) >= _FEWEST
        and all(isinstance(row, (list, tuple)) and len(row) == len(rows[0]) > 0 for row in rows)
        and all(_is_number(x) for row in rows for x in row)
    )


def _are_records(value: Sequence[Any]) -> bool:
    return (
        len(value) >= _FEWEST
        and all(isinstance(one, Mapping) and one and one.keys() == value[0].keys() for one in value)
        and all(isinstance(x, str) or _is_number(x) for one in value for x in one.values())
    )


def _is_number(value: Any) -> bool:
    """Whether a table can hold a value, and give it back as it was."""
    if value is None:
        return True
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and -_LARGEST <= value <= _LARGEST


def _texts(column: list[Any]) -> list[str] | None:
    """Return the different texts of a column; ``None`` where it is of numbers."""
    texts = [value for value in column if isinstance(value, str)]
    if texts and len(texts) < len(column):
        raise OptionError("a column of a table holds texts or numbers, not both")
    return list(dict.fromkeys(texts)) if texts else None


def _code(value: Any, texts: list[str] | None) -> float | None:
    return value if texts is None else texts.index(value)


def _text(value: float | None, texts: list[str] | None) -> Any:
    return value if texts is None or value is None else texts[int(value)]
