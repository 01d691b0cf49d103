"""What the boxes of an AVIF or HEIC file say about its primary picture."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import partial

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.boxes import walk
from hdrmetrics.io.source import Source

AVIF_BRANDS = {b"avif", b"avis"}
HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}

_FULL = 4  # version and flags in front of a full box's content
_MAX_PROPERTIES = 4096
_boxes = partial(walk, complete=True)


@dataclass(slots=True)
class Primary:
    """The primary picture.

    Parameters
    ----------
    width, height
        As coded, before any turn.
    sizes
        Sizes of all pictures in the file (tiles, thumbnails, alpha planes).
    bits
        Per channel; empty if the file does not say.
    av1_bits
        The largest that a configuration of AV1 names; 0 without one.
    cicp
        Code points (primaries, transfer), if given.
    icc
        ICC profile, if given.
    transforms
        Cropping (``clap``), turning (``irot``) and mirroring (``imir``) that the file asks for, in
        order, with the content of their boxes.
    gain_map
        Whether a gain map for the picture is stored beside it.
    sequence
        Where the box of a sequence of pictures lies in the file: offset of its kind.
    place
        Start and end of its data in the file, where they lie there in one piece.
    """

    width: int = 0
    height: int = 0
    sizes: list[tuple[int, int]] = field(default_factory=list)
    bits: tuple[int, ...] = ()
    av1_bits: int = 0
    cicp: tuple[int, int] | None = None
    icc: bytes = b""
    transforms: list[tuple[bytes, bytes]] = field(default_factory=list)
    gain_map: bool = False
    sequence: int | None = None
    place: tuple[int, int] | None = None


def brands(source: Source) -> set[bytes]:
    """Return the brands that the file claims, the major one among them."""
    kind, start, end = next(_boxes(source.data, 0, len(source.data)))
    body = source.data[start:end]
    if kind != b"ftyp" or len(body) < 8:
        return set()
    return {body[:4]} | {body[at : at + 4] for at in range(8, len(body) - 3, 4)}


def parse(source: Source) -> Primary:
    """Return what the file says about its primary picture.

    Raises
    ------
    ImageReadError
        If boxes are broken or the file ends before one, or there is no primary picture.

    References
    ----------
    ISO/IEC 23008-12 (HEIF); AOMedia, AV1 Image File Format.
    """
    data = source.data
    outer = {kind: (start, end) for kind, start, end in _boxes(data, 0, len(data))}
    meta = outer.get(b"meta")
    if meta is None:
        raise ImageReadError("no still picture in this file (is it a video?)")
    boxes = {kind: (start, end) for kind, start, end in _boxes(data, meta[0] + _FULL, meta[1])}
    if b"pitm" not in boxes or b"iprp" not in boxes:
        raise ImageReadError("corrupt: the file names no primary picture")
    start = boxes[b"pitm"][0]
    (item,) = source.unpack(">I" if data[start] else ">H", start + _FULL, "the primary item")
    properties: list[tuple[bytes, bytes]] = []
    numbers: list[int] = []
    for kind, start, end in _boxes(data, *boxes[b"iprp"]):
        if kind == b"ipco":
            properties = [(name, data[a:b]) for name, a, b in _boxes(data, start, end)]
        elif kind == b"ipma":
            numbers = _associated(data[start:end], item) or numbers
    if len(properties) > _MAX_PROPERTIES:
        raise ImageReadError(f"corrupt: {len(properties)} item properties")
    primary = Primary()
    if b"moov" in outer:
        primary.sequence = data.rindex(b"moov", 0, outer[b"moov"][0])
    primary.gain_map = b"iinf" in boxes and b"tmap" in _item_kinds(data, *boxes[b"iinf"])
    for kind, body in properties:
        if kind == b"ispe" and len(body) >= 12:
            primary.sizes.append(struct.unpack_from(">II", body, _FULL))
        if kind == b"av1C" and len(body) >= 4:
            deep = 12 if body[2] & 0x20 else 10
            primary.av1_bits = max(primary.av1_bits, deep if body[2] & 0x40 else 8)
        if kind == b"auxC" and b"gainmap" in body.lower():
            primary.gain_map = True
    for number in numbers:
        if 0 < number <= len(properties):
            _note(primary, *properties[number - 1])
    if b"iloc" in boxes:
        primary.place = _place(data, *boxes[b"iloc"], item)
    if not primary.width:
        raise ImageReadError("corrupt: the primary picture has no size")
    return primary


def _item_kinds(data: bytes, start: int, end: int) -> set[bytes]:
    """Return the kinds of all items in the file."""
    offset = start + _FULL + (4 if data[start] else 2)
    kinds = set()
    for kind, first, last in _boxes(data, min(offset, end), end):
        version = data[first] if first < last else 0
        if kind == b"infe" and version >= 2:
            at = first + _FULL + (4 if version == 3 else 2) + 2
            kinds.add(data[at : min(at + 4, last)])
    return kinds


def _place(data: bytes, start: int, end: int, wanted: int) -> tuple[int, int] | None:
    """Return where the data of an item lie; ``None`` if in pieces, in another box, or nowhere."""
    version = data[start] if start < end else 0
    at = start + _FULL

    def take(size: int) -> int:
        nonlocal at
        at += size
        if at > end:
            raise ImageReadError("truncated or corrupt: the places of items end early")
        return int.from_bytes(data[at - size : at], "big")

    sizes = take(2)
    of_offset, of_length, of_base = (sizes >> shift & 15 for shift in (12, 8, 4))
    of_index = sizes & 15 if version else 0
    if not of_offset + of_length:
        return None
    wide = 4 if version == 2 else 2
    for _ in range(take(wide)):
        item = take(wide)
        method = take(2) & 15 if version else 0
        take(2)
        base, extents = take(of_base), take(2)
        places = [(take(of_index), take(of_offset), take(of_length)) for _ in range(extents)]
        if item == wanted:
            if method or len(places) != 1:
                return None
            first = base + places[0][1]
            return first, first + (places[0][2] or len(data))
    return None


def _associated(body: bytes, wanted: int) -> list[int]:
    """Return the numbers of the properties of one item."""
    version, wide = body[0], bool(body[3] & 1)
    (count,) = struct.unpack_from(">I", body, _FULL)
    offset = _FULL + 4
    for _ in range(count):
        (item,) = struct.unpack_from(">I" if version else ">H", body, offset)
        offset += 4 if version else 2
        total = body[offset]
        layout = f">{total}{'H' if wide else 'B'}"
        numbers = struct.unpack_from(layout, body, offset + 1)
        offset += 1 + struct.calcsize(layout)
        if item == wanted:
            # The highest bit says that a reader must understand the property.
            return [number & (0x7FFF if wide else 0x7F) for number in numbers]
    return []


def _note(primary: Primary, kind: bytes, body: bytes) -> None:
    if kind == b"ispe" and len(body) >= 12:
        primary.width, primary.height = struct.unpack_from(">II", body, _FULL)
    elif kind == b"pixi" and len(body) > _FULL:
        primary.bits = tuple(body[_FULL + 1 : _FULL + 1 + body[_FULL]])
    elif kind == b"colr" and body[:4] == b"nclx" and len(body) >= 8:
        primary.cicp = struct.unpack_from(">HH", body, 4)
    elif kind == b"colr" and body[:4] in (b"prof", b"rICC"):
        primary.icc = body[4:]
    elif kind in (b"irot", b"imir", b"clap"):
        primary.transforms.append((kind, body))
