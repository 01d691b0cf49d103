"""AVIF and HEIC files: display-encoded pictures of 8 to 12 bits, SDR, PQ or HLG."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.colour.cicp import TRANSFERS, UNSPECIFIED, from_cicp
from hdrmetrics.io.colour.coding import Coding, noted
from hdrmetrics.io.colour.curves import HDR
from hdrmetrics.io.colour.icc import identify, why_ignored
from hdrmetrics.io.formats.heif.av1_header import code_points
from hdrmetrics.io.formats.heif.isobmff import Primary, parse
from hdrmetrics.io.formats.heif.transforms import transformed
from hdrmetrics.io.optional import require
from hdrmetrics.io.source import Source
from hdrmetrics.picture.image import Image

_HEADERS = 2**16  # bytes: headers lie at the start of AV1 data


def read_avif(source: Source) -> Image:
    """Read an AVIF file, cropped and turned as it asks for; of a sequence, the still picture.

    A gain map beside the picture is not applied; a note says so.

    Raises
    ------
    MissingCodecError
        If ``imagecodecs`` is not installed.

    Notes
    -----
    AV1 data carries no check sums: changed bytes can give a changed picture.
    """
    primary = _checked(source)
    codec = require("imagecodecs", "AVIF")
    try:
        codes = np.asarray(codec.avif_decode(_as_still(source, primary), numthreads=1))
    except (codec.AvifError, RuntimeError, ValueError) as error:
        raise ImageReadError(f"corrupt AVIF data ({error})") from error
    height, width, *_ = codes.shape
    if (width, height) != (primary.width, primary.height):
        raise ImageReadError(
            f"corrupt: {width} × {height} pixels instead of {primary.width} × {primary.height}"
        )
    bits = max(primary.bits, default=primary.av1_bits)
    if bits not in ((8,) if codes.dtype == np.uint8 else (10, 12, 16)):
        raise ImageReadError(
            f"corrupt: AVIF samples of {codes.dtype.name} announced as {bits} bits"
        )
    return coded_image(
        source,
        transformed(codes, primary.transforms),
        bits=bits,
        coding=_coding(_with_code_points(source, primary)),
        format_name="avif",
        notes=_notes(primary),
    )


def _with_code_points(source: Source, primary: Primary) -> Primary:
    """Return what boxes say of colours or, where they say nothing, what the AV1 data say."""
    if primary.cicp is None and not primary.icc and primary.place:
        start, end = primary.place
        return replace(primary, cicp=code_points(source.data[start : min(end, start + _HEADERS)]))
    return primary


def _as_still(source: Source, primary: Primary) -> bytes:
    """Return the file without its sequence, so that the decoder sees the primary picture alone.

    Asked for one picture of a sequence, the decoder writes beyond its buffer; asked for all, it
    returns all at once.
    """
    if primary.sequence is None:
        return source.data
    data = bytearray(source.data)
    data[primary.sequence : primary.sequence + 4] = b"free"
    size = int.from_bytes(data[:4], "big")
    for at in (8, *range(16, min(size, len(data)) - 3, 4)):
        if data[at : at + 4] == b"avis":
            data[at : at + 4] = b"avif"
    return bytes(data)


def read_heic(source: Source) -> Image:
    """Read a HEIC file, turned upright.

    A gain map beside the picture (as some telephones store it) is not applied; a note says so.

    Raises
    ------
    MissingCodecError
        If ``pillow-heif`` is not installed.

    Notes
    -----
    HEVC data carries no check sums: changed bytes can give a changed picture.
    """
    primary = _checked(source)
    library = require("pillow_heif", "HEIC")
    try:
        picture = library.open_heif(io.BytesIO(source.data), convert_hdr_to_8bit=False)
        source.check_size(*picture.size)
        bits = int(picture.info["bit_depth"])
        codes = np.asarray(picture)
    except ImageReadError:
        raise
    except Exception as error:  # it raises ValueError, RuntimeError, EOFError, SyntaxError …
        raise ImageReadError(f"corrupt HEIC data ({error})") from error
    if codes.dtype == np.uint16:
        codes = codes >> (16 - bits)  # they come in the upper bits
    if any("gainmap" in str(name).lower() for name in picture.info.get("aux", {})):
        primary.gain_map = True
    notes = _notes(primary)
    if primary.cicp is None and not primary.icc:  # the HEVC data, which nobody reads, may say it
        notes.append("no box about colours: taken as sRGB, whatever the HEVC data may say")
    return coded_image(
        source, codes, bits=bits, coding=_coding(primary), format_name="heic", notes=notes
    )


def _checked(source: Source) -> Primary:
    primary = parse(source)
    for width, height in [(primary.width, primary.height), *primary.sizes]:
        source.check_size(width, height)
    return primary


def _notes(primary: Primary) -> list[str]:
    notes = []
    if primary.sequence is not None:
        notes.append("animated: the first frame was read")
    if primary.gain_map:
        notes.append("the gain map was left out: this is the picture without it")
    return notes


def _coding(primary: Primary) -> Coding:
    """Return the coding: code points of HDR first, then a profile, then other code points."""
    points = primary.cicp or (UNSPECIFIED, UNSPECIFIED)
    if primary.icc and TRANSFERS.get(points[1]) not in HDR:
        coding = identify(primary.icc)
        why = why_ignored(coding)
        if not why or points == (UNSPECIFIED, UNSPECIFIED):
            return coding
        return noted(from_cicp(*points), *why)
    if primary.icc and identify(primary.icc).transfer != TRANSFERS[points[1]]:
        return noted(from_cicp(*points), "HDR code points count, not the ICC profile beside them")
    if primary.cicp is None:
        return Coding(rule="code values taken as sRGB: the file has no box about colours")
    return from_cicp(*points)
