"""The division of scenes into training, validation and test by the names of their groups."""

from __future__ import annotations

from datasets.scenes.scene import Split
from datasets.streams import fraction

SHARES: dict[Split, float] = {"train": 0.7, "validation": 0.1, "test": 0.2}
"""What part of the groups each split gets, in the long run."""


def split_of(group: str, seed: int = 0) -> Split:
    """Return the split of a group.

    It depends on the group's name and the seed alone, so that scenes that come later never move
    those that are there.

    Parameters
    ----------
    group
        Name of a group of scenes.
    seed
        Another seed, another division. The usual one, of seed 0, is that of the name alone.
    """
    position = fraction("split", group) if seed == 0 else fraction("split", seed, group)
    upper = 0.0
    for split, share in SHARES.items():
        upper += share
        if position < upper:
            return split
    return "test"  # the shares add up to one but for rounding
