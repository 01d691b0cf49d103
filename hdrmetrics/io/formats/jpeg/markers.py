"""The marker structure of a JPEG file: what it announces, what it carries, where it ends."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

from hdrmetrics.errors import ImageReadError

_START, _END, _SCAN, _APP1, _APP2, _APP14 = 0xD8, 0xD9, 0xDA, 0xE1, 0xE2, 0xEE
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_FRAMES = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive"}
_OTHER_FRAMES = {
    0xC3: "lossless", 0xC5: "hierarchical", 0xC6: "hierarchical", 0xC7: "hierarchical",
    0xC9: "arithmetic-coded", 0xCA: "arithmetic-coded", 0xCB: "arithmetic-coded",
    0xCD: "hierarchical", 0xCE: "hierarchical", 0xCF: "hierarchical", 0xF7: "JPEG-LS",
}  # fmt: skip
# Inside a scan, FF stands for a marker unless a zero, a restart number or a fill byte follows.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

_EXIF, _XMP, _ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"
# How Apple, and Ultra HDR in its second picture, mark a gain map.
_GAIN_MAPS = (b"hdrgainmap", b"HDRGainMap", b"hdrgm:Version")
_GAIN_MAP_ISO = b"urn:iso:std:iso:ts:21496:-1\0"


@dataclass(slots=True)
class Markers:
    """What the markers of one JPEG picture say.

    Parameters
    ----------
    width, height, precision, components, coding
        From the frame header.
    exif, xmp, icc
        Contents of the application segments, without their identifiers.
    iso_gain_map
        Whether a segment of ISO 21496-1 is present.
    exif_ranges
        Where the Exif segments lie, markers included.
    scan_bytes
        Bytes of compressed data.
    end
        Offset behind the end marker.
    icc_chunks, icc_count
        Segments of the ICC profile by number, and how many it announces.
    adobe
        Whether Adobe's segment is present: then CMYK counts paper, not ink.
    several
        Whether the list of a Multi-Picture file is present.
    """

    width: int = 0
    height: int = 0
    precision: int = 0
    components: int = 0
    coding: str = ""
    exif: bytes = b""
    xmp: bytes = b""
    iso_gain_map: bool = False
    exif_ranges: list[tuple[int, int]] = field(default_factory=list)
    scan_bytes: int = 0
    end: int = 0
    icc_chunks: dict[int, bytes] = field(default_factory=dict)
    icc_count: int = 0
    adobe: bool = False
    several: bool = False

    @property
    def icc(self) -> bytes:
        """The ICC profile, joined from its segments; too short for one if any is missing."""
        if len(self.icc_chunks) < self.icc_count:
            return b"incomplete"
        return b"".join(body for _, body in sorted(self.icc_chunks.items()))

    @property
    def gain_map(self) -> bool:
        """Whether the picture says that a gain map belongs to it."""
        return self.iso_gain_map or b"hdrgm:Version" in self.xmp


def parse(data: bytes, start: int = 0) -> Markers:
    """Walk the markers of the picture that begins at ``start``.

    Raises
    ------
    ImageReadError
        If the structure is broken, ends early, or is of a kind that cannot be decoded here.
    """
    found = Markers()
    offset = start
    if data[offset : offset + 2] != b"\xff\xd8":
        raise ImageReadError("corrupt: no JPEG start marker")
    offset += 2
    while True:
        offset, marker = _marker(data, offset)
        if marker == _END:
            found.end = offset
            break
        if marker in _STANDALONE:
            continue
        if marker == _START or offset + 2 > len(data):
            raise ImageReadError("truncated or corrupt: broken JPEG markers")
        (size,) = struct.unpack_from(">H", data, offset)
        body = data[offset + 2 : offset + size]
        if size < 2 or len(body) != size - 2:
            raise ImageReadError("truncated or corrupt: a JPEG segment ends outside the file")
        if marker == _APP1 and body.startswith(_EXIF):
            found.exif_ranges.append((offset - 2, offset + size))
        offset += size
        _note(found, marker, body)
        if marker == _SCAN:
            match = _NEXT_MARKER.search(data, offset)
            if match is None:
                raise ImageReadError("truncated: the JPEG picture has no end")
            found.scan_bytes += match.start() - offset
            offset = match.start()
    if not found.components:
        raise ImageReadError("corrupt: no JPEG frame header")
    return found


def other_gain_map(data: bytes, markers: Markers) -> bool:
    """Return whether pictures behind the first one are gain maps, though it does not say so."""
    rest = data[markers.end :]
    return any(word in rest for word in (*_GAIN_MAPS, _GAIN_MAP_ISO))


def other_picture(data: bytes, markers: Markers) -> bool:
    """Return whether a Multi-Picture file holds another view of the same size, as for stereo."""
    start = data.find(b"\xff\xd8\xff", markers.end)
    if not markers.several or start < 0:
        return False
    try:
        other = parse(data, start)
    except ImageReadError:
        return False
    return (other.width, other.height) == (markers.width, markers.height)


def _marker(data: bytes, offset: int) -> tuple[int, int]:
    if data[offset : offset + 1] != b"\xff":
        raise ImageReadError("truncated or corrupt: a JPEG marker is missing")
    while data[offset : offset + 1] == b"\xff":
        offset += 1
    if offset >= len(data):
        raise ImageReadError("truncated: the JPEG picture has no end")
    return offset + 1, data[offset]


def _note(found: Markers, marker: int, body: bytes) -> None:
    if marker in _FRAMES:
        if found.components or len(body) < 6:
            raise ImageReadError("corrupt: broken or second JPEG frame header")
        found.precision, found.height, found.width, found.components = struct.unpack_from(
            ">BHHB", body
        )
        found.coding = _FRAMES[marker]
    elif marker in _OTHER_FRAMES:
        raise ImageReadError(f"{_OTHER_FRAMES[marker]} JPEG files are not supported")
    elif marker == _APP1 and body.startswith(_EXIF):
        found.exif = found.exif or body[len(_EXIF) :]
    elif marker == _APP1 and body.startswith(_XMP):
        found.xmp = found.xmp or body[len(_XMP) :]
    elif marker == _APP2 and body.startswith(_ICC) and len(body) > len(_ICC) + 2:
        found.icc_chunks.setdefault(body[len(_ICC)], body[len(_ICC) + 2 :])
        found.icc_count = max(found.icc_count, body[len(_ICC) + 1])
    elif marker == _APP2 and body.startswith(b"MPF\0"):
        found.several = True
    elif marker == _APP14 and body.startswith(b"Adobe"):
        found.adobe = True
    elif marker == _APP2 and body.startswith(_GAIN_MAP_ISO):
        found.iso_gain_map = True
