"""Pictures of one size are stacked, so that a network sees them at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor


def stacks(
    pictures: Sequence[Tensor], masks: Sequence[Tensor | None]
) -> Iterator[tuple[list[int], Tensor, Tensor | None]]:
    """Yield pictures that are alike in shape and kind, each with its mask or all without.

    Parameters
    ----------
    pictures
        ``(1, C, H, W)`` each.
    masks
        ``(1, 1, H, W)`` for each, or ``None``.

    Yields
    ------
    places
        Which pictures they are.
    pictures, masks
        ``(N, C, H, W)`` and ``(N, 1, H, W)`` or ``None``.

    Examples
    --------
    >>> sizes = [(8, 9), (9, 8), (8, 9)]
    >>> found = stacks([torch.zeros(1, 3, *size) for size in sizes], [None] * 3)
    >>> [(places, tuple(stack.shape)) for places, stack, _ in found]
    [([0, 2], (2, 3, 8, 9)), ([1], (1, 3, 9, 8))]
    """
    alike: dict[object, list[int]] = {}
    for place, (picture, mask) in enumerate(zip(pictures, masks, strict=True)):
        alike.setdefault((picture.shape, picture.dtype, mask is None), []).append(place)
    for places in alike.values():
        if len(places) == 1:
            yield places, pictures[places[0]], masks[places[0]]
            continue
        own = [mask for place in places if (mask := masks[place]) is not None]
        yield places, torch.cat([pictures[i] for i in places]), torch.cat(own) if own else None
