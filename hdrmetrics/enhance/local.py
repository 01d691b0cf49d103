"""The base of enhancers whose pixels depend on a neighbourhood alone."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from torch import Tensor

from hdrmetrics.catalogue.configured import Configured
from hdrmetrics.enhance.enhancer import Enhancer, EnhancerInfo
from hdrmetrics.enhance.tiles import SIDE, in_tiles


class LocalEnhancer(Configured, Enhancer):
    """Works through a picture in tiles: any size in bounded memory.

    Parameters
    ----------
    settings
        The enhancer's parameters; ``None`` (and leaving them out) stands for the default, or for
        what follows from the picture where there is none.

    Raises
    ------
    OptionError
        For an unknown setting or a value out of bounds.
    """

    info: ClassVar[EnhancerInfo]
    no_tensors = "one number for all pictures, not a tensor"

    multiple: ClassVar[int] = 1
    """Of pixels, at which tiles begin."""

    side: ClassVar[int] = SIDE
    """Of a tile, in pixels."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.name = self.info.name

    def enhance(self, image: Tensor) -> Tensor:
        """Return a checked picture ``(1, 3, H, W)`` enhanced."""
        found = self.observe(image)
        return in_tiles(
            lambda part: self.apply(part, found),
            image,
            margin=self.margin(),
            multiple=self.multiple,
            side=self.side,
        )

    def observe(self, image: Tensor) -> float:
        """Return what has to be known of the whole picture, 0 for nothing."""
        return 0.0

    @abstractmethod
    def margin(self) -> int:
        """Return how many pixels to each side a result depends on."""

    @abstractmethod
    def apply(self, image: Tensor, observed: float) -> Tensor:
        """Return a part ``(1, 3, h, w)`` of a picture enhanced, whole up to its margin."""
