"""How much smaller a file may be decoded than it is, and what is said of it then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SCALES = (8, 4, 2)
"""One part in so many of each side: those that JPEG decoders have."""


def scale_for(
    width: int, height: int, at_least: int | None, *, scales: Sequence[int] = SCALES
) -> int:
    """Return by how much each side may be divided so that the shorter one keeps so many pixels.

    Parameters
    ----------
    width, height
        Of the picture in the file.
    at_least
        Pixels of the shorter side that are enough; ``None`` where all are wanted.
    scales
        Of the decoder, the largest first.

    Examples
    --------
    >>> scale_for(4000, 3000, 700), scale_for(4000, 3000, 2000), scale_for(4000, 3000, None)
    (4, 1, 1)
    """
    if at_least is None:
        return 1
    return next((s for s in scales if min(width, height) // s >= at_least), 1)


def reduced_details(scale: int, size: tuple[int, int]) -> dict[str, Any]:
    """Return what an origin's details say of a picture that was decoded smaller than it is.

    Parameters
    ----------
    scale
        By which the sides were divided.
    size
        Width and height in the file, upright.

    Examples
    --------
    >>> reduced_details(4, (4000, 3000))
    {'decoded_at': '1/4', 'width': 4000, 'height': 3000}
    """
    return {"decoded_at": f"1/{scale}", "width": size[0], "height": size[1]}
