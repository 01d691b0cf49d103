"""The binary block of ISO 21496-1 that says what a gain map's samples stand for."""

from __future__ import annotations

import struct
from fractions import Fraction

from hdrmetrics.codecs.gainmap.ratio import GainRange
from hdrmetrics.errors import ImageReadError

IDENTIFIER = b"urn:iso:std:iso:ts:21496:-1\0"
"""What the application segment begins with."""

VERSION = struct.pack(">HH", 0, 0)
"""Least version of a reader, and the writer's; the segment of the base picture has no more."""

_SEVERAL, _BASE_PRIMARIES, _COMMON = 0x80, 0x40, 0x08
_DENOMINATOR = 1 << 20
_LARGEST_STOPS = 64.0


def pack(gain: GainRange) -> bytes:
    """Return the block, version included.

    Examples
    --------
    >>> gain = GainRange((0.0,), (2.5,))
    >>> len(pack(gain)), unpack(pack(gain)) == gain
    (61, True)
    """
    flags = _BASE_PRIMARIES | (_SEVERAL if len(gain.low) == 3 else 0)
    parts = [VERSION, struct.pack(">B", flags), _unsigned(0.0), _unsigned(gain.headroom)]
    for low, high in zip(gain.low, gain.high, strict=True):
        parts += [_signed(low), _signed(high), struct.pack(">II", 1, 1)]
        parts += [_signed(gain.base_offset), _signed(gain.light_offset)]
    return b"".join(parts)


def unpack(data: bytes) -> GainRange:
    """Return what :func:`pack` was given, up to the rounding of its fractions.

    Raises
    ------
    ImageReadError
        If the block is damaged, or of a kind that the codec ``gainmap`` does not write.
    """
    if len(data) < 5 or data[:2] != VERSION[:2]:
        raise ImageReadError("corrupt or newer: the gain map's block has another version")
    flags = data[4]
    if flags & _COMMON or not flags & _BASE_PRIMARIES:
        raise ImageReadError("this gain map was not written by the codec gainmap: take ultrahdr")
    channels = 3 if flags & _SEVERAL else 1
    numbers = struct.Struct(">4I" + channels * "iIiIIIiIiI")
    if len(data) != 5 + numbers.size:
        raise ImageReadError("corrupt: the gain map's block is of another length")
    values = numbers.unpack_from(data, 5)
    if 0 in values[1::2]:
        raise ImageReadError("corrupt: a fraction of the gain map has the denominator 0")
    found = [top / bottom for top, bottom in zip(values[::2], values[1::2], strict=True)]
    each = [found[2 + 5 * i : 7 + 5 * i] for i in range(channels)]
    offsets = {(one[3], one[4]) for one in each}
    if len(offsets) != 1 or any(one[2] != 1 for one in each) or found[0] != 0:
        raise ImageReadError("this gain map was not written by the codec gainmap: take ultrahdr")
    if any(abs(v) > _LARGEST_STOPS for v in found) or min(*offsets.copy().pop()) < 0:
        raise ImageReadError("corrupt: the numbers of the gain map are out of range")
    base, light = offsets.pop()
    return GainRange(tuple(o[0] for o in each), tuple(o[1] for o in each), base, light)


def _signed(number: float) -> bytes:
    return struct.pack(">iI", *_fraction(number))


def _unsigned(number: float) -> bytes:
    return struct.pack(">II", *_fraction(number))


def _fraction(number: float) -> tuple[int, int]:
    found = Fraction(round(number * _DENOMINATOR), _DENOMINATOR)
    return found.numerator, found.denominator
