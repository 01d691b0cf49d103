"""What the first bytes of a picture say about its size, without decoding it."""

from __future__ import annotations

import re
from pathlib import Path

from datasets.scenes.scene import Kind
from hdrmetrics.errors import ImageReadError
from hdrmetrics.io import DEFAULT_MAX_PIXELS, SUFFIXES
from hdrmetrics.io.formats.exr.header import parse as parse_exr
from hdrmetrics.io.formats.tiff.tags import number, read_tags
from hdrmetrics.io.kinds import sniff
from hdrmetrics.io.source import Source
from hdrmetrics.io.source import load as load_source

_HEAD = 2**16  # bytes; headers of Radiance and PFM files are much shorter
_RADIANCE = re.compile(rb"\n\s*[+-]([XY])\s+(\d{1,9})\s+[+-][XY]\s+(\d{1,9})\s*\n")
_PFM = re.compile(rb"P[Ff]\s+(\d{1,9})\s+(\d{1,9})\s")
_WIDTH, _HEIGHT, _SAMPLE_FORMAT, _FLOATING = 256, 257, 339, 3

_LINEAR_FORMATS = ("exr", "hdr", "pfm")


def picture_kind(path: Path) -> Kind:
    """Return whether a file holds light or display codes, by its format.

    OpenEXR, Radiance, PFM and floating-point TIFF hold light. The other formats are taken as SDR
    (a gain map or a PQ signal in them does not show before they are decoded). A TIFF that cannot
    be read is taken as SDR: loading it will tell.
    """
    name = SUFFIXES.get(path.suffix.lower()) or sniff(path)
    if name != "tiff":
        return "hdr" if name in _LINEAR_FORMATS else "sdr"
    try:
        tags, _, _ = read_tags(_whole(path))
        return "hdr" if number(tags, _SAMPLE_FORMAT, 1) == _FLOATING else "sdr"
    except (ImageReadError, KeyError):
        return "sdr"


def picture_size(path: Path) -> tuple[int, int] | None:
    """Return the height and width that the header of a file of light announces.

    Returns
    -------
    tuple or None
        ``None`` if the header cannot be read, or for formats that hold display codes.
    """
    name = SUFFIXES.get(path.suffix.lower()) or sniff(path)
    try:
        if name == "exr":
            left, top, right, bottom = parse_exr(_whole(path))[0][0].display_window
            return bottom - top + 1, right - left + 1
        if name == "tiff":
            tags, _, _ = read_tags(_whole(path))
            return number(tags, _HEIGHT), number(tags, _WIDTH)
        return _plain_size(name, path)
    except (ImageReadError, KeyError, OSError):
        return None


def _plain_size(name: str | None, path: Path) -> tuple[int, int] | None:
    if name not in ("hdr", "pfm"):
        return None
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if name == "pfm":
        match = _PFM.match(head)
        return (int(match[2]), int(match[1])) if match else None
    match = _RADIANCE.search(head)
    if match is None:
        return None
    first, second = int(match[2]), int(match[3])
    return (first, second) if match[1] == b"Y" else (second, first)


def _whole(path: Path) -> Source:
    return load_source(str(path), max_pixels=DEFAULT_MAX_PIXELS, part=None)
