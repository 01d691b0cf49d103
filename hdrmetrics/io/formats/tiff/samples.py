"""The samples of a TIFF picture: strips or tiles, unpacked and put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.formats.tiff import compression as tiff_codecs
from hdrmetrics.io.formats.tiff.tags import Tags, number
from hdrmetrics.io.source import Source

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL = 256, 257, 258, 259, 262, 266
_STRIP_OFFSETS, _SAMPLES, _ROWS, _STRIP_SIZES, _PLANAR = 273, 277, 278, 279, 284
_PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_SIZES = 317, 322, 323, 324, 325
_SAMPLE_FORMAT, _JPEG_TABLES = 339, 347
_YCBCR = 6

UNSIGNED, FLOAT, UNDEFINED = 1, 3, 4
_HORIZONTAL, _FLOATING = 2, 3
# The same with a distance of two or four pixels, which suits colour filter arrays.
_WIDER = {34892: (2, 2), 34893: (2, 4), 34894: (3, 2), 34895: (3, 4)}
_BATCH = 2**20  # packed samples unpacked at once: bounds the array of single bits


@dataclass(frozen=True, slots=True)
class Form:
    """How samples are stored.

    Parameters
    ----------
    width, height, samples
        Size of the picture and samples per pixel.
    bits
        1 to 16 for whole numbers; 16, 24, 32 or 64 for floating point.
    floating
        Whether samples are floating-point numbers.
    order
        Byte order.
    """

    width: int
    height: int
    samples: int
    bits: int
    floating: bool
    order: Literal["<", ">"]

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the decoded samples are stored in."""
        if self.floating:
            return np.dtype(f"f{4 if self.bits == 24 else self.bits // 8}")
        return np.dtype(np.uint8 if self.bits <= 8 else np.uint16)

    def row_bytes(self, columns: int, depth: int) -> int:
        """Bytes of one row of a block: rows begin on whole bytes."""
        return -(-columns * depth * self.bits // 8)


def form(source: Source, tags: Tags, order: str) -> Form:
    """Return how the samples are stored, after checking that they are of a kind that is read.

    Raises
    ------
    ImageReadError
        If not, or the directory is broken.
    ImageLimitError
        If the picture is larger than the limit.
    """
    width, height = number(tags, _WIDTH), number(tags, _HEIGHT)
    source.check_size(width, height)
    samples = number(tags, _SAMPLES, 1)
    kind, bits = number(tags, _SAMPLE_FORMAT, UNSIGNED), number(tags, _BITS, 1)
    # Writers disagree on whether one number stands for all samples, and some write more than there
    # are; different ones for different samples are another matter.
    mixed = any(
        len({*tags.get(tag, ())[: max(samples, 0)], first}) > 1
        for tag, first in ((_BITS, bits), (_SAMPLE_FORMAT, kind))
    )
    whole = kind in (UNSIGNED, UNDEFINED) and 1 <= bits <= 16
    if mixed or not (whole or (kind == FLOAT and bits in (16, 24, 32, 64))):
        raise ImageReadError(
            f"TIFF samples of {bits} bits and format {kind} are not supported: 8 or 16 bits "
            "unsigned (or fewer), or 16, 24, 32 or 64 bits floating point are; convert to one of "
            "them"
        )
    if not 1 <= samples <= 64:
        raise ImageReadError(f"corrupt: a TIFF with {samples} samples per pixel")
    return Form(width, height, samples, bits, kind == FLOAT, "<" if order == "<" else ">")


def read_samples(source: Source, tags: Tags, stored: Form) -> NDArray[Any]:
    """Return the samples ``(H, W, samples)``, whole numbers as they are.

    Raises
    ------
    ImageReadError
        If a strip or tile is missing, too short, broken or packed in a way that is not read.
    """
    width, height, samples = stored.width, stored.height, stored.samples
    compression = number(tags, _COMPRESSION, tiff_codecs.NONE)
    tiff_codecs.check(compression)
    tiled = _TILE_WIDTH in tags
    if tiled:
        block_w, block_h = number(tags, _TILE_WIDTH), number(tags, _TILE_HEIGHT)
    else:
        block_w, block_h = width, min(number(tags, _ROWS, height), height)
    separate = number(tags, _PLANAR, 1) == 2 and samples > 1
    depth = 1 if separate else samples
    source.check_size(block_w, block_h)
    across, down = -(-width // block_w), -(-height // block_h)
    blocks = across * down * (samples if separate else 1)
    offsets, sizes = _places(tags, tiled, stored, blocks, (block_w, block_h, depth))
    _check_amount(source, compression, stored)
    out = np.empty((height, width, samples), stored.dtype)
    for index in range(blocks):
        plane, position = divmod(index, across * down)
        row, column = position // across * block_h, position % across * block_w
        rows = block_h if tiled else min(block_h, height - row)
        size = sizes[index]
        if compression == tiff_codecs.NONE:
            size = min(size, rows * stored.row_bytes(block_w, depth))  # some announce too much
        packed = source.take(offsets[index], size, "a TIFF strip or tile")
        block = _block(packed, tags, stored, (rows, block_w, depth))
        target = out[row : row + rows, column : column + block_w, plane : plane + depth]
        if len(block) < len(target):
            raise ImageReadError("truncated or corrupt: a TIFF strip or tile is too short")
        target[...] = block[: target.shape[0], : target.shape[1]]
    return out


def _places(
    tags: Tags, tiled: bool, stored: Form, blocks: int, shape: tuple[int, int, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return offsets and sizes of the strips or tiles; tiles may use the tags of strips."""
    offsets, sizes = tags.get(_STRIP_OFFSETS), tags.get(_STRIP_SIZES)
    if tiled:
        offsets, sizes = tags.get(_TILE_OFFSETS, offsets), tags.get(_TILE_SIZES, sizes)
    plain = number(tags, _COMPRESSION, tiff_codecs.NONE) == tiff_codecs.NONE
    if sizes is None and plain and isinstance(offsets, tuple):
        # Without compression the sizes follow from the picture; the last strip is cut to its own.
        columns, rows, depth = shape
        sizes = (rows * stored.row_bytes(columns, depth),) * len(offsets)
    if not isinstance(offsets, tuple) or not isinstance(sizes, tuple):
        raise ImageReadError("corrupt: the TIFF has no list of strips or tiles")
    if len(offsets) != blocks or len(sizes) != blocks:
        raise ImageReadError(f"corrupt: {len(offsets)} TIFF strips or tiles instead of {blocks}")
    if not all(isinstance(value, int) for value in (*offsets, *sizes)):
        raise ImageReadError("corrupt: the places of TIFF strips or tiles are no whole numbers")
    return offsets, sizes


def _check_amount(source: Source, compression: int, stored: Form) -> None:
    """Refuse less data than the announced size could be packed into."""
    total = stored.row_bytes(stored.width, stored.samples) * stored.height
    # LZW shrinks by up to 2731, deflate by up to 1032 times, a JPEG block of 64 samples takes a
    # bit at least; Zstandard knows no such bound.
    if compression != tiff_codecs.ZSTD and len(source.data) * 2731 < total:
        raise ImageReadError("truncated: too little data for the announced size")


def _block(packed: bytes, tags: Tags, stored: Form, shape: tuple[int, int, int]) -> NDArray[Any]:
    """Return the samples of a strip or tile, of ``shape`` (rows, columns, samples)."""
    rows, columns, depth = shape
    compression = number(tags, _COMPRESSION, tiff_codecs.NONE)
    if compression == tiff_codecs.JPEG:
        chroma = number(tags, _PHOTOMETRIC, 0) == _YCBCR
        if stored.floating or stored.bits != 8 or depth not in (1, 3) or (chroma and depth == 1):
            raise ImageReadError(
                f"JPEG-compressed TIFF files of {stored.bits} bits and {depth} samples are not "
                "supported: save without compression, or with deflate"
            )
        tables = tags.get(_JPEG_TABLES, b"")
        return tiff_codecs.jpeg_block(
            packed, tables if isinstance(tables, bytes) else b"", columns, rows, depth, chroma
        )
    if number(tags, _FILL, 1) == 2:
        packed = tiff_codecs.reverse_bits(packed)
    size = rows * stored.row_bytes(columns, depth)
    raw = tiff_codecs.decompress(packed, compression, size)
    if len(raw) < size:
        raise ImageReadError("truncated or corrupt: a TIFF strip or tile is too short")
    predictor, distance = _predictor(tags, stored)
    if predictor == _FLOATING:
        return _floating(raw, stored, shape, distance)
    if stored.bits not in (8, 16, 24, 32, 64):
        return _unpack(raw, stored.bits, shape, stored.dtype)
    if stored.bits == 24:
        octets = np.frombuffer(raw, np.uint8, size).reshape(-1, 3)
        return _from_24_bits(octets if stored.order == ">" else octets[:, ::-1]).reshape(shape)
    # Differences are those of whole numbers, also where the bits are a floating-point number.
    whole = np.dtype(f"u{stored.bits // 8}")
    values = np.frombuffer(raw, whole.newbyteorder(stored.order), rows * columns * depth)
    if predictor != 1:
        values = _sum(values.reshape(rows, -1), depth * distance, whole)
    return values.astype(whole, copy=False).view(stored.dtype).reshape(shape)


def idle_predictor(tags: Tags) -> bool:
    """Whether the directory names a predictor that does not count, for want of a compression."""
    plain = number(tags, _COMPRESSION, tiff_codecs.NONE) == tiff_codecs.NONE
    return plain and number(tags, _PREDICTOR, 1) != 1


def _predictor(tags: Tags, stored: Form) -> tuple[int, int]:
    """Return the predictor to undo and its distance in pixels.

    It belongs to the compression: without one, it does not count.
    """
    predictor, distance = number(tags, _PREDICTOR, 1), 1
    if predictor in _WIDER:
        predictor, distance = _WIDER[predictor]
    if not (
        predictor == 1
        or (predictor == _FLOATING and stored.floating)
        or (predictor == _HORIZONTAL and stored.bits in (8, 16, 32, 64))
    ):
        kind = "float" if stored.floating else "uint"
        raise ImageReadError(
            f"TIFF predictor {predictor} is not supported with {kind}{stored.bits} samples"
        )
    if predictor != 1 and number(tags, _COMPRESSION, 1) == tiff_codecs.PACKBITS:
        raise ImageReadError(
            "PackBits TIFF with a predictor, which readers take in two ways: save with deflate"
        )
    return (1, 1) if idle_predictor(tags) else (predictor, distance)


def _sum(rows: NDArray[Any], step: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Undo differences between samples that are ``step`` apart in each row ``(H, N)``."""
    height, length = rows.shape
    padding = -length % step
    if padding:
        rows = np.pad(rows, ((0, 0), (0, padding)))
    summed = np.cumsum(rows.reshape(height, -1, step), axis=1, dtype=dtype)
    return np.ascontiguousarray(summed.reshape(height, -1)[:, :length])


def _floating(raw: bytes, stored: Form, shape: tuple[int, int, int], distance: int) -> NDArray[Any]:
    """Undo the floating-point predictor.

    Rows hold the differences of bytes, the most significant byte of all samples first.
    """
    rows, columns, depth = shape
    width = stored.bits // 8
    octets = np.frombuffer(raw, np.uint8, rows * columns * depth * width).reshape(rows, -1)
    planes = _sum(octets, depth * distance, np.dtype(np.uint8)).reshape(rows, width, -1)
    swapped = np.ascontiguousarray(planes.transpose(0, 2, 1))
    if width == 3:
        return _from_24_bits(swapped.reshape(-1, 3)).reshape(shape)
    return swapped.view(stored.dtype.newbyteorder(">")).reshape(shape)


def _from_24_bits(octets: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return numbers with 7 bits of exponent and 16 of mantissa from bytes ``(N, 3)``, highest first.

    References
    ----------
    Adobe Photoshop TIFF Technical Note 3, 2005.
    """  # noqa: E501
    code = octets.astype(np.uint32)
    bits = code[:, 0] << 16 | code[:, 1] << 8 | code[:, 2]
    exponent = (bits >> 16 & 0x7F).astype(np.int32)
    mantissa = (bits & 0xFFFF).astype(np.float32) / 65536
    value = np.ldexp(np.where(exponent > 0, 1 + mantissa, mantissa), np.maximum(exponent, 1) - 63)
    value = np.where(exponent == 127, np.where(mantissa > 0, np.nan, np.inf), value)
    return np.where(bits >> 23 == 1, -value, value).astype(np.float32)


def _unpack(
    raw: bytes, bits: int, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return samples of fewer than 8, or 9 to 15 bits: highest bit first in every byte order."""
    rows, columns, depth = shape
    count = columns * depth
    table = np.frombuffer(raw, np.uint8, rows * -(-count * bits // 8)).reshape(rows, -1)
    out = np.empty((rows, count), dtype)
    step = max(1, _BATCH // count)
    for top in range(0, rows, step):
        single = np.unpackbits(table[top : top + step], axis=1, count=count * bits)
        wide = np.zeros((len(single), count, 16), np.uint8)
        wide[..., 16 - bits :] = single.reshape(-1, count, bits)
        out[top : top + step] = np.packbits(wide, axis=-1).view(">u2")[..., 0]
    return out.reshape(shape)
