"""The colours that AV1 data themselves name, where the boxes around them do not."""

from __future__ import annotations

_SEQUENCE_HEADER = 1
_SELECT = 2
_MOST_HEADERS = 64


class _Bits:
    """Reads numbers, highest bit first."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise EOFError
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def flag(self) -> bool:
        return bool(self.take(1))


def code_points(data: bytes) -> tuple[int, int] | None:
    """Return the code points (primaries, transfer) of the first sequence header.

    Parameters
    ----------
    data
        Open bitstream units, as an AVIF file holds them for one picture.

    Returns
    -------
    tuple of int, or None
        ``None`` if no header says anything, or it is damaged.

    References
    ----------
    AOMedia, AV1 Bitstream & Decoding Process Specification, sections 5.3 and 5.5.
    """
    at = 0
    for _ in range(_MOST_HEADERS):
        if at >= len(data):
            return None
        head = data[at]
        at += 2 if head & 4 else 1
        size = len(data) - at
        if head & 2:
            size, at = _leb128(data, at)
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            try:
                return _sequence(_Bits(data[at : at + min(size, 1024)]))
            except EOFError:
                return None
        at += size
    return None


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[at : at + 8]):
        value |= (byte & 127) << 7 * index
        if not byte & 128:
            return value, at + index + 1
    return len(data), len(data)


def _sequence(bits: _Bits) -> tuple[int, int] | None:
    profile = bits.take(3)
    bits.flag()  # still picture
    reduced = bits.flag()
    if reduced:
        bits.take(5)
    else:
        _operating_points(bits)
    widths = bits.take(4) + 1, bits.take(4) + 1
    for width in widths:
        bits.take(width)
    if not reduced and bits.flag():
        bits.take(7)  # lengths of frame numbers
    bits.take(3)
    if not reduced:
        _tools(bits)
    bits.take(3)
    if bits.flag() and profile == 2:  # more than eight bits
        bits.flag()
    if profile != 1:
        bits.flag()  # grey
    return (bits.take(8), bits.take(8)) if bits.flag() else None


def _operating_points(bits: _Bits) -> None:
    delay = 0
    if bits.flag():  # timing
        bits.take(64)
        if bits.flag():
            zeros = 0
            while not bits.flag():
                zeros += 1
            bits.take(zeros)
        if bits.flag():  # decoder model
            delay = bits.take(5) + 1
            bits.take(42)
    display_delay = bits.flag()
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.flag()
        if delay and bits.flag():
            bits.take(2 * delay + 1)
        if display_delay and bits.flag():
            bits.take(4)


def _tools(bits: _Bits) -> None:
    bits.take(4)
    order_hint = bits.flag()
    if order_hint:
        bits.take(2)
    screen = _SELECT if bits.flag() else bits.take(1)
    if screen and not bits.flag():
        bits.flag()
    if order_hint:
        bits.take(3)
