"""In which order pairs are judged, on which side the enhanced one is, and what an answer means."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from hdrmetrics.errors import OptionError

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")

CHOICES = range(1, 6)
"""Left much better, left better, no difference, right better, right much better."""


def default_seed(path: str | os.PathLike[str]) -> int:
    """Return a seed that follows from the name of a file: the same whenever it is added to.

    Parameters
    ----------
    path
        Of the labels; the folders that it lies in do not count.

    Returns
    -------
    int
        From 0 to 2³² − 1.

    Examples
    --------
    >>> default_seed("a/labels.csv") == default_seed("b/labels.csv") != default_seed("anna.csv")
    True
    """
    return int.from_bytes(_digest("file", os.fsencode(Path(path).name))[:4], "big")


def shuffled(names: Iterable[str], seed: int) -> list[str]:
    """Return names in a random order that depends on them and the seed alone.

    Each name has a random key of its own: names that come or go leave the others' order as it was,
    and so does the order in which they are given.

    Parameters
    ----------
    names
        Unique.
    seed
        Any whole number.

    Examples
    --------
    >>> shuffled(["a", "b", "c"], 1) == shuffled(["c", "b", "a"], 1)
    True
    """
    return sorted(names, key=lambda name: (_digest("order", name.encode(), seed), name))


def enhanced_side(name: str, seed: int) -> Side:
    """Return the side on which the enhanced picture of a pair is shown, as if by a coin.

    Parameters
    ----------
    name, seed
        Of the pair and of the order; both alone decide.

    Examples
    --------
    >>> {enhanced_side(name, 0) for name in "abcdefgh"} == {"left", "right"}
    True
    """
    return SIDES[_digest("side", name.encode(), seed)[0] % 2]


def label_of(choice: int, enhanced: Side) -> int:
    """Return the label that an answer stands for.

    Parameters
    ----------
    choice
        One of :data:`CHOICES`.
    enhanced
        The side of the enhanced picture.

    Returns
    -------
    int
        2 (enhanced much better), 1 (better), 0 (no difference) or −1 (worse or much worse).

    Raises
    ------
    OptionError
        For another choice.

    Examples
    --------
    >>> [label_of(choice, "right") for choice in CHOICES]
    [-1, -1, 0, 1, 2]
    """
    if choice not in CHOICES:
        raise OptionError(f"an answer is a whole number from 1 to 5, not {choice!r}")
    to_the_right = choice - 3
    return max(to_the_right if enhanced == "right" else -to_the_right, -1)


def _digest(purpose: str, text: bytes, seed: int = 0) -> bytes:
    # Hashes, not a generator: those of Python's random module may differ between its versions.
    return hashlib.sha256(f"{purpose} {seed} ".encode() + text).digest()
