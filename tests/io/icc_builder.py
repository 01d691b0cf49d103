"""ICC profiles made by hand, for tests: matrix and curves, grey, or a table of colours."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from hdrmetrics.photometry.color import conversion_matrix, rgb_to_xyz_matrix

D50 = (0.3457, 0.3585)
D65 = (0.3127, 0.3290)
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), D50)
SRGB_PARAMETERS = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(65536 * value) for value in values))


def gamma(exponent: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(256 * exponent))


def linear() -> bytes:
    return b"curv" + bytes(8)


def sampled(values: np.ndarray) -> bytes:
    codes = np.rint(np.clip(values, 0, 1) * 65535).astype(">u2")
    return b"curv" + bytes(4) + struct.pack(">I", len(codes)) + codes.tobytes()


def parametric(kind: int, *values: float) -> bytes:
    return b"para" + bytes(4) + struct.pack(">HH", kind, 0) + fixed(*values)


def text(words: str, version: int) -> bytes:
    if version == 2:
        body = words.encode() + b"\0"
        return b"desc" + bytes(4) + struct.pack(">I", len(body)) + body + bytes(78)
    body = words.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II", 1, 12) + b"enUS" + struct.pack(
        ">II", len(body), 28
    ) + body  # fmt: skip


def colorants(chromaticities) -> np.ndarray:
    """Rows of red, green and blue in XYZ, adapted to D50."""
    under_d50 = (*chromaticities[:3], D50)
    return (rgb_to_xyz_matrix(under_d50) @ conversion_matrix(chromaticities, under_d50)).T


def profile(
    curves: bytes | Sequence[bytes] | None,
    chromaticities=None,
    *,
    words: str = "made for a test",
    version: int = 4,
    space: bytes = b"RGB ",
    pcs: bytes = b"XYZ ",
    more: dict[bytes, bytes] | None = None,
) -> bytes:
    """Return a profile with one curve for all channels or one for each, or none."""
    tags = {b"desc": text(words, version), b"cprt": text("none", version)}
    tags[b"wtpt"] = b"XYZ " + bytes(4) + fixed(0.9642, 1.0, 0.8249)
    if chromaticities is not None:
        for name, row in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants(chromaticities), strict=True):
            tags[name] = b"XYZ " + bytes(4) + fixed(*row)
    if curves is not None:
        each = [curves] * 3 if isinstance(curves, bytes) else list(curves)
        names = (b"kTRC",) if space == b"GRAY" else (b"rTRC", b"gTRC", b"bTRC")
        tags |= dict(zip(names, each, strict=False))
    return assembled(tags | (more or {}), version, space, pcs)


def assembled(tags: dict[bytes, bytes], version: int, space: bytes, pcs: bytes) -> bytes:
    entries, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        entries += struct.pack(">4sII", name, start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = bytearray(128)
    struct.pack_into(">I", head, 0, start + len(body))
    head[8] = version
    head[12:24] = b"mntr" + space + pcs
    head[36:40] = b"acsp"
    struct.pack_into(">3i", head, 68, *(round(65536 * v) for v in (0.9642, 1.0, 0.8249)))
    return bytes(head) + struct.pack(">I", len(tags)) + entries + body


def inverting_table() -> bytes:
    """An 8-bit table (mft1) from RGB to Lab: grey axis only, with black and white exchanged."""
    head = b"mft1" + bytes(4) + bytes([3, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    identity = bytes(range(256)) * 3
    corners = [(255 - round(255 * (r + g + b) / 3), 128, 128)
               for r in (0, 1) for g in (0, 1) for b in (0, 1)]  # fmt: skip
    return head + identity + bytes(v for corner in corners for v in corner) + identity


def ink_table() -> bytes:
    """An 8-bit table (mft1) from CMYK to Lab: each ink darkens, black to nothing."""
    head = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    identity = bytes(range(256))
    body = b""
    for corner in range(16):
        c, m, y, k = (corner >> bit & 1 for bit in (3, 2, 1, 0))
        lightness = 0 if k else 255 - 60 * (c + m + y)
        body += bytes([lightness, 128 + (0 if k else 40 * (m - c)), 128 + (0 if k else 40 * y)])
    return head + identity * 4 + body + identity * 3
