"""Image objects from decoded samples: the two ways a file can describe light."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.color import (
    CHROMATICITIES,
    Matrix,
    apply_matrix,
    conversion_matrix,
    rgb_to_xyz_matrix,
)
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.image import Calibration, Image, Origin
from hdrmetrics.io.cicp import Coding
from hdrmetrics.io.source import Source

Chromaticities = tuple[tuple[float, float], ...]
Pixels = NDArray[np.float32]

XYZ: Chromaticities = ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3))
"""CIE XYZ as a set of primaries; with this white, the channels are X, Y and Z themselves."""

RELATIVE_RULE = "linear, in unknown units: the file does not say how many cd/m² the value 1 is"

# A hundredth of the step between the 3-digit chromaticities of the standards, well above float32.
_SAME = 1e-4


def linear_image(
    source: Source,
    pixels: NDArray[Any],
    *,
    format_name: str,
    depth: str,
    chromaticities: Chromaticities | None = None,
    white_luminance: float | None = None,
    rule: str = RELATIVE_RULE,
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
        For :class:`hdrmetrics.image.Origin` and the image.
    chromaticities
        CIE (x, y) of red, green, blue and white of ``pixels``; ``None`` for BT.709.
    white_luminance
        Luminance in cd/m² of the value 1.0, where the file declares it.
    rule
        What the file says about units.
    """
    notes = list(notes or [])
    array: Pixels = np.asarray(pixels, dtype=np.float32)
    if array.ndim == 2:
        array = array[..., None]
    stored = "BT.709 (the file names none)"
    if chromaticities is not None:
        stored = " ".join(f"({x:g}, {y:g})" for x, y in chromaticities)
        try:
            matrix = _to_bt709(chromaticities)
        except (OptionError, np.linalg.LinAlgError):
            notes.append(f"impossible primaries {stored} in the header; taken as BT.709")
        else:
            if array.shape[2] == 3 and matrix is not None:
                with np.errstate(all="ignore"):  # infinite pixels are the scorer's business
                    array = apply_matrix(array, matrix)
                notes.append("colours converted to BT.709 from the primaries in the header")
    calibration = Calibration("relative", rule=rule)
    if white_luminance is not None:
        with np.errstate(over="ignore"):
            array = array * np.float32(white_luminance)
        calibration = Calibration("absolute", rule=rule)
    broken = int(array.size - np.count_nonzero(np.isfinite(array)))
    if broken:
        notes.append(f"{broken} of {array.size} samples are NaN or infinite")
    origin = Origin(source.path, format_name, depth, stored, details or {})
    return Image(array, calibration, "bt709", origin, tuple(notes))


def _to_bt709(chromaticities: Chromaticities) -> Matrix | None:
    """Return the matrix to BT.709, ``None`` if there is nothing to convert.

    White points are adapted, so that equal channels stay grey; except from XYZ, whose equal
    channels are no grey of the picture: there, the same light is kept.
    """
    target = CHROMATICITIES["bt709"]
    if np.allclose(chromaticities, target, atol=_SAME):
        return None
    if np.allclose(chromaticities[:3], XYZ[:3], atol=_SAME):
        to_xyz, to_bt709 = rgb_to_xyz_matrix(chromaticities), rgb_to_xyz_matrix(target)
        return np.linalg.solve(to_bt709, to_xyz).astype(np.float64)
    return conversion_matrix(chromaticities, target)


def coded_image(
    source: Source,
    codes: NDArray[Any],
    *,
    bits: int | None,
    coding: Coding,
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
        ``(H, W)`` or ``(H, W, C)`` with C from 1 to 4; the second or fourth channel is alpha and
        is dropped.
    bits
        Code values reach from 0 to ``2**bits − 1``; ``None`` for floating-point ones in [0, 1].
    coding
        Transfer function and primaries; a linear one gives a linear, relative image.
    format_name, details, notes
        As for :func:`linear_image`.
    """
    top = 1 if bits is None else 2**bits - 1
    array, dropped = drop_alpha(codes, opaque=top)
    notes = [*(notes or []), *coding.notes, *dropped]
    pixels: Pixels = array.astype(np.float32)
    pixels /= np.float32(top)
    depth = f"uint{bits}" if bits else codes.dtype.name
    if coding.transfer is None:
        return linear_image(
            source,
            pixels,
            format_name=format_name,
            depth=depth,
            details=details,
            notes=notes,
            chromaticities=CHROMATICITIES[coding.primaries],
        )
    if bits is None:
        np.clip(pixels, 0, 1, out=pixels)
    calibration = Calibration("display", transfer=coding.transfer, rule=coding.rule)
    origin = Origin(source.path, format_name, depth, coding.primaries, details or {})
    return Image(pixels, calibration, coding.primaries, origin, tuple(notes))


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
