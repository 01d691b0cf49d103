"""Image objects from decoded samples: the two ways a file can describe light."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.io.colour import cms
from hdrmetrics.io.colour.coding import Chromaticities, Coding, in_words, matrix_between, noted
from hdrmetrics.io.colour.curves import HDR
from hdrmetrics.io.colour.icc import ignored
from hdrmetrics.io.colour.recode import broken, to_codes, to_light
from hdrmetrics.io.source import Source
from hdrmetrics.photometry.color import CHROMATICITIES, apply_matrix
from hdrmetrics.picture.image import Calibration, Image, Origin

Pixels = NDArray[np.float32]

RELATIVE_RULE = "linear, in unknown units: the file does not say how many cd/m² the value 1 is"


def linear_image(
    source: Source,
    pixels: NDArray[Any],
    *,
    format_name: str,
    depth: str,
    chromaticities: Chromaticities | None = None,
    white_luminance: float | None = None,
    rule: str = RELATIVE_RULE,
    stored: str = "",
    details: dict[str, Any] | None = None,
    notes: list[str] | None = None,
) -> Image:
    """Return a linear image in BT.709 from samples proportional to light.

    Parameters
    ----------
    source
        The file.
    pixels
        ``(H, W)``, ``(H, W, 1)`` or ``(H, W, 3)``, floating point.
    format_name, depth, details, notes
        For :class:`hdrmetrics.picture.image.Origin` and the image.
    chromaticities
        CIE (x, y) of red, green, blue and white of ``pixels``; ``None`` for BT.709.
    white_luminance
        Luminance in cd/m² of the value 1.0, where the file declares it.
    rule
        What the file says about units.
    stored
        What the file says about primaries, in words, where that is more than numbers.
    """
    notes = list(notes or [])
    array: Pixels = np.asarray(pixels, dtype=np.float32)
    if array.ndim == 2:
        array = array[..., None]
    if chromaticities is None:
        stored = stored or "BT.709 (the file names none)"
    else:
        points = in_words(chromaticities)
        try:
            matrix = matrix_between(chromaticities, CHROMATICITIES["bt709"])
        except OptionError:
            notes.append(f"impossible primaries {points} in the header; taken as BT.709")
        else:
            if array.shape[2] == 3 and matrix is not None:
                with np.errstate(all="ignore"):  # infinite pixels are the scorer's business
                    array = apply_matrix(array, matrix)
                notes.append(f"colours converted to BT.709 from {stored or points}")
        stored = stored or points
    calibration = Calibration("relative", rule=rule)
    if white_luminance is not None:
        with np.errstate(over="ignore"):
            array = array * np.float32(white_luminance)
        calibration = Calibration("absolute", rule=rule)
    notes += broken(array)
    origin = Origin(source.path, format_name, depth, stored, details or {})
    return Image(array, calibration, "bt709", origin, tuple(notes))


def coded_image(
    source: Source,
    codes: NDArray[Any],
    *,
    bits: int | None,
    coding: Coding,
    alpha: bool = True,
    format_name: str,
    details: dict[str, Any] | None = None,
    notes: list[str] | None = None,
) -> Image:
    """Return a display-encoded image from code values.

    Parameters
    ----------
    source
        The file.
    codes
        ``(H, W)`` or ``(H, W, C)`` with C from 1 to 4.
    bits
        Code values reach from 0 to ``2**bits − 1``; ``None`` for floating-point ones, 1 for white.
    coding
        Transfer function and primaries. A linear one gives a linear, relative image, and so does
        one of SDR for floating-point samples above white, whose curve is undone. Code values of
        another coding are converted to the nearest that an image can have.
    alpha
        Whether the second or fourth channel is alpha, to be dropped; without, four are the inks of
        CMYK, which need a profile.
    format_name, details, notes
        As for :func:`linear_image`.
    """
    top = 1 if bits is None else 2**bits - 1
    array, dropped = codes[..., None] if codes.ndim == 2 else codes, list[str]()
    if alpha:
        array, dropped = drop_alpha(codes, opaque=top)
    coding = _fitting(coding, array.shape[2])
    notes = [*(notes or []), *coding.notes, *dropped]
    depth = f"uint{bits}" if bits else codes.dtype.name
    above = bits is None and bool(np.max(array, initial=0, where=np.isfinite(array)) > 1)
    if coding.transfer is None or (above and coding.transfer not in HDR and not coding.profile):
        if coding.transfer is not None:
            notes.append("values above 1 are light above white: the curve was undone")
        return linear_image(
            source,
            to_light(array, top, coding),
            format_name=format_name,
            depth=depth,
            rule=f"{RELATIVE_RULE} ({coding.rule})",
            details=details,
            notes=notes,
            chromaticities=coding.points,
            stored=coding.stored,
        )
    pixels, converted = _code_values(array, top, bits is None, coding)
    calibration = Calibration("display", transfer=coding.transfer, rule=coding.rule)
    stored = coding.stored or coding.primaries
    origin = Origin(source.path, format_name, depth, stored, details or {})
    return Image(pixels, calibration, coding.primaries, origin, (*notes, *converted))


def _fitting(coding: Coding, channels: int) -> Coding:
    """Return the part of a coding that holds for so many channels.

    Raises
    ------
    ImageReadError
        If there are four, and no profile for them.
    """
    if channels == 4 and not cms.fits(coding.profile, 4):
        raise ImageReadError(f"CMYK cannot be converted without its profile ({coding.rule})")
    if coding.profile and not cms.fits(coding.profile, channels):
        coding = ignored(f"an ICC profile for other samples was ignored ({coding.rule})")
    if channels == 1 and len(coding.curves) < 2:  # grey has a curve only
        coding = replace(coding, chromaticities=None)
    if coding.grey and channels == 3:
        coding = noted(
            coding, "an ICC profile for grey: its curve was applied to colours taken as BT.709"
        )
    return coding


def _code_values(
    array: NDArray[Any], top: int, floating: bool, coding: Coding
) -> tuple[Pixels, list[str]]:
    """Return code values in [0, 1] of the coding that the image will have, with notes."""
    if not coding.converts:
        pixels = np.empty_like(array, np.float32)  # in the order in which the samples lie
        np.divide(array, np.float32(top), out=pixels, dtype=np.float32, casting="unsafe")
        return pixels, _clip(pixels) if floating else []
    clipped = []
    if floating and (coding.profile or coding.transfer in HDR):  # which end at 1
        array = array.astype(np.float32)
        clipped = _clip(array)
    pixels, converted = to_codes(array, top, coding)
    return pixels, [*clipped, *converted]


def _clip(pixels: Pixels) -> list[str]:
    """Clip code values to [0, 1], with notes."""
    notes = []
    outside = int(np.count_nonzero((pixels < 0) | (pixels > 1)))
    if outside:
        notes.append(f"{outside} of {pixels.size} samples lay outside [0, 1] and were clipped")
    notes += broken(pixels)
    np.clip(pixels, 0, 1, out=pixels)
    return notes


def drop_alpha(samples: NDArray[Any], opaque: float) -> tuple[NDArray[Any], list[str]]:
    """Return samples without their alpha channel, with a note if it was not opaque everywhere.

    Raises
    ------
    ImageReadError
        If there are more than four channels.
    """
    array = samples[..., None] if samples.ndim == 2 else samples
    if array.ndim != 3 or array.shape[2] not in (1, 2, 3, 4):
        raise ImageReadError(f"samples of shape {samples.shape} are no grey or RGB picture")
    if array.shape[2] in (1, 3):
        return array, []
    alpha = array[..., -1]
    notes = [] if bool((alpha == opaque).all()) else ["the alpha channel was dropped"]
    return array[..., :-1], notes
