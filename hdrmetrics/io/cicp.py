"""Coding-independent code points: from the numbers in a file to transfer function and primaries."""

from __future__ import annotations

from dataclasses import dataclass

from hdrmetrics.color import Primaries
from hdrmetrics.image import Transfer

PRIMARIES: dict[int, Primaries] = {1: "bt709", 9: "bt2020", 12: "p3"}
TRANSFERS: dict[int, Transfer | None] = {
    1: "bt1886", 6: "bt1886", 14: "bt1886", 15: "bt1886", 4: "gog", 8: None, 13: "srgb",
    16: "pq", 18: "hlg",
}  # fmt: skip
UNSPECIFIED = 2


@dataclass(frozen=True, slots=True)
class Coding:
    """How code values become light.

    Parameters
    ----------
    transfer
        Transfer function; ``None`` if code values are proportional to light.
    primaries
        Primaries of the code values.
    rule
        Who says so, in one sentence.
    notes
        What had to be assumed.
    """

    transfer: Transfer | None = "srgb"
    primaries: Primaries = "bt709"
    rule: str = "code values taken as sRGB: the file does not say otherwise"
    notes: tuple[str, ...] = ()


def from_cicp(primaries: int, transfer: int) -> Coding:
    """Return the coding for a pair of code points; unknown ones fall back to sRGB with a note.

    Parameters
    ----------
    primaries, transfer
        ``ColourPrimaries`` and ``TransferCharacteristics``.

    References
    ----------
    ITU-T H.273 (2021), tables 2 and 3.
    """
    notes = []
    if transfer not in TRANSFERS and transfer != UNSPECIFIED:
        notes.append(f"transfer characteristics {transfer} are not supported; taken as sRGB")
    if primaries not in PRIMARIES and primaries != UNSPECIFIED:
        notes.append(f"colour primaries {primaries} are not supported; taken as BT.709")
    return Coding(
        TRANSFERS.get(transfer, "srgb"),
        PRIMARIES.get(primaries, "bt709"),
        f"the file's code points: primaries {primaries}, transfer {transfer} (ITU-T H.273)",
        tuple(notes),
    )


def to_cicp(primaries: Primaries, transfer: Transfer) -> tuple[int, int]:
    """Return the code points (primaries, transfer) that a file stores; ``gog`` is gamma 2.2."""
    codes = {name: code for code, name in reversed(TRANSFERS.items())}
    points = {name: code for code, name in PRIMARIES.items()}
    return points[primaries], codes[transfer]
