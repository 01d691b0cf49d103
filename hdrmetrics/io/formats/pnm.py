"""Portable bitmaps, greymaps and pixmaps (PBM, PGM, PPM), as text or bytes, of up to 16 bits."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.colour.coding import Coding
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_TOKEN = re.compile(rb"(?:[ \t\r\n\v\f]|#[^\n]*\n)*(\d{1,10})")
_COMMENT = re.compile(rb"#[^\n]*")
_MAX_HEADER = 2**16
_BIT_TEXT, _BITS = 1, 4
_TEXT, _COLOUR = (1, 2, 3), (3, 6)


def read(source: Source) -> Image:
    """Read a PBM, PGM or PPM file as a display-encoded image.

    The standards ask for the curve of BT.709; nearly every writer stores sRGB, and so it is taken.
    In a file with several pictures, the first is read.

    References
    ----------
    Netpbm, "PBM, PGM and PPM Format Specification", 2013–2016.
    """
    kind = source.data[1] - ord("0")
    fields, offset = _header(source, 2 if kind in (_BIT_TEXT, _BITS) else 3)
    if kind not in _TEXT and b"\r" in source.data[:offset]:
        raise ImageReadError(
            "the lines of the PNM header end in CR LF: written as text, which changes pixels too; "
            "write it again in binary mode"
        )
    width, height, top = (*fields, 1)[:3]
    source.check_size(width, height)
    if not 1 <= top <= 65535:
        raise ImageReadError(f"corrupt: the largest PNM value is {top}")
    channels = 3 if kind in _COLOUR else 1
    unit = "bytes"
    if kind in _TEXT:
        samples, beyond = _text(source, offset, width * height * channels, kind)
        unit = "numbers"
    else:
        samples, end = _bytes(source, offset, (height, width * channels), kind, top)
        beyond = len(source.data) - end
        beyond *= beyond > 1  # a line end is no picture
    if int(samples.max()) > top:
        raise ImageReadError(f"corrupt: a PNM value of {int(samples.max())} where {top} is white")
    samples = samples.reshape(height, width, channels)
    if kind in (_BIT_TEXT, _BITS):
        samples = 1 - samples  # one is black
    notes = [f"{beyond} {unit} behind the picture were ignored"] if beyond else []
    bits: int | None = top.bit_length()
    if top != 2 ** top.bit_length() - 1:
        samples, bits = samples.astype(np.float32) / np.float32(top), None
    return coded_image(
        source,
        samples,
        bits=bits,
        coding=Coding(),
        format_name="pnm",
        details={"kind": f"P{kind}", "white": top},
        notes=notes,
    )


def _header(source: Source, count: int) -> tuple[list[int], int]:
    """Return the numbers of the header, and the offset of the samples."""
    numbers, offset = [], 2
    for _ in range(count):
        match = _TOKEN.match(source.data, offset, _MAX_HEADER)
        if match is None:
            raise ImageReadError("truncated or corrupt: not a PNM header")
        numbers.append(int(match[1]))
        offset = match.end()
    if not source.data[offset : offset + 1].isspace():
        raise ImageReadError("truncated or corrupt: not a PNM header")
    return numbers, offset + 1


def _bytes(
    source: Source, offset: int, shape: tuple[int, int], kind: int, top: int
) -> tuple[NDArray[Any], int]:
    """Return the samples, and the offset behind them."""
    rows, columns = shape
    if kind == _BITS:
        row = -(-columns // 8)
        packed = np.frombuffer(source.view(offset, rows * row, "the pixel data"), np.uint8)
        bits = np.unpackbits(packed.reshape(rows, row), axis=1, count=columns)
        return bits, offset + rows * row
    dtype = np.dtype("u1" if top < 256 else ">u2")
    size = rows * columns * dtype.itemsize
    samples = np.frombuffer(source.view(offset, size, "the pixel data"), dtype)
    return samples.astype(dtype.newbyteorder("=")), offset + size


def _text(source: Source, offset: int, count: int, kind: int) -> tuple[NDArray[Any], int]:
    """Return the samples, and how many numbers follow them."""
    # Every sample takes a byte at least: seen before anything of the announced size is allocated.
    body = source.take(offset, len(source.data) - offset, "the pixel data")
    if len(body) < count:
        raise ImageReadError("truncated: too little data for the announced size")
    body = _COMMENT.sub(b"", body)
    if not re.fullmatch(rb"[\d\s]*", body):
        raise ImageReadError("corrupt: something else than numbers in a PNM text")
    if kind == _BIT_TEXT:  # digits need no space between them
        digits = np.frombuffer(body, np.uint8)
        samples: NDArray[Any] = digits[digits > ord(" ")] - ord("0")
    else:
        samples = np.fromstring(body.decode(), np.int64, sep=" ")
    if samples.size < count:
        raise ImageReadError("truncated: too little data for the announced size")
    return samples[:count], samples.size - count
