"""What the samples of a TIFF picture mean: channels, palettes, curves and primaries of its tags."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrmetrics.errors import ImageReadError
from hdrmetrics.io.build import drop_alpha
from hdrmetrics.io.colour import curves
from hdrmetrics.io.colour.coding import Chromaticities, Coding, named_primaries, points_of
from hdrmetrics.io.colour.coding import coding as own_coding
from hdrmetrics.io.colour.exif import coding_by_exif
from hdrmetrics.io.formats.tiff import compression as tiff_codecs
from hdrmetrics.io.formats.tiff.samples import Form
from hdrmetrics.io.formats.tiff.tags import Tags, number, numbers
from hdrmetrics.photometry.color import D65
from hdrmetrics.picture.image import Transfer

_PHOTOMETRIC, _TRANSFER, _WHITE, _PRIMARIES, _COLOUR_MAP, _EXTRA = 262, 301, 318, 319, 320, 338
_COMPRESSION, _JPEG = 259, 7
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, _YCBCR = 0, 1, 2, 3, 6
_ADVICE = {
    4: ("mask", "it holds no picture"),
    5: ("CMYK", "convert to RGB first, with its ICC profile"),
    6: ("YCbCr", "save as RGB, or with JPEG compression"),
    8: ("CIE L*a*b*", "save as grey or RGB"),
    9: ("ICC L*a*b*", "save as grey or RGB"),
    10: ("ITU L*a*b*", "save as grey or RGB"),
    32844: ("LogL", "convert with Radiance, ra_tiff -r in.tif out.hdr"),
    32845: ("LogLuv", "convert with Radiance, ra_tiff -r in.tif out.hdr"),
}
_UNSPECIFIED, _ASSOCIATED = 0, 1
_SAME = 0.002


def channels(tags: Tags, stored: Form) -> tuple[int, list[str]]:
    """Return how many of the first samples are colours, 1 or 3, and notes.

    Raises
    ------
    ImageReadError
        If the samples are of a colour space that is not read, or do not say what they are.
    """
    photometric, samples = _photometric(tags, stored), stored.samples
    notes = [] if _PHOTOMETRIC in tags else ["the TIFF does not say what its samples mean"]
    if photometric == _YCBCR and number(tags, _COMPRESSION, 1) == _JPEG:
        photometric = RGB  # the JPEG decoder has made it so
    colours = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1}.get(photometric)
    if colours is None:
        if photometric == _YCBCR:
            tiff_codecs.check(number(tags, _COMPRESSION, 1))
        name, advice = _ADVICE.get(
            photometric, (f"photometric {photometric}", "save as grey or RGB")
        )
        raise ImageReadError(f"{name} TIFF files are not supported: {advice}")
    if samples < colours:
        raise ImageReadError(f"corrupt: a TIFF with {samples} samples per pixel")
    if photometric == WHITE_IS_ZERO and stored.floating:
        raise ImageReadError(
            "floating-point TIFF files whose zero is white do not say what black is: save with "
            "black as zero"
        )
    extra = tags.get(_EXTRA, ())
    extra = extra if isinstance(extra, tuple) else ()
    unknown = samples - 1 - sum(kind != _UNSPECIFIED for kind in extra)
    if photometric == BLACK_IS_ZERO and unknown == 2:
        # What NumPy writers make of (H, W, 3) when nobody says that it is RGB.
        return 3, [*notes, "three samples of no declared colour were taken as red, green and blue"]
    if photometric in (BLACK_IS_ZERO, WHITE_IS_ZERO) and unknown > (samples == 2):
        raise ImageReadError(
            f"{samples} samples per pixel, and the TIFF does not say what they are: save as grey "
            "or RGB"
        )
    if photometric == PALETTE and samples > 1:
        notes.append("the alpha channel beside the palette was dropped")
    return colours, notes


def premultiplied(tags: Tags) -> bool:
    """Whether colours are multiplied by an alpha channel."""
    extra = tags.get(_EXTRA, ())
    return isinstance(extra, tuple) and _ASSOCIATED in extra


def _photometric(tags: Tags, stored: Form) -> int:
    """Return how samples are to be taken; where the tag is missing, grey or RGB by their number."""
    return number(tags, _PHOTOMETRIC, RGB if stored.samples >= 3 else BLACK_IS_ZERO)


def light(samples: NDArray[Any], tags: Tags, stored: Form) -> tuple[NDArray[Any] | None, list[str]]:
    """Return the light of samples without a profile, with notes; ``None`` for code values.

    Floating-point samples are light, and whole numbers become it by a curve that has no name.
    """
    if stored.floating:
        return drop_alpha(samples, opaque=1.0)
    table = _transfer_table(tags, stored)
    if table is None or _known_curve(table) is not None:
        return None, []
    codes, dropped = drop_alpha(samples, opaque=2**stored.bits - 1)
    channels = [table[codes[..., i], i % table.shape[1]] for i in range(codes.shape[2])]
    return np.stack(channels, -1), [*dropped, "the curve of the TransferFunction tag was applied"]


def code_values(samples: NDArray[Any], tags: Tags, stored: Form) -> tuple[NDArray[Any], int | None]:
    """Return code values that grow with light, and their bits; ``None`` for floating-point ones.

    Raises
    ------
    ImageReadError
        If the palette is missing or does not go with the samples.
    """
    photometric = _photometric(tags, stored)
    if photometric == PALETTE:
        return _look_up(samples, tags, stored)
    if photometric == WHITE_IS_ZERO:
        samples[..., 0] = (2**stored.bits - 1) - samples[..., 0]
    return samples, None if stored.floating else stored.bits


def _look_up(indices: NDArray[Any], tags: Tags, stored: Form) -> tuple[NDArray[Any], int]:
    """Return the colours ``(H, W, 3)`` of a palette picture, and their bits."""
    table = tags.get(_COLOUR_MAP)
    size = 2**stored.bits
    if stored.floating or not isinstance(table, tuple) or len(table) != 3 * size:
        raise ImageReadError("corrupt: the TIFF palette is missing or of a wrong length")
    palette = np.array(table, np.int64).reshape(3, size).T
    if not 0 <= palette.min() <= palette.max() < 65536:
        raise ImageReadError("corrupt: the TIFF palette holds impossible colours")
    # Colours of eight bits are stored as v · 257 by the standard, as v · 256 by many writers, and
    # as v itself by old ones.
    high, low = palette >> 8, palette & 255
    if palette.max() < 256:
        return palette.astype(np.uint8)[indices[..., 0]], 8
    if not low.any() or (low == high).all():
        return high.astype(np.uint8)[indices[..., 0]], 8
    return palette.astype(np.uint16)[indices[..., 0]], 16


def primaries(tags: Tags) -> Chromaticities | None:
    """Return the primaries and the white that tags state, ``None`` where they state none."""
    points, white = numbers(tags, _PRIMARIES), numbers(tags, _WHITE)
    if len(points) != 6:
        return None
    middle = (white[0], white[1]) if len(white) == 2 else D65
    return (*points_of(points), middle)


def coding(data: bytes, tags: Tags, stored: Form) -> Coding:
    """Return the coding of whole numbers that have no profile, by the tags or an Exif block."""
    points, table = primaries(tags), _transfer_table(tags, stored)
    curve = None if table is None else _known_curve(table)
    if points is None and curve is None:
        # An Exif block is a TIFF file without a picture.
        return coding_by_exif(data) if data[2:4] in (b"*\0", b"\0*") else Coding()
    stated = f"curve {curve} in the tags" if curve else "curve taken as sRGB"
    if points is None:
        return Coding(curve or "srgb", rule=stated)
    name = named_primaries(points, within=_SAME)
    whose = f"primaries of {name}" if name else "primaries"
    return own_coding(curve or "srgb", name or points, f"{whose} in the tags; {stated}")


def _transfer_table(tags: Tags, stored: Form) -> NDArray[np.float32] | None:
    """Return the light ``(2**bits, 1 or 3)`` in [0, 1] that a tag gives for each code value."""
    table = tags.get(_TRANSFER)
    size = 2**stored.bits
    if stored.floating or not isinstance(table, tuple) or len(table) not in (size, 3 * size):
        return None
    if _photometric(tags, stored) not in (BLACK_IS_ZERO, RGB):
        return None
    if not all(isinstance(value, int) and 0 <= value < 65536 for value in table):
        return None
    return (np.array(table, np.float32) / np.float32(65535)).reshape(-1, size).T


def _known_curve(table: NDArray[np.float32]) -> Transfer | None:
    """Return the transfer function that a table is, ``None`` if it is none that has a name."""
    codes = np.linspace(0, 1, len(table))
    names = {curves.name_of(curves.table(channel.astype(float)), codes) for channel in table.T}
    name = names.pop()
    return name if not names and isinstance(name, str) else None
