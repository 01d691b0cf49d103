"""Samples of Radiance pictures: three mantissas with an exponent, flat or run-length coded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError, ImageWriteError
from hdrmetrics.io.source import Source

Coded = NDArray[np.uint8]

_BIAS = 136  # 128 of the exponent, 8 bits of the mantissa
_RLE_WIDTHS = range(8, 2**15)
_BATCH = 2**20  # samples expanded at once: bounds the index arrays


def unpack(source: Source, start: int, length: int, scanlines: int) -> tuple[Coded, int]:
    """Return the samples ``(scanlines, length, 4)`` behind a Radiance header, and where they end.

    Each scanline is either run-length coded by component (it starts with 2, 2 and its length), or
    flat, where the pixel (1, 1, 1, n) repeats the one before it.

    Raises
    ------
    ImageReadError
        If the data ends early or a run crosses the end of its scanline.
    """
    data = source.data
    if len(data) - start < 4 * scanlines:
        raise ImageReadError("truncated: too little data for the announced size")
    out = np.empty((scanlines, length, 4), np.uint8)
    marker = bytes([2, 2, length >> 8, length & 255]) if length in _RLE_WIDTHS else None
    runs = _Runs(data, length)
    offset, row, ahead = start, 0, 1
    while row < scanlines:
        first = row
        while row < scanlines and marker and data[offset : offset + 4] == marker:
            offset = runs.scan(offset + 4)
            row += 1
            if (row - first) * length * 4 >= _BATCH:
                break
        if row > first:
            out[first:row] = runs.expand(row - first)
            continue
        # Most flat files repeat nothing: as many scanlines at a time as turn out to be plain.
        plain = _plain(data, offset, (min(ahead, scanlines - row), length), marker)
        ahead = min(2 * ahead, max(1, _BATCH // length)) if len(plain) == ahead else 1
        if len(plain):
            out[row : row + len(plain)] = plain
            offset += plain.size
            row += len(plain)
        else:
            offset = _unpack_flat(data, offset, out[row])
            row += 1
    return out, offset


def _plain(data: bytes, offset: int, shape: tuple[int, int], marker: bytes | None) -> Coded:
    """Return the next scanlines ``(N, length, 4)`` up to one that is packed, or incomplete."""
    scanlines, length = shape
    scanlines = min(scanlines, (len(data) - offset) // (4 * length))
    stored = np.frombuffer(data, np.uint8, 4 * scanlines * length, offset)
    rows = stored.reshape(scanlines, length, 4)
    packed = (rows[..., :3] == 1).all(axis=2).any(axis=1)
    if marker:
        packed |= (rows[:, 0] == np.frombuffer(marker, np.uint8)).all(axis=1)
    return rows[: int(packed.argmax())] if packed.any() else rows


class _Runs:
    """Collects the codes of run-length coded scanlines, then expands them all at once."""

    def __init__(self, data: bytes, length: int) -> None:
        self._data = data
        self._length = length
        self._codes: list[int] = []

    def scan(self, offset: int) -> int:
        """Note the codes of one scanline; return the offset behind it."""
        data, length, note = self._data, self._length, self._codes.append
        try:
            for _ in range(4):
                filled = 0
                while filled < length:
                    code = data[offset]
                    note(offset)
                    if code > 128:
                        filled += code - 128
                        offset += 2
                    elif code:
                        filled += code
                        offset += code + 1
                    else:
                        raise ImageReadError("corrupt: an empty run")
                if filled != length:
                    raise ImageReadError("corrupt: a run crosses the end of its scanline")
        except IndexError:
            raise ImageReadError("truncated: the last scanline is incomplete") from None
        if offset > len(data):
            raise ImageReadError("truncated: the last scanline is incomplete")
        return offset

    def expand(self, rows: int) -> Coded:
        """Return the samples ``(rows, length, 4)`` of the noted codes, and forget them."""
        samples = np.frombuffer(self._data, np.uint8)
        where = np.array(self._codes, np.int64)
        self._codes.clear()
        code = samples[where].astype(np.int64)
        literal = code <= 128
        count = np.where(literal, code, code - 128)
        end = np.cumsum(count)
        # A run reads the byte behind its code again and again, a literal the bytes that follow.
        base = np.where(literal, where + 1 - (end - count), where + 1)
        index = np.repeat(base, count)
        index += np.where(np.repeat(literal, count), np.arange(end[-1]), 0)
        planes: Coded = samples[index].reshape(rows, 4, self._length)
        return planes.transpose(0, 2, 1)


def _unpack_flat(data: bytes, offset: int, row: Coded) -> int:
    """Fill one scanline ``(length, 4)`` from flat pixels with repeats; return the offset behind."""
    length = len(row)
    stored = np.frombuffer(data, np.uint8, 4 * min(length, (len(data) - offset) // 4), offset)
    pixels = stored.reshape(-1, 4)
    repeat = (pixels[:, :3] == 1).all(axis=1)
    if not repeat.any():
        if len(pixels) < length:
            raise ImageReadError("truncated: the last scanline is incomplete")
        row[:] = pixels
        return offset + 4 * length
    # Repeats in a row are the digits, lowest first, of one number to the base 256.
    position = np.arange(len(pixels))
    last_pixel = np.maximum.accumulate(np.where(repeat, -1, position))
    if last_pixel[0] < 0:
        raise ImageReadError("corrupt: a scanline begins with a repeat")
    digit = position - last_pixel - 1
    count = np.ones(len(pixels), np.int64)
    # Five digits are above any permitted length already: larger shifts would only overflow.
    count[repeat] = pixels[repeat, 3].astype(np.int64) << (8 * np.minimum(digit[repeat], 5))
    filled = np.cumsum(np.minimum(count, length + 1))
    used = int(np.searchsorted(filled, length)) + 1
    if used > len(pixels):
        raise ImageReadError("truncated: the last scanline is incomplete")
    if filled[used - 1] != length:
        raise ImageReadError("corrupt: a run crosses the end of its scanline")
    row[:] = pixels[np.repeat(last_pixel[:used], count[:used])]
    return offset + 4 * used


def decode(coded: Coded) -> NDArray[np.float32]:
    """Return linear ``(H, W, 3)`` from samples ``(H, W, 4)``; exponent 0 is black."""
    scale = np.ldexp(np.float32(1), np.arange(256) - _BIAS).astype(np.float32)
    scale[0] = 0
    return coded[..., :3] * scale[coded[..., 3]][..., None]


def encode(pixels: NDArray[np.float32]) -> Coded:
    """Return samples ``(H, W, 4)`` of finite linear ``(H, W, 3)`` ≥ 0, mantissas rounded.

    The largest mantissa of a pixel is 128 or more, so that no pixel looks like a repeat or like
    the start of a run-length coded scanline: the samples may be stored flat.

    Raises
    ------
    ImageWriteError
        If a value is beyond the largest exponent, about 1.7e38.
    """
    peak = pixels.max(axis=2)
    _, exponent = np.frexp(peak)
    mantissa = np.rint(np.ldexp(pixels, (8 - exponent)[..., None]))
    carry = mantissa.max(axis=2) > 255  # rounding up may need one bit more
    exponent = exponent + carry
    mantissa[carry] = np.rint(np.ldexp(pixels[carry], (8 - exponent[carry])[..., None]))
    if exponent.max() + 128 > 255:
        raise ImageWriteError(f"RGBE holds values up to 1.7e38, not {peak.max():g}")
    visible = (exponent + 128 > 0) & (peak > 0)
    coded = np.zeros((*peak.shape, 4), np.uint8)
    coded[..., :3] = np.where(visible[..., None], mantissa, 0)
    coded[..., 3] = np.where(visible, exponent + 128, 0)
    return coded
