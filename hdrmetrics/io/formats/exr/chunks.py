"""The chunks of an OpenEXR part: finding, checking and repacking them into a file of their own."""

from __future__ import annotations

import struct
from itertools import zip_longest

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.formats.exr.header import (
    COMPRESSIONS,
    LONG_NAMES,
    MAGIC,
    SAMPLE_BYTES,
    TILED,
    Part,
)
from hdrmetrics.io.formats.exr.header import values as attribute
from hdrmetrics.io.source import Source

_KEPT = ("channels", "compression", "dataWindow", "displayWindow", "pixelAspectRatio",
         "screenWindowCenter", "screenWindowWidth")  # fmt: skip
_MIPMAP, _RIPMAP = 1, 2
_MAX_SHORT_NAME = 31


def extract(
    source: Source, parts: list[Part], chosen: Part, tables: int, multi_part: bool
) -> bytes:
    """Return a plain EXR file that holds one part of another, at full resolution only.

    The library that decodes the samples sees a file with the few attributes that it needs, one
    part, one level and a chunk table that is known to be right. This is what keeps damaged files
    away from it, and also what makes it decode no part that nobody asked for.

    Parameters
    ----------
    source
        The file.
    parts, chosen
        All parts of the file, and the one to keep.
    tables
        Offset of the first chunk table, behind the header.
    multi_part
        Whether chunks begin with the number of their part.

    Raises
    ------
    ImageReadError
        If a chunk is missing, lies outside the file, or is not the one that the table says.
    """
    for part in parts:
        total = _chunk_count(part)
        announced = attribute(part.attributes, "chunkCount", "int", "i")
        if announced is not None and announced[0] != total:
            raise ImageReadError(f"corrupt: {announced[0]} EXR chunks announced instead of {total}")
        if part is chosen:
            break
        tables += 8 * total
    places = _places(chosen)
    # Full resolution comes first in the table of every level mode.
    offsets = source.unpack(f"<{len(places)}Q", tables, "the EXR chunk table")
    leader = 4 * len(places[0])
    chunks = []
    for place, offset in zip(places, offsets, strict=True):
        if not offset:
            raise ImageReadError("incomplete EXR file: its writer was interrupted")
        if multi_part:
            (number,) = source.unpack("<i", offset, "an EXR chunk")
            offset += 4
            if number != chosen.index:
                raise ImageReadError("corrupt: an EXR chunk belongs to another part")
        stored = source.unpack(f"<{len(place)}i", offset, "an EXR chunk")
        (size,) = source.unpack("<i", offset + leader, "an EXR chunk")
        if stored != place:
            raise ImageReadError("corrupt: an EXR chunk is not where the chunk table says")
        if not 0 < size <= _unpacked_bytes(chosen, place):
            raise ImageReadError(f"corrupt: an EXR chunk of {size} bytes")
        chunks.append(source.view(offset, leader + 4 + size, "an EXR chunk"))
    return _assemble(chosen, chunks)


def _assemble(part: Part, chunks: list[memoryview]) -> bytes:
    flags = TILED if part.tile else 0
    if max(len(channel.name) for channel in part.channels) > _MAX_SHORT_NAME:
        flags |= LONG_NAMES
    kept = {name: part.attributes[name] for name in _KEPT if name in part.attributes}
    kept["lineOrder"] = ("lineOrder", b"\0")
    if part.tile:
        kept["tiles"] = ("tiledesc", struct.pack("<IIB", *part.tile[:2], 0))
    header = bytearray(MAGIC + struct.pack("<I", 2 | flags))
    for name, (kind, body) in kept.items():
        header += f"{name}\0{kind}\0".encode("latin-1") + struct.pack("<i", len(body)) + body
    header += b"\0"
    position = len(header) + 8 * len(chunks)
    for chunk in chunks:
        header += struct.pack("<Q", position)
        position += len(chunk)
    return b"".join([bytes(header), *chunks])


def _places(part: Part) -> list[tuple[int, ...]]:
    """Return what the leaders of the full-resolution chunks say, in the table's order."""
    width, height = part.size
    if part.tile is None:
        top, lines = part.data_window[1], COMPRESSIONS[part.compression][1]
        return [(top + row,) for row in range(0, height, lines)]
    across, down = -(-width // part.tile[0]), -(-height // part.tile[1])
    return [(column, row, 0, 0) for row in range(down) for column in range(across)]


def _unpacked_bytes(part: Part, place: tuple[int, ...]) -> int:
    """Return the size of a chunk without compression, which no compressed one exceeds."""
    width, height = part.size
    if part.tile is None:
        rows = min(COMPRESSIONS[part.compression][1], height - (place[0] - part.data_window[1]))
        columns = width
    else:
        columns = min(part.tile[0], width - place[0] * part.tile[0])
        rows = min(part.tile[1], height - place[1] * part.tile[1])
    return rows * columns * sum(SAMPLE_BYTES[channel.kind] for channel in part.channels)


def _chunk_count(part: Part) -> int:
    """Return the number of chunks of all levels."""
    width, height = part.size
    if part.tile is None:
        return -(-height // COMPRESSIONS[part.compression][1])
    tile_width, tile_height, mode = part.tile
    level_mode, round_up = mode & 15, bool(mode >> 4)
    across, down = _levels(width, round_up), _levels(height, round_up)
    if level_mode == _MIPMAP:
        sizes = zip_longest(across, down, fillvalue=1)
        return sum(-(-w // tile_width) * -(-h // tile_height) for w, h in sizes)
    if level_mode == _RIPMAP:
        return sum(-(-w // tile_width) for w in across) * sum(-(-h // tile_height) for h in down)
    return -(-width // tile_width) * -(-height // tile_height)


def _levels(size: int, round_up: bool) -> list[int]:
    """Return the sizes of one side at all levels, halved down to one pixel."""
    sizes = [size]
    while sizes[-1] > 1:
        sizes.append((sizes[-1] + round_up) // 2)
    return sizes
