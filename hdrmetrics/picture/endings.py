"""By which endings people name picture files: those that are read, and those that are not."""

from __future__ import annotations

SUFFIXES: dict[str, str] = {
    ".exr": "exr", ".hdr": "hdr", ".pic": "hdr", ".rgbe": "hdr", ".xyze": "hdr", ".pfm": "pfm",
    ".tif": "tiff", ".tiff": "tiff", ".png": "png", ".apng": "png", ".jpg": "jpeg", ".jpeg": "jpeg",
    ".jpe": "jpeg", ".jfif": "jpeg", ".webp": "webp", ".bmp": "bmp", ".dib": "bmp", ".gif": "gif",
    ".pnm": "pnm", ".pbm": "pnm", ".pgm": "pnm", ".ppm": "pnm", ".qoi": "qoi", ".jp2": "jpeg2000",
    ".j2k": "jpeg2000", ".j2c": "jpeg2000", ".jpc": "jpeg2000", ".jpf": "jpeg2000",
    ".jpx": "jpeg2000", ".jxl": "jpegxl", ".jxr": "jpegxr", ".wdp": "jpegxr", ".hdp": "jpegxr",
    ".avif": "avif", ".heic": "heic", ".heif": "heic", ".hif": "heic",
}  # fmt: skip
"""Usual endings, for finding pictures in a folder; reading goes by content alone."""

RAW = frozenset((".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".raf", ".rw2", ".pef"))
"""Of camera raw files that are read where the extra ``raw`` is installed."""

_CAMERAS = """.dng .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .raf .orf .rw2 .rwl .pef .srw .raw .3fr
.fff .iiq .mef .mos .mrw .x3f .erf .kdc .dcr"""
_RARE = """.tga .dds .ktx .ktx2 .sgi .rgb .rgba .bw .pcx .ico .cur .icns .iff .ras .xbm .xpm .pam
.pct .pict .flif .bpg .jls .jxs .jng .mng"""
_DEVELOP = "camera raw: develop it first, for example with rawpy or darktable"
UNREAD: dict[str, str] = {
    ending: reason
    for endings, reason in (
        (_CAMERAS, _DEVELOP),
        (" ".join(sorted(RAW)), f'{_DEVELOP}, or pip install "hdrmetrics[raw]"'),
        (".psd .psb", "Photoshop: save as TIFF"),
        (".xcf .kra .ora .afphoto", "a paint program's own: export as EXR, TIFF or PNG"),
        (_RARE, "not supported: convert to PNG, TIFF or EXR"),
        (".dpx .cin", "film scan: convert to EXR"),
        (".fits .fit .fts", "astronomical: convert to a floating-point TIFF"),
        (".svg .eps", "drawing: render it first"),
        (".mp4 .mov .mkv .avi .webm .y4m .yuv .m4v", "video: extract frames first"),
    )
    for ending in endings.split()
}
"""Endings of picture files that cannot be read, with what to do about each; those of :data:`RAW`
without the extra only."""
