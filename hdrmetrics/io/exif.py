"""The directories of an Exif block, as far as this package needs them."""

from __future__ import annotations

import struct
from typing import Any

_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}
_TEXT = 2
_EXIF, _INTEROPERABILITY = 0x8769, 0xA005
_MAX_ENTRIES = 4096

Directory = dict[int, Any]


def directories(exif: bytes) -> tuple[Directory, Directory, Directory]:
    r"""Return the first, the Exif and the interoperability directory of a block.

    Values are the first whole number of a tag, or up to four bytes of a text; other kinds are left
    out. Damaged blocks and directories count as empty: they do not change a sample.

    Parameters
    ----------
    exif
        From the TIFF header on; a leading ``Exif\0\0`` is skipped.
    """
    tiff = exif[6:] if exif[:6] == b"Exif\0\0" else exif
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return {}, {}, {}
    first = _directory(tiff, order, struct.unpack_from(order + "I", tiff, 4)[0])
    second = _directory(tiff, order, first.get(_EXIF))
    return first, second, _directory(tiff, order, second.get(_INTEROPERABILITY))


def _directory(tiff: bytes, order: str, start: object) -> Directory:
    directory: Directory = {}
    if not isinstance(start, int) or start < 8:
        return directory
    try:
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(min(count, _MAX_ENTRIES)):
            at = start + 2 + 12 * entry
            tag, kind, values = struct.unpack_from(order + "HHI", tiff, at)
            if kind in _NUMBERS and values:
                if values * struct.calcsize(_NUMBERS[kind]) > 4:
                    continue
                (number,) = struct.unpack_from(order + _NUMBERS[kind], tiff, at + 8)
                directory.setdefault(tag, number)
            elif kind == _TEXT and values <= 4:
                directory.setdefault(tag, tiff[at + 8 : at + 8 + values])
    except struct.error:
        pass
    return directory
