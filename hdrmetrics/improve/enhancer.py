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


def enhancer_of(what: str | Enhancer) -> tuple[Enhancer, str]:
    """Return the enhancer that somebody means, and what to call it.

    Parameters
    ----------
    what
        One of ours by its name; a command with ``{input}`` and ``{output}``; one that was made; or
        a function, of which a failure becomes a typed error.

    Returns
    -------
    tuple
        The enhancer, and its name: a command as it was given, a function's own.

    Raises
    ------
    UnknownNameError, OptionError, WeightsError
        As ``hdrmetrics.enhance.create_enhancer``.
    EnhancerError
        If there is no such program, or it is nothing that can be called.

    Examples
    --------
    >>> enhancer_of("cp {input} {output}")[1], enhancer_of("wiener")[1]
    ('cp {input} {output}', 'wiener')
    """
    if isinstance(what, str) and not ("{input}" in what or "{output}" in what):
        return load_enhancer(what), what
    room = importlib.import_module("hdrmetrics.enhance")
    if isinstance(what, str):
        made = room.from_command(what, name=" ".join(what.split()))
    else:
        made = what if isinstance(what, room.Enhancer) else room.from_callable(what)
    return made, str(made.name)


def load_enhancer(name: str = ENHANCER, **options: Any) -> Enhancer:
    """Return the enhancer of that name; its room, and its weights, are loaded only now.

    Raises
    ------
    UnknownNameError, OptionError, WeightsError
        As ``hdrmetrics.enhance.create_enhancer``.
    """
    room = importlib.import_module("hdrmetrics.enhance")
    return cast(Enhancer, room.create_enhancer(name, **options))
