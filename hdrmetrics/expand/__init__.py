"""Inverse tone mapping: SDR pictures expanded to the light of an HDR display."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from hdrmetrics.expand.operator import COMMON, EXPANSIONS, Expansion, ExpansionInfo
from hdrmetrics.expand.signal import SdrTransfer

__all__ = [
    "COMMON",
    "Expansion",
    "ExpansionInfo",
    "expand",
    "get_expansion",
    "list_expansions",
]


def expand(
    image: Tensor,
    operator: str = "kovaleski-oliveira14",
    *,
    peak: float | Tensor = 1000.0,
    transfer: SdrTransfer = "gamma",
    gamma: float | Tensor = 2.2,
    **settings: Any,
) -> Tensor:
    """Expand SDR pictures to light in cd/m² for a display of a given peak.

    Parameters
    ----------
    image
        Display-encoded values in [0, 1], ``(N, C, H, W)`` with C = 1 or 3, BT.709 primaries;
        ``(C, H, W)`` and ``(H, W)`` are taken as a batch of one. float32 or float64; half
        precision is computed in float32.
    operator
        One of :func:`list_expansions`.
    peak
        Luminance of the display's white in cd/m²; a number, or a tensor of one per image. What
        exceeds it is not clipped.
    transfer, gamma
        How code values become light: ``"gamma"`` (a power, 2.2 as the papers assume), ``"srgb"``
        or ``"linear"``.
    settings
        The operator's own parameters (``get_expansion(name).info.parameters``); real ones may be
        tensors, of one value or one per image, and receive gradients where the operator is
        differentiable.

    Returns
    -------
    Tensor
        ``(N, C, H, W)``, linear BT.709 light in cd/m², not negative and finite.

    Raises
    ------
    UnknownNameError
        For an unknown operator.
    OptionError
        For an unknown setting or a value out of bounds.
    ShapeError, PixelValueError, DomainError
        For wrong shapes, NaN or infinity, and values outside [0, 1].

    References
    ----------
    F. Banterle, A. Artusi, K. Debattista and A. Chalmers, "Advanced High Dynamic Range Imaging",
    2nd edition, CRC Press 2017, chapter 6; each operator names its paper.
    """
    chosen = get_expansion(operator)
    return chosen(image, peak=peak, transfer=transfer, gamma=gamma, **settings)


def get_expansion(name: str) -> Expansion:
    """Return the operator called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return EXPANSIONS.create(name, {})


def list_expansions() -> list[ExpansionInfo]:
    """Return the descriptions of all inverse operators, by year."""
    return sorted(EXPANSIONS.infos(), key=lambda info: info.name[-2:])
