"""One file of a collection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """A file of a collection.

    Parameters
    ----------
    path
        Where it is: a path of this machine, or an address that fsspec knows.
    name
        What to call it; unique in its collection.
    """

    path: str
    name: str
