"""Recognising the RGB space that an ICC profile describes."""

from __future__ import annotations

import struct

import numpy as np

from hdrmetrics.color import CHROMATICITIES, Matrix, Primaries, conversion_matrix, rgb_to_xyz_matrix
from hdrmetrics.io.cicp import Coding, from_cicp

_HEADER, _ENTRY = 128, 12
# CIE (x, y) error that rounding to s15Fixed16 and different adaptation matrices leave.
_TOLERANCE = 0.005
_D50 = (0.3457, 0.3585)


def identify(profile: bytes | None) -> Coding:
    """Return the coding of an RGB or grey ICC profile: sRGB, Display P3, BT.2020, or code points.

    A profile with a ``cicp`` tag says it outright. Otherwise the primaries are compared with the
    known ones and the curve is taken as sRGB; an unknown profile is named in a note, and the
    picture is taken as sRGB.

    Parameters
    ----------
    profile
        The profile's bytes; ``None`` or empty for a file without one.

    References
    ----------
    ICC.1:2022, sections 7.2, 9.2.17 and 9.2.
    """
    if not profile:
        return Coding()
    tags = _tags(profile)
    if tags is None:
        return Coding(notes=("a damaged ICC profile was ignored; taken as sRGB",))
    if len(tags.get(b"cicp", b"")) >= 12:
        return from_cicp(tags[b"cicp"][8], tags[b"cicp"][9])
    if profile[16:20] == b"GRAY":
        return Coding(rule="code values taken as sRGB: the grey profile's curve is not applied")
    name = _primaries(tags)
    if name is None:
        return Coding(notes=("an unknown ICC profile was ignored; taken as sRGB",))
    return Coding("srgb", name, f"ICC profile with the primaries of {name}; curve taken as sRGB")


def _tags(profile: bytes) -> dict[bytes, bytes] | None:
    if len(profile) < _HEADER + 4 or profile[36:40] != b"acsp":
        return None
    (count,) = struct.unpack_from(">I", profile, _HEADER)
    if _HEADER + 4 + _ENTRY * count > len(profile):
        return None
    tags = {}
    for index in range(count):
        name, offset, size = struct.unpack_from(">4sII", profile, _HEADER + 4 + _ENTRY * index)
        tags[name] = profile[offset : offset + size]
    return tags


def _primaries(tags: dict[bytes, bytes]) -> Primaries | None:
    columns = []
    for name in (b"rXYZ", b"gXYZ", b"bXYZ"):
        tag = tags.get(name, b"")
        if len(tag) < 20 or tag[:4] != b"XYZ ":
            return None
        columns.append([value / 65536 for value in struct.unpack_from(">3i", tag, 8)])
    found = np.array(columns)
    known: tuple[Primaries, ...] = ("bt709", "p3", "bt2020")
    for primaries in known:
        if np.abs(found - _d50_colorants(primaries)).max() < _TOLERANCE:
            return primaries
    return None


def _d50_colorants(primaries: Primaries) -> Matrix:
    """Rows of red, green and blue in XYZ, adapted to D50 as profiles store them."""
    chromaticities = CHROMATICITIES[primaries]
    to_d50_rgb = conversion_matrix(chromaticities, (*chromaticities[:3], _D50))
    return (rgb_to_xyz_matrix((*chromaticities[:3], _D50)) @ to_d50_rgb).T
