"""What a trunk that does not learn makes of crops: the statistics that heads see, made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Source = Callable[[NDArray[np.int64]], Tensor]
"""From places of items to their statistics ``(n, F)``."""

_PIECE = 64  # items at a time


class KeptStatistics:
    """The statistics of crops by name.

    Parameters
    ----------
    parts
        Names of items, and where their statistics come from.
    """

    def __init__(self, parts: Sequence[tuple[NDArray[np.str_], Source]]) -> None:
        names = [str(name) for own, _ in parts for name in own]
        self._places = {name: place for place, name in enumerate(names)}
        self._values = torch.cat([one for own, source in parts for one in _made(len(own), source)])

    def batch(self, names: NDArray[np.str_]) -> Tensor:
        """Return the statistics ``(n, F)`` of items."""
        return self._values[[self._places[str(name)] for name in names]]


@torch.no_grad()
def _made(count: int, source: Source) -> Iterator[Tensor]:
    for at in range(0, count, _PIECE):
        yield source(np.arange(at, min(at + _PIECE, count)))
