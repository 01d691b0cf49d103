"""Looking things up by name, with a hint where the name is not known."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar

from hdrmetrics.errors import UnknownNameError

T = TypeVar("T")


def look_up(kind: str, name: str, known: Mapping[str, T]) -> T:
    """Return the entry called ``name``.

    Parameters
    ----------
    kind
        What the entries are, for the message: ``"codec"``.
    name
        As the caller gave it.
    known
        All entries by name.

    Raises
    ------
    UnknownNameError
        If there is none; the message names the nearest ones, or all.
    """
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
        raise UnknownNameError(f"unknown {kind} {name!r}; {hint}")
    return known[name]
