"""The first directory of a TIFF file: its tags as Python values."""

from __future__ import annotations

import struct
from typing import Any

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.source import Source

_LAYOUTS = {
    1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f",
    12: "d", 16: "Q", 17: "q", 18: "Q",
}  # fmt: skip

Tags = dict[int, Any]


def read_tags(source: Source) -> tuple[Tags, str, int]:
    """Return the tags of the first directory, the byte order, and the offset of the next one.

    Texts and undefined bytes are ``bytes``, numbers tuples of ``int`` or ``float``; tags of
    unknown types are left out.

    Raises
    ------
    ImageReadError
        If the directory or a value lies outside the file.

    References
    ----------
    Adobe, TIFF Revision 6.0, 1992; the BigTIFF proposal, 2007.
    """
    order = {b"II": "<", b"MM": ">"}[source.data[:2]]
    (version,) = source.unpack(order + "H", 2, "the TIFF header")
    big = version == 43
    offset_layout, count_layout, inline = ("Q", "Q", 8) if big else ("I", "H", 4)
    (start,) = source.unpack(order + offset_layout, 8 if big else 4, "the TIFF header")
    (count,) = source.unpack(order + count_layout, start, "the TIFF directory")
    head = struct.calcsize(order + "HH" + offset_layout)
    entry = head + inline
    first = start + struct.calcsize(order + count_layout)
    table = source.take(first, count * entry, "the TIFF directory")
    (following,) = source.unpack(order + offset_layout, first + len(table), "the TIFF directory")
    tags: Tags = {}
    for position in range(0, len(table), entry):
        tag, kind, values = struct.unpack_from(order + "HH" + offset_layout, table, position)
        if kind not in _LAYOUTS:
            continue
        layout = _LAYOUTS[kind]
        size = values * struct.calcsize("=" + layout)
        if size <= inline:
            body = table[position + head : position + head + size]
        else:
            (where,) = struct.unpack_from(order + offset_layout, table, position + head)
            body = source.take(where, size, f"TIFF tag {tag}")
        if layout == "s":
            tags[tag] = body
        else:
            tags[tag] = struct.unpack(f"{order}{values * len(layout)}{layout[0]}", body)
    return tags, order, following


def number(tags: Tags, tag: int, default: int | None = None) -> int:
    """Return the first whole number of a tag.

    Raises
    ------
    ImageReadError
        If it is absent without a default, or no whole number.
    """
    value = tags.get(tag)
    if value is None and default is not None:
        return default
    if not isinstance(value, tuple) or not value or not isinstance(value[0], int):
        raise ImageReadError(f"corrupt: TIFF tag {tag} is missing or no whole number")
    return value[0]
