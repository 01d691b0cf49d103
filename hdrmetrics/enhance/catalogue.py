"""The list of enhancers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hdrmetrics.catalogue.parameters import Parameter
from hdrmetrics.enhance.enhancer import ENHANCERS, Enhancer, EnhancerInfo, Fault


def register_enhancer(
    info: EnhancerInfo,
    factory: Callable[..., Enhancer],
    parameters: Iterable[Parameter] | None = None,
) -> None:
    """Make an enhancer known by ``info.name``.

    Another package does so in a function without arguments that its entry point of the group
    ``hdrmetrics.enhance`` names.

    Parameters
    ----------
    info
        Its description.
    factory
        Called with the user's settings by keyword.
    parameters
        Its settings; without them those of the description.

    Raises
    ------
    OptionError
        If the name is taken.
    """
    ENHANCERS.register(info, factory, parameters)


def enhancer_info(name: str) -> EnhancerInfo:
    """Return the description of the enhancer called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return ENHANCERS.entry(name).info


def list_enhancers(
    *, against: Fault | None = None, learned: bool | None = None
) -> list[EnhancerInfo]:
    """Return the descriptions of all enhancers, sorted by name, or of those that match.

    Parameters
    ----------
    against
        Keep those made for a fault: ``"blur"``, ``"noise"``, ``"compression"``, ``"clipping"``,
        ``"exposure"``.
    learned
        Keep networks (True) or the others (False).

    Examples
    --------
    >>> [info.name for info in list_enhancers(against="compression")]
    ['deblocking', 'restore']
    """
    return [
        info
        for info in ENHANCERS.infos(learned=learned)
        if against is None or against in info.against
    ]


def create_enhancer(name: str, **options: Any) -> Enhancer:
    """Return an enhancer, called as ``enhancer(image)``.

    Parameters
    ----------
    name
        One of :func:`list_enhancers`.
    options
        The enhancer's parameters; ``None`` (and leaving them out) stands for the default, or for
        what follows from the picture.

    Raises
    ------
    UnknownNameError
        If there is no such enhancer.
    OptionError
        If an option is unknown or out of bounds.
    WeightsError
        If the weights of a network cannot be read.

    Examples
    --------
    >>> import torch
    >>> denoise = create_enhancer("non_local_means", sigma=0.05)
    >>> denoise(torch.full((1, 3, 8, 8), 0.5)).mean().item()
    0.5
    """
    return ENHANCERS.create(name, options)
