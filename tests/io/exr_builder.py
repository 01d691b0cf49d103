"""Builds small uncompressed OpenEXR files byte by byte, right ones and wrong ones."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

TYPES = {np.dtype(np.uint32): 0, np.dtype(np.float16): 1, np.dtype(np.float32): 2}
BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.329)


@dataclass
class Part:
    """Planes by channel name; subsampling follows from their size. Attributes override."""

    planes: dict[str, np.ndarray]
    size: tuple[int, int]  # height, width
    origin: tuple[int, int] = (0, 0)  # left, top
    tile: tuple[int, int, int] | None = None
    attributes: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def header(self, extra: dict[str, tuple[str, bytes]]) -> bytes:
        height, width = self.size
        left, top = self.origin
        window = struct.pack("<4i", left, top, left + width - 1, top + height - 1)
        channels = b"".join(
            name.encode()
            + struct.pack(
                "<xiB3xii",
                TYPES[plane.dtype],
                0,
                width // plane.shape[1] if self.tile is None else 1,
                height // plane.shape[0] if self.tile is None else 1,
            )
            for name, plane in sorted(self.planes.items())
        )
        attributes = {
            "channels": ("chlist", channels + b"\0"),
            "compression": ("compression", b"\0"),
            "dataWindow": ("box2i", window),
            "displayWindow": ("box2i", window),
            "lineOrder": ("lineOrder", b"\0"),
            "pixelAspectRatio": ("float", struct.pack("<f", 1)),
            "screenWindowCenter": ("v2f", bytes(8)),
            "screenWindowWidth": ("float", struct.pack("<f", 1)),
        }
        if self.tile:
            attributes["tiles"] = ("tiledesc", struct.pack("<IIB", *self.tile))
        attributes |= extra | self.attributes
        return (
            b"".join(
                f"{name}\0{kind}\0".encode() + struct.pack("<i", len(body)) + body
                for name, (kind, body) in attributes.items()
            )
            + b"\0"
        )

    def chunks(self) -> list[bytes]:
        """Leader and samples of each chunk, in the order of the chunk table."""
        return self._tiles() if self.tile else self._lines()

    def _lines(self) -> list[bytes]:
        height, _ = self.size
        chunks = []
        for y in range(height):
            row = b"".join(
                plane[y * plane.shape[0] // height].tobytes()
                for _, plane in sorted(self.planes.items())
                if y % (height // plane.shape[0]) == 0
            )
            chunks.append(struct.pack("<ii", self.origin[1] + y, len(row)) + row)
        return chunks

    def _tiles(self) -> list[bytes]:
        assert self.tile is not None
        tile_width, tile_height, mode = self.tile
        chunks = []
        for lx, ly, planes in _levels(self.planes, mode):
            height, width = next(iter(planes.values())).shape
            for ty in range(-(-height // tile_height)):
                for tx in range(-(-width // tile_width)):
                    y, x = ty * tile_height, tx * tile_width
                    rows = min(tile_height, height - y)
                    body = b"".join(
                        plane[y + row, x : x + tile_width].tobytes()
                        for row in range(rows)
                        for _, plane in sorted(planes.items())
                    )
                    chunks.append(struct.pack("<5i", tx, ty, lx, ly, len(body)) + body)
        return chunks


def _levels(planes: dict[str, np.ndarray], mode: int):
    """Levels of a mipmap or ripmap, as (x level, y level, planes); small ones hold rubbish."""

    def smaller(level_x: int, level_y: int) -> dict[str, np.ndarray]:
        up = mode >> 4

        def size(n: int, level: int) -> int:
            for _ in range(level):
                n = max(1, (n + up) // 2)
            return n

        return {
            name: np.full(
                (size(plane.shape[0], level_y), size(plane.shape[1], level_x)), -1, plane.dtype
            )
            if level_x or level_y
            else plane
            for name, plane in planes.items()
        }

    height, width = next(iter(planes.values())).shape

    def count(n: int) -> int:
        levels = 1
        while n > 1:
            n, levels = (n + (mode >> 4)) // 2, levels + 1
        return levels

    if mode & 15 == 0:
        pairs = [(0, 0)]
    elif mode & 15 == 1:
        pairs = [(level, level) for level in range(count(max(height, width)))]
    else:
        pairs = [(x, y) for y in range(count(height)) for x in range(count(width))]
    return [(x, y, smaller(x, y)) for x, y in pairs]


def build(*parts: Part, flags: int = 0, names: list[str] | None = None) -> bytes:
    """Return a file; several parts, or one with a name, make a multi-part file."""
    multi = len(parts) > 1 or names is not None
    names = names or [f"part{index}" for index in range(len(parts))]
    version = 2 | flags | (0x1000 if multi else 0x200 if parts[0].tile else 0)
    out = b"\x76\x2f\x31\x01" + struct.pack("<I", version)
    chunks = [part.chunks() for part in parts]
    for part, name, own in zip(parts, names, chunks, strict=True):
        kind = b"tiledimage" if part.tile else b"scanlineimage"
        extra = {
            "name": ("string", name.encode()),
            "type": ("string", kind),
            "chunkCount": ("int", struct.pack("<i", len(own))),
        }
        out += part.header(extra if multi else {})
    out += b"\0" if multi else b""
    position = len(out) + 8 * sum(len(own) for own in chunks)
    table, body = b"", b""
    for index, own in enumerate(chunks):
        for chunk in own:
            table += struct.pack("<Q", position + len(body))
            body += (struct.pack("<i", index) if multi else b"") + chunk
    return out + table + body


def rgb(height: int, width: int, dtype=np.float16, seed: int = 0) -> dict[str, np.ndarray]:
    """Random planes R, G and B."""
    values = np.random.default_rng(seed).random((3, height, width)) * 4
    return dict(zip("RGB", values.astype(dtype), strict=True))


def stacked(planes: dict[str, np.ndarray], prefix: str = "") -> np.ndarray:
    """Planes as (H, W, 3) float32."""
    return np.stack([planes[prefix + name] for name in "RGB"], axis=-1).astype(np.float32)
