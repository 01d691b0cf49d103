"""Pixels that lie channel by channel in memory, as tensors want them, seen as pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def by_planes(planes: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Return channels ``(H, W)`` as a picture ``(H, W, C)`` that lies channel by channel in memory.

    To turn pixels that alternate into a tensor took as long as to decode them.
    """
    found = list(planes)
    base = found[0].base
    if isinstance(base, np.ndarray) and base.shape == (len(found), *found[0].shape):
        whole = base  # they lie so already
    else:
        whole = np.stack(found)
    return np.moveaxis(whole, 0, 2)
