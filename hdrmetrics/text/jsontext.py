"""JSON that people read: lines filled with what belongs together."""

from __future__ import annotations

import json
from typing import Any

_WIDE = 100


def readable(value: Any) -> str:
    """Return a value as JSON with a line break at its end.

    What fits on a line stands on one, together with what fits beside it.

    Raises
    ------
    ValueError
        For NaN and infinity.
    TypeError
        For what JSON has no word for.
    """
    return _laid_out(value, 0) + "\n"


def _laid_out(value: Any, indent: int, key: str = "") -> str:
    flat = _flat(value)
    if not isinstance(value, (dict, list, tuple)) or indent + len(key) + len(flat) < _WIDE:
        return key + flat
    if isinstance(value, dict):
        entries = [_laid_out(each, indent + 1, f"{_flat(k)}: ") for k, each in value.items()]
    else:
        entries = [_laid_out(each, indent + 1) for each in value]
    lines = [entries[0]]
    for entry in entries[1:]:
        short = "\n" not in lines[-1] + entry
        if short and indent + len(lines[-1]) + len(entry) + 4 <= _WIDE:
            lines[-1] += f", {entry}"
        else:
            lines[-1] += ","
            lines.append(entry)
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    gap = "\n" + " " * (indent + 1)
    return f"{key}{opened}{gap}{gap.join(lines)}\n{' ' * indent}{closed}"


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
