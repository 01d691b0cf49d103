"""Which files of a folder are pictures that can be read, and why others are not."""

from __future__ import annotations

from pathlib import Path

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.formats import SUFFIXES, identify
from hdrmetrics.io.source import Source

_HEAD = 4096

_RAW = """.dng .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .raf .orf .rw2 .rwl .pef .srw .raw .3fr .fff
.iiq .mef .mos .mrw .x3f .erf .kdc .dcr"""
_RARE = """.tga .dds .ktx .ktx2 .sgi .rgb .rgba .bw .pcx .ico .cur .icns .iff .ras .xbm .xpm .pam
.pct .pict .flif .bpg .jls .jxs .jng .mng"""
_NO_PICTURES = ("NumPy", "PDF")
UNREAD: dict[str, str] = {
    ending: reason
    for endings, reason in (
        (_RAW,
         "camera raw: develop it first, for example with rawpy or darktable"),
        (".psd .psb", "Photoshop: save as TIFF"),
        (".xcf .kra .ora .afphoto", "a paint program's own: export as EXR, TIFF or PNG"),
        (_RARE,
         "not supported: convert to PNG, TIFF or EXR"),
        (".dpx .cin", "film scan: convert to EXR"),
        (".fits .fit .fts", "astronomical: convert to a floating-point TIFF"),
        (".svg .eps", "drawing: render it first"),
        (".mp4 .mov .mkv .avi .webm .y4m .yuv .m4v", "video: extract frames first"),
    )
    for ending in endings.split()
}  # fmt: skip
"""Endings of picture files that cannot be read, with what to do about each."""


def sniff(path: Path) -> str | None:
    """Return the format that the first bytes of a file are those of, ``None`` if of none."""
    found = _identify(path)
    return None if isinstance(found, Exception) else found


def _identify(path: Path) -> str | ImageReadError:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        head = b""
    try:
        return identify(Source(str(path), head, 1))
    except ImageReadError as error:
        return error


def is_picture(path: Path) -> bool:
    """Return whether a file is listed as a picture: by its ending or, without one, its first bytes.

    Parameters
    ----------
    path
        A regular file.
    """
    if path.suffix:
        return path.suffix.lower() in SUFFIXES
    return sniff(path) is not None


def why_left_out(path: Path) -> str | None:
    """Return why a file that is not listed is a picture all the same; ``None`` if it is none.

    Parameters
    ----------
    path
        A regular file for which :func:`is_picture` is false.
    """
    reason = UNREAD.get(path.suffix.lower())
    if reason is not None:
        return reason
    found = _identify(path)
    if isinstance(found, str):
        return f"{found} by its first bytes, but not by its ending: name the file itself"
    # Of files of no known format at all, and of tables and texts, there is nothing to say.
    text = str(found)
    return text if "not supported" in text and not text.startswith(_NO_PICTURES) else None
