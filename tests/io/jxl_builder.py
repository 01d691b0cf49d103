"""JPEG XL files whose header is written anew, for tests: another colour encoding."""

from __future__ import annotations

import numpy as np
import pytest

codec = pytest.importorskip("imagecodecs", reason="the extra 'codecs' is not installed")


class Writer:
    """Writes numbers, lowest bit first."""

    def __init__(self) -> None:
        self.bits = ""

    def add(self, *pairs: tuple[int, int]) -> Writer:
        for value, count in pairs:
            self.bits += "".join(str(value >> bit & 1) for bit in range(count))
        return self

    def packed(self) -> bytes:
        bits = self.bits + "0" * (-len(self.bits) % 8)
        return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))

    def stream(self) -> bytes:
        return b"\xff\x0a" + self.packed()


def size(height: int, width: int) -> Writer:
    return Writer().add((0, 1), (3, 2), (height - 1, 30), (0, 3), (3, 2), (width - 1, 30))


def enum(value: int) -> list[tuple[int, int]]:
    if value < 2:
        return [(value, 2)]
    return [(2, 2), (value - 2, 4)] if value < 18 else [(3, 2), (value - 18, 6)]


def point(x: float, y: float) -> list[tuple[int, int]]:
    pairs = []
    for value in (round(1e6 * x), round(1e6 * y)):
        coded = 2 * value if value >= 0 else -2 * value - 1
        for selector, (bits, offset) in enumerate(
            ((19, 0), (19, 524288), (20, 1048576), (21, 2097152))
        ):
            if coded < offset + 2**bits:
                pairs += [(selector, 2), (coded - offset, bits)]
                break
    return pairs


def colours(
    *, white=1, primaries=1, transfer: int | None = 13, gamma: float | None = None, grey=False
) -> list[tuple[int, int]]:
    """Return a colour encoding: numbers of the standard, or points of its own."""
    pairs = [(0, 1), (0, 1), *enum(1 if grey else 0)]
    pairs += enum(white) if isinstance(white, int) else [*enum(2), *point(*white)]
    if not grey:
        if isinstance(primaries, int):
            pairs += enum(primaries)
        else:
            pairs += enum(2)
            for xy in primaries:
                pairs += point(*xy)
    if gamma is not None:
        pairs += [(1, 1), (round(1e7 * gamma), 24)]
    else:
        pairs += [(0, 1), *enum(transfer)]
    return [*pairs, *enum(1)]


def recoloured(array: np.ndarray, encoding: list[tuple[int, int]], *, lossless: bool) -> bytes:
    """Return a bare codestream of an 8-bit picture with another colour encoding in its header.

    Frames begin at a whole byte behind the header, so that it can be replaced.
    """
    options = {"lossless": True} if lossless else {"distance": 0.3}
    data = bytes(codec.jpegxl_encode(array, usecontainer=False, **options))
    start = _frames_begin(array, lossless, data)
    return _head(array, lossless, encoding) + data[start:]


def _head(array: np.ndarray, lossless: bool, encoding: list[tuple[int, int]]) -> bytes:
    head = size(*array.shape[:2]).add((0, 1), (0, 1))  # metadata of its own, no extra fields
    head.add((0, 1), (0, 2), (1, 1), (0, 2), (int(not lossless), 1))  # 8 bits, no alpha, XYB
    return head.add(*encoding, (0, 2), (1, 1)).stream()  # no extensions, default transform


def _frames_begin(array: np.ndarray, lossless: bool, data: bytes) -> int:
    head = _head(array, lossless, colours(grey=array.ndim == 2))
    expected = codec.jpegxl_decode(data)
    for start in range(4, 40):
        try:
            found = codec.jpegxl_decode(head + data[start:])
        except (codec.JpegxlError, RuntimeError):
            continue
        if np.array_equal(found, expected):
            return start
    raise AssertionError("no frame found")
