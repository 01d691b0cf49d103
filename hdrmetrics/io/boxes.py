"""The boxes that HEIF, JPEG 2000 and JPEG XL files are made of."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from hdrmetrics.errors import ImageReadError


def walk(
    data: bytes, start: int, end: int, *, complete: bool = False
) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of the content of each box in a range.

    Parameters
    ----------
    data, start, end
        The file, and the range.
    complete
        Whether nothing may follow the last box; else up to seven bytes, too few for one, may.

    Raises
    ------
    ImageReadError
        If a box ends outside the range.

    References
    ----------
    ISO/IEC 14496-12, section 4.2.
    """
    while end - start >= 8 or (complete and start < end):
        wide = data[start : start + 4] == b"\0\0\0\1"
        head = 16 if wide else 8
        if end - start < head:
            raise ImageReadError("truncated or corrupt: a box header is incomplete")
        size, kind = struct.unpack_from(">I4s", data, start)
        if wide:
            (size,) = struct.unpack_from(">Q", data, start + 8)
        stop = end if size == 0 else start + size
        if stop > end or stop < start + head:
            raise ImageReadError(f"truncated or corrupt: box {kind!r} ends outside the file")
        yield kind, start + head, stop
        start = stop
