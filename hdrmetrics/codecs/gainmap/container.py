"""Two JPEG pictures in one file: Multi-Picture Format, each with the segment of ISO 21496-1."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hdrmetrics.codecs.gainmap.metadata import IDENTIFIER, VERSION
from hdrmetrics.errors import ImageReadError, ImageWriteError, ShapeError
from hdrmetrics.io.formats.jpeg.markers import parse

_MAX_SIDE = 8192  # what libultrahdr reads

_MPF = b"MPF\0"
_INDEX = struct.Struct(">2sHI HHHI4s HHII HHII I IIIHH IIIHH")
_ATTRIBUTE = 0x030000  # of the first picture: baseline primary


@dataclass(frozen=True, slots=True)
class Parts:
    """A file taken apart.

    Parameters
    ----------
    base, gain_map
        JPEG pictures, with the segments that were added.
    block
        Of ISO 21496-1 in the gain map.
    """

    base: bytes
    gain_map: bytes
    block: bytes


def join(base: bytes, gain_map: bytes, block: bytes) -> bytes:
    """Return the file of two JPEG pictures.

    Parameters
    ----------
    base, gain_map
        JPEG pictures as an encoder writes them.
    block
        Of ISO 21496-1.

    Raises
    ------
    ImageWriteError
        If they are no JPEG pictures.
    """
    start = _behind_jfif(base)
    second = _with_segment(gain_map, IDENTIFIER + block)
    marked = base[:start] + _segment(IDENTIFIER + VERSION)
    header = len(marked) + 4 + len(_MPF)  # offsets count from the list's own beginning
    first_size = len(marked) + 4 + len(_MPF) + _INDEX.size + len(base) - start
    index = _INDEX.pack(
        b"MM", 42, 8, 3,
        0xB000, 7, 4, b"0100",
        0xB001, 4, 1, 2,
        0xB002, 7, 32, 50,
        0,
        _ATTRIBUTE, first_size, 0, 0, 0,
        0, len(second), first_size - header, 0, 0,
    )  # fmt: skip
    return marked + _segment(_MPF + index) + base[start:] + second


def split(data: bytes) -> Parts:
    """Return the pictures of a file.

    Raises
    ------
    ImageReadError
        If it is damaged, or no file with a gain map.
    """
    first = parse(data)
    if not first.iso_gain_map:
        raise ImageReadError("this JPEG picture has no gain map of ISO 21496-1")
    if data[first.end : first.end + 3] != b"\xff\xd8\xff":
        raise ImageReadError("truncated: the gain map behind the picture is missing")
    second = parse(data, first.end)
    if second.end != len(data):
        raise ImageReadError("corrupt: the file does not end with the gain map")
    gain_map = data[first.end :]
    place = gain_map.find(IDENTIFIER)
    if place < 4 or not second.iso_gain_map:
        raise ImageReadError("corrupt: the gain map does not say what its samples stand for")
    (length,) = struct.unpack_from(">H", gain_map, place - 2)
    block = gain_map[place + len(IDENTIFIER) : place - 2 + length]
    return Parts(data[: first.end], gain_map, block)


def check_sides(height: int, width: int) -> None:
    """Refuse a picture that readers of Ultra HDR would not take.

    Raises
    ------
    ShapeError
        If a side has under 8 or over 8192 pixels.
    """
    if not (min(height, width) >= 8 and max(height, width) <= _MAX_SIDE):
        raise ShapeError(
            f"readers of gain maps take 8 to {_MAX_SIDE} pixels a side, not {width} × {height}"
        )


def _with_segment(picture: bytes, body: bytes) -> bytes:
    start = _behind_jfif(picture)
    return picture[:start] + _segment(body) + picture[start:]


def _behind_jfif(picture: bytes) -> int:
    if picture[:4] != b"\xff\xd8\xff\xe0":
        raise ImageWriteError("the encoder's JPEG picture does not begin with the JFIF segment")
    return 4 + int.from_bytes(picture[4:6], "big")


def _segment(body: bytes) -> bytes:
    return b"\xff\xe2" + struct.pack(">H", len(body) + 2) + body
