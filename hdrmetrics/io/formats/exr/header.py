"""The header of an OpenEXR file: its parts and their attributes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.limits import check_bytes
from hdrmetrics.io.source import Source

MAGIC = b"\x76\x2f\x31\x01"
UINT, HALF, FLOAT = 0, 1, 2
SAMPLE_BYTES = {UINT: 4, HALF: 2, FLOAT: 4}

TILED, _DEEP, _MULTI_PART = 0x200, 0x800, 0x1000
LONG_NAMES = 0x400
_KNOWN_FLAGS = TILED | LONG_NAMES | _DEEP | _MULTI_PART
_TYPES = ("scanlineimage", "tiledimage", "deepscanline", "deeptile")

COMPRESSIONS = {
    0: ("none", 1), 1: ("rle", 1), 2: ("zips", 1), 3: ("zip", 16), 4: ("piz", 32),
    5: ("pxr24", 16), 6: ("b44", 32), 7: ("b44a", 32), 8: ("dwaa", 32), 9: ("dwab", 256),
    10: ("htj2k256", 256), 11: ("htj2k32", 32), 12: ("lj2k", 256), 13: ("zstd", 1),
}  # fmt: skip
"""Name and scanlines per chunk of each compression."""

_MAX_NAME = 255
_MAX_COORDINATE = 2**30
_MAX_TILE_PIXELS = 2**24
_MAX_SAMPLING = 64

Attributes = dict[str, tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of a part.

    Parameters
    ----------
    name
        With the layer in front: ``diffuse.R``.
    kind
        :data:`UINT`, :data:`HALF` or :data:`FLOAT`.
    x_sampling, y_sampling
        Pixels per sample.
    """

    name: str
    kind: int
    x_sampling: int
    y_sampling: int


@dataclass(frozen=True, slots=True)
class Part:
    """The header of one part.

    Parameters
    ----------
    index, name, kind
        Position, name (empty in files with one part) and type in the file.
    channels
        In alphabetical order, as their samples follow each other.
    compression
        Key of :data:`COMPRESSIONS`.
    data_window, display_window
        ``(left, top, right, bottom)``, inclusive.
    tile
        Tile width, tile height and level mode (0 one, 1 mipmap, 2 ripmap; + 16 when sizes are
        rounded up); ``None`` for scanlines.
    attributes
        Type and bytes of every attribute.
    """

    index: int
    name: str
    kind: str
    channels: tuple[Channel, ...]
    compression: int
    data_window: tuple[int, ...]
    display_window: tuple[int, ...]
    tile: tuple[int, ...] | None
    attributes: Attributes

    @property
    def deep(self) -> bool:
        """Whether pixels hold lists of samples."""
        return self.kind.startswith("deep")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the data window."""
        left, top, right, bottom = self.data_window
        return right - left + 1, bottom - top + 1


def parse(source: Source) -> tuple[list[Part], int, bool]:
    """Return the parts, the offset behind the header, and whether the file is a multi-part one.

    Nothing of the size of the picture is allocated, and every announced size is checked against
    the limits.

    Raises
    ------
    ImageReadError
        If the header is broken or of a version that is not known.
    ImageLimitError
        If a part is larger than the limits allow.

    References
    ----------
    OpenEXR project, "OpenEXR File Layout".
    """
    (version,) = source.unpack("<I", 4, "the EXR version")
    if version & 0xFF != 2 or version & ~(_KNOWN_FLAGS | 0xFF):
        raise ImageReadError(
            f"EXR version {version & 0xFF} with flags {version >> 8:#x}: not known"
        )
    multi_part = bool(version & _MULTI_PART)
    attributes, offset = _attributes(source, 8)
    parts = [_part(source, attributes, 0, version)]
    while multi_part:
        attributes, offset = _attributes(source, offset)
        if not attributes:
            break
        parts.append(_part(source, attributes, len(parts), version))
    return parts, offset, multi_part


def values(attributes: Attributes, name: str, kind: str, layout: str) -> tuple[Any, ...] | None:
    """Return the fields of an attribute; ``None`` if it is absent or of another type or size."""
    stored, body = attributes.get(name, ("", b""))
    if stored != kind or len(body) != struct.calcsize("<" + layout):
        return None
    return struct.unpack("<" + layout, body)


def _required(attributes: Attributes, name: str, kind: str, layout: str) -> tuple[Any, ...]:
    fields = values(attributes, name, kind, layout)
    if fields is None:
        raise ImageReadError(f"corrupt: EXR attribute {name!r} is missing or broken")
    return fields


def string(attributes: Attributes, name: str) -> str:
    """Return an attribute that is a text; empty if it is absent or of another type."""
    stored, body = attributes.get(name, ("", b""))
    return body.decode("latin-1") if stored == "string" else ""


def _name(data: bytes, offset: int) -> tuple[str, int]:
    end = data.find(b"\0", offset, offset + _MAX_NAME + 1)
    if end < 0:
        raise ImageReadError("truncated or corrupt: a name in the EXR header has no end")
    return data[offset:end].decode("latin-1"), end + 1


def _attributes(source: Source, offset: int) -> tuple[Attributes, int]:
    attributes: Attributes = {}
    while True:
        name, offset = _name(source.data, offset)
        if not name:
            return attributes, offset
        kind, offset = _name(source.data, offset)
        (size,) = source.unpack("<i", offset, "an EXR attribute")
        if name in attributes:
            raise ImageReadError(f"corrupt: two EXR attributes {name!r}")
        attributes[name] = (kind, source.take(offset + 4, size, f"EXR attribute {name!r}"))
        offset += 4 + size


def _part(source: Source, attributes: Attributes, index: int, version: int) -> Part:
    kind = string(attributes, "type") if version & (_MULTI_PART | _DEEP) else ""
    kind = kind or _TYPES[bool(version & TILED)]
    if kind not in _TYPES:
        raise ImageReadError(f"EXR parts of type {kind!r} are not supported")
    (compression,) = _required(attributes, "compression", "compression", "B")
    if compression not in COMPRESSIONS:
        raise ImageReadError(f"EXR compression {compression} is not known")
    tiled = kind in ("tiledimage", "deeptile")
    part = Part(
        index=index,
        name=string(attributes, "name"),
        kind=kind,
        channels=_channels(attributes),
        compression=compression,
        data_window=_required(attributes, "dataWindow", "box2i", "4i"),
        display_window=_required(attributes, "displayWindow", "box2i", "4i"),
        tile=_required(attributes, "tiles", "tiledesc", "IIB") if tiled else None,
        attributes=attributes,
    )
    _check(source, part)
    return part


def _channels(attributes: Attributes) -> tuple[Channel, ...]:
    kind, body = attributes.get("channels", ("", b""))
    channels: list[Channel] = []
    offset = 0
    while kind == "chlist":
        name, offset = _name(body, offset)
        if not name:
            if offset != len(body):
                break
            return tuple(channels)
        if offset + 16 > len(body):
            break
        sample, _, x_sampling, y_sampling = struct.unpack_from("<iB3xii", body, offset)
        offset += 16
        if channels and channels[-1].name >= name:
            raise ImageReadError("corrupt: the EXR channels are not in alphabetical order")
        if sample not in SAMPLE_BYTES:
            raise ImageReadError(f"corrupt: EXR channel {name!r} has sample type {sample}")
        channels.append(Channel(name, sample, x_sampling, y_sampling))
    raise ImageReadError("corrupt: the EXR channel list is missing or broken")


def _check(source: Source, part: Part) -> None:
    if max(abs(edge) for edge in part.data_window) > _MAX_COORDINATE:
        raise ImageReadError(f"corrupt: EXR data window {part.data_window}")
    width, height = part.size
    source.check_size(width, height)
    left, top = part.data_window[:2]
    for channel in part.channels:
        x, y = channel.x_sampling, channel.y_sampling
        if not (1 <= x <= _MAX_SAMPLING and 1 <= y <= _MAX_SAMPLING) or any(
            (left % x, width % x, top % y, height % y)
        ):
            raise ImageReadError(
                f"corrupt: EXR channel {channel.name!r} with one sample for {x} × {y} pixels"
            )
    planes = sum(SAMPLE_BYTES[channel.kind] for channel in part.channels) * width * height
    check_bytes(planes, source.max_pixels, f"decoding its {len(part.channels)} channels")
    if part.tile is not None:
        across, down, mode = part.tile
        if across < 1 or down < 1 or mode & 15 > 2 or mode >> 4 > 1:
            raise ImageReadError(f"corrupt: EXR tiles of {across} × {down} pixels, mode {mode}")
        # The library allocates whole tiles, also where they reach beyond the picture.
        if across * down > max(_MAX_TILE_PIXELS, 4 * width * height):
            raise ImageReadError(f"corrupt: EXR tiles of {across} × {down} pixels")
