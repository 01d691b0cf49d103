"""Random numbers that depend on a seed with names, and on nothing drawn before."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import Tensor

_SEPARATOR = b"\x1f"  # a byte that no name holds, so that ("a", "bc") and ("ab", "c") differ


def derived_seed(seed: int, *names: str | int) -> int:
    """Return a whole number of 63 bits that depends on the seed and the names alone.

    Parameters
    ----------
    seed
        Any whole number.
    names
        What the number is for.
    """
    text = _SEPARATOR.join(str(part).encode() for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return a generator for what is drawn under these names.

    Parameters
    ----------
    seed
        Of the image.
    names
        The distortion, then what is drawn for it.
    """
    return np.random.Generator(np.random.PCG64(derived_seed(seed, *names)))


def normal_like(image: Tensor, random: np.random.Generator) -> Tensor:
    """Return standard normal deviates of the image's shape, dtype and device.

    Drawn in float32 whatever the dtype, so that one seed gives one pattern in every precision.
    """
    deviates = random.standard_normal(tuple(image.shape), dtype=np.float32)
    return torch.from_numpy(deviates).to(image)
