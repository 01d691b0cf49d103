"""Inverse tone mapping: SDR pictures expanded to the light of an HDR display."""

from __future__ import annotations

import difflib
from typing import Any

from torch import Tensor

from hdrmetrics.errors import UnknownNameError
from hdrmetrics.expand.akyuz07 import AKYUZ07
from hdrmetrics.expand.huo14 import HUO14
from hdrmetrics.expand.huophys13 import HUOPHYS13
from hdrmetrics.expand.kovaleski_oliveira14 import KOVALESKI_OLIVEIRA14
from hdrmetrics.expand.kuo12 import KUO12
from hdrmetrics.expand.landis02 import LANDIS02
from hdrmetrics.expand.masia09 import MASIA09
from hdrmetrics.expand.operator import COMMON, Expansion, ExpansionInfo
from hdrmetrics.expand.signal import SdrTransfer

__all__ = [
    "COMMON",
    "Expansion",
    "ExpansionInfo",
    "expand",
    "get_expansion",
    "list_expansions",
]

EXPANSIONS: dict[str, Expansion] = {
    operator.info.name: operator
    for operator in (
        LANDIS02, AKYUZ07, MASIA09, KUO12, HUOPHYS13, HUO14, KOVALESKI_OLIVEIRA14,
    )
}  # fmt: skip


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
    if name not in EXPANSIONS:
        near = difflib.get_close_matches(name, EXPANSIONS, n=3)
        hint = (
            f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(EXPANSIONS)}"
        )
        raise UnknownNameError(f"unknown inverse operator {name!r}; {hint}")
    return EXPANSIONS[name]


def list_expansions() -> list[ExpansionInfo]:
    """Return the descriptions of all inverse operators, by year."""
    return [operator.info for operator in EXPANSIONS.values()]
