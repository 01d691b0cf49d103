"""Random numbers that depend on names alone, so that order and number of workers do not matter."""

from __future__ import annotations

import hashlib

import numpy as np

_SEPARATOR = b"\x1f"  # a byte that no name holds, so that ("a", "bc") and ("ab", "c") differ


def digest(*names: str | int) -> int:
    """Return 64 bits of the SHA-256 of the names, the same on every machine.

    Parameters
    ----------
    names
        Texts or whole numbers; 1 and ``"1"`` are the same name.
    """
    text = _SEPARATOR.join(str(name).encode() for name in names)
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return a generator for the draws that belong to these names under this seed.

    Parameters
    ----------
    seed
        Of the recipe.
    names
        What is drawn for, for example ``("frame", "courtyard", 3)``.
    """
    return np.random.Generator(np.random.PCG64(digest(seed, *names)))


def fraction(*names: str | int) -> float:
    """Return a number in [0, 1) that depends on the names alone, as a split by hash needs it."""
    return digest(*names) / 2.0**64
