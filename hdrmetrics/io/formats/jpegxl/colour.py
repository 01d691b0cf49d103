"""What the samples that a JPEG XL decoder returns mean, by the header of the file."""

from __future__ import annotations

from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.io.colour.cicp import TRANSFERS, UNSPECIFIED
from hdrmetrics.io.colour.coding import Chromaticities, Coding, coding
from hdrmetrics.io.colour.curves import Curve, gamma
from hdrmetrics.io.colour.icc import identify
from hdrmetrics.io.formats.jpegxl.header import Header
from hdrmetrics.photometry.color import D65, Primaries
from hdrmetrics.picture.image import Transfer

_DCI = 17


def returns_light(header: Header) -> bool:
    """Return whether the decoder returns linear BT.709 or grey, whatever the file declares.

    libjxl (as tried with version 0.11) does so for colours in XYB with an ICC profile, and for grey
    in XYB under another white than D65.
    """
    other_white = header.points is not None and header.points[3] != D65
    return header.xyb and (header.icc or (header.grey and other_white))


def coding_of(header: Header, icc: bytes) -> Coding:
    """Return how decoded samples become light.

    Parameters
    ----------
    header
        Of the file.
    icc
        The profile, where it is wanted; else empty.

    Raises
    ------
    ImageReadError
        For an encoding that means nothing.

    Notes
    -----
    Colours encoded in XYB are light; libjxl returns them in the declared encoding, or else as
    :func:`returns_light` says. Others it returns as they were encoded.
    """
    if returns_light(header):
        if not header.icc:
            return Coding(None, "bt709", "what libjxl returns for lossy grey under its own white")
        return Coding(
            None,
            "bt709",
            "what libjxl returns for a lossy picture with an ICC profile",
            notes=("the decoder made linear BT.709 of the colours of an ICC profile",),
            stored="those of an ICC profile",
        )
    if header.icc:
        return identify(icc or b"none")
    points: Chromaticities | Primaries = header.points or "bt709"
    curves: tuple[Curve, ...] | Transfer | None
    notes: tuple[str, ...] = ()
    if header.gamma is not None:
        if header.gamma <= 0:
            raise ImageReadError("corrupt: JPEG XL colours with a gamma of 0")
        curves, said = (gamma(1 / header.gamma),), f"gamma {header.gamma:g}"
    else:
        said = f"transfer {header.transfer}"
        if header.transfer == _DCI:  # without the headroom of H.273
            curves = (gamma(2.6),)
        elif header.transfer in TRANSFERS:
            curves = TRANSFERS[header.transfer]
        elif header.transfer == UNSPECIFIED:
            curves = "srgb"
            notes = ("the file leaves its transfer function unspecified; taken as sRGB",)
        else:
            raise ImageReadError(f"corrupt: JPEG XL has no transfer function {header.transfer}")
    number = "of its own" if header.primaries is None else str(header.primaries)
    try:
        return coding(curves, points, f"the file's primaries {number}, {said}", notes=notes)
    except OptionError as error:
        raise ImageReadError(f"corrupt: impossible primaries ({error})") from error
