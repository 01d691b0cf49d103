"""Scenes that are screens and rendered graphics, drawn by this code: nobody else owns them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from datasets.scenes.drawn.pages import code_page, slide_page, table_page, text_page
from datasets.scenes.drawn.plots import plot_page
from datasets.scenes.drawn.programs import desktop
from datasets.scenes.drawn.shapes import landscape, logo, pattern
from datasets.scenes.drawn.sheet import Sheet
from datasets.scenes.drawn.solids import solids
from datasets.scenes.drawn.theme import Theme, draw_theme
from datasets.scenes.scene import Kind, Split
from datasets.scenes.splits import split_of
from datasets.streams import stream
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from torch import Tensor

STYLES: dict[str, Callable[[Sheet, np.random.Generator, Theme], None]] = {
    "text": text_page,
    "desktop": desktop,
    "plot": plot_page,
    "landscape": landscape,
    "code": code_page,
    "solids": solids,
    "slide": slide_page,
    "pattern": pattern,
    "table": table_page,
    "logo": logo,
}
"""What is drawn, by the word in a scene's name; scenes take turns."""

_SMALLEST = 128


@dataclass(frozen=True, slots=True)
class ScreenScene:
    """A drawn screen; the attributes are those of :class:`datasets.scenes.scene.Scene`.

    Parameters
    ----------
    name, group, split, kind, panorama, licence
        As there; the pixels depend on the name and size alone.
    style
        One of :data:`STYLES`.
    size
        Height and width in pixels.
    """

    name: str
    style: str
    size: tuple[int, int]
    group: str
    split: Split
    kind: Kind = "sdr"
    panorama: bool = False
    licence: str = "CC0-1.0"

    def load(self) -> Tensor:
        """Return the codes ``(3, H, W)``; see :meth:`datasets.scenes.scene.Scene.load`."""
        import torch

        rng = stream(0, "screen", self.name)
        theme = draw_theme(rng)
        sheet = Sheet(self.size, theme.paper)
        STYLES[self.style](sheet, rng, theme)
        codes = torch.from_numpy(sheet.codes().transpose(2, 0, 1).astype(np.float32))
        return (codes / 255).contiguous()


def screen_scenes(count: int, *, size: tuple[int, int] = (512, 768)) -> list[ScreenScene]:
    """Return drawn screens: pages, programs, plots, slides, illustrations and rendered solids.

    Words on them are made of drawn syllables. All are SDR, of 8 bits, without noise; every screen
    is a group of its own.

    Parameters
    ----------
    count
        How many; the first ones stay the same whatever the number.
    size
        Height and width in pixels, 128 or more.

    Raises
    ------
    OptionError
        If the count is negative or the size too small.
    """
    if count < 0 or min(size) < _SMALLEST:
        raise OptionError(f"screens are {_SMALLEST} pixels or larger, not {count} of {size}")
    styles = list(STYLES)
    found = []
    for index in range(count):
        style = styles[index % len(styles)]
        name = f"screen_{style}_{index:04d}"
        found.append(ScreenScene(name, style, size, name, split_of(name)))
    return found
