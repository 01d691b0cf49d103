"""What a reader of one format is given: the bytes of a file, its limits and its options."""

from __future__ import annotations

import os
import stat
import struct
from dataclasses import dataclass
from typing import Any

from hdrmetrics.errors import ImageAccessError, ImageReadError, OptionError
from hdrmetrics.io.limits import check_bytes, check_size

_HEAD = 4096  # bytes that tell formats apart


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of one file with what the caller asked for.

    Parameters
    ----------
    path
        For messages and :class:`hdrmetrics.picture.image.Origin`.
    data
        The whole file.
    max_pixels
        Largest width × height to accept.
    part
        Part or layer that the caller named, for the formats that have any.
    isolated
        Whether the fragile decoders may run in this process: it only reads, so that a crash does
        no harm, or the caller wants it so.
    at_least
        Pixels of the shorter side that are enough, for the formats that can be decoded smaller.
    """

    path: str
    data: bytes
    max_pixels: int
    part: str | int | None = None
    isolated: bool = False
    at_least: int | None = None

    def check_size(self, width: int, height: int) -> None:
        """Refuse a picture size that is empty or above the limit."""
        check_size(width, height, self.max_pixels)

    def take(self, offset: int, count: int, what: str) -> bytes:
        """Return ``count`` bytes at ``offset``; a file that ends before them is truncated.

        Raises
        ------
        ImageReadError
            If the range is not inside the file.
        """
        return bytes(self.view(offset, count, what))

    def view(self, offset: int, count: int, what: str) -> memoryview:
        """Return the same bytes as :meth:`take` without copying them."""
        if offset < 0 or count < 0 or offset + count > len(self.data):
            raise ImageReadError(f"truncated or corrupt: {what} lies outside the file")
        return memoryview(self.data)[offset : offset + count]

    def unpack(self, layout: str, offset: int, what: str) -> tuple[Any, ...]:
        """Return the fields of a :mod:`struct` layout at ``offset``."""
        return struct.unpack(layout, self.take(offset, struct.calcsize(layout), what))

    def refuse_part(self) -> None:
        """Refuse the option ``part`` for a format that has neither parts nor layers."""
        if self.part is not None:
            raise OptionError(
                f"{self.path}: part={self.part!r} was given, but this file has neither parts nor "
                "layers"
            )


def load(
    path: str,
    *,
    max_pixels: int,
    part: str | int | None,
    isolated: bool = False,
    at_least: int | None = None,
) -> Source:
    """Read a regular file into memory.

    Raises
    ------
    ImageReadError
        If it is no regular file, or empty.
    ImageAccessError
        If it is missing, or may not be read.
    ImageLimitError
        If it is larger than any picture of ``max_pixels`` could be.
    """
    data = _content(path, max_pixels=max_pixels)
    return Source(path, data, max_pixels, part, isolated, at_least)


def load_head(path: str) -> bytes:
    """Return the first bytes of a regular file; errors as for :func:`load`."""
    return _content(path, most=_HEAD)


def _content(path: str, *, most: int = -1, max_pixels: int | None = None) -> bytes:
    try:
        status = os.stat(path)
        # Checked before opening: opening a pipe waits for a writer, and a device has no end.
        if stat.S_ISDIR(status.st_mode):
            raise ImageReadError("is a directory, not an image file")
        if not stat.S_ISREG(status.st_mode):
            raise ImageReadError("is not a regular file")
        if max_pixels is not None:
            check_bytes(status.st_size, max_pixels, "the file")
        with open(path, "rb") as file:
            data = file.read(most)
    except ImageReadError:
        raise
    except FileNotFoundError as error:
        raise ImageAccessError("no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise ImageAccessError(f"cannot be opened ({error})") from error
    if not data:
        raise ImageReadError("the file is empty")
    return data
