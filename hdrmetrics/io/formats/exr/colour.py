"""The colour space of an OpenEXR part: what its attributes say, and which of them counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.colour.coding import XYZ, Chromaticities, Coding, points_of
from hdrmetrics.io.formats.exr.header import Part, string, values
from hdrmetrics.photometry.color import CHROMATICITIES, D65

_D60 = (0.32168, 0.33767)
_SPACES: dict[str, Chromaticities] = {
    "rec709": CHROMATICITIES["bt709"],
    "p3d65": CHROMATICITIES["p3"],
    "rec2020": CHROMATICITIES["bt2020"],
    "ap0": ((0.7347, 0.2653), (0.0, 1.0), (0.0001, -0.0770), _D60),
    "ap1": ((0.713, 0.293), (0.165, 0.830), (0.128, 0.044), _D60),
    "adobergb": ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060), D65),
    "ciexyzd65": XYZ,
}
_GAMMAS = {"g18": 1.8, "g22": 2.2, "g24": 2.4}
_ADOBE_GAMMA = 563 / 256
_DISPLAYS = {
    "srgb_rec709_display": Coding("srgb", "bt709"),
    "srgb_p3d65_display": Coding("srgb", "p3"),
    "g24_rec709_display": Coding("bt1886", "bt709"),
    "g22_rec709_display": Coding("gog", "bt709"),
    "pq_p3d65_display": Coding("pq", "p3"),
    "pq_rec2020_display": Coding("pq", "bt2020"),
    "hlg_rec2020_display": Coding("hlg", "bt2020"),
}
# What vendors write where they mean linear light of BT.709, or say nothing about primaries.
_HARMLESS = ("linear", "scene_linear", "lin_rec709", "lin_srgb", "linear rec.709 (srgb)", "raw")
_SAME = 1e-3  # the tolerance of the recommendation
_SAME_WHITE = 5e-3

Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Space:
    """How stored values become light.

    Parameters
    ----------
    chromaticities
        Primaries and white; ``None`` if nothing states them.
    curve
        ``""`` for linear values, else the curve to undo: ``"srgb"``, ``"g22"`` ….
    coding
        For values that are meant for a display; the two others do not count then.
    notes
        For the user.
    """

    chromaticities: Chromaticities | None = None
    curve: str = ""
    coding: Coding | None = None
    notes: tuple[str, ...] = ()


def own_space(part: Part) -> str:
    """Return the ``colorInteropID`` in the header of a part, empty if there is none."""
    return string(part.attributes, "colorInteropID").strip("\0 ")


def stated_chromaticities(part: Part) -> Chromaticities | None:
    """Return the attribute ``chromaticities``."""
    fields = values(part.attributes, "chromaticities", "chromaticities", "8f")
    return None if fields is None else points_of(fields)


def colour_space(parts: list[Part], part: Part) -> Space:
    """Return the colour space of a part.

    In this order: the flag of an ACES container means AP0; the ``colorInteropID`` of the part, or
    of the first one, which speaks for the whole file; ``chromaticities``.

    Raises
    ------
    ImageReadError
        If the identifier names a space that is not known, and nothing else helps.

    References
    ----------
    ASWF Color Interop Forum, "Identifying the Color Space of OpenEXR Files", "Color Space Encodings
    for Texture Assets and CG Rendering" and "Color Space Encodings for Displays", 2026;
    SMPTE ST 2065-4:2023.
    """
    stated = stated_chromaticities(part)
    notes = [*_neutral(part, stated)]
    if any(
        values(one.attributes, "acesImageContainerFlag", "int", "i") == (1,)
        for one in (part, parts[0])
    ):
        return Space(_SPACES["ap0"], notes=(*notes, *_conflict(stated, _SPACES["ap0"], "ACES")))
    name = own_space(part) or own_space(parts[0])
    if name in ("", "unknown"):
        if name:
            notes.append("the file calls its colour space unknown")
        return Space(stated, notes=(*notes, *_vendor(part, stated)))
    if name == "data":
        notes.append("the file says that these channels are data, no colours")
        return Space(stated, notes=tuple(notes))
    for known in (name, name.partition(":")[2]):
        space = _known(known)
        if space is not None:
            curve = [f"the curve of {known} (colorInteropID) was undone"] if space.curve else []
            conflict = _conflict(stated, space.chromaticities, name)
            return Space(
                space.chromaticities, space.curve, space.coding, (*notes, *conflict, *curve)
            )
    if stated is not None and name.rpartition(":")[2].startswith("lin_"):
        notes.append(f"the colour space {name!r} is not known; its chromaticities were used")
        return Space(stated, notes=tuple(notes))
    raise ImageReadError(
        f"the colour space {name!r} (colorInteropID) is not known: convert to lin_rec709_scene"
    )


def _known(name: str) -> Space | None:
    if name in _DISPLAYS:
        rule = f"the file's colorInteropID {name}"
        return Space(coding=replace(_DISPLAYS[name], rule=rule))
    curve, _, rest = name.partition("_")
    primaries, _, state = rest.partition("_")
    if primaries not in _SPACES or state not in ("scene", "display"):
        return None
    if curve == "lin":
        return Space(_SPACES[primaries])
    # Curves of displays are in the table above: others need a display that is not known here.
    if state == "scene" and (curve == "srgb" or curve in _GAMMAS) and primaries != "ciexyzd65":
        return Space(
            _SPACES[primaries], "adobe" if (curve, primaries) == ("g22", "adobergb") else curve
        )
    return None


def undo_curve(pixels: Pixels, curve: str) -> Pixels:
    """Return linear values; those beyond [0, 1] follow the same curve, as scenes have them.

    Below zero, a power leaves values as they are, and the line of sRGB goes on.
    """
    with np.errstate(all="ignore"):  # infinite pixels are noted later
        if curve == "srgb":
            high = ((np.maximum(pixels, 0) + 0.055) / 1.055) ** np.float32(2.4)
            return np.where(pixels <= 0.04045, pixels / np.float32(12.92), high).astype(np.float32)
        gamma = _ADOBE_GAMMA if curve == "adobe" else _GAMMAS[curve]
        powers = np.maximum(pixels, 0) ** np.float32(gamma)
        return np.where(pixels < 0, pixels, powers).astype(np.float32)


def _conflict(stated: Chromaticities | None, used: Chromaticities | None, name: str) -> list[str]:
    if stated is None or used is None or np.allclose(stated, used, atol=_SAME):
        return []
    return [f"the chromaticities in the header contradict {name}, which was believed"]


def _neutral(part: Part, stated: Chromaticities | None) -> list[str]:
    neutral = values(part.attributes, "adoptedNeutral", "v2f", "2f")
    white = stated[3] if stated is not None else D65
    if neutral is None or np.allclose(neutral, white, atol=_SAME_WHITE):
        return []
    return [f"the adoptedNeutral ({neutral[0]:g}, {neutral[1]:g}) in the header was not applied"]


def _vendor(part: Part, stated: Chromaticities | None) -> list[str]:
    """Note a colour space in an attribute that only some programs write."""
    name = string(part.attributes, "oiio:ColorSpace").strip("\0 ")
    if stated is not None or not name or name.lower() in _HARMLESS:
        return []
    return [f"oiio:ColorSpace says {name!r}, which was not applied: taken as linear BT.709"]
