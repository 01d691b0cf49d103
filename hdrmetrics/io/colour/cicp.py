"""Coding-independent code points: from the numbers in a file to curves and primaries."""

from __future__ import annotations

import numpy as np

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.colour.coding import NOT_SAID, XYZ, Chromaticities, Coding, coding
from hdrmetrics.io.colour.curves import Curve, gamma, in_two_pieces, line, power_of
from hdrmetrics.photometry.color import D65, Primaries
from hdrmetrics.picture.image import Transfer

PRIMARIES: dict[int, Primaries] = {1: "bt709", 9: "bt2020", 12: "p3"}
TRANSFERS: dict[int, Transfer | None] = {
    1: "bt1886", 6: "bt1886", 14: "bt1886", 15: "bt1886", 4: "gog", 8: None, 13: "srgb",
    16: "pq", 18: "hlg", 11: "bt1886", 12: "bt1886",
}  # fmt: skip
"""Codes 11 and 12 differ from 1 below black and above white, where a display shows nothing more."""
UNSPECIFIED = 2

_C = (0.310, 0.316)
_SMPTE = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65)
_OTHER_PRIMARIES: dict[int, Chromaticities] = {
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
    6: _SMPTE,
    7: _SMPTE,
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    10: XYZ,
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
}


def _logarithmic(decades: float) -> Curve:
    return lambda code: np.where(code <= 0, 0.0, 10.0 ** (decades * (code - 1)))


_OTHER_CURVES: dict[int, Curve] = {
    5: gamma(2.8),
    7: in_two_pieces(4 * 0.0228, line(1 / 4), power_of(1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115)),
    9: _logarithmic(2.0),
    10: _logarithmic(2.5),
    17: lambda code: np.maximum(code, 0.0) ** 2.6 * (52.37 / 48),
}


def from_cicp(primaries: int, transfer: int) -> Coding:
    """Return the coding for a pair of code points.

    What the file leaves unspecified is taken as sRGB or BT.709.

    Parameters
    ----------
    primaries, transfer
        ``ColourPrimaries`` and ``TransferCharacteristics``.

    Raises
    ------
    ImageReadError
        For reserved code points: what they mean is not known.

    References
    ----------
    ITU-T H.273 (2021), tables 2 and 3.
    """
    if primaries == transfer == UNSPECIFIED:
        return Coding(rule=f"{NOT_SAID} (unspecified code points)")
    rule = f"the file's code points: primaries {primaries}, transfer {transfer} (ITU-T H.273)"
    notes = []
    points: Chromaticities | Primaries | None = PRIMARIES.get(primaries)
    points = points or _OTHER_PRIMARIES.get(primaries)
    if primaries == UNSPECIFIED:
        points = "bt709"
        notes.append("the file leaves its primaries unspecified; taken as BT.709")
    curves: tuple[Curve, ...] | Transfer | None
    if transfer in TRANSFERS:
        curves = TRANSFERS[transfer]
    elif transfer in _OTHER_CURVES:
        curves = (_OTHER_CURVES[transfer],)
    elif transfer == UNSPECIFIED:
        curves = "srgb"
        notes.append("the file leaves its transfer function unspecified; taken as sRGB")
    else:
        raise ImageReadError(f"transfer characteristics {transfer} are not known: convert to sRGB")
    if points is None:
        raise ImageReadError(f"colour primaries {primaries} are not known: convert to BT.709")
    return coding(curves, points, rule, notes=tuple(notes))


def to_cicp(primaries: Primaries, transfer: Transfer) -> tuple[int, int]:
    """Return the code points (primaries, transfer) that a file stores; ``gog`` is gamma 2.2."""
    codes: dict[Transfer | None, int] = {}
    for code, name in TRANSFERS.items():
        codes.setdefault(name, code)
    points = {name: code for code, name in PRIMARIES.items()}
    return points[primaries], codes[transfer]
