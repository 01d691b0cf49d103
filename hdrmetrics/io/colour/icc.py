"""What an ICC profile says about the code values of a picture."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace

import numpy as np

from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.io.colour.cicp import UNSPECIFIED, from_cicp
from hdrmetrics.io.colour.coding import KNOWN, Chromaticities, Coding, coding, noted
from hdrmetrics.io.colour.curves import Curve, name_of
from hdrmetrics.io.colour.icc_profile import Profile, ProfileError, parse
from hdrmetrics.photometry.color import (
    CHROMATICITIES,
    Matrix,
    Primaries,
    conversion_matrix,
    rgb_to_xyz_matrix,
)
from hdrmetrics.picture.image import Transfer

# CIE XYZ error that rounding to s15Fixed16 and different adaptation matrices leave.
_TOLERANCE = 0.002
# What rounding does not: littlecms and browsers would tint grey with it.
_OTHER_WHITE = 0.005
_D50 = (0.3457, 0.3585)
_D50_XYZ = (0.9642, 1.0, 0.8249)

UNUSABLE = "unknown (the ICC profile cannot be used)"
"""What :attr:`Coding.stored` says of a picture whose profile had to be ignored."""
_ASSUMED = "; taken as sRGB"

# Names under which profiles of PQ and HLG are made: by Apple, Adobe, Skia and the W3C; by libjxl.
_HDR_NAMES = (
    re.compile(
        r"(2100|2020|P3(?!\d)|\bsRGB\b).*?"
        r"((?<![a-z])(?:PQ|HLG)(?![a-z])|ST *2084|Perceptual Quanti[sz]er|Hybrid Log.Gamma)",
        re.IGNORECASE,
    ),
    re.compile(r"D65 (202|DCI|SRG) \w+ (PeQ|HLG)"),
)
_SPACES: dict[str, Primaries] = {
    "2100": "bt2020", "2020": "bt2020", "202": "bt2020", "P3": "p3", "DCI": "p3", "SRGB": "bt709",
    "SRG": "bt709",
}  # fmt: skip


_NOTHING = Coding()


def identify(profile: bytes | None, otherwise: Coding = _NOTHING) -> Coding:
    """Return the coding of an RGB or grey ICC profile.

    A profile with a ``cicp`` tag says it outright, one of PQ or HLG by its name. Otherwise its
    curves and colorants count: those of sRGB, Display P3, BT.2020, linear light and pure gamma are
    named, any other are kept as formulas, by which code values are converted. Profiles made of
    tables are left to a colour management library. A damaged profile is named in a note, and the
    picture is taken as sRGB if nothing else is said.

    Parameters
    ----------
    profile
        The profile's bytes; ``None`` or empty for a file without one.
    otherwise
        What else the file says of its colours: counts without a profile that can be used.

    References
    ----------
    ICC.1:2022, sections 7.2, 8 and 9.2; W3C, "Using the ITU BT.2100 PQ EOTF with the PNG Format".
    """
    if not profile:
        return otherwise
    try:
        stated = _of_profile(parse(profile))
    except (ProfileError, OptionError) as error:
        stated = ignored(f"a damaged ICC profile was ignored ({error})")
    why = why_ignored(stated)
    return noted(otherwise, *why) if why and otherwise != _NOTHING else stated


def ignored(why: str) -> Coding:
    """Return the coding of a picture whose profile cannot be used, with a note."""
    return Coding(
        rule=f"code values taken as sRGB: {why}",
        notes=(f"{why}{_ASSUMED}",),
        stored=UNUSABLE,
    )


def why_ignored(given: Coding) -> tuple[str, ...]:
    """Return notes on why a profile had to be ignored; none for one that :func:`identify` used."""
    if given.stored != UNUSABLE:
        return ()
    return tuple(note.removesuffix(_ASSUMED) for note in given.notes)


def _of_profile(profile: Profile) -> Coding:
    name = f"ICC profile {profile.description!r}" if profile.description else "ICC profile"
    if profile.cicp is not None and UNSPECIFIED not in profile.cicp:
        with contextlib.suppress(ImageReadError):  # reserved numbers: curves count
            stated = from_cicp(*profile.cicp)
            return replace(stated, rule=stated.rule.replace("the file's", f"{name}:", 1))
    hdr = _by_name(profile.description)
    if hdr and profile.space == b"RGB " and not _linear(profile):
        return Coding(*hdr, f"{name}, by its name")
    if profile.space not in (b"RGB ", b"GRAY") or profile.data[12:16] in (b"link", b"nmcl"):
        if profile.tables and profile.space == b"CMYK":
            return Coding(rule=name, stored=name, primaries="bt2020", profile=profile.data)
        kind = profile.space.decode("ascii", "replace").strip()
        return ignored(f"an unknown ICC profile, of {kind} data, was ignored")
    if profile.tables:
        return Coding(rule=name, stored=name, primaries="bt2020", profile=profile.data)
    if profile.space == b"GRAY":
        if not profile.curves:
            raise ProfileError("it has no curve")
        own = coding(profile.curves, "bt709", f"{name}: its curve", stored=name)
        return replace(own, grey=True)
    if profile.colorants is None:
        raise ProfileError("it has no colorants")
    primaries = _primaries(profile.colorants)
    curves: tuple[Curve, ...] | Transfer = profile.curves or "srgb"
    notes: tuple[str, ...] = ()
    if not profile.curves:
        notes = (f"{name} has no curve; that of sRGB was taken",)
    if isinstance(primaries, str):
        rule = f"{name} with the primaries of {primaries}"
        return coding(curves, primaries, rule, notes=notes)
    if np.abs(profile.colorants.sum(axis=0) - _D50_XYZ).max() > _OTHER_WHITE:
        notes += (f"{name} has another white than D50; it was adapted",)
    return coding(curves, primaries, name, stored=name, notes=notes)


def _linear(profile: Profile) -> bool:
    """Return whether the curve is that of light: no stopgap for readers that know SDR only."""
    return bool(profile.curves) and name_of(profile.curves[0]) is None


def _by_name(description: str) -> tuple[Transfer, Primaries] | None:
    """Return what the name of a profile of PQ or HLG says."""
    for pattern in _HDR_NAMES:
        match = pattern.search(description.replace("_", " "))
        if match:
            transfer: Transfer = "hlg" if match[2].upper().startswith("H") else "pq"
            return transfer, _SPACES[match[1].upper()]
    return None


def _primaries(colorants: Matrix) -> Primaries | Chromaticities:
    """Return the known primaries that colorants under D50 are, or their own chromaticities."""
    for primaries in KNOWN:
        if np.abs(colorants - _d50_colorants(primaries)).max() < _TOLERANCE:
            return primaries
    white = colorants.sum(axis=0)
    sums = np.array([*colorants.sum(axis=1), white.sum()])
    if np.abs(sums).min() < 1e-6:
        raise ProfileError("impossible colorants")
    points = (np.vstack([colorants, white])[:, :2] / sums[:, None]).tolist()
    if np.abs(white - _D50_XYZ).max() < _TOLERANCE:
        points[3] = _D50
    own: Chromaticities = tuple((x, y) for x, y in points)
    rgb_to_xyz_matrix(own)  # which refuses those that span no triangle
    return own


def _d50_colorants(primaries: Primaries) -> Matrix:
    """Rows of red, green and blue in XYZ, adapted to D50 as profiles store them."""
    chromaticities = CHROMATICITIES[primaries]
    to_d50_rgb = conversion_matrix(chromaticities, (*chromaticities[:3], _D50))
    return (rgb_to_xyz_matrix((*chromaticities[:3], _D50)) @ to_d50_rgb).T
