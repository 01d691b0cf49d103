"""Predictions for many items, batch by batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Predictor = Callable[[Tensor, Tensor | None], Tensor]
"""From tests ``(n, 3, h, w)`` (and references) to values ``(n, k)``."""

Loader = Callable[[NDArray[np.str_]], Tensor]
"""From names of crops to their pixels ``(n, 3, h, w)``."""


@torch.no_grad()
def predict(
    predictor: Predictor,
    load: Loader,
    tests: NDArray[np.str_],
    references: NDArray[np.str_] | None = None,
    *,
    batch: int = 32,
) -> Tensor:
    """Return the values of items, ``(n, k)``, on the device of the predictor.

    Parameters
    ----------
    predictor
        Called with one batch after the other.
    load
        Where pixels come from.
    tests, references
        Names of the crops, ``(n,)``; ``references`` is ``None`` where none is used.
    batch
        Items at a time: bounds the memory.
    """
    found = []
    for at in range(0, len(tests), batch):
        part = slice(at, at + batch)
        reference = None if references is None else load(references[part])
        found.append(predictor(load(tests[part]), reference))
    return torch.cat(found)
