"""TIFF files: floating-point and integer pictures in grey or RGB, in strips or tiles."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError
from hdrmetrics.image import Image
from hdrmetrics.io.build import coded_image, drop_alpha, linear_image
from hdrmetrics.io.codecs import require
from hdrmetrics.io.icc import identify
from hdrmetrics.io.orientation import upright
from hdrmetrics.io.source import Source
from hdrmetrics.io.tiff_tags import Tags, number, read_tags

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _ORIENTATION, _SAMPLES, _ROWS, _STRIP_SIZES, _PLANAR = 273, 274, 277, 278, 279, 284
_PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_SIZES = 317, 322, 323, 324, 325
_SAMPLE_FORMAT, _ICC = 339, 34675

_UNSIGNED, _FLOAT = 1, 3
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_PHOTOMETRICS = {
    3: "palette", 4: "mask", 5: "CMYK", 6: "YCbCr", 8: "CIE L*a*b*", 9: "CIE L*a*b*",
    32803: "camera raw", 32844: "LogL", 32845: "LogLuv", 34892: "camera raw",
}  # fmt: skip
_NONE, _LZW, _DEFLATE, _PACKBITS, _OLD_DEFLATE, _ZSTD = 1, 5, 8, 32773, 32946, 50000
_DTYPES = {
    (_UNSIGNED, 8): "u1", (_UNSIGNED, 16): "u2", (_FLOAT, 16): "f2", (_FLOAT, 32): "f4",
    (_FLOAT, 64): "f8",
}  # fmt: skip
_HORIZONTAL, _FLOATING = 2, 3


def read(source: Source) -> Image:
    """Read the first page of a TIFF file.

    Floating-point samples (16, 32, 64 bits) are linear and relative, integer ones (8, 16 bits)
    display-encoded. Strips, tiles, planes and BigTIFF are understood, uncompressed or with
    deflate, PackBits or (with ``imagecodecs``) LZW or Zstandard, and with both predictors.

    References
    ----------
    Adobe, TIFF Revision 6.0, 1992; Adobe Photoshop TIFF Technical Note 3, 2005.
    """
    source.refuse_part()
    tags, order, following = read_tags(source)
    width, height = number(tags, _WIDTH), number(tags, _HEIGHT)
    source.check_size(width, height)
    samples = number(tags, _SAMPLES, 1)
    kind, bits = number(tags, _SAMPLE_FORMAT, _UNSIGNED), number(tags, _BITS, 1)
    photometric = number(tags, _PHOTOMETRIC)
    colours = _colours(photometric, samples)
    if (kind, bits) not in _DTYPES or len({*tags.get(_BITS, ()), bits}) > 1:
        raise ImageReadError(
            f"TIFF samples of {bits} bits and format {kind} are not supported: 8 or 16 bits "
            "unsigned, or 16, 32 or 64 bits floating point are"
        )
    pixels = _pixels(source, tags, np.dtype(order + _DTYPES[kind, bits]), width, height, samples)
    pixels = upright(pixels[..., : colours + 1], number(tags, _ORIENTATION, 1))
    notes = ["more than one page: the first was read"] if following else []
    if samples > colours + 1:
        notes.append(f"{samples - colours - 1} extra channels were dropped")
    profile = tags.get(_ICC)
    coding = identify(profile if isinstance(profile, bytes) else None)
    compression = number(tags, _COMPRESSION, _NONE)
    details = {"compression": compression, "orientation": number(tags, _ORIENTATION, 1)}
    if kind == _FLOAT:
        pixels, dropped = drop_alpha(pixels, opaque=1.0)
        with np.errstate(over="ignore"):  # float64 beyond float32 becomes infinite, and is noted
            return linear_image(
                source,
                pixels,
                format_name="tiff",
                depth=f"float{bits}",
                details=details,
                notes=[*notes, *dropped],
            )
    if photometric == _WHITE_IS_ZERO:
        pixels[..., 0] = (2**bits - 1) - pixels[..., 0]
    return coded_image(
        source, pixels, bits=bits, coding=coding, format_name="tiff", details=details, notes=notes
    )


def _colours(photometric: int, samples: int) -> int:
    """Return the number of channels that are not extra, 1 or 3."""
    colours = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3}.get(photometric)
    if colours is None:
        name = _PHOTOMETRICS.get(photometric, f"photometric {photometric}")
        raise ImageReadError(f"{name} TIFF files are not supported: save as grey or RGB")
    if not colours <= samples <= 64:
        raise ImageReadError(f"corrupt: a TIFF with {samples} samples per pixel")
    return colours


def _pixels(
    source: Source, tags: Tags, dtype: np.dtype[Any], width: int, height: int, samples: int
) -> NDArray[Any]:
    """Return the samples ``(H, W, samples)``."""
    tiled = _TILE_WIDTH in tags
    if tiled:
        block_w, block_h = number(tags, _TILE_WIDTH), number(tags, _TILE_HEIGHT)
        offsets, sizes = tags.get(_TILE_OFFSETS), tags.get(_TILE_SIZES)
    else:
        block_w, block_h = width, min(number(tags, _ROWS, height), height)
        offsets, sizes = tags.get(_STRIP_OFFSETS), tags.get(_STRIP_SIZES)
    separate = number(tags, _PLANAR, 1) == 2 and samples > 1
    depth = 1 if separate else samples
    source.check_size(block_w, block_h)
    across, down = -(-width // block_w), -(-height // block_h)
    blocks = across * down * (samples if separate else 1)
    if not isinstance(offsets, tuple) or not isinstance(sizes, tuple):
        raise ImageReadError("corrupt: the TIFF has no list of strips or tiles")
    if len(offsets) != blocks or len(sizes) != blocks:
        raise ImageReadError(f"corrupt: {len(offsets)} TIFF strips or tiles instead of {blocks}")
    # LZW shrinks by up to 2731, deflate by up to 1032 times; Zstandard knows no such bound.
    total = width * height * samples * dtype.itemsize
    if len(source.data) * 2731 < total and number(tags, _COMPRESSION, _NONE) != _ZSTD:
        raise ImageReadError("truncated: too little data for the announced size")
    out = np.empty((height, width, samples), dtype.newbyteorder("="))
    for index in range(blocks):
        plane, position = divmod(index, across * down)
        row, column = position // across * block_h, position % across * block_w
        rows = block_h if tiled else min(block_h, height - row)
        packed = source.take(offsets[index], sizes[index], "a TIFF strip or tile")
        block = _block(packed, tags, dtype, rows, block_w, depth)
        target = out[row : row + rows, column : column + block_w, plane : plane + depth]
        target[...] = block[: target.shape[0], : target.shape[1]]
    return out


def _block(
    packed: bytes, tags: Tags, dtype: np.dtype[Any], rows: int, columns: int, depth: int
) -> NDArray[Any]:
    size = rows * columns * depth * dtype.itemsize
    raw = _decompress(packed, number(tags, _COMPRESSION, _NONE), size)
    if len(raw) < size:
        raise ImageReadError("truncated or corrupt: a TIFF strip or tile is too short")
    shape = (rows, columns, depth)
    predictor = number(tags, _PREDICTOR, 1)
    if predictor == _FLOATING and dtype.kind == "f":
        # Rows hold the differences of bytes, the most significant byte of all samples first.
        planes = np.frombuffer(raw, np.uint8, size).reshape(rows, columns * dtype.itemsize, depth)
        planes = np.cumsum(planes, axis=1, dtype=np.uint8).reshape(rows, dtype.itemsize, -1)
        swapped = np.ascontiguousarray(planes.transpose(0, 2, 1))
        return swapped.view(dtype.newbyteorder(">")).reshape(shape)
    values = np.frombuffer(raw, dtype, rows * columns * depth).reshape(shape)
    if predictor == 1:
        return values
    if predictor == _HORIZONTAL and dtype.kind == "u":
        return np.cumsum(values, axis=1, dtype=dtype.newbyteorder("="))
    raise ImageReadError(f"TIFF predictor {predictor} is not supported with {dtype.name} samples")


def _decompress(packed: bytes, compression: int, size: int) -> bytes:
    """Return at most ``size`` bytes, whatever the compressed data would grow to."""
    if compression == _NONE:
        return packed
    if compression in (_DEFLATE, _OLD_DEFLATE):
        stream = zlib.decompressobj()
        try:
            raw = stream.decompress(packed, size)
            # The check sum comes last; it is verified if no more than a padded strip is left.
            stream.decompress(stream.unconsumed_tail, size)
            return raw
        except zlib.error as error:
            raise ImageReadError(f"corrupt TIFF data ({error})") from error
    if compression == _PACKBITS:
        return _unpack_bits(packed, size)
    if compression not in (_LZW, _ZSTD):
        raise ImageReadError(
            f"TIFF compression {compression} is not supported: save without, or with deflate"
        )
    name = {_LZW: "lzw", _ZSTD: "zstd"}[compression]
    codec = require("imagecodecs", f"{name.upper()}-compressed TIFF")
    try:
        return bytes(getattr(codec, f"{name}_decode")(packed, out=size))
    except Exception as error:  # each codec has errors of its own, and some raise ValueError
        raise ImageReadError(f"corrupt TIFF data ({error})") from error


def _unpack_bits(packed: bytes, size: int) -> bytes:
    out = bytearray()
    offset = 0
    while offset < len(packed) and len(out) < size:
        code = packed[offset]
        if code < 128:
            out += packed[offset + 1 : offset + 2 + code]
            offset += 2 + code
        else:
            if code > 128:
                out += packed[offset + 1 : offset + 2] * (257 - code)
            offset += 1 if code == 128 else 2
    return bytes(out[:size])
