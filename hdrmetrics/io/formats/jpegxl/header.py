"""The header of a JPEG XL codestream: size, sample type and colour encoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.boxes import walk
from hdrmetrics.io.colour.coding import Chromaticities
from hdrmetrics.photometry.color import CHROMATICITIES

CODESTREAM = b"\xff\x0a"
CONTAINER = b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"

# Distributions of a variable-length number: (bits, offset) for each value of a two-bit selector.
SIZE = ((9, 1), (13, 1), (18, 1), (30, 1))
_ENUM = ((0, 0), (0, 1), (4, 2), (6, 18))
_INTEGER_BITS = ((0, 8), (0, 10), (0, 12), (6, 1))
_FLOAT_BITS = ((0, 32), (0, 16), (0, 24), (6, 1))
_PREVIEW_DIV8 = ((0, 16), (0, 32), (5, 1), (9, 33))
_PREVIEW = ((6, 1), (8, 65), (10, 321), (12, 1345))
_EXTRA_COUNT = ((0, 0), (0, 1), (4, 2), (12, 1))
_SHIFT = ((0, 0), (0, 3), (0, 4), (3, 1))
_NAME_LENGTH = ((0, 0), (4, 0), (5, 16), (10, 48))
_COORDINATE = ((19, 0), (19, 524288), (20, 1048576), (21, 2097152))
_TICKS = (((0, 100), (0, 1000), (10, 1), (30, 1)), ((0, 1), (0, 1001), (8, 1), (10, 1)))
_LOOPS = ((0, 0), (3, 0), (16, 0), (32, 0))
_CFA = ((0, 1), (2, 0), (4, 3), (8, 19))

_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_ALPHA, _SPOT, _BLACK, _CFA_CHANNEL = 0, 2, 4, 5
_GREY, _XYB_SPACE, _CUSTOM = 1, 2, 2
_D65 = 1
_WHITES = {_D65: CHROMATICITIES["bt709"][3], 10: (1 / 3, 1 / 3), 11: (0.314, 0.351)}
_COLOURS = {1: "bt709", 9: "bt2020", 11: "p3"}


@dataclass(slots=True)
class Header:
    """What a JPEG XL codestream says about its picture.

    Parameters
    ----------
    width, height
        As stored, before orientation.
    bits, floating
        Of the samples that were encoded.
    orientation
        As Exif numbers it; decoders apply it.
    extra_channels
        Alpha and others.
    animated
        Whether there is more than one frame.
    grey
        Whether there is one colour channel.
    icc
        Whether an ICC profile describes the colours instead of the next two.
    primaries, transfer
        Code points of ITU-T H.273; ``None`` for numbers of the file's own.
    points
        Red, green, blue and white as (x, y); ``None`` with an ICC profile.
    gamma
        Exponent from light to code values, where that is the transfer function.
    xyb
        Whether colours were encoded as light, so that decoders choose what they return.
    black
        Whether one of the extra channels is the black of CMYK.
    premultiplied
        Whether colours are multiplied by alpha.
    depth_at
        Bits of the codestream at which the depth of the samples begins and ends.
    """

    width: int = 0
    height: int = 0
    bits: int = 8
    floating: bool = False
    orientation: int = 1
    extra_channels: int = 0
    animated: bool = False
    grey: bool = False
    icc: bool = False
    primaries: int | None = 1
    transfer: int | None = 13
    points: Chromaticities | None = CHROMATICITIES["bt709"]
    gamma: float | None = None
    xyb: bool = True
    black: bool = False
    premultiplied: bool = False
    depth_at: tuple[int, int] | None = field(default=None, compare=False)


class Bits:
    """Reads numbers, lowest bit first."""

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "little")
        self._left = self._all = 8 * len(data)

    @property
    def position(self) -> int:
        """Number of bits taken."""
        return self._all - self._left

    def take(self, count: int) -> int:
        """Return the next number of so many bits."""
        if count > self._left:
            raise ImageReadError("truncated: the JPEG XL header is incomplete")
        value = self._bits & ((1 << count) - 1)
        self._bits >>= count
        self._left -= count
        return value

    def flag(self) -> bool:
        """Return whether the next bit is set."""
        return bool(self.take(1))

    def choice(self, distribution: tuple[tuple[int, int], ...]) -> int:
        """Return the next number of a variable length."""
        bits, offset = distribution[self.take(2)]
        return self.take(bits) + offset


def boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of the content of each box of a container; none of a bare file.

    Raises
    ------
    ImageReadError
        If one ends outside the file.
    """
    begin = len(data) if data.startswith(CODESTREAM) else 0
    for kind, start, end in walk(data, begin, len(data)):
        # Compressed boxes begin with their kind.
        yield (data[start : start + 4] if kind == b"brob" else kind), start, end


def codestream(data: bytes, most: int = 2**16) -> bytes:
    """Return at least so many bytes of the codestream, from a bare file or out of its container.

    Raises
    ------
    ImageReadError
        If a container holds none or ends early.
    """
    if data.startswith(CODESTREAM):
        return data[:most]
    pieces, length = [], 0
    for kind, start, end in boxes(data):
        if kind in (b"jxlc", b"jxlp") and length < most:
            # Partial boxes begin with their number.
            start += 4 if kind == b"jxlp" else 0
            pieces.append(data[start : min(end, start + most)])
            length += len(pieces[-1])
    stream = b"".join(pieces)
    if not stream.startswith(CODESTREAM):
        raise ImageReadError("corrupt: the JPEG XL container holds no codestream")
    return stream


def parse(data: bytes) -> Header:
    """Return the header of a codestream.

    Raises
    ------
    ImageReadError
        If it is incomplete.

    References
    ----------
    ISO/IEC 18181-1:2024, annex D.
    """
    bits = Bits(data[len(CODESTREAM) :])
    header = Header()
    header.width, header.height = _size(bits)
    if bits.flag():  # all default: eight-bit sRGB
        return header
    extra_fields = bits.flag()
    if extra_fields:
        header.orientation = bits.take(3) + 1
        if bits.flag():
            _size(bits)  # intrinsic size
        if bits.flag():
            _preview(bits)
        if bits.flag():
            header.animated = True
            for distribution in (*_TICKS, _LOOPS):
                bits.choice(distribution)
            bits.flag()
    begin = bits.position + 8 * len(CODESTREAM)
    header.bits, header.floating = _depth(bits)
    header.depth_at = begin, bits.position + 8 * len(CODESTREAM)
    bits.flag()  # whether 16-bit buffers are enough
    header.extra_channels = bits.choice(_EXTRA_COUNT)
    for _ in range(header.extra_channels):
        _extra_channel(bits, header)
    header.xyb = bits.flag()
    _colours(bits, header)
    return header


def _size(bits: Bits) -> tuple[int, int]:
    small = bits.flag()
    height = 8 * (bits.take(5) + 1) if small else bits.choice(SIZE)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return height * across // down, height
    return (8 * (bits.take(5) + 1) if small else bits.choice(SIZE)), height


def _preview(bits: Bits) -> None:
    distribution = _PREVIEW_DIV8 if bits.flag() else _PREVIEW
    bits.choice(distribution)
    if not bits.take(3):
        bits.choice(distribution)


def _depth(bits: Bits) -> tuple[int, bool]:
    floating = bits.flag()
    count = bits.choice(_FLOAT_BITS if floating else _INTEGER_BITS)
    if floating:
        bits.take(4)  # exponent bits
    return count, floating


def _extra_channel(bits: Bits, header: Header) -> None:
    if bits.flag():  # all default: eight-bit alpha
        return
    kind = bits.choice(_ENUM)
    _depth(bits)
    bits.choice(_SHIFT)
    for _ in range(bits.choice(_NAME_LENGTH)):
        bits.take(8)
    header.black |= kind == _BLACK
    if kind == _ALPHA:
        header.premultiplied |= bits.flag()
    elif kind == _SPOT:
        bits.take(64)
    elif kind == _CFA_CHANNEL:
        bits.choice(_CFA)


def _colours(bits: Bits, header: Header) -> None:
    if bits.flag():  # all default: sRGB
        return
    header.icc = bits.flag()
    space = bits.choice(_ENUM)
    header.grey = space == _GREY
    if header.icc:
        header.primaries = header.transfer = header.points = None
        return
    if space != _XYB_SPACE:
        code = bits.choice(_ENUM)
        white = _point(bits) if code == _CUSTOM else _WHITES.get(code)
        if white is None:
            raise ImageReadError(f"corrupt: JPEG XL has no white point {code}")
        colours = CHROMATICITIES["bt709"][:3]
        if space != _GREY:
            number = bits.choice(_ENUM)
            if number == _CUSTOM:
                colours = (_point(bits), _point(bits), _point(bits))
            elif number in _COLOURS:
                colours = CHROMATICITIES[_COLOURS[number]][:3]
            else:
                raise ImageReadError(f"corrupt: JPEG XL has no primaries {number}")
            # Primaries 11 are those of P3; with white D65 (1) H.273 numbers them 12.
            header.primaries = {1: 1, 9: 9, 11: 12}.get(number) if code == _D65 else None
        header.points = (*colours, white)
        if bits.flag():
            header.gamma = bits.take(24) / 1e7
            header.transfer = None
        else:
            header.transfer = bits.choice(_ENUM)


def _point(bits: Bits) -> tuple[float, float]:
    """Return the (x, y) of a colour, millionths with the sign in the lowest bit."""
    x, y = (bits.choice(_COORDINATE) for _ in range(2))
    return (x >> 1 ^ -(x & 1)) / 1e6, (y >> 1 ^ -(y & 1)) / 1e6
