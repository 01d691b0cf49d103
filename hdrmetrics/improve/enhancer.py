"""What enhances: any function from code values to code values, or one of ours by its name."""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast

from torch import Tensor

ENHANCER = "restore"
"""The one that is used where nobody chooses."""


class Enhancer(Protocol):
    """A function, or a module called like one."""

    def __call__(self, image: Tensor, /) -> Tensor:
        """Return the enhanced picture.

        Parameters
        ----------
        image
            Display-encoded RGB ``(N, 3, H, W)`` in [0, 1].

        Returns
        -------
        Tensor
            Of the same shape and meaning.
        """
        ...


def load_enhancer(name: str = ENHANCER, **options: Any) -> Enhancer:
    """Return the enhancer of that name; its room, and its weights, are loaded only now.

    Raises
    ------
    UnknownNameError, OptionError, WeightsError
        As ``hdrmetrics.enhance.create_enhancer``.
    """
    room = importlib.import_module("hdrmetrics.enhance")
    return cast(Enhancer, room.create_enhancer(name, **options))
