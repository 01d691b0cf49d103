"""The structure of an ICC profile: header, tags, curves and colorants."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.io.colour.curves import (
    Curve,
    Values,
    gamma,
    in_two_pieces,
    line,
    power_of,
    table,
    tells_codes_apart,
)

_HEADER, _ENTRY = 128, 12
_MAX_TAGS = 1024
_TABLES = (b"A2B0", b"A2B1", b"A2B2", b"D2B0", b"D2B1", b"D2B2", b"D2B3")
_CURVES, _COLORANTS = (b"kTRC", b"rTRC", b"gTRC", b"bTRC"), (b"rXYZ", b"gXYZ", b"bXYZ")
_COUNT = (*_TABLES, *_CURVES, *_COLORANTS)
"""Tags that decide about colours."""
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}


class ProfileError(ValueError):
    """A profile that breaks the rules of its format."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile says, as far as this package goes.

    Parameters
    ----------
    space
        Colour space of the data: ``b"RGB "``, ``b"GRAY"``, ``b"CMYK"``, …
    description
        Name that it gives itself.
    cicp
        Code points (primaries, transfer), if given.
    curves
        One for each of red, green and blue, or one for all; empty if it has none.
    colorants
        Rows of red, green and blue in XYZ under D50, if given.
    tables
        Whether it holds tables of colours, which go before curves and colorants.
    data
        The profile itself.
    """

    space: bytes
    description: str
    cicp: tuple[int, int] | None
    curves: tuple[Curve, ...]
    colorants: NDArray[np.float64] | None
    tables: bool
    data: bytes


def parse(data: bytes) -> Profile:
    """Return what a profile says.

    Raises
    ------
    ProfileError
        If it is no profile, ends early, or holds a broken curve.

    References
    ----------
    ICC.1:2022, sections 7, 9.2 and 10.
    """
    tags = _tags(data)
    space = data[16:20]
    names = _CURVES[:1] if space == b"GRAY" else _CURVES[1:]
    given = [tags[name] for name in names if name in tags]
    if 0 < len(given) < len(names):
        raise ProfileError("a curve is missing")
    curves = [_curve(tag) for tag in (given if len(set(given)) > 1 else given[:1])]
    if space == b"GRAY" and data[20:24] == b"Lab ":
        curves = [_of_lightness(curve) for curve in curves]
    colorants = [_xyz(tags[name]) for name in _COLORANTS if name in tags]
    if 0 < len(colorants) < 3:
        raise ProfileError("a colorant is missing")
    cicp = tags.get(b"cicp", b"")
    return Profile(
        space,
        _text(tags.get(b"desc", b"")),
        (cicp[8], cicp[9]) if len(cicp) >= 12 else None,
        tuple(curves),
        np.array(colorants) if colorants and space == b"RGB " else None,
        any(name in tags for name in _TABLES),
        data,
    )


def _tags(data: bytes) -> dict[bytes, bytes]:
    if len(data) < _HEADER + 4 or data[36:40] != b"acsp":
        raise ProfileError("no ICC profile")
    (count,) = struct.unpack_from(">I", data, _HEADER)
    if count > _MAX_TAGS or _HEADER + 4 + _ENTRY * count > len(data):
        raise ProfileError("the list of tags is broken")
    tags = {}
    for index in range(count):
        name, offset, size = struct.unpack_from(">4sII", data, _HEADER + 4 + _ENTRY * index)
        if offset + size <= len(data):  # as other readers do: a broken tag counts as absent
            tags[name] = data[offset : offset + size]
        elif name in _COUNT:  # without it, the others would say something else
            raise ProfileError(f"its tag {name.decode()} ends outside of it")
    return tags


def _xyz(tag: bytes) -> list[float]:
    if len(tag) < 20 or tag[:4] != b"XYZ ":
        raise ProfileError("a colorant is no XYZ triple")
    return [value / 65536 for value in struct.unpack_from(">3i", tag, 8)]


def _curve(tag: bytes) -> Curve:
    kinds = {b"curv": _sampled, b"para": _parametric}
    if tag[:4] not in kinds:
        raise ProfileError(f"a curve of the unknown type {tag[:4]!r}")
    try:
        curve = kinds[tag[:4]](tag)
    except struct.error as error:
        raise ProfileError("a curve ends early") from error
    if not tells_codes_apart(curve):
        raise ProfileError("a curve that can be no picture's")
    return curve


def _sampled(tag: bytes) -> Curve:
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return line(1.0)
    if count == 1:
        (exponent,) = struct.unpack_from(">H", tag, 12)
        if not exponent:
            raise ProfileError("a gamma of zero")
        return gamma(exponent / 256)
    if 12 + 2 * count > len(tag):
        raise ProfileError("a curve ends early")
    return table(np.frombuffer(tag, ">u2", count, 12) / 65535)


def _parametric(tag: bytes) -> Curve:
    (kind,) = struct.unpack_from(">H", tag, 8)
    if kind not in _PARAMETERS:
        raise ProfileError(f"a curve of the unknown kind {kind}")
    count = _PARAMETERS[kind]
    given = [value / 65536 for value in struct.unpack_from(f">{count}i", tag, 12)]
    g, a, b, c, d, e, f = given + [0.0] * (7 - count)
    if g <= 0 or (kind and a == 0):
        raise ProfileError("a curve with impossible parameters")
    if kind == 0:
        return gamma(g)
    power = power_of(g, a, b)
    if kind == 1:
        return power
    if kind == 2:
        return lambda code: power(code) + c
    if kind == 3:
        return in_two_pieces(d, line(c), power)
    return in_two_pieces(d, line(c, f), lambda code: power(code) + e)


def _of_lightness(curve: Curve) -> Curve:
    """Return the luminance of a curve that gives CIE lightness, 1 for L* = 100."""

    def luminance(code: Values) -> Values:
        root = (100 * curve(code) + 16) / 116
        return np.where(root > 6 / 29, root**3, 3 * (6 / 29) ** 2 * (root - 4 / 29))

    return luminance


def _text(tag: bytes) -> str:
    """Return a description, of the older or the newer kind; empty if it is broken."""
    if tag[:4] == b"desc" and len(tag) >= 12:
        (count,) = struct.unpack_from(">I", tag, 8)
        return tag[12 : 12 + count].split(b"\0")[0].decode("ascii", "replace").strip()
    if tag[:4] == b"mluc" and len(tag) >= 28:
        size, offset = struct.unpack_from(">II", tag, 20)
        return tag[offset : offset + size].decode("utf-16-be", "replace").strip("\0 ")
    return ""
