"""An enhancer's result mixed with what it was given."""

from __future__ import annotations

from torch import Tensor

from hdrmetrics.enhance.enhancer import Enhancer
from hdrmetrics.errors import OptionError


class Blended(Enhancer):
    """x + strength·(enhanced − x) of code values: 0 gives the picture itself, 1 the enhancer's.

    Parameters
    ----------
    enhancer
        That is mixed.
    strength
        From 0 to 1.

    Raises
    ------
    OptionError
        If the strength is not in [0, 1].

    Examples
    --------
    >>> import torch
    >>> from hdrmetrics.enhance import from_callable
    >>> half = Blended(from_callable(torch.sqrt), 0.5)
    >>> half(torch.full((1, 3, 2, 2), 0.25)).unique().tolist()
    [0.375]
    """

    def __init__(self, enhancer: Enhancer, strength: float) -> None:
        if not 0 <= strength <= 1:
            raise OptionError(f"strength lies between 0 and 1, not {strength:g}")
        self.enhancer, self.strength, self.name = enhancer, float(strength), enhancer.name

    def enhance(self, image: Tensor) -> Tensor:
        """Return the mixture."""
        if self.strength == 0:
            return image
        made = self.enhancer(image)
        return made if self.strength == 1 else image + self.strength * (made - image)
