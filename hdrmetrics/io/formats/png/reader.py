"""PNG files: 1 to 16 bits per sample, interlaced or not."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from hdrmetrics.errors import ImageReadError, ImageWriteError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.formats.png.colour import coding_of
from hdrmetrics.io.orientation import exif_orientation, upright
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_DEPTHS = {
    _GREY: (1, 2, 4, 8, 16), _RGB: (8, 16), _PALETTE: (1, 2, 4, 8), _GREY_ALPHA: (8, 16),
    _RGBA: (8, 16),
}  # fmt: skip
_CHANNELS = {_GREY: 1, _RGB: 3, _PALETTE: 1, _GREY_ALPHA: 2, _RGBA: 4}

# Pillow undoes deflate, row filters and interlacing, but keeps only eight bits of a sample. What
# it is told about the samples decides which eight: 16-bit RGB is read once for the high bytes
# (taken as big-endian) and once for the low ones (taken as little-endian); 16-bit grey passes as
# an 8-bit picture with twice the channels.
_HIGH_LOW = {_RGB: ("RGB", "RGB;16B", "RGB;16L"), _RGBA: ("RGBA", "RGBA;16B", "RGBA;16L")}
_AS_BYTES = {_GREY: "LA", _GREY_ALPHA: "RGBA"}
_BYTES = {_GREY: "L", _RGB: "RGB", _PALETTE: "L", _GREY_ALPHA: "LA", _RGBA: "RGBA"}

# Gamma for programs that do not know cICP, by its transfer: 100000 over the display's exponent.
_GAMMA = {4: 45455, 8: 100000}

_BLOCK = 32  # rows filtered at once: they fit into the cache
_LEVEL = 4  # of zlib: within 6 % of the default's size in a fifth of its time

Codes = NDArray[np.unsignedinteger[Any]]


def _chunks(source: Source) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and content of each chunk up to IEND, after checking their sums."""
    offset = len(SIGNATURE)
    while True:
        size, kind = source.unpack(">I4s", offset, "a chunk header")
        body = source.take(offset + 8, size, f"chunk {kind!r}")
        (expected,) = source.unpack(">I", offset + 8 + size, f"the check sum of chunk {kind!r}")
        if zlib.crc32(body, zlib.crc32(kind)) != expected:
            raise ImageReadError(f"corrupt: the check sum of chunk {kind!r} is wrong")
        yield kind, body
        if kind == b"IEND":
            return
        offset += 12 + size


def read(source: Source) -> Image:
    """Read a PNG file, turned upright, as a display-encoded image.

    ``cICP`` decides about transfer function and primaries, else an ICC profile, else ``sRGB``, else
    ``gAMA`` and ``cHRM``; a file with none is taken as sRGB. A linear curve gives a linear image.
    Palettes are looked up, alpha is dropped.

    References
    ----------
    W3C, Portable Network Graphics (PNG) Specification, Third Edition, 2025.
    """
    chunks: dict[bytes, bytes] = {}
    data = []
    for kind, body in _chunks(source):
        if not chunks and kind != b"IHDR":
            raise ImageReadError("corrupt: the first chunk is not IHDR")
        if kind == b"IDAT":
            data.append(body)
        elif kind in chunks and kind in (b"IHDR", b"PLTE", b"cICP"):
            raise ImageReadError(f"corrupt: two chunks {kind!r}")
        else:
            chunks.setdefault(kind, body)
            if kind == b"IHDR":
                width, height, depth, colour, interlaced = _parse_header(source, body)
    codes = _decode(b"".join(data), width, height, depth, colour, interlaced)
    notes = []
    bits = depth
    if colour == _PALETTE:
        codes, bits = _look_up(codes, chunks), 8
    elif b"tRNS" in chunks:
        notes.append("the transparent colour was ignored")
    if b"acTL" in chunks:
        notes.append("animated: the still picture was read")
    if {b"gMAP", b"gDAT", b"gmAP", b"gdAT"} & chunks.keys():  # the draft, and Skia
        notes.append("the gain map was left out: this is the picture without it")
    orientation = exif_orientation(chunks.get(b"eXIf", b""))
    return coded_image(
        source,
        upright(codes, orientation),
        bits=bits,
        coding=coding_of(chunks),
        format_name="png",
        details={
            "interlaced": interlaced,
            "palette": colour == _PALETTE,
            "orientation": orientation,
        },
        notes=notes,
    )


def _parse_header(source: Source, body: bytes) -> tuple[int, int, int, int, bool]:
    if len(body) != 13:
        raise ImageReadError("corrupt: IHDR has a wrong length")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(
        ">IIBBBBB", body
    )
    source.check_size(width, height)
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise ImageReadError(
            f"corrupt: no PNG has colour type {colour} with {depth} bits, compression "
            f"{compression}, filter {filtering} and interlacing {interlace}"
        )
    return width, height, depth, colour, bool(interlace)


def _decode(
    data: bytes, width: int, height: int, depth: int, colour: int, interlaced: bool
) -> Codes:
    # Deflate shrinks 1032 times at most: less data than that cannot fill the announced rows.
    if len(data) * 1032 < width * height * depth * _CHANNELS[colour] // 8:
        raise ImageReadError("truncated: too little image data for the announced size")

    def unpack(mode: str, layout: str) -> NDArray[np.uint8]:
        try:
            picture = PillowImage.frombytes(
                mode, (width, height), data, "zip", layout, int(interlaced)
            )
        except ValueError as error:
            raise ImageReadError(f"corrupt image data ({error})") from error
        return np.asarray(picture)

    if depth == 16:
        if colour in _HIGH_LOW:
            mode, *layouts = _HIGH_LOW[colour]
            high, low = (unpack(mode, layout) for layout in layouts)
        else:
            pairs = unpack(_AS_BYTES[colour], _AS_BYTES[colour])
            high, low = pairs[..., 0::2], pairs[..., 1::2]
        return (high.astype(np.uint16) << np.uint16(8)) | low.astype(np.uint16)
    if depth == 8:
        return unpack(_BYTES[colour], _BYTES[colour])
    if depth == 1:
        # Mode "1" is the only one that unpacks single bits; as numbers they are 0 and 255.
        return np.not_equal(unpack("1", "1"), 0).astype(np.uint8)
    # "P" unpacks two- and four-bit samples as they are; "L" would stretch them to eight bits.
    return unpack("P", f"P;{depth}")


def _look_up(indices: Codes, chunks: dict[bytes, bytes]) -> Codes:
    palette = np.frombuffer(chunks.get(b"PLTE", b""), np.uint8)
    if palette.size == 0 or palette.size % 3 or palette.size > 768:
        raise ImageReadError("corrupt: the palette is missing or has a wrong length")
    colours = palette.reshape(-1, 3)
    if int(indices.max()) >= len(colours):
        raise ImageReadError(f"corrupt: colour {int(indices.max())} of {len(colours)}")
    if b"tRNS" in chunks:
        alpha = np.full(len(colours), 255, np.uint8)
        given = np.frombuffer(chunks[b"tRNS"], np.uint8)[: len(colours)]
        alpha[: len(given)] = given
        colours = np.column_stack([colours, alpha])
    looked_up: Codes = colours[indices]
    return looked_up


def write(codes: Codes, cicp: tuple[int, int] | None) -> bytes:
    """Return a PNG file.

    Parameters
    ----------
    codes
        ``(H, W, 1)`` or ``(H, W, 3)``, uint8 or uint16.
    cicp
        Code points (primaries, transfer) to declare; ``None`` for an ``sRGB`` chunk. Gamma 2.2 and
        linear are declared by ``gAMA``, too, which older programs know.
    """
    height, width, channels = codes.shape
    if max(height, width) >= 2**31:
        raise ImageWriteError("PNG holds at most 2147483647 rows and columns")
    depth = 8 * codes.dtype.itemsize
    rows = np.ascontiguousarray(codes, dtype=codes.dtype.newbyteorder(">"))
    raw = rows.view(np.uint8).reshape(height, -1)
    header = struct.pack(
        ">IIBBBBB", width, height, depth, _RGB if channels == 3 else _GREY, 0, 0, 0
    )
    colour = [(b"sRGB", b"\0") if cicp is None else (b"cICP", bytes([*cicp, 0, 1]))]
    if cicp is not None and cicp[1] in _GAMMA:
        colour.append((b"gAMA", struct.pack(">I", _GAMMA[cicp[1]])))
    body = zlib.compress(_filter(raw, channels * codes.dtype.itemsize), _LEVEL)
    return SIGNATURE + b"".join(
        struct.pack(">I4s", len(content), kind)
        + content
        + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
        for kind, content in ((b"IHDR", header), *colour, (b"IDAT", body), (b"IEND", b""))
    )


def _filter(raw: NDArray[np.uint8], step: int) -> bytes:
    """Return rows, each with the filter of the smallest residual in front.

    Parameters
    ----------
    raw
        Bytes ``(H, bytes per row)``.
    step
        Bytes per pixel.
    """
    above = np.zeros_like(raw[:1])
    filtered = []
    for top in range(0, len(raw), _BLOCK):
        rows = raw[top : top + _BLOCK]
        filtered.append(_filter_block(rows, np.concatenate([above, rows[:-1]]), step))
        above = rows[-1:]
    return b"".join(filtered)


def _filter_block(rows: NDArray[np.uint8], up: NDArray[np.uint8], step: int) -> bytes:
    left, corner = (np.pad(part, ((0, 0), (step, 0)))[:, :-step] for part in (rows, up))
    a, b, c = (part.astype(np.int16) for part in (left, up, corner))
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    paeth = np.where((to_a <= to_b) & (to_a <= to_c), left, np.where(to_b <= to_c, up, corner))
    best = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    least = np.full(len(rows), np.iinfo(np.int64).max)
    for number, guess in ((0, np.zeros_like(rows)), (1, left), (2, up), (4, paeth)):
        residual = rows - guess
        # Residuals are signed bytes: 255 is as small as 1.
        cost = np.minimum(residual, 0 - residual).sum(axis=1, dtype=np.int64)
        wins = cost < least
        best[wins, 0] = number
        best[wins, 1:] = residual[wins]
        least = np.minimum(least, cost)
    return best.tobytes()
