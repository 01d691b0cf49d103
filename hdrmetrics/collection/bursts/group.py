"""Pictures of one thing: a burst, or near-duplicates, with the one to keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that show one thing.

    Parameters
    ----------
    members
        Indices of the records, at least two.
    keeper
        Index of the one to keep, a member.
    why
        By index: what speaks for the keeper, and against each of the others, in a few words.
    """

    members: tuple[int, ...]
    keeper: int
    why: Mapping[int, str]
