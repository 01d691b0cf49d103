"""What is wrong with pictures, and where: probabilities of faults in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

NONE = "none"
"""The fault of a picture that has none."""

_SAID = 0.1  # probability from which a fault is named
_MOST = 3  # faults named
_AREA = 0.02  # part of the picture from which a place is named
_TAIL = 0.05  # of a fault's places, left out on each side of its box


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a metric holds to be wrong with pictures.

    Parameters
    ----------
    names
        Of the faults; ``none`` is that of a picture without one.
    faults
        ``(N, D)``: their probabilities, which add up to 1.
    places
        ``(N, D, h, w)``: those of each square of the picture.
    cell
        Side of these squares in pixels; the first one lies at the top left.
    """

    names: tuple[str, ...]
    faults: Tensor
    places: Tensor
    cell: int

    def to_dict(self, index: int = 0) -> dict[str, Any]:
        """Return what is wrong with one of the pictures, JSON-ready.

        Returns
        -------
        dict
            ``text``, in words; ``faults``: by name the probability, the likeliest first;
            ``places``: of each fault that the text names, and that is the likeliest of all in 2 %
            of the picture or more, ``fault``, ``area`` (part of the picture), ``probability``
            (mean there) and ``box``, x, y, width and height in squares' pixels, which leaves out
            the outermost twentieth of them on each side.
        """
        numbers = self.faults[index].double().tolist()
        pairs = sorted(zip(self.names, numbers, strict=True), key=lambda pair: -pair[1])
        faults = {name: round(number, 4) for name, number in pairs}
        local = self.places[index].detach().float().cpu().numpy()
        named = [name for name in said(faults) if name != NONE]
        where = (_where(name, local[self.names.index(name)], local, self.cell) for name in named)
        return {
            "text": fault_text(faults),
            "faults": faults,
            "places": [one for one in where if one is not None],
        }


def said(faults: Mapping[str, float]) -> list[str]:
    """Return which faults are worth naming: the likeliest three from one in ten, one at least."""
    order = sorted(faults, key=lambda name: -faults[name])
    return [name for i, name in enumerate(order[:_MOST]) if i == 0 or faults[name] >= _SAID]


def fault_text(faults: Mapping[str, float]) -> str:
    """Return probabilities of faults in words.

    Examples
    --------
    >>> fault_text({"blocks": 0.71, "noise": 0.2, "none": 0.09})
    'blocks 71 %, noise 20 %'
    >>> fault_text({"none": 0.97, "blur": 0.03})
    'nothing 97 %'
    """
    texts = (f"{'nothing' if name == NONE else name} {faults[name]:.0%}" for name in said(faults))
    return ", ".join(texts).replace("%", " %")


def place_text(place: Mapping[str, Any]) -> str:
    """Return a place of :meth:`Explanation.to_dict` in words."""
    x, y, width, height = place["box"]
    area = f"{place['area']:.0%}".replace("%", " %")
    return f"{place['fault']} in {area} of the picture, about {width}×{height} at x = {x}, y = {y}"


def _where(
    name: str, own: NDArray[np.float32], local: NDArray[np.float32], cell: int
) -> dict[str, Any] | None:
    there = own >= local.max(axis=0)
    area = float(there.mean())
    if area < _AREA:
        return None
    rows, columns = np.nonzero(there)
    spans = []
    for places in (columns, rows):
        first, last = np.quantile(places, [_TAIL, 1 - _TAIL], method="nearest")
        spans.append((int(first) * cell, (int(last) + 1 - int(first)) * cell))
    (x, width), (y, height) = spans
    return {
        "fault": name,
        "area": round(area, 4),
        "probability": round(float(own[there].mean()), 4),
        "box": [x, y, width, height],
    }
