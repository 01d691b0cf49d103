"""The byte string of a simulated JPEG XT picture: a checked header before two layers."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from hdrmetrics.errors import ImageReadError, ImageWriteError
from hdrmetrics.io.limits import DEFAULT_MAX_PIXELS, check_size

MAGIC = b"HXTL"
"""The first four bytes. Not the signature of JPEG XT: no other program reads these strings."""

_VERSION = 1
_HEAD = struct.Struct("<4sBcBxIIHII")
_CHECK = struct.Struct("<I")
_MAX_SIDE = 65500  # what the JPEG library writes


@dataclass(frozen=True, slots=True)
class Layers:
    """A picture taken apart.

    Parameters
    ----------
    profile
        ``"a"``, ``"b"`` or ``"c"``.
    channels
        1 or 3.
    height, width
        Size in pixels.
    constants
        What the profile needs beside the layers, packed.
    base, residual
        The two coded layers.
    """

    profile: str
    channels: int
    height: int
    width: int
    constants: bytes
    base: bytes
    residual: bytes


def check_writable(height: int, width: int) -> None:
    """Refuse a picture that a JPEG layer cannot hold.

    Raises
    ------
    ImageWriteError
        If a side is longer than 65500 pixels.
    """
    if max(height, width) > _MAX_SIDE:
        raise ImageWriteError(
            f"a JPEG layer holds at most {_MAX_SIDE} pixels a side, not {width} × {height}: "
            "cut the picture"
        )


def pack(layers: Layers) -> bytes:
    """Return the byte string: header, constants, base, residual, CRC-32 of all before it."""
    head = _HEAD.pack(
        MAGIC,
        _VERSION,
        layers.profile.encode("ascii"),
        layers.channels,
        layers.height,
        layers.width,
        len(layers.constants),
        len(layers.base),
        len(layers.residual),
    )
    body = b"".join((head, layers.constants, layers.base, layers.residual))
    return body + _CHECK.pack(zlib.crc32(body))


def unpack(data: bytes, profile: str) -> Layers:
    """Return what :func:`pack` was given; nothing is allocated before the header is checked.

    Parameters
    ----------
    data
        The byte string.
    profile
        The profile that the caller can decode.

    Raises
    ------
    ImageReadError
        If the bytes are no such string, of another version or profile, truncated or changed.
    ImageLimitError
        If the header announces too many pixels.
    """
    if len(data) < _HEAD.size + _CHECK.size or data[:4] != MAGIC:
        raise ImageReadError("not a simulated JPEG XT picture: the signature is missing")
    head = _HEAD.unpack_from(data)
    _, version, letter, channels, height, width, n_constants, n_base, n_residual = head
    if version != _VERSION:
        raise ImageReadError(f"simulated JPEG XT of version {version}; this reads {_VERSION}")
    if len(data) != _HEAD.size + n_constants + n_base + n_residual + _CHECK.size:
        raise ImageReadError("truncated: the layers are shorter or longer than the header says")
    if _CHECK.unpack_from(data, len(data) - _CHECK.size)[0] != zlib.crc32(data[: -_CHECK.size]):
        raise ImageReadError("corrupt: the check sum differs")
    if letter != profile.encode("ascii"):
        other = letter.decode("latin-1")
        raise ImageReadError(f"profile {other!r}: decode it with the codec of that profile")
    if channels not in (1, 3):
        raise ImageReadError(f"corrupt: the header announces {channels} channels")
    check_size(width, height, DEFAULT_MAX_PIXELS)
    pieces = struct.unpack_from(f"{n_constants}s{n_base}s{n_residual}s", data, _HEAD.size)
    return Layers(profile, channels, height, width, *pieces)
