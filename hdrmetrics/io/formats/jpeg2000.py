"""JPEG 2000 files (.jp2, .j2k): whole numbers of up to 16 bits in grey or RGB."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.boxes import walk
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.colour.cicp import from_cicp
from hdrmetrics.io.colour.coding import Coding
from hdrmetrics.io.colour.icc import identify
from hdrmetrics.io.optional import require
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

STREAM = b"\xff\x4f\xff\x51"
_END, _PADDING = b"\xff\xd9", 64
_ENUMERATED, _ICC, _ANY_ICC, _PARAMETERS = 1, 2, 3, 5
_SRGB, _GREY, _SYCC = 16, 17, 18
_SPACES = {12: "CMYK", 14: "CIE L*a*b*", 20: "e-sRGB", 24: "e-sYCC"}


@dataclass(slots=True)
class _Boxes:
    """What the boxes around the code stream say; ``profiles`` is where boxes with one begin."""

    stream: int
    end: int
    colour: Coding | None = None
    palette: int = 0
    alpha: set[int] = field(default_factory=set)
    refused: str = ""
    profiles: list[int] = field(default_factory=list)


def read(source: Source) -> Image:
    """Read a JPEG 2000 file, or a bare code stream, as a display-encoded image.

    The colour space is that of the boxes: sRGB, grey, an ICC profile, or code points. A bare
    stream is taken as sRGB.

    JPEG 2000 has no check sums: changed bytes can give a changed picture. A stream without its end
    mark is refused.

    References
    ----------
    ITU-T T.800 (2024), annexes A and I.

    Raises
    ------
    MissingCodecError
        If ``imagecodecs`` is not installed.
    """
    boxes = _parse(source)
    bits, components = _check_stream(source, boxes)
    if boxes.refused:
        raise ImageReadError(boxes.refused)
    codec = require("imagecodecs", "JPEG 2000")
    try:
        # The boxes go along: palettes and sYCC are undone by the decoder.
        codes = codec.jpeg2k_decode(_without_profiles(source.data, boxes, components), numthreads=1)
    except (codec.Jpeg2kError, ValueError) as error:
        raise ImageReadError(f"corrupt JPEG 2000 data ({error})") from error
    if boxes.palette:
        bits = boxes.palette
        if bits > 8 * codes.dtype.itemsize or bits not in (*range(1, 9), 16):
            raise ImageReadError(f"JPEG 2000 with a palette of {bits} bits: convert to RGB first")
    notes = []
    if codes.ndim == 3 and codes.shape[2] in (2, 4) and not boxes.alpha:
        # Components come in the order of the colours where nothing else is said.
        codes = codes[..., :-1]
        notes = [f"the last of {components} components, which nothing describes, was dropped"]
    return coded_image(
        source,
        np.ascontiguousarray(codes),
        bits=bits,
        coding=boxes.colour or Coding(),
        format_name="jpeg2000",
        notes=notes,
        details={"components": components, "palette": bool(boxes.palette)},
    )


def _without_profiles(data: bytes, boxes: _Boxes, components: int) -> bytes:
    """Return a file that says sRGB or grey in place of its profiles.

    The decoder would apply them, in eight bits and to sRGB, and they would be applied twice.
    """
    if not boxes.profiles:
        return data
    changed = bytearray(data)
    space = _GREY if components < 3 and not boxes.palette else _SRGB
    for at in boxes.profiles:
        struct.pack_into(">B2xI", changed, at, _ENUMERATED, space)
    return bytes(changed)


def _parse(source: Source) -> _Boxes:
    if source.data.startswith(STREAM):
        return _Boxes(0, len(source.data))
    boxes = _Boxes(-1, -1)
    for kind, first, last in walk(source.data, 0, len(source.data)):
        if kind == b"jp2h":
            for inner, start, stop in walk(source.data, first, last):
                _note(source, boxes, inner, start, stop)
        elif kind == b"jp2c" and boxes.stream < 0:
            boxes.stream, boxes.end = first, last
    if boxes.stream < 0:
        raise ImageReadError("truncated or corrupt: no code stream in the JPEG 2000 file")
    return boxes


def _note(source: Source, boxes: _Boxes, kind: bytes, first: int, last: int) -> None:
    body = source.take(first, last - first, "a JPEG 2000 box")
    if kind == b"pclr":
        boxes.palette = _palette_bits(body)
    elif kind == b"colr" and len(body) >= 7:
        if body[0] in (_ICC, _ANY_ICC):
            boxes.profiles.append(first)
        if boxes.colour is None:  # the first that is understood counts
            _note_colour(boxes, body)
    elif kind == b"cdef":
        for offset in range(2, len(body) - 5, 6):
            channel, use, _ = struct.unpack_from(">3H", body, offset)
            if use in (1, 2):
                boxes.alpha.add(channel)


def _note_colour(boxes: _Boxes, body: bytes) -> None:
    method = body[0]
    if method == _ENUMERATED:
        (space,) = struct.unpack_from(">I", body, 3)
        if space in (_SRGB, _GREY, _SYCC):
            boxes.colour, boxes.refused = Coding(rule="the JPEG 2000 boxes say sRGB"), ""
        else:
            name = _SPACES.get(space, f"colour space {space}")
            boxes.refused = f"{name} JPEG 2000 files are not supported: convert to RGB first"
    elif method in (_ICC, _ANY_ICC):
        boxes.colour, boxes.refused = identify(body[3:]), ""
    elif method == _PARAMETERS and len(body) >= 10:
        primaries, transfer, matrix = struct.unpack_from(">3H", body, 3)
        if matrix:
            boxes.refused = f"JPEG 2000 of matrix {matrix}: convert to RGB first"
        else:
            boxes.colour, boxes.refused = from_cicp(primaries, transfer), ""


def _palette_bits(body: bytes) -> int:
    """Return the bits of all columns of a palette.

    Raises
    ------
    ImageReadError
        If there are none, or of different kinds.
    """
    kinds = set(body[3 : 3 + body[2]]) if len(body) > 2 else set()
    if len(kinds) != 1 or min(kinds) & 0x80:
        raise ImageReadError("JPEG 2000 with an unusual palette: convert to RGB first")
    return min(kinds) + 1


def _check_stream(source: Source, boxes: _Boxes) -> tuple[int, int]:
    """Return bits and number of the components, after checking them and the size.

    Raises
    ------
    ImageReadError
        If the stream is broken or of a kind that is not read.
    """
    start = boxes.stream
    if source.take(start, 4, "the JPEG 2000 stream") != STREAM:
        raise ImageReadError("corrupt: no size at the start of the JPEG 2000 stream")
    x1, y1, x0, y0, tile_w, tile_h = source.unpack(">6I", start + 8, "the JPEG 2000 stream")
    (count,) = source.unpack(">H", start + 40, "the JPEG 2000 stream")
    source.check_size(x1 - x0, y1 - y0)
    if not 1 <= count <= 4:
        raise ImageReadError(f"JPEG 2000 with {count} components: not supported")
    if not (tile_w and tile_h):
        raise ImageReadError("corrupt: JPEG 2000 tiles without a size")
    kinds = {source.unpack("3B", start + 42 + 3 * i, "the JPEG 2000 stream") for i in range(count)}
    ((depth, dx, dy), *others) = kinds
    if others or (dx, dy) != (1, 1):
        raise ImageReadError(
            "JPEG 2000 components of different size or depth are not supported: convert to RGB"
        )
    if depth & 0x80 or (depth & 0x7F) > 15:
        raise ImageReadError(
            f"JPEG 2000 samples of {(depth & 0x7F) + 1} bits{' with a sign' * (depth >> 7)} are "
            "not supported: 1 to 16 bits without a sign are"
        )
    # Some writers pad with zeros.
    if not source.data[max(start, boxes.end - _PADDING) : boxes.end].rstrip(b"\0").endswith(_END):
        raise ImageReadError("truncated: the JPEG 2000 stream has no end mark")
    return (depth & 0x7F) + 1, count
