"""The colour space that the Exif block of a camera names, where no profile does."""

from __future__ import annotations

from hdrmetrics.io.colour.coding import NOT_SAID, Coding, coding
from hdrmetrics.io.colour.curves import gamma
from hdrmetrics.io.colour.icc import identify
from hdrmetrics.io.exif import directories
from hdrmetrics.photometry.color import D65

_COLOUR_SPACE, _INDEX = 0xA001, 1
_SRGB, _ADOBE, _UNCALIBRATED = 1, 2, 0xFFFF
_ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)


def coding_by_profile(icc: bytes | None, exif: bytes) -> Coding:
    """Return the coding of a picture by its profile or, without one that can be used, by Exif."""
    return identify(icc, coding_by_exif(exif))


def coding_by_exif(exif: bytes) -> Coding:
    """Return the coding of a picture without a profile: sRGB, or Adobe RGB as DCF marks it.

    Parameters
    ----------
    exif
        The Exif block; empty for none.

    References
    ----------
    CIPA DC-009, Design rule for Camera File system, section 3.3 (interoperability index R03);
    Adobe RGB (1998) Color Image Encoding, 2005.
    """
    _, second, interoperability = directories(exif)
    space = second.get(_COLOUR_SPACE)
    adobe = space == _ADOBE
    if space == _UNCALIBRATED and str(interoperability.get(_INDEX, b"")[:3], "latin-1") == "R03":
        adobe = True
    if adobe:
        return coding(
            (gamma(563 / 256),), _ADOBE_RGB, "Adobe RGB, by Exif", stored="Adobe RGB, by Exif"
        )
    if space == _SRGB:
        return Coding(rule="sRGB, by Exif")
    if space is not None:  # Windows has some more numbers of its own
        words = "not calibrated" if space == _UNCALIBRATED else f"those of its number {space}"
        why = f"Exif says that colours are {words}, and there is no profile"
        return Coding(
            rule=f"{NOT_SAID.partition(':')[0]}: {why}",
            notes=(f"{why}; taken as sRGB",),
            stored="unknown",
        )
    return Coding()
