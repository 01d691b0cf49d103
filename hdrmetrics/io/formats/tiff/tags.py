"""The directories of a TIFF file: their tags as Python values."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.source import Source

_LAYOUTS = {
    1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f",
    12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
_SUB_DIRECTORIES = 330
_MOST_DIRECTORIES = 4096
_MOST_VALUES = 2**22  # numbers in a tag: more are no list of strips, but eat memory
_SHARED = 8  # times the size of the file: what all tags may hold together, some of it shared

Tags = dict[int, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """How numbers and directories are stored in a file.

    Parameters
    ----------
    order
        Byte order, as :mod:`struct` names it.
    offset, count
        :mod:`struct` letters of an offset and of the number of entries.
    first
        Offset of the first directory.
    """

    order: str
    offset: str
    count: str
    first: int


def read_layout(source: Source) -> Layout:
    """Return what the first bytes of a TIFF or BigTIFF file say."""
    order = {b"II": "<", b"MM": ">"}[source.data[:2]]
    (version,) = source.unpack(order + "H", 2, "the TIFF header")
    offset, count, where = ("Q", "Q", 8) if version == 43 else ("I", "H", 4)
    (first,) = source.unpack(order + offset, where, "the TIFF header")
    return Layout(order, offset, count, first)


def read_tags(source: Source) -> tuple[Tags, str, int]:
    """Return the tags of the first directory, the byte order, and the offset of the next one.

    Raises
    ------
    ImageReadError
        If the directory or a value lies outside the file.
    """
    layout = read_layout(source)
    tags, following = read_directory(source, layout, layout.first)
    return tags, layout.order, following


def read_directory(
    source: Source, layout: Layout, start: int, budget: list[int] | None = None
) -> tuple[Tags, int]:
    """Return the tags of the directory at an offset, and the offset of the one that follows it.

    Texts and undefined bytes are ``bytes``, numbers tuples of ``int`` or ``float``; tags of
    unknown types, and of more numbers than any picture needs, are left out.

    Parameters
    ----------
    source, layout, start
        The file, how it stores numbers, and where the directory begins.
    budget
        Bytes that tags may still hold, in all directories that share the list; it is counted down.

    Raises
    ------
    ImageReadError
        If the directory or a value lies outside the file.

    References
    ----------
    Adobe, TIFF Revision 6.0, 1992; the BigTIFF proposal, 2007.
    """
    order, offset_layout = layout.order, layout.offset
    inline = struct.calcsize("=" + offset_layout)
    (count,) = source.unpack(order + layout.count, start, "the TIFF directory")
    head = struct.calcsize(order + "HH" + offset_layout)
    entry = head + inline
    first = start + struct.calcsize(order + layout.count)
    table = source.take(first, count * entry, "the TIFF directory")
    (following,) = source.unpack(order + offset_layout, first + len(table), "the TIFF directory")
    tags: Tags = {}
    budget = [_SHARED * len(source.data)] if budget is None else budget
    for position in range(0, len(table), entry):
        tag, kind, values = struct.unpack_from(order + "HH" + offset_layout, table, position)
        if kind not in _LAYOUTS:
            continue
        form = _LAYOUTS[kind]
        size = values * struct.calcsize("=" + form)
        if size <= inline:
            body = memoryview(table)[position + head : position + head + size]
        else:
            (where,) = struct.unpack_from(order + offset_layout, table, position + head)
            body = source.view(where, size, f"TIFF tag {tag}")
            budget[0] -= size
            if budget[0] < 0:
                raise ImageReadError("corrupt: the TIFF tags hold more than the file does")
        if form != "s" and values > _MOST_VALUES:
            continue
        if form == "s":
            tags[tag] = bytes(body)
        else:
            tags[tag] = struct.unpack(f"{order}{values * len(form)}{form[0]}", body)
    return tags, following


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """One directory of a file; equal to itself only.

    Parameters
    ----------
    tags
        Its tags.
    owner
        The directory that it is a sub-directory of; ``None`` for a page.
    """

    tags: Tags
    owner: Directory | None = None


def read_directories(source: Source, layout: Layout) -> tuple[list[Directory], bool]:
    """Return all directories, and whether some that the file announces could not be read.

    Sub-directories, which may have followers and sub-directories of their own, come right behind
    their owner. Only the first directory must be sound: a loop ends the list.

    Raises
    ------
    ImageReadError
        If the first directory cannot be read.
    """
    budget = [_SHARED * len(source.data)]
    directories: list[Directory] = []
    seen: set[int] = set()
    broken = False
    # What is still to be read: offset, owner. The last one is next.
    waiting: list[tuple[Any, Directory | None]] = [(layout.first, None)]
    while waiting and len(directories) < _MOST_DIRECTORIES:
        start, owner = waiting.pop()
        if directories and (not start or start in seen):
            continue
        seen.add(start)
        try:
            tags, following = read_directory(source, layout, start, budget)
        except ImageReadError:
            if not directories:
                raise
            broken = True
            continue
        directory = Directory(tags, owner)
        directories.append(directory)
        waiting.append((following, owner))
        below = tags.get(_SUB_DIRECTORIES)
        if isinstance(below, tuple) and all(isinstance(offset, int) for offset in below):
            waiting += [(offset, directory) for offset in reversed(below)]
    return directories, broken


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


def numbers(tags: Tags, tag: int) -> tuple[float, ...]:
    """Return the numbers of a tag, fractions divided out; empty if it is absent or no number.

    Fractions come as pairs, which a tag of whole numbers cannot be told from: for tags that the
    standard gives as fractions only.
    """
    value = tags.get(tag)
    if not isinstance(value, tuple) or not value:
        return ()
    if all(isinstance(x, int) for x in value):
        pairs = zip(value[0::2], value[1::2], strict=False)
        return tuple(a / b if b else 0.0 for a, b in pairs)
    return tuple(float(x) for x in value)
