"""Scores as JSON of which they are made again, to the last digit: what is kept between runs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from hdrmetrics.result import Score


def scores_record(scores: Mapping[str, Score]) -> dict[str, Any]:
    """Return scores as JSON of which :func:`scores_of` makes them again, to the last digit."""
    return {
        name: {f.name: encoded(getattr(score, f.name)) for f in dataclasses.fields(score)}
        for name, score in scores.items()
    }


def scores_of(record: Mapping[str, Any]) -> dict[str, Score]:
    """Return the scores that :func:`scores_record` wrote."""
    return {
        name: Score(**{key: decoded(value) for key, value in fields.items()})
        for name, fields in record.items()
    }


def encoded(value: Any) -> Any:
    """Return a value as JSON that tells tuples from lists and knows infinity: read as written.

    Examples
    --------
    >>> encoded({"range": (0.0, float("inf"))})
    {'range': {'$tuple': [0.0, {'$float': 'inf'}]}}
    """
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(float(value))}
    if isinstance(value, tuple):
        return {"$tuple": [encoded(one) for one in value]}
    if isinstance(value, list):
        return [encoded(one) for one in value]
    if isinstance(value, Mapping):
        return {key: encoded(one) for key, one in value.items()}
    return value


def decoded(value: Any) -> Any:
    """Return the value of which :func:`encoded` made this.

    Examples
    --------
    >>> decoded({"$tuple": [0.0, {"$float": "inf"}]})
    (0.0, inf)
    """
    if isinstance(value, list):
        return [decoded(one) for one in value]
    if isinstance(value, dict):
        if value.keys() == {"$float"}:
            return float(value["$float"])
        if value.keys() == {"$tuple"}:
            return tuple(decoded(one) for one in value["$tuple"])
        return {key: decoded(one) for key, one in value.items()}
    return value
