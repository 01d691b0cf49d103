"""Lossy JPEG XL files, changed so that their decoder returns floating-point samples."""

from __future__ import annotations

from itertools import product

from hdrmetrics.io.formats.jpegxl.header import CODESTREAM, SIZE, Bits, Header, codestream

_START = 8 * len(CODESTREAM)
# 32 bits, 8 of them for the exponent, in the two ways in which that can be written.
_FLOATS = (((1, 1), (0, 2), (7, 4)), ((1, 1), (3, 2), (31, 6), (7, 4)))

Pairs = tuple[tuple[int, int], ...]
"""Numbers and how many bits each takes."""


def as_floats(data: bytes, header: Header) -> bytes:
    """Return a bare codestream of the same picture that announces floating-point samples.

    That changes nothing of a picture in XYB, which is encoded as light, but the samples that the
    decoder returns: whole numbers of eight bits are too coarse for light, and end at 0 and 1. Other
    pictures come back as they are.

    Parameters
    ----------
    data
        The file.
    header
        What :func:`~hdrmetrics.io.formats.jpegxl.header.parse` said of it.

    Notes
    -----
    What follows the header has to begin at the same bit of a byte. So the size, too, is written in
    another of its ways, until the header is longer or shorter by whole bytes.
    """
    if not header.xyb or header.floating or header.depth_at is None:
        return data
    stream = codestream(data, len(data))
    begin, end = header.depth_at
    old = Bits(stream[: end // 8 + 1])
    old.take(_START)
    sizes = _sizes(old, header)
    behind = old.position
    between = (old.take(begin - behind), begin - behind)
    old.take(end - begin)
    rest = (old.take(-end % 8), -end % 8)
    for size, depth in product(sizes, _FLOATS):
        pairs = (*size, between, *depth)
        if (_START + sum(count for _, count in pairs) - end) % 8 == 0:
            return CODESTREAM + _packed((*pairs, rest)) + stream[-(-end // 8) :]
    return data  # sizes beyond 2¹⁸ can be written in one way only


def _sizes(bits: Bits, header: Header) -> list[Pairs]:
    """Return all ways to write the size that comes next, after taking it."""
    small = bits.flag()

    def skip() -> None:
        _ = bits.take(5) if small else bits.choice(SIZE)

    def ways(value: int) -> list[Pairs]:
        return [
            ((selector, 2), (value - offset, count))
            for selector, (count, offset) in enumerate(SIZE)
            if value - offset < 1 << count
        ]

    skip()
    ratio = bits.take(3)
    if not ratio:
        skip()
    widths: list[Pairs] = [((0, 3), *way) for way in ways(header.width)]
    if ratio:
        widths.append(((ratio, 3),))
    return [((0, 1), *one, *other) for one in ways(header.height) for other in widths]


def _packed(pairs: Pairs) -> bytes:
    value = at = 0
    for number, count in pairs:
        value |= number << at
        at += count
    return value.to_bytes(at // 8, "little")
