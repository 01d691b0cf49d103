"""What a search asks of the thing it tunes: its settings, and pictures at any size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import torch.nn.functional as F
from torch import Tensor

from hdrmetrics.catalogue.parameters import Parameter


class Scene(Protocol):
    """A picture at one size, to be made with settings."""

    @property
    def reference(self) -> Tensor | None:
        """What it is compared with, ``(1, C, H, W)``."""

    def render(self, settings: Mapping[str, Any], /) -> Tensor:
        """Return what the settings make of it, ``(1, C, H, W)``."""


class Problem(Protocol):
    """A thing with settings, and a picture to make with it."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def parameters(self) -> Sequence[Parameter]:
        """Its settings."""

    @property
    def start(self) -> Mapping[str, Any]:
        """The values from which a search begins; what the user fixed is not among them."""

    @property
    def differentiable(self) -> bool:
        """Whether gradients flow from pictures to settings."""

    @property
    def side(self) -> int:
        """The longer side of the picture, in pixels."""

    def at(self, side: int) -> Scene:
        """Return the picture reduced to a longer side, or as it is if it is no larger."""


class Tunable(Problem, Protocol):
    """A problem that can be looked at whole: default and result are compared at full size."""

    @property
    def default(self) -> Mapping[str, Any]:
        """All settings without tuning."""

    @property
    def reference(self) -> Tensor | None:
        """What the whole picture is compared with, ``(1, C, H, W)``."""

    def whole(self, settings: Mapping[str, Any], /) -> Tensor:
        """Return what the settings make of the whole picture, ``(1, C, H, W)``."""

    def moved(self, only: Iterable[str] | None, /) -> Iterable[str] | None:
        """Return the settings to move: those that were named, or those worth it."""


def reduced(image: Tensor, side: int) -> Tensor:
    """Return an image ``(N, C, H, W)`` averaged over area to a longer side of ``side`` pixels.

    Averages of light are what a camera with fewer pixels would have seen.
    """
    height, width = image.shape[-2:]
    longest = max(height, width)
    if longest <= side:
        return image
    size = [max(1, round(length * side / longest)) for length in (height, width)]
    return F.interpolate(image, size=size, mode="area")
