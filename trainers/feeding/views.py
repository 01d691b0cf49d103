"""Views of a crop that keep its label: symmetries of the square with windows inside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import Tensor

from hdrmetrics.errors import OptionError

Symmetries = Literal["none", "mirror", "all"]
"""``mirror``: left and right; ``all``: the eight of the square."""


@dataclass(frozen=True, slots=True)
class View:
    """A window of a crop, turned and mirrored.

    Teachers weigh all directions of the picture plane alike, so these keep the label; a window
    keeps it roughly. Exposure is left alone: it changes what is seen, hence the label.

    Parameters
    ----------
    top, left, size
        The window, px.
    turns
        Quarter turns, anticlockwise.
    mirrored
        Left and right, after the turns.
    """

    top: int
    left: int
    size: int
    turns: int = 0
    mirrored: bool = False

    def __call__(self, crop: Tensor) -> Tensor:
        """Return the view of a crop ``(…, h, w)``."""
        window = crop[..., self.top : self.top + self.size, self.left : self.left + self.size]
        if self.turns:
            window = window.rot90(self.turns, (-2, -1))
        return window.flip(-1) if self.mirrored else window


def draw_views(
    rng: np.random.Generator,
    count: int,
    *,
    crop: int,
    window: int,
    symmetries: Symmetries = "all",
) -> list[View]:
    """Return random views.

    Parameters
    ----------
    rng
        The same state gives the same views.
    count
        How many.
    crop
        Side of the stored crops, px.
    window
        Side of the views, px; 0 for the whole crop.
    symmetries
        See :data:`Symmetries`.

    Raises
    ------
    OptionError
        If the window is larger than the crop.
    """
    size = window or crop
    if not 0 < size <= crop:
        raise OptionError(f"a window of {window} px does not fit into crops of {crop} px")
    places = rng.integers(0, crop - size + 1, size=(count, 2))
    turns = rng.integers(0, 4, size=count) if symmetries == "all" else np.zeros(count, np.int64)
    mirrored = rng.integers(0, 2, size=count) if symmetries != "none" else np.zeros(count, np.int64)
    return [
        View(int(places[i, 0]), int(places[i, 1]), size, int(turns[i]), bool(mirrored[i]))
        for i in range(count)
    ]
