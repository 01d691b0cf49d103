"""The parts of a record as bytes: what a cache keeps, and how a record is put together again."""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Mapping
from typing import Any

from hdrmetrics.collection.bursts.look import Look
from hdrmetrics.collection.keeping.keys import FILE, LOOK, PREVIEW
from hdrmetrics.collection.record import Record
from hdrmetrics.jobs.kept import decoded, encoded
from hdrmetrics.result import Score

_LEFT_OUT = ("test", "reference", "conditions")
_FIELDS = tuple(f.name for f in dataclasses.fields(Score) if f.name not in _LEFT_OUT)


class Parts:
    """Takes records apart and puts them together.

    Conditions that are equal are one object in all records it made: those of ten thousand
    photographs would else take most of the memory.
    """

    def __init__(self) -> None:
        self._conditions: dict[str, dict[str, Any]] = {}

    def of(self, record: Record) -> dict[str, bytes]:
        """Return the parts of a record by their names; what failed has none, but for damage."""
        if record.damaged:
            own = f"{record.path}: "
            text = record.errors["file"]
            # Called by another name, the same bytes are as bad.
            return {FILE: _packed(text.removeprefix(own))} if text.startswith(own) else {}
        parts = {name: _packed(_score(score)) for name, score in record.scores.items()}
        if record.look is not None:
            parts[LOOK] = _packed(record.look.to_dict())
        if record.preview is not None:
            parts[PREVIEW] = record.preview
        return parts

    def record(self, empty: Record, parts: Mapping[str, bytes]) -> Record:
        """Return a record with its parts.

        Parameters
        ----------
        empty
            With what is known without them.
        parts
            Of :meth:`of`.

        Raises
        ------
        ValueError, KeyError, TypeError, zlib.error
            For what is no part.
        """
        if FILE in parts:
            errors = {"file": f"{empty.path}: {_unpacked(parts[FILE])}"}
            return Record(empty.path, empty.name, errors=errors, damaged=True)
        scores: dict[str, Score] = {}
        look, preview = None, None
        for name, value in parts.items():
            if name == PREVIEW:
                preview = value
            elif name == LOOK:
                look = Look.from_dict(_unpacked(value))
            else:
                scores[name] = self._score(_unpacked(value), empty.path)
        return dataclasses.replace(empty, scores=scores, look=look, preview=preview)

    def shared(self, record: Record) -> Record:
        """Return a record whose conditions are those of others, where they are equal."""
        scores = {
            name: dataclasses.replace(score, conditions=self._one(_text(score.conditions)))
            for name, score in record.scores.items()
        }
        return dataclasses.replace(record, scores=scores)

    def _score(self, record: Mapping[str, Any], path: str) -> Score:
        fields = {name: decoded(record[name]) for name in _FIELDS}
        return Score(**fields, conditions=self._one(record["conditions"]), test=path)

    def _one(self, text: str) -> dict[str, Any]:
        found = self._conditions.get(text)
        if found is None:
            found = self._conditions[text] = decoded(json.loads(text))
        return found


def _score(score: Score) -> dict[str, Any]:
    fields = {name: encoded(getattr(score, name)) for name in _FIELDS}
    return fields | {"conditions": _text(score.conditions)}


def _text(conditions: Mapping[str, Any]) -> str:
    return json.dumps(encoded(conditions))


def _packed(value: Any) -> bytes:
    return zlib.compress(json.dumps(value).encode(), 1)


def _unpacked(value: bytes) -> Any:
    return json.loads(zlib.decompress(value))
