"""The common shape of every enhancer: its name, its checks and its call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from hdrmetrics.catalogue.catalogue import Catalogue
from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.errors import ShapeError
from hdrmetrics.picture.pixels import check_codes

Fault = Literal["blur", "noise", "compression", "clipping", "exposure"]
"""What an enhancer is against."""

ADVICE = "Divide 8-bit values by 255; light is tone-mapped first"
"""What to do with values that are no codes."""


@dataclass(frozen=True, slots=True)
class EnhancerInfo:
    """What a user has to know about an enhancer.

    Parameters
    ----------
    name
        The name that :func:`~hdrmetrics.enhance.create_enhancer` takes.
    title
        One line for tables.
    parameters
        The settings, in the order of importance.
    against
        The faults that it is made for.
    citation
        The paper, standard or definition.
    learned
        Whether it is a network, of which a card tells what it was made of.
    """

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    against: tuple[Fault, ...]
    citation: str
    learned: bool = False


class Enhancer(ABC):
    """Base of all enhancers: ``enhancer(image)``.

    The same picture and settings give the same result; there is no gradient.

    Attributes
    ----------
    name
        What results call it.
    """

    name: str

    def __call__(self, image: Tensor) -> Tensor:
        """Return each picture of a batch enhanced.

        Parameters
        ----------
        image
            ``(N, 3, H, W)`` of any size; ``(3, H, W)`` is taken as a batch of one.
            Display-encoded (sRGB) RGB in [0, 1].

        Returns
        -------
        Tensor
            ``(N, 3, H, W)`` in [0, 1], of the input's type; half precision gives float32.

        Raises
        ------
        ShapeError
            For another shape, integers or grey pictures.
        PixelValueError
            For NaN or infinity.
        DomainError
            For values outside [0, 1].
        EnhancerError
            If a guest fails.
        """
        batch = check_codes(image, ADVICE)
        if batch.shape[1] != 3:
            raise ShapeError("an enhancer takes RGB: give a grey picture as .expand(-1, 3, -1, -1)")
        with torch.no_grad(), torch.autocast(batch.device.type, enabled=False):
            # One by one: arithmetic on a batch may round otherwise than on a single picture.
            parts = [self.enhance(one[None].detach().float()) for one in batch]
            return torch.cat([one.clamp(0.0, 1.0) for one in parts]).to(batch)

    @abstractmethod
    def enhance(self, image: Tensor) -> Tensor:
        """Return a checked picture ``(1, 3, H, W)``, float32, enhanced; not yet clipped."""


ENHANCERS: Catalogue[EnhancerInfo, Enhancer] = Catalogue(
    "enhancer", "hdrmetrics.enhance", group="hdrmetrics.enhance"
)
"""All enhancers by name; each file adds its own."""
