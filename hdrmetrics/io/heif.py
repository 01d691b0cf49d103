"""AVIF and HEIC files: display-encoded pictures of 8 to 12 bits, SDR, PQ or HLG."""

from __future__ import annotations

import io

import numpy as np

from hdrmetrics.errors import ImageReadError
from hdrmetrics.image import Image
from hdrmetrics.io.build import coded_image
from hdrmetrics.io.cicp import UNSPECIFIED, from_cicp
from hdrmetrics.io.codecs import require
from hdrmetrics.io.coding import Coding
from hdrmetrics.io.icc import identify
from hdrmetrics.io.isobmff import Primary, parse
from hdrmetrics.io.source import Source


def read_avif(source: Source) -> Image:
    """Read an AVIF file; of a sequence, the first picture.

    Raises
    ------
    MissingCodecError
        If ``imagecodecs`` is not installed.

    Notes
    -----
    AV1 data carries no check sums: changed bytes can give a changed picture.
    """
    primary = _checked(source)
    if primary.turned:
        raise ImageReadError("AVIF files that ask for turning or cropping are not supported")
    codec = require("imagecodecs", "AVIF")
    try:
        codes = np.asarray(codec.avif_decode(source.data, index=0, numthreads=1))
    except (codec.AvifError, RuntimeError, ValueError) as error:
        raise ImageReadError(f"corrupt AVIF data ({error})") from error
    _compare(codes.shape, (primary.height, primary.width))
    bits = max(primary.bits, default=8 if codes.dtype == np.uint8 else 0)
    if (codes.dtype == np.uint8) != (bits == 8):
        raise ImageReadError(
            f"corrupt: AVIF samples of {codes.dtype.name} announced as {bits} bits"
        )
    return coded_image(source, codes, bits=bits, coding=_coding(primary), format_name="avif")


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
    notes = []
    if any("gainmap" in str(name).lower() for name in picture.info.get("aux", {})):
        notes.append("a gain map was left out: this is the SDR picture")
    return coded_image(
        source, codes, bits=bits, coding=_coding(primary), format_name="heic", notes=notes
    )


def _checked(source: Source) -> Primary:
    source.refuse_part()
    primary = parse(source)
    for width, height in [(primary.width, primary.height), *primary.sizes]:
        source.check_size(width, height)
    return primary


def _compare(found: tuple[int, ...], announced: tuple[int, int]) -> None:
    if found[:2] != announced:
        raise ImageReadError(
            f"corrupt: {found[1]} × {found[0]} pixels instead of {announced[1]} × {announced[0]}"
        )


def _coding(primary: Primary) -> Coding:
    if primary.cicp is not None and primary.cicp != (UNSPECIFIED, UNSPECIFIED):
        return from_cicp(*primary.cicp)
    return identify(primary.icc)
