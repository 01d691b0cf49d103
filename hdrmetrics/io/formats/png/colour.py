"""What the chunks of a PNG file say about colour, in the order in which they count."""

from __future__ import annotations

import struct
import zlib

from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.io.colour.cicp import UNSPECIFIED, from_cicp
from hdrmetrics.io.colour.coding import NOT_SAID, Chromaticities, Coding, coding, noted, points_of
from hdrmetrics.io.colour.curves import Curve, gamma, tells_codes_apart
from hdrmetrics.io.colour.icc import identify, why_ignored
from hdrmetrics.photometry.color import Primaries
from hdrmetrics.picture.image import Transfer

_MAX_PROFILE = 2**24
_OTHERS = {b"iCCP", b"sRGB", b"gAMA", b"cHRM"}
_PQ_NAME = b"ITUR_2100_PQ_FULL"


def coding_of(chunks: dict[bytes, bytes]) -> Coding:
    """Return how code values become light.

    ``cICP`` goes before ``iCCP``, this before ``sRGB``, this before ``gAMA`` and ``cHRM``. Code
    points that are left unspecified, and a profile that cannot be used, give way to the next, with
    a note.

    Parameters
    ----------
    chunks
        The contents of the chunks in front of the picture, by kind.

    Raises
    ------
    ImageReadError
        For code points that mean video, or nothing.

    References
    ----------
    W3C, Portable Network Graphics (PNG) Specification, Third Edition, 2025, section 4.3; W3C,
    "Using the ITU BT.2100 PQ EOTF with the PNG Format", 2017 (the name of a profile for PQ).
    """
    ignored: tuple[str, ...] = ()
    if b"cICP" in chunks:
        stated = _code_points(chunks[b"cICP"])
        if UNSPECIFIED not in chunks[b"cICP"][:2] or not _OTHERS & chunks.keys():
            return stated
        ignored = ("the cICP chunk leaves something unspecified and was ignored",)
    if b"iCCP" in chunks:
        stated = _profile(chunks[b"iCCP"])
        why = why_ignored(stated)
        if not why or not (_OTHERS - {b"iCCP"}) & chunks.keys():
            return noted(stated, *ignored)
        ignored += why
    if b"sRGB" in chunks:
        return noted(Coding(rule="sRGB chunk"), *ignored)
    return noted(_numbers(chunks), *ignored)


def _code_points(body: bytes) -> Coding:
    if len(body) != 4:
        raise ImageReadError("corrupt: cICP has a wrong length")
    primaries, transfer, matrix, full_range = body
    if matrix != 0 or full_range != 1:
        raise ImageReadError(
            f"cICP announces matrix {matrix} and full range {full_range}; only RGB (0) in full "
            "range (1) is supported"
        )
    return from_cicp(primaries, transfer)


def _profile(body: bytes) -> Coding:
    name, _, compressed = body.partition(b"\0")
    if name == _PQ_NAME:
        return Coding("pq", "bt2020", f"ICC profile named {name.decode()}, which stands for PQ")
    try:
        profile = zlib.decompressobj().decompress(compressed[1:], _MAX_PROFILE)
    except zlib.error:
        profile = b"damaged"
    return identify(profile or b"empty")


def _numbers(chunks: dict[bytes, bytes]) -> Coding:
    """Return what ``gAMA`` and ``cHRM`` say, either of which may be absent."""
    said, notes = [], []
    curves: tuple[Curve, ...] | Transfer = "srgb"
    points: Chromaticities | Primaries = "bt709"
    if b"gAMA" in chunks:
        value = _integers(chunks[b"gAMA"], 1)[0]
        if value and tells_codes_apart(gamma(100_000 / value)):
            curves = (gamma(100_000 / value),)
            said.append(f"gAMA chunk of {value / 100_000:g}")
        else:
            notes.append(
                f"the gAMA chunk of {value / 100_000:g} was ignored; the curve of sRGB was taken"
            )
    if b"cHRM" in chunks:
        white, *primaries = points_of([n / 100_000 for n in _integers(chunks[b"cHRM"], 8)])
        points = (*primaries, white)
        said.append("cHRM chunk")
    if not said:
        rule = f"code values taken as sRGB: {notes[0]}" if notes else NOT_SAID
        return Coding(rule=rule, notes=tuple(notes))
    rule = " and ".join(said) + ("" if curves != "srgb" else "; the curve of sRGB was taken")
    try:
        return coding(curves, points, rule, notes=tuple(notes))
    except OptionError:
        notes.append("the cHRM chunk names impossible primaries; taken as BT.709")
        rule = rule.replace("cHRM chunk", "impossible cHRM chunk, taken as BT.709")
        return coding(curves, "bt709", rule, notes=tuple(notes))


def _integers(body: bytes, count: int) -> tuple[int, ...]:
    if len(body) != 4 * count:
        raise ImageReadError("corrupt: gAMA or cHRM has a wrong length")
    return struct.unpack(f">{count}I", body)
